"""Array types and small array helpers."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
"""Any array. Docstrings name the axes; arrays of networks have the axes (P, N, D)."""

Index = npt.NDArray[np.intp]
"""Rows of the population to select, in this order."""


def as_index(index: npt.ArrayLike, size: int) -> Index:
    """Return row numbers as an array, from an integer, a list of integers or a boolean mask.

    >>> as_index([True, False, True], 3), as_index(2, 3)
    (array([0, 2]), array([2]))
    """
    return np.atleast_1d(np.arange(size)[np.asarray(index)]) if np.size(index) else np.empty(0, np.intp)


@lru_cache(maxsize=256)
def ones(rows: int, columns: int, dtype: np.dtype[Any]) -> Array:
    """Return a read-only matrix of ones. A product with it sums an axis several times faster than ``np.sum``.

    >>> ones(1, 3, np.dtype(float)) @ np.arange(6.0).reshape(3, 2)
    array([[6., 9.]])
    """
    matrix = np.ones((rows, columns), dtype)
    matrix.flags.writeable = False
    return matrix


def spread(values: npt.ArrayLike) -> str:
    """Return the range of one value per network, as a short text.

    >>> spread([0.1, 0.1]), spread([0.001, 0.01, 0.1])
    ('0.1', '0.001 to 0.1')
    """
    array = np.asarray(values, float)
    ends = list(dict.fromkeys(f"{end:.4g}" for end in (array.min(), array.max()))) if array.size else ["none"]
    return " to ".join(ends)


def python_number(value: float | None) -> float | None:
    """Return a NumPy number as a Python number, for JSON."""
    return value.item() if isinstance(value, np.generic) else value
