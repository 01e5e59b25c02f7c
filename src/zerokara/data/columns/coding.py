"""The encoding of one column as network inputs, learned from the training rows and applied to all rows.

====================  =====================================================================================
number                (v - mean) / (standard deviation, divided by N)
boolean               0 or 1
category              one-hot over the values of the training rows, with a last input for unknown values
missing in training   numbers and booleans get an extra indicator input; in categories it is a value
====================  =====================================================================================

A missing or unknown cell, where training had none, is replaced by a training average: the mean, the share of true, or
the shares of the categories. A category that occurs once in training counts as unknown, so its row trains the input for
unknown values. (The share of values that occur once estimates the probability of new ones: Good, 1953.) A text that
is no category counts as the one category that is the same number: 7 as 007.

Models of versions before 0.2 have ``clipped`` numbers: z = (v - median) / (upper - lower quartile), then
z / sqrt(1 + (z / 3)²), within ±3.
"""

from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column, category
from zerokara.data.columns.numerals import alike, is_number
from zerokara.errors import InputError, unknown

EDGE = 3.0
"""The limit of clipped numbers; outliers approach it and keep their order."""
FAR = 1e6
"""Scaled numbers are limited to this, so that no network overflows for a new row; no training row is so far away."""


@dataclass(frozen=True, eq=False)
class Coding:
    """How one column becomes inputs.

    Shapes: ``statistics`` is float64: for numbers [mean, deviation, share missing], or clipped [median, spread, share
    missing], for booleans [share true, share missing], for categories the share of each level and, last, of unknown
    values. The level None is a missing cell.
    """

    name: str
    kind: str
    statistics: Array
    levels: tuple[str | None, ...] = ()
    clipped: bool = False

    @classmethod
    def fit(cls, column: Column) -> "Coding":
        """Return the coding of a column, fitted to its training cells."""
        missing = float(np.isnan(column.values).mean())
        present = column.present
        if column.kind == "number":
            column.require_finite()
            return cls(column.name, "number", np.array([*_standard(present), missing]))
        if column.kind == "boolean":
            return cls(column.name, "boolean", np.array([present.mean() if len(present) else 0.0, missing]))
        counts = np.bincount(_places(column), minlength=len(column.levels) + 1)
        levels = (*column.levels, None)
        kept = [k for k, count in enumerate(counts) if count > 1]
        # A value that occurs once may be a kept one in another spelling, as which it is encoded.
        places = {level: k for k, level in enumerate(levels)}
        for other, level in alike(column.levels, [name for k in kept if (name := levels[k]) is not None]).items():
            counts[places[level]] += counts[places[other]]
        shares = counts[kept] / len(column)
        statistics = np.array([*shares, (len(column) - counts[kept].sum()) / len(column)])
        return cls(column.name, "category", statistics, tuple(levels[k] for k in kept))

    @property
    def width(self) -> int:
        """The number of inputs."""
        return len(self.statistics) if self.kind == "category" else 1 + bool(self.statistics[-1])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        if self.kind == "category":
            known = (f"{self.name} is missing" if level is None else f"{self.name} = {level}" for level in self.levels)
            return (*known, f"{self.name} is unknown")
        return (self.name, f"{self.name} is missing")[: self.width]

    def transform(self, column: Column) -> Array:
        """Return the inputs, float32 (N, width), of a column with the same name and a compatible kind."""
        if self.kind == "category":
            return self._one_hot(self._text(column))
        values = self._values(column)
        gaps = np.isnan(values)
        out = np.empty((len(values), self.width), np.float32)
        if self.kind == "number":
            middle, spread, _ = self.statistics
            with np.errstate(over="ignore"):
                z = np.clip((np.where(gaps, middle, values) - middle) / spread, -FAR, FAR)
            out[:, 0] = z / np.sqrt(1 + (z / EDGE) ** 2) if self.clipped else z
        else:
            out[:, 0] = np.where(gaps, self.statistics[0], values)
        if self.width == 2:
            out[:, 1] = gaps
        return out

    def describe_new(self, column: Column) -> str:
        """Return a note on missing or unknown values that did not occur in training, or an empty string."""
        gaps = int(np.isnan(column.values).sum())
        if self.kind != "category":
            if not gaps or self.statistics[-1]:
                return ""
            return f"{self.name}: {gaps:,} missing, none in training, replaced by the training average"
        text = self._text(column)
        counts = np.bincount(_places(text), minlength=len(text.levels) + 1)
        levels = self._known(text)
        unseen = [k for k, level in enumerate(levels) if level not in self.levels and counts[k]]
        shown = ", ".join(levels[k] or "missing" for k in unseen[:5]) + (", ..." if len(unseen) > 5 else "")
        rows = int(counts[unseen].sum())
        return f"{self.name}: {rows:,} treated as unknown, at most once in training: {shown}" if rows else ""

    def _values(self, column: Column) -> Array:
        """Return the cells as numbers; raise for a column of another type."""
        if column.empty or column.kind == self.kind:
            column.require_finite()
            return column.values
        if self.kind == "boolean" and column.kind == "number" and np.isin(column.present, (0, 1)).all():
            return column.values
        wanted = "numbers" if self.kind == "number" else "true or false"
        got = {"boolean": "true and false", "number": "numbers"}.get(column.kind, column.note)
        if column.kind == "category":
            odd = [k for k, level in enumerate(column.levels) if self.kind != "number" or not is_number(level)] or [0]
            row = int(np.argmax(np.isin(column.values, odd)))
            got = f"{column.levels[int(column.values[row])]!r} in row {row} (counted from 0)"
        raise InputError(f"column {self.name!r} must hold {wanted}, as in training, got {got}: correct it")

    def _text(self, column: Column) -> Column:
        """Return the cells as text; raise for a column of another type."""
        if column.kind in ("time", "other"):
            raise InputError(
                f"column {self.name!r} must hold texts or whole numbers, as in training, got {column.note}: correct it"
            )
        return category(self.name, [None] * len(column)) if column.empty else column.as_category()

    @property
    def codes(self) -> Array:
        """The inputs for each level of a category and, last, for unknown values; (width, width)."""
        codes: Array = np.eye(self.width, dtype=np.float32)
        if self.statistics[-1] == 0:  # Its weights were never trained: use the shares of the levels instead.
            codes[-1] = self.statistics
        return codes

    def _one_hot(self, column: Column) -> Array:
        place = {level: k for k, level in enumerate(self.levels)}
        places = np.array([place.get(level, self.width - 1) for level in self._known(column)])
        hot: Array = self.codes[places[_places(column)]]
        return hot

    def _known(self, column: Column) -> tuple[str | None, ...]:
        """Return the level of this coding for each level of a column, or the column's own, and None for missing."""
        same = alike(column.levels, [level for level in self.levels if level is not None])
        return (*(same.get(level, level) for level in column.levels), None)

    def check(self) -> None:
        """Raise for values that only a damaged file can have."""
        size = {"number": 3, "boolean": 2, "category": len(self.levels) + 1}.get(self.kind)
        if size is None:
            raise unknown("kind of column", self.kind, ("number", "boolean", "category"))
        if self.statistics.shape != (size,) or not np.isfinite(self.statistics).all():
            raise InputError(f"the coding of column {self.name!r} must have {size} finite numbers, got others")
        shares = self.statistics[2:] if self.kind == "number" else self.statistics
        if not ((shares >= 0) & (shares <= 1)).all() or (self.kind == "number" and self.statistics[1] <= 0):
            raise InputError(f"the coding of column {self.name!r} must have shares in [0, 1] and a spread above 0")
        if len(set(self.levels)) < len(self.levels):
            raise InputError(f"the levels of column {self.name!r} must differ")


def _standard(present: Array) -> tuple[float, float]:
    """Return the mean and the standard deviation, divided by N; of equal numbers it is 1."""
    if not len(present) or present.min() == present.max():  # The mean of equal numbers may differ in the last bit.
        return (float(present[0]) if len(present) else 0.0), 1.0
    mean = present.mean()
    distance = np.abs(present - mean)
    largest = distance.max()  # Divided by it, no square is too small or too large for float64.
    return float(mean), float(largest * np.sqrt(np.mean((distance / largest) ** 2))) or 1.0


def _places(column: Column) -> Array:
    """Return the level index of each cell; the last index is a missing cell."""
    places: Array = np.where(np.isnan(column.values), len(column.levels), column.values).astype(np.intp)
    return places
