"""One part of a dataset: its samples, targets and weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.table import Table, joined
from zerokara.data.sparse import SparseRows, join_rows, take_rows
from zerokara.errors import InputError


@dataclass(frozen=True, eq=False)
class Part:
    """The samples of one part: features x, targets t, and optionally sample weights.

    Shapes: x float32 (N, D). t int64 (N,) for classification, float32 (N, C) for multilabel and regression.
    weights float32 (N,) with mean 1, or None. ``table`` holds the raw rows if the samples come from a table. Sparse
    samples are `SparseRows`, which give dense rows.
    """

    x: Array
    t: Array
    weights: Array | None = None
    table: Table | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"Part(x {self.x.shape}, t {self.t.shape})"

    def take(self, index: Any) -> "Part":
        """Return the samples selected by an index or a slice."""
        weights = None if self.weights is None else mean_one(self.weights[index])
        table = None if self.table is None else self.table.take(index)
        return Part(take_rows(self.x, index), self.t[index], weights, table)

    def update(self, digest: Any, what: str) -> None:
        """Add all arrays and their shapes to a hash; of a table, the raw rows."""
        if self.table is not None:
            digest.update(what.encode())
            self.table.update(digest)
        for array in (self.x, self.t, self.weights) if self.table is None else (self.weights,):
            if array is None:
                continue
            dtype = array.dtype.newbyteorder("<")
            digest.update(f"{what} {dtype.str} {array.shape}".encode())
            for rows in array.blocks() if isinstance(array, SparseRows) else [array]:
                digest.update(np.ascontiguousarray(rows, dtype).ravel().data)


def join(parts: Sequence[Part]) -> Part:
    """Return the samples of several parts as one part, in that order."""
    weighted = any(part.weights is not None for part in parts)
    weights = [np.ones(len(part)) if part.weights is None else part.weights for part in parts if weighted]
    return Part(
        join_rows([part.x for part in parts]),
        np.concatenate([part.t for part in parts]),
        mean_one(np.concatenate(weights)) if weights else None,
        joined([part.table for part in parts if part.table is not None]),
    )


def mean_one(weights: Array) -> Array:
    """Return sample weights divided by their mean, float32."""
    mean = weights.mean(dtype=np.float64)
    if mean <= 0:
        raise InputError(
            "sample weights must not all be 0 in one part, got only zeros: give more samples a weight above 0"
        )
    scaled: Array = (weights / mean).astype(np.float32)
    return scaled
