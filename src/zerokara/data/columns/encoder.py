"""The encoder of a table: it turns raw columns into network inputs, each by its `Coding`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import require_unicode
from zerokara.data.columns.coding import Coding
from zerokara.data.columns.column import Column
from zerokara.data.columns.numerals import DECIMALS
from zerokara.data.columns.table import Table
from zerokara.data.columns.texts import MISSING, TextRules
from zerokara.errors import InputError, unknown


@dataclass(frozen=True, eq=False)
class Encoder:
    """The codings of all input columns, in order.

    >>> from zerokara.data import from_table
    >>> data = from_table({"size": [1.0, 2, 3, 4], "city": ["B", "A", "A", "B"], "t": ["x", "y", "y", "x"]}, "t")
    >>> data.encoder.inputs
    ('size', 'city = A', 'city = B', 'city is unknown')
    """

    target: str
    codings: tuple[Coding, ...]
    missing: tuple[str, ...] = MISSING
    """The texts that are missing cells, beside the empty one."""
    decimal: str = "."
    """The decimal mark of texts that could have two."""

    @classmethod
    def fit(cls, table: Table) -> "Encoder":
        """Return an encoder fitted to these training rows."""
        codings = tuple(Coding.fit(column) for column in table.columns.values())
        return cls(table.target, codings, table.missing, table.decimal)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the D inputs."""
        return tuple(name for coding in self.codings for name in coding.inputs)

    def places(self) -> Iterator[tuple[int, Coding]]:
        """Yield each coding with the place of its first input."""
        place = 0
        for coding in self.codings:
            yield place, coding
            place += coding.width

    @property
    def clipped(self) -> bool:
        """Whether no number is coded as since version 0.2."""
        return all(coding.clipped for coding in self.codings if coding.kind == "number")

    @property
    def rules(self) -> TextRules:
        """How the texts of other rows are read: as those of the training rows."""
        text = [coding.name for coding in self.codings if coding.kind == "category"]
        numbers = [coding.name for coding in self.codings if coding.kind == "number"]
        return TextRules(self.missing, None, frozenset(text), frozenset(numbers), self.decimal)

    def require(self, columns: Mapping[str, Column]) -> None:
        """Raise for missing columns, with similar names; extra columns and any order are allowed."""
        names = [coding.name for coding in self.codings]
        missing = [name for name in names if name not in columns]
        if missing:
            others = [name for name in columns if name not in names]
            offer = str(unknown("column", missing[0], others)).split(": ", 1)[1] if others else "there are no others"
            raise InputError(f"the rows must have the columns {_quoted(missing)}, as in training, got no such: {offer}")

    def transform(self, columns: Mapping[str, Column]) -> Array:
        """Return the inputs, float32 (N, D), of rows with these columns, in any order."""
        self.require(columns)
        return np.concatenate([coding.transform(columns[coding.name]) for coding in self.codings], axis=1)

    def notes(self, columns: Mapping[str, Column], left_out: Collection[str] = ()) -> list[str]:
        """Return notes on rows that differ from the training rows: new values, new missing cells, unused columns.

        Columns that were ``left_out`` in training are not mentioned.
        """
        notes = self.new_values(columns)
        known = {self.target, *left_out, *(coding.name for coding in self.codings)}
        unused = [name for name in columns if name not in known]
        if unused:
            notes.append(f"not used: {_quoted(unused)}")
        return notes

    def new_values(self, columns: Mapping[str, Column]) -> list[str]:
        """Return a note for each column with values that training had at most once, or missing cells it had not."""
        self.require(columns)
        notes = [coding.describe_new(columns[coding.name]) for coding in self.codings]
        return [note for note in notes if note]

    def describe(self) -> dict[str, Any]:
        """Return the encoder as plain data, without its arrays; see `statistics`."""
        columns: list[dict[str, Any]] = [{"name": coding.name, "kind": coding.kind} for coding in self.codings]
        for column, coding in zip(columns, self.codings, strict=True):
            if coding.kind == "category":
                column["levels"] = list(coding.levels)
            if coding.kind == "number" and not coding.clipped:
                column["scaling"] = "standard"
        return {"target": self.target, "columns": columns, "missing": list(self.missing), "decimal": self.decimal}

    def statistics(self) -> dict[str, Array]:
        """Return the statistics of each column, by its position."""
        return {str(k): coding.statistics for k, coding in enumerate(self.codings)}

    @classmethod
    def restore(cls, description: Any, statistics: Mapping[str, Array]) -> "Encoder":
        """Return the encoder from the results of `describe` and `statistics`; raise if a damaged file holds others."""
        columns = description.get("columns") if isinstance(description, dict) else None
        if not isinstance(columns, list) or not columns or not isinstance(description.get("target"), str):
            raise InputError("the table must have a target and a list of columns, got others")
        if statistics.keys() != {str(k) for k in range(len(columns))}:
            raise InputError(f"the table must have an array for each of {len(columns)} columns, got {len(statistics)}")
        codings = []
        for k, column in enumerate(columns):
            name, kind = (column.get("name"), column.get("kind")) if isinstance(column, dict) else (None, None)
            levels = column.get("levels", []) if isinstance(column, dict) else None
            if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(levels, list):
                raise InputError(f"a column must have a name, a kind and levels, got {str(column)[:80]}")
            if not all(level is None or isinstance(level, str) for level in levels):
                raise InputError(f"the levels of column {name!r} must be texts, got {str(levels)[:80]}")
            if (scaling := column.get("scaling")) not in (None, "standard"):
                raise InputError(f"the scaling of column {name!r} must be standard, got {str(scaling)[:80]!r}")
            clipped = kind == "number" and scaling is None
            codings.append(Coding(name, kind, statistics[str(k)], tuple(levels), clipped))
            codings[-1].check()
            require_unicode([name, *filter(None, levels)], "the columns of a table and their values")
        if len({coding.name for coding in codings}) < len(codings):
            raise InputError("the columns of a table must have different names, got one twice")
        missing, decimal = description.get("missing", list(MISSING)), description.get("decimal", ".")
        if not isinstance(missing, list) or not all(isinstance(word, str) for word in missing):
            raise InputError(f"the missing cells of a table must be texts, got {str(missing)[:80]}")
        require_unicode([description["target"], *missing], "the target of a table and its marks of missing cells")
        if decimal not in DECIMALS:
            raise InputError(f"the decimal mark of a table must be '.' or ',', got {str(decimal)[:80]}")
        return cls(description["target"], tuple(codings), tuple(missing), decimal)


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
