"""The functions of kernel.c, and the samples as they read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Part
from zerokara.data.sparse import ROWS_AT_ONCE, SparseRows
from zerokara.errors import InputError
from zerokara.native.library import installed
from zerokara.native.structs import declare
from zerokara.nn.layers.encoding import FixedEncoding, encode


@dataclass(frozen=True)
class Kernel:
    """The functions of one variant of the library, for one precision."""

    variant: str
    dtype: np.dtype[Any]
    scratch_size: Any
    train: Any
    evaluate: Any
    judge: Any
    fill_uniforms: Any
    elementary: Any

    @classmethod
    def of(cls, library: Any, variant: str, dtype: Any = np.float32) -> "Kernel":
        """Return the kernel of a loaded library."""
        return cls(variant, np.dtype(dtype), *declare(library, variant))

    def scratch(self, model: Any, rows: int, chunks: int, train: bool) -> Array:
        """Return memory for ``rows`` samples in a network, and for the inputs of ``chunks`` times as many."""
        return np.empty(self.scratch_size(model, rows, chunks, train), self.dtype)

    def uniforms(self, entropy: Array, sizes: Array) -> Array:
        """Return the first ``sizes`` (S,) uniform numbers of S streams of `zerokara.rng`, one after another.

        Args:
            entropy: of each stream, (S, words).
        """
        entropy, sizes = np.ascontiguousarray(entropy, np.uint32), np.ascontiguousarray(sizes, np.int64)
        drawn = np.empty(sizes.sum(), self.dtype)
        self.fill_uniforms(*entropy.shape, address(entropy), address(sizes), address(drawn))
        return drawn


@lru_cache
def kernel(variant: str) -> Kernel:
    """Return a variant of the installed library."""
    return Kernel.of(installed().functions, variant)


@dataclass(frozen=True)
class Block:
    """Samples that lie one after another: x (N, D), t (N,) class numbers or (N, C), weights (N,) or None.

    Samples that are still to be encoded have ``encodings``; `pieces` yields them encoded.
    """

    x: Any
    t: Array
    weights: Array | None
    encodings: Sequence[FixedEncoding] = ()

    @classmethod
    def of(cls, part: Part, dtype: np.dtype[Any], outputs: int) -> "Block":
        """Return the samples of a part as the kernel reads them; what has its form already is not copied.

        Sparse samples stay sparse: see `pieces`.

        Raises:
            InputError: the targets do not fit networks with so many outputs.
        """
        n, classes = len(part.x), part.t.dtype.kind in "iu"
        fits = part.t.shape == ((n,) if classes else (n, outputs))
        if not fits or (classes and n and not 0 <= part.t.min() <= part.t.max() < outputs):
            raise InputError(
                f"targets must be class numbers from 0 to {outputs - 1}, (N,), or numbers (N, {outputs}), got "
                f"{part.t.dtype} {part.t.shape}: correct them"
            )
        t = part.t.astype(np.int32) if classes else np.ascontiguousarray(part.t, dtype)
        weights = None if part.weights is None else np.ascontiguousarray(part.weights, dtype)
        sparse = isinstance(part.x, SparseRows)
        return cls(part.x.astype(dtype) if sparse else np.ascontiguousarray(part.x, dtype), t, weights)

    def pieces(self) -> Iterator["Block"]:
        """Yield dense, encoded samples: all of them, or if that takes work, so many that memory stays bounded."""
        if not isinstance(self.x, SparseRows) and not self.encodings:
            yield self
            return
        for start in range(0, len(self.x), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            x = encode(self.encodings, self.x[rows])
            yield Block(x, self.t[rows], None if self.weights is None else self.weights[rows])

    def take(self, x: Array, samples: Sequence[Index]) -> "Block":
        """Return the targets and weights of these samples, in this order, with their ``x``."""
        rows = np.concatenate(samples)
        return Block(x, self.t[rows], None if self.weights is None else self.weights[rows])


def address(array: Array | None) -> int | None:
    """Return where a contiguous array lies, for the kernel; the caller must keep the array until it returns."""
    return None if array is None else int(array.__array_interface__["data"][0])  # Faster than ``array.ctypes``.
