"""One column of a table: its name, its kind, and its cells as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError

ColumnKind = Literal["number", "boolean", "category", "time", "other"]
"""The cells of ``time`` and ``other`` cannot be network inputs: ``note`` describes them. For a category or a number it
says why its cells are unclear."""


@dataclass(frozen=True, eq=False)
class Column:
    """The cells of one column, float64 (N,); a missing cell is NaN.

    Numbers are stored as they are, False and True as 0 and 1, and texts as their index in ``levels``.
    """

    name: str
    kind: ColumnKind
    values: Array
    levels: tuple[str, ...] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: Any) -> "Column":
        """Return the cells selected by an index or a slice."""
        return replace(self, values=self.values[index])

    def pruned(self) -> "Column":
        """Return the column without unused levels."""
        if self.kind != "category":
            return self
        used = np.unique(self.present).astype(int)
        values = np.where(np.isnan(self.values), np.nan, np.searchsorted(used, self.values))
        return replace(self, values=values, levels=tuple(self.levels[k] for k in used))

    @property
    def present(self) -> Array:
        """The cells that are not missing."""
        cells: Array = self.values[~np.isnan(self.values)]
        return cells

    @property
    def empty(self) -> bool:
        """Whether all cells are missing; False for times and other objects."""
        return self.kind not in ("time", "other") and not len(self.present)

    def as_category(self) -> "Column":
        """Return the cells as text; whole numbers are written without a decimal point.

        >>> column = Column("rooms", "number", np.array([3.0, np.nan, 2.5])).as_category()
        >>> column.levels, column.values
        (('2.5', '3'), array([ 1., nan,  0.]))
        """
        if self.kind in ("category", "time", "other"):
            return self
        write = (lambda v: str(bool(v))) if self.kind == "boolean" else number_text
        return category(self.name, [None if np.isnan(v) else write(v) for v in self.values.tolist()])

    def require_finite(self) -> None:
        """Raise for the first number that is infinite or beyond float32, with its row."""
        beyond = np.abs(self.values) > np.finfo(np.float32).max
        if beyond.any():
            row = int(np.argmax(beyond))
            raise InputError(
                f"column {self.name!r} must have finite numbers below 3.4e38, got {self.values[row]:g} in row {row} "
                "(counted from 0): replace it, or leave the cell empty"
            )


def category(name: str, cells: Iterable[str | None]) -> Column:
    """Return a column of texts; None is a missing cell.

    >>> category("city", ["Bern", None, "Basel"]).levels
    ('Basel', 'Bern')
    """
    listed = list(cells)
    levels = sorted({cell for cell in listed if cell is not None})
    place: dict[str | None, float] = {level: float(k) for k, level in enumerate(levels)}
    values = np.array([place.get(cell, np.nan) for cell in listed], float)
    return Column(name, "category", values, tuple(levels))


def number_text(value: float) -> str:
    """Return a number as text, a whole one without a decimal point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
