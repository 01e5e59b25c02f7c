"""The embedding of categories: each value of a category becomes a learned vector."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import InputEncoding
from zerokara.rng import stream

DIMENSION = 8
"""The length of a vector, as in RealMLP."""


class Embedding(InputEncoding):
    """y = [the other inputs, x[group] W[group] for each of K groups]; a group of inputs is the code of a category.

    The code of a known value is one-hot, so that its vector is looked up, and its gradient added to the row of W. Other
    codes, such as the mean of known values for an unknown one, are multiplied.
    The group k begins at the input feature[k] and has levels[k] inputs. W is initially normal.
    Shapes: x (P or 1, N, D), y (P, N, D - rows + 8 K); feature and levels (P, 1, K); W (P, rows, 8), the rows of all
    groups one after another.
    Source: Guo and Berkhahn 2016, Entity Embeddings of Categorical Variables; Holzmüller et al. 2024, section 3.
    """

    parameters: ClassVar = ("W",)
    decayed: ClassVar = ("W",)
    per_network: ClassVar = ("feature", "levels")
    fixed: ClassVar = ("feature", "levels")
    settings: ClassVar = ("inputs", "size", "rows")
    cache: ClassVar = ("x", "codes")
    levels: Array
    W: Array
    dW: Array

    def __init__(self, inputs: int, size: int, rows: int, *, seed: int = 0, replicate: int = 0, **fixed: Array) -> None:
        super().__init__(inputs, size, **fixed)
        self.rows, self.stream = rows, (seed, "embedding", replicate)

    @property
    def outputs(self) -> int:
        return self.inputs - self.rows + DIMENSION * self.size

    @property
    def text(self) -> str:
        return f"categories of many values as {DIMENSION} learned numbers"

    @property
    def groups(self) -> list[slice]:
        """The inputs of each group."""
        sizes = self.row("levels").astype(np.intp)
        return [slice(int(start), int(start + size)) for start, size in zip(self.columns, sizes, strict=True)]

    @property
    def others(self) -> Array:
        """The inputs outside all groups, as an index."""
        return np.setdiff1d(np.arange(self.inputs), np.r_[tuple(self.groups)])

    def shapes(self) -> dict[str, tuple[int, int]]:
        return {"W": (self.rows, DIMENSION)}

    def initial(self, name: str) -> Array:
        return stream(*self.stream).standard_normal((1, self.rows, DIMENSION))

    def forward(self, x: Array, step: int | None = None) -> Array:
        P, others = len(self.W), self.others
        self.x, self.codes = x, []
        y = np.empty((P, x.shape[1], self.outputs), self.W.dtype)
        if not P:  # Nor groups.
            return y
        y[..., : len(others)] = x[..., others]
        first = 0
        for k, group in enumerate(self.groups):
            code, W = x[..., group], self.W[:, first : first + group.stop - group.start]
            first += W.shape[1]
            level = code.argmax(axis=-1)
            mixed = np.argwhere((np.count_nonzero(code, axis=-1) != 1) | (code.max(axis=-1) != 1))
            vectors = y[..., len(others) + k * DIMENSION :][..., :DIMENSION]
            vectors[:] = np.take_along_axis(W, np.broadcast_to(level, (P, x.shape[1]))[..., None], axis=1)
            for p, n in mixed:
                of = slice(None) if len(x) == 1 else [p]
                vectors[of, n] = code[p, n] @ W[of]
            self.codes.append((level, mixed))
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        P, others, first = len(self.W), self.others, 0
        if not P:
            return np.empty((0, dout.shape[1], self.inputs), dout.dtype)
        dx = np.zeros((P, dout.shape[1], self.inputs), dout.dtype) if need_dx else None
        if dx is not None:
            dx[..., others] = dout[..., : len(others)]
        for k, (group, (level, mixed)) in enumerate(zip(self.groups, self.codes, strict=True)):
            rows = slice(first, first + group.stop - group.start)
            first = rows.stop
            d = dout[..., len(others) + k * DIMENSION :][..., :DIMENSION]
            alone = d.copy()
            for p, n in mixed:
                alone[slice(None) if len(self.x) == 1 else p, n] = 0
            dW = _scattered(alone, np.broadcast_to(level, alone.shape[:2]), rows.stop - rows.start)
            for p, n in mixed:
                of = slice(None) if len(self.x) == 1 else [p]
                dW[of] += self.x[p, n, group, None] * d[of, n, None]
            self.dW[:, rows] = dW
            if dx is not None:
                dx[..., group] = d @ self.W[:, rows].mT
        return dx

    def check(self) -> None:
        super().check()
        ends = self.feature + self.levels
        valid = (self.levels >= 1) & (self.levels == np.floor(self.levels)) & (ends <= self.inputs)
        apart = len(self.others) == self.inputs - self.rows if valid.all() else False
        if not apart or (self.levels.sum(axis=-1) != self.rows).any():
            raise InputError(f"the groups of the layer Embedding must be {self.rows} separate inputs, got others")


def _scattered(values: Array, index: Array, rows: int) -> Array:
    """Return the sums (P, rows, D) of the values (P, N, D) that have the same index (P, N)."""
    P, _, columns = values.shape
    place = (np.arange(P)[:, None] * rows + index).ravel()
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    sums = np.zeros((P * rows, columns), values.dtype)
    if len(first):
        sums[place[order][first]] = np.add.reduceat(values.reshape(-1, columns)[order], first, axis=0)
    return sums.reshape(P, rows, columns)
