"""A table as a file or a DataFrame has it: texts are not interpreted yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import require_unicode
from zerokara.data.columns.column import Column, number_text
from zerokara.data.columns.texts import Texts
from zerokara.errors import InputError


@dataclass(frozen=True, eq=False)
class RawTable:
    """The cells of all columns; see `zerokara.data.columns.interpret` for the meaning of the texts."""

    cells: Mapping[str, Column | Texts]
    index: frozenset[str] = frozenset()
    """Columns that are the saved index of a DataFrame."""
    typed: bool = True
    """Whether the source has types, as DataFrames have and CSV files have not."""
    notes: tuple[str, ...] = ()
    """How the file was read."""
    source: Any = field(default=None, repr=False)
    """The rows as they were read: an Arrow table, or a dict from names to cells."""

    def rows(self) -> dict[str, list[Any]]:
        """Return the cells of each column as they were read."""
        columns = self.source if isinstance(self.source, Mapping) else self.source.to_pydict()
        return {name: list(cells) for name, cells in zip(self.cells, columns.values(), strict=True)}


def of_objects(name: str, cells: list[Any]) -> Column | Texts:
    """Return a column of Python values: texts, booleans or numbers; None and NaN are missing."""
    if {type(cell) for cell in cells} <= {str, type(None)}:  # The usual case, fast.
        return Texts(cells)
    present = [cell for cell in cells if not _missing(cell)]
    kinds = {type(cell) for cell in present}
    if all(issubclass(kind, str) for kind in kinds) and kinds:
        return Texts(None if _missing(cell) else str(cell) for cell in cells)
    blank: Array = np.full(len(cells), np.nan)
    if kinds <= {bool, np.bool_} or not any(issubclass(kind, bool | np.bool_ | str) for kind in kinds):
        try:
            values = np.array([np.nan if _missing(cell) else float(cell) for cell in cells], float)
            if any(abs(int(cell)) >= 2**53 for cell in present if isinstance(cell, int | np.integer)):
                return Texts((None if _missing(cell) else _text(cell) for cell in cells), numbers=True)
            return Column(name, "boolean" if kinds <= {bool, np.bool_} and kinds else "number", values)
        except (TypeError, ValueError, OverflowError):
            pass
    if all(issubclass(kind, str | bool | np.bool_ | int | float | np.number) for kind in kinds):
        return Texts(None if _missing(cell) else _text(cell) for cell in cells)
    if all(hasattr(kind, "isoformat") for kind in kinds):
        return Column(name, "time", blank, note=f"dates or times, such as {present[0]}")
    shown = " and ".join(f"{next(c for c in present if type(c) is k)!r}"[:40] for k in list(kinds)[:2])
    return Column(name, "other", blank, note=f"values that are not all numbers, texts or booleans: {shown}")


def of_integers(name: str, integers: Array, gaps: Array) -> Column | Texts:
    """Return a column of integers, with their digits where float64 does not hold all of them."""
    if len(integers) and max(int(integers.max()), -int(integers.min())) >= 2**53:
        pairs = zip(integers.tolist(), gaps.tolist(), strict=True)
        return Texts((None if gap else str(value) for value, gap in pairs), numbers=True)
    values = integers.astype(float)
    values[gaps] = np.nan
    return Column(name, "number", values)


def column_label(name: Any) -> str:
    """Return a column's name as text; the levels of a pandas MultiIndex are joined.

    >>> column_label(3), column_label(("size", "mean")), column_label(("size", ""))
    ('3', 'size_mean', 'size')
    """
    return "_".join(str(level) for level in name if str(level)) if isinstance(name, tuple) else str(name)


def labeled(names: Iterable[Any]) -> list[str]:
    """Return the names of columns as texts, without the spaces around them; raise for one that occurs twice."""
    texts = [column_label(name).strip() for name in names]
    require_unicode(texts, "the names of columns")
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    if twice := sorted(text for text, count in counts.items() if count > 1):
        shown = ", ".join(map(repr, twice[:5])) + (", ..." if len(twice) > 5 else "")
        raise InputError(f"columns must have different names, got {shown} twice or more: rename one")
    return texts


def _missing(cell: Any) -> bool:
    if cell is None or isinstance(cell, str | list | tuple | dict):
        return cell is None
    # NaN and pandas' NaT differ from themselves; comparing pandas' NA returns NA.
    return type(cell).__name__ == "NAType" or (np.ndim(cell) == 0 and bool(cell != cell))


def _text(cell: Any) -> str:
    if isinstance(cell, str | bool | np.bool_):
        return str(cell)
    return str(int(cell)) if isinstance(cell, int | np.integer) else number_text(float(cell))
