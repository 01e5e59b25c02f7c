"""Sparse samples, as text and one-hot codes give them: kept sparse, and made dense a few rows at a time."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.checks import not_finite, require_finite, require_resolution
from zerokara.errors import InputError

ROWS_AT_ONCE = 256
"""Rows that are made dense at once where all samples are read: this bounds the memory."""
CELLS_AT_ONCE = 2**22
"""Numbers that are made dense at once where columns are read."""


class SparseRows:
    """Samples (N, D) in a sparse matrix. An index gives dense rows, the same float32 numbers as those of dense samples.

    All that reads samples by batches takes it in place of an array. ``numpy.asarray`` makes all rows dense at once.

    >>> from scipy.sparse import csr_array
    >>> x = SparseRows(csr_array([[0.0, 2.0], [1.0, 0.0]]))
    >>> x.shape, x[1:], np.asarray(x.take([1, 1])).shape
    ((2, 2), array([[1., 0.]], dtype=float32), (2, 2))
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        """``matrix`` is in the format CSR, float32."""
        self.matrix = matrix
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self._scale: Callable[[Array], Array] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """N and D."""
        rows, columns = self.matrix.shape
        return rows, columns

    @property
    def nbytes(self) -> int:
        """The memory of the sparse matrix."""
        return int(self.matrix.data.nbytes + self.matrix.indices.nbytes + self.matrix.indptr.nbytes)

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def __repr__(self) -> str:
        return f"SparseRows({'x'.join(map(str, self.shape))}, {self.matrix.nnz:,} stored)"

    def __getitem__(self, index: Any) -> Array:
        """Return these rows, dense; ``x[None, rows]`` puts an axis before them, as for an array."""
        if isinstance(index, tuple):
            if len(index) != 2 or index[0] is not None:
                raise IndexError(f"sparse samples have rows as their index, got {index!r:.60}: make them dense first")
            return self[index[1]][None]
        dense: Array = self.matrix[index].toarray()
        dense = dense if self._scale is None else self._scale(dense)
        return dense.astype(self.dtype, copy=False)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.dtype, copy=False)

    def take(self, index: Any) -> Self:
        """Return these rows, sparse."""
        return self._with(self.matrix[index])

    def astype(self, dtype: npt.DTypeLike, copy: bool = True) -> Self:
        """Return the samples with this precision of the dense rows."""
        other = self._with(self.matrix)
        other.dtype = np.dtype(dtype)
        return other

    def scaled(self, scale: Callable[[Array], Array]) -> Self:
        """Return the samples with a scaling of their dense rows; raise for a number that is not finite then."""
        other = self._with(self.matrix)
        other._scale = scale
        for rows in other.blocks():
            require_finite(rows, "scaled x")
        return other

    def blocks(self) -> Iterator[Array]:
        """Yield all rows, dense, a few at a time."""
        yield from (self[start : start + ROWS_AT_ONCE] for start in range(0, len(self), ROWS_AT_ONCE))

    # What scaling needs to know of all samples; the mean has the bits of the dense array's.

    def min(self, axis: int | None = None) -> Array:
        return self._extreme(np.minimum, axis)

    def max(self, axis: int | None = None) -> Array:
        return self._extreme(np.maximum, axis)

    def mean(self, axis: int, dtype: npt.DTypeLike) -> Array:
        """Return the mean of each feature, float64."""
        if self.shape[1] == 1:  # NumPy adds a single column in pairs.
            return np.asarray(np.asarray(self).mean(axis=axis, dtype=dtype))
        sums = np.zeros((1, self.shape[1]))
        for rows in self.blocks():
            sums = np.concatenate([sums, rows]).sum(axis=0, keepdims=True)
        mean: Array = sums[0] / len(self)
        return mean

    def _extreme(self, of: Any, axis: int | None) -> Array:
        """Return the smallest or largest number of each feature, or of all."""
        extremes: Array = reduce(of, (of.reduce(rows, axis=0) for rows in self.blocks()))
        return extremes if axis == 0 else np.asarray(of.reduce(extremes))

    def _with(self, matrix: Any) -> Self:
        other = copy.copy(self)
        other.matrix = matrix
        return other


def as_rows(matrix: Any, what: str) -> Array:
    """Return a sparse matrix or array of SciPy as `SparseRows`; raise as `as_single_precision` does.

    What is stored twice is added first, in the matrix's own precision, as when it is made dense.
    """
    from scipy.sparse import csr_array

    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(
            f"{what} must have at least one sample and one feature, got the shape {matrix.shape}: add data"
        )
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"{what} must hold numbers only, got dtype {matrix.dtype}: encode or drop everything else")
    rows = csr_array(matrix)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    with np.errstate(over="ignore", invalid="ignore"):
        single = rows.astype(np.float32)
    if not (finite := np.isfinite(single.data)).all():
        k = int(np.argmin(finite))
        row = int(np.searchsorted(rows.indptr, k, side="right")) - 1
        raise not_finite(rows.data[k], what, f"row {row}, column {rows.indices[k]}")
    if not np.can_cast(rows.dtype, np.float32):
        # A column with zeros spans as much as its largest number.
        full = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]) == rows.shape[0])
        columns = rows[:, full].tocsc()
        for start in range(0, len(full), size := max(1, CELLS_AT_ONCE // rows.shape[0])):
            require_resolution(columns[:, start : start + size].toarray(), what, full[start:])
    return cast(Array, SparseRows(single))  # It has what is asked of x in a part.


def take_rows(x: Array, index: Any) -> Array:
    """Return the samples selected by an index or a slice; sparse ones stay sparse."""
    rows: Array = cast(Array, x.take(index)) if isinstance(x, SparseRows) else x[index]
    return rows


def join_rows(xs: Sequence[Array]) -> Array:
    """Return the samples of several arrays, or of several `SparseRows` with one scaling, in that order."""
    first = xs[0]
    if not isinstance(first, SparseRows):
        return np.concatenate(xs)
    from scipy.sparse import vstack

    return cast(Array, first._with(vstack([cast(SparseRows, x).matrix for x in xs], format="csr")))


def as_given(x: Array) -> Any:
    """Return unscaled samples as scikit-learn takes them: an array, or a sparse matrix."""
    return x.matrix if isinstance(x, SparseRows) else x
