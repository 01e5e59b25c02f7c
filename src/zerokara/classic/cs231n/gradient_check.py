"""CS231n's numerical gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError


def eval_numerical_gradient(f: Callable[[Array], Any], x: Array, verbose: bool = True, h: float = 0.00001) -> Array:
    """Return df/dx by (f(x + h) - f(x - h)) / 2h, one element of x at a time.

    h = 1e-5: with the book's 1e-4 a relative error of 1e-8 is not reached. x is changed in place and restored.

    >>> eval_numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]), verbose=False).round(6)
    array([6., 8.])
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise InputError(f"a numerical gradient needs an array of floats, got {got}: give np.array(x, float)")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        original = x[index]
        x[index] = original + h
        above = f(x)
        x[index] = original - h
        below = f(x)
        x[index] = original
        gradient[index] = (above - below) / (2 * h)
        if verbose:
            print(index, gradient[index])
    return gradient
