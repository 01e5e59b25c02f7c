"""The rows of a table as they were read: columns, and targets in their own units."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column
from zerokara.data.columns.roles import Found


@dataclass(frozen=True, eq=False)
class Table:
    """Raw rows, from which an `Encoder` is fitted anew whenever the training part changes.

    Shapes: every column (N,), t as in `Part`, in the target's own units.
    """

    columns: Mapping[str, Column]
    t: Array
    target: str
    found: tuple[Found, ...] = ()
    """What was understood of every column of the whole table, for people."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """How it was read, JSON-able and under the names of `zerokara.data.load`: target, task, drop and so on."""

    def __len__(self) -> int:
        return len(self.t)

    def take(self, index: Any) -> "Table":
        """Return the rows that an index or a slice names."""
        columns = {name: column.take(index) for name, column in self.columns.items()}
        return replace(self, columns=columns, t=self.t[index])

    def update(self, digest: "hashlib._Hash") -> None:
        """Add all that the rows say to a digest."""
        for name, column in self.columns.items():
            digest.update(repr((name, column.kind, column.levels, len(column))).encode())
            digest.update((column.values + 0.0).astype("<f8").tobytes())
        digest.update(repr((self.target, self.t.dtype.kind, self.t.shape)).encode())
        digest.update(self.t.astype(self.t.dtype.newbyteorder("<")).tobytes())


def joined(tables: Sequence[Table]) -> Table | None:
    """Return the rows of several parts of one table as one, in that order; None for none."""
    if not tables:
        return None
    first = tables[0]
    columns = {
        name: replace(column, values=np.concatenate([table.columns[name].values for table in tables]))
        for name, column in first.columns.items()
    }
    return replace(first, columns=columns, t=np.concatenate([table.t for table in tables]))
