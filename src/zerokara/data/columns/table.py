"""The raw rows of a table: columns, and targets in their original units."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column
from zerokara.data.columns.roles import ColumnInfo
from zerokara.data.columns.texts import MISSING


@dataclass(frozen=True, eq=False)
class Table:
    """Raw rows; an `Encoder` is fitted to them whenever the training part changes.

    Shapes: every column (N,), t as in `Part`, in its original units.
    """

    columns: Mapping[str, Column]
    t: Array
    target: str
    column_info: tuple[ColumnInfo, ...] = ()
    """The inferred role of every column of the table."""
    missing: tuple[str, ...] = MISSING
    """The texts that were read as missing cells."""
    decimal: str = "."
    """The decimal mark of numbers that were read from texts."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of `zerokara.data.load` that it was read with, ready for JSON: target, task, drop and so on."""

    def __len__(self) -> int:
        return len(self.t)

    def take(self, index: Any) -> "Table":
        """Return the rows selected by an index or a slice."""
        columns = {name: column.take(index) for name, column in self.columns.items()}
        return replace(self, columns=columns, t=self.t[index])

    def update(self, digest: "hashlib._Hash") -> None:
        """Add the content of the rows to a digest."""
        for name, column in self.columns.items():
            digest.update(repr((name, column.kind, column.levels, len(column))).encode())
            digest.update((column.values + 0.0).astype("<f8").tobytes())
        digest.update(repr((self.target, self.t.dtype.kind, self.t.shape)).encode())
        digest.update(self.t.astype(self.t.dtype.newbyteorder("<")).tobytes())


def joined(tables: Sequence[Table]) -> Table | None:
    """Return several parts of one table as one table, in that order; None without parts."""
    if not tables:
        return None
    first = tables[0]
    columns = {
        name: replace(column, values=np.concatenate([table.columns[name].values for table in tables]))
        for name, column in first.columns.items()
    }
    return replace(first, columns=columns, t=np.concatenate([table.t for table in tables]))
