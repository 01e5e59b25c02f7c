"""From the raw columns of a table to the numbers that a network takes: learned from the training rows, applied to all.

====================  =====================================================================================
number                z = (v - median) / (upper - lower quartile), then z / sqrt(1 + (z / 3)²), within ±3
boolean               0 or 1
category              one-hot over the values of the training rows, and a last place for unknown ones
missing in training   numbers and booleans get an indicator beside their average; in categories it is a value
====================  =====================================================================================

What stands for a cell that training never saw is the average of training: the median, the share of true, the shares of
the values. A category's value that came once in training says nothing that its row does not, and is counted as unknown;
so where there are such values the place for unknown ones is trained. (The share of values that come once estimates the
chance of new ones: Good, 1953.) Scaling as in RealMLP (Holzmüller et al., Better by Default, 2024), section 3.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.column import Column, category, is_number
from zerokara.data.table import Table
from zerokara.errors import InputError, unknown

EDGE = 3.0
"""Where scaled numbers end: outliers come near, and keep their order."""
FAR = 1e6
"""Where a scaled number is as good as at the edge; its square still is a number."""


@dataclass(frozen=True, eq=False)
class Coding:
    """How one column becomes inputs.

    Shapes: ``facts`` float64; of a number [median, spread, share missing], of a boolean [share true, share missing],
    of a category the share of each level, then that of the unknown ones. A level None is a missing cell.
    """

    name: str
    kind: str
    facts: Array
    levels: tuple[str | None, ...] = ()

    @classmethod
    def fit(cls, column: Column) -> "Coding":
        """Return the coding of a column that these training cells ask for."""
        missing = float(np.isnan(column.values).mean())
        present = column.present
        if column.kind == "number":
            column.require_finite()
            return cls(column.name, "number", np.array([*_middle(present), missing]))
        if column.kind == "boolean":
            return cls(column.name, "boolean", np.array([present.mean() if len(present) else 0.0, missing]))
        counts = np.bincount(_places(column), minlength=len(column.levels) + 1)
        levels = (*column.levels, None)
        kept = [k for k, count in enumerate(counts) if count > 1]
        shares = counts[kept] / len(column)
        facts = np.array([*shares, (len(column) - counts[kept].sum()) / len(column)])
        return cls(column.name, "category", facts, tuple(levels[k] for k in kept))

    @property
    def width(self) -> int:
        """The number of inputs."""
        return len(self.facts) if self.kind == "category" else 1 + bool(self.facts[-1])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        if self.kind == "category":
            known = (f"{self.name} is missing" if level is None else f"{self.name} = {level}" for level in self.levels)
            return (*known, f"{self.name} is unknown")
        return (self.name, f"{self.name} is missing")[: self.width]

    def transform(self, column: Column) -> Array:
        """Return the inputs float32 (N, width) of a column of the same name; of another kind, if it says the same."""
        if self.kind == "category":
            return self._one_hot(category(self.name, [None] * len(column)) if column.empty else column.as_category())
        values = self._values(column)
        gaps = np.isnan(values)
        out = np.empty((len(values), self.width), np.float32)
        if self.kind == "number":
            median, spread, _ = self.facts
            with np.errstate(over="ignore"):
                z = np.clip((np.where(gaps, median, values) - median) / spread, -FAR, FAR)
            out[:, 0] = z / np.sqrt(1 + (z / EDGE) ** 2)
        else:
            out[:, 0] = np.where(gaps, self.facts[0], values)
        if self.width == 2:
            out[:, 1] = gaps
        return out

    def new(self, column: Column) -> str:
        """Return what the cells of a column hold that training never saw, for people; or nothing."""
        if self.kind != "category" or column.empty:
            gaps = int(np.isnan(column.values).sum())
            seen = None in self.levels or (self.kind != "category" and bool(self.facts[-1]))
            average = "unknown" if self.kind == "category" else "the average of the training rows"
            return f"{self.name}: {gaps:,} missing, in training none; taken as {average}" if gaps and not seen else ""
        text = column.as_category()
        counts = np.bincount(_places(text), minlength=len(text.levels) + 1)
        new = [k for k, level in enumerate(text.levels) if level not in self.levels and counts[k]]
        strange, rows = [text.levels[k] for k in new], int(counts[new].sum())
        shown = ", ".join(strange[:5]) + (", ..." if len(strange) > 5 else "")
        return f"{self.name}: {rows:,} with values unknown from training ({shown})" if strange else ""

    def _values(self, column: Column) -> Array:
        """Return the cells as numbers, or raise for a column of another type."""
        if column.empty or column.kind == self.kind:
            column.require_finite()
            return column.values
        if self.kind == "boolean" and column.kind == "number" and np.isin(column.present, (0, 1)).all():
            return column.values
        wanted = "numbers" if self.kind == "number" else "true or false"
        got = column.note or {"boolean": "true and false", "number": "numbers"}.get(column.kind, "")
        if column.kind == "category":
            odd = [k for k, level in enumerate(column.levels) if self.kind != "number" or not is_number(level)] or [0]
            row = int(np.argmax(np.isin(column.values, odd)))
            got = f"{column.levels[int(column.values[row])]!r} in row {row} (counted from 0)"
        raise InputError(f"column {self.name!r} must hold {wanted}, as in training, got {got}: correct it")

    def _one_hot(self, column: Column) -> Array:
        if column.kind != "category":
            raise InputError(
                f"column {self.name!r} must hold texts or whole numbers, as in training, got {column.note}"
            )
        size = len(self.facts)
        codes = np.eye(size, dtype=np.float32)
        if self.facts[-1] == 0:  # Its weights were never trained: the shares of the others stand in.
            codes[-1] = self.facts
        place = {level: k for k, level in enumerate(self.levels)}
        places = np.array([place.get(level, size - 1) for level in (*column.levels, None)])
        hot: Array = codes[places[_places(column)]]
        return hot

    def check(self) -> None:
        """Raise if a file made this of what no training could have given."""
        size = {"number": 3, "boolean": 2, "category": len(self.levels) + 1}.get(self.kind)
        if size is None:
            raise unknown("kind of column", self.kind, ("number", "boolean", "category"))
        if self.facts.shape != (size,) or not np.isfinite(self.facts).all():
            raise InputError(f"the coding of column {self.name!r} must have {size} finite numbers")
        shares = self.facts[2:] if self.kind == "number" else self.facts
        if not ((shares >= 0) & (shares <= 1)).all() or (self.kind == "number" and self.facts[1] <= 0):
            raise InputError(f"the coding of column {self.name!r} must have shares in [0, 1] and a spread above 0")
        if len(set(self.levels)) < len(self.levels):
            raise InputError(f"the levels of column {self.name!r} must differ")


@dataclass(frozen=True, eq=False)
class Encoder:
    """The codings of all input columns, in their order; see the table above.

    >>> from zerokara.data import from_table
    >>> data = from_table({"size": [1.0, 2, 3, 4], "city": ["B", "A", "A", "B"], "t": ["x", "y", "y", "x"]}, "t")
    >>> data.encoder.inputs
    ('size', 'city = A', 'city = B', 'city is unknown')
    """

    target: str
    codings: tuple[Coding, ...]

    @classmethod
    def fit(cls, table: Table) -> "Encoder":
        """Return the encoder for these training rows."""
        return cls(table.target, tuple(Coding.fit(column) for column in table.columns.values()))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the D inputs."""
        return tuple(name for coding in self.codings for name in coding.inputs)

    @property
    def text(self) -> tuple[str, ...]:
        """The columns whose cells are read as they are written."""
        return tuple(coding.name for coding in self.codings if coding.kind == "category")

    def require(self, columns: Mapping[str, Column]) -> None:
        """Raise for columns that are missing, the nearest names offered; more columns and another order are fine."""
        names = [coding.name for coding in self.codings]
        missing = [name for name in names if name not in columns]
        if missing:
            spare = [name for name in columns if name not in names]
            offer = str(unknown("column", missing[0], spare)).split(": ", 1)[1] if spare else "there are no others"
            raise InputError(f"the rows must have the columns {_shown(missing)}, as in training; got none: {offer}")

    def transform(self, columns: Mapping[str, Column]) -> Array:
        """Return the inputs, float32 (N, D), of rows that have the columns, in any order and among others."""
        self.require(columns)
        return np.concatenate([coding.transform(columns[coding.name]) for coding in self.codings], axis=1)

    def notes(self, columns: Mapping[str, Column], left_out: Collection[str] = ()) -> list[str]:
        """Return what is to be said of rows beside their training rows: new values, new gaps, columns not used.

        Nothing is said of the columns that were ``left_out`` in training too.
        """
        self.require(columns)
        found = [coding.new(columns[coding.name]) for coding in self.codings]
        known = {self.target, *left_out, *(coding.name for coding in self.codings)}
        more = [name for name in columns if name not in known]
        if more:
            found.append(f"not used: {_shown(more)}")
        return [note for note in found if note]

    def describe(self) -> dict[str, Any]:
        """Return all but the numbers as plain data; see `facts`."""
        columns = [
            {"name": coding.name, "kind": coding.kind, "levels": list(coding.levels)}
            if coding.kind == "category"
            else {"name": coding.name, "kind": coding.kind}
            for coding in self.codings
        ]
        return {"target": self.target, "columns": columns}

    def facts(self) -> dict[str, Array]:
        """Return the numbers of each column, by its place."""
        return {str(k): coding.facts for k, coding in enumerate(self.codings)}

    @classmethod
    def restore(cls, description: Any, facts: Mapping[str, Array]) -> "Encoder":
        """Return the encoder that `describe` and `facts` told of; whatever a damaged file may hold is refused."""
        columns = description.get("columns") if isinstance(description, dict) else None
        if not isinstance(columns, list) or not columns or not isinstance(description.get("target"), str):
            raise InputError("the table must have a target and a list of columns")
        if facts.keys() != {str(k) for k in range(len(columns))}:
            raise InputError(f"the table must have an array for each of {len(columns)} columns, got {len(facts)}")
        codings = []
        for k, column in enumerate(columns):
            name, kind = (column.get("name"), column.get("kind")) if isinstance(column, dict) else (None, None)
            levels = column.get("levels", []) if isinstance(column, dict) else None
            if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(levels, list):
                raise InputError(f"a column must have a name, a kind and levels, got {str(column)[:80]}")
            if not all(level is None or isinstance(level, str) for level in levels):
                raise InputError(f"the levels of column {name!r} must be texts, got {str(levels)[:80]}")
            codings.append(Coding(name, kind, facts[str(k)], tuple(levels)))
            codings[-1].check()
        if len({coding.name for coding in codings}) < len(codings):
            raise InputError("the columns of a table must have different names")
        return cls(description["target"], tuple(codings))


def _middle(present: Array) -> tuple[float, float]:
    """Return the median and the spread: between the quartiles, or half the range where these are one."""
    if not len(present):
        return 0.0, 1.0
    low, lower, median, upper, high = np.quantile(present, [0, 0.25, 0.5, 0.75, 1])
    return float(median), float((upper - lower) or (high - low) / 2 or 1.0)


def _places(column: Column) -> Array:
    """Return the level of every cell as a whole number, the last one being a missing cell."""
    places: Array = np.where(np.isnan(column.values), len(column.levels), column.values).astype(np.intp)
    return places


def _shown(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
