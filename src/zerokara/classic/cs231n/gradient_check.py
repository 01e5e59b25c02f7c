"""CS231n's numerical gradient."""

from collections.abc import Callable
from typing import Any

from zerokara.arrays import Array
from zerokara.classic.common.gradient import central_differences


def eval_numerical_gradient(f: Callable[[Array], Any], x: Array, verbose: bool = True, h: float = 0.00001) -> Array:
    """Return df/dx by (f(x + h) - f(x - h)) / 2h, one element of x at a time.

    h = 1e-5: with the book's 1e-4 a relative error of 1e-8 is not reached. x is changed in place and restored.

    >>> import numpy as np
    >>> eval_numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]), verbose=False).round(6)
    array([6., 8.])
    """
    return central_differences(f, x, h, verbose)
