"""What exercises by hand pass to layers and functions: lists, whole numbers, single numbers, labels or one-hot rows."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError


def floats(x: Any) -> Array:
    """Return x itself if it is an array of floats, else its numbers as float64.

    >>> floats([[1, 2]])
    array([[1., 2.]])
    """
    values: Array = np.asarray(x)
    return values if values.dtype.kind == "f" else values.astype(float)


def array_or_number(x: Any) -> Any:
    """Return an array or a number itself, and a list as an array: a number grows to an array when one is added."""
    return x if np.isscalar(x) else np.asarray(x)


def row(value: Any, size: int, what: str) -> Array:
    """Return one float for each of ``size`` features or outputs, (1, 1, size), of an array, uncopied, or one number.

    >>> row(1, 3, "outputs")
    array([[[1., 1., 1.]]])
    """
    values = floats(value).reshape(1, 1, -1)
    if values.size not in (1, size):
        raise InputError(
            f"there must be a number for each of the {size} {what}, got {values.size}: give {size}, or one"
        )
    return values if values.size == size else np.broadcast_to(values, (1, 1, size))
