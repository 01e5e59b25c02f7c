"""Gradients by central differences. Source: Deep Learning from Scratch, section 4.4."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.shortcut import fast_gradient
from zerokara.errors import InputError

H = 1e-4


def numerical_gradient(f: Callable[[Array], Any], x: Array) -> Array:
    """Return df/dx by (f(x + h) - f(x - h)) / 2h, h = 1e-4, one element of x at a time.

    x is changed in place and restored, so that f may read it from a network's ``params``.
    The weights of a two-layer network that is recognized take a hundredth of the time, with the same result to 1e-10.
    `zerokara.nn.gradcheck` does this for a population, and with a smaller step near a kink.

    Raises:
        InputError: x has integers, to which h cannot be added (the book's silently returns 0).

    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    check(x)
    fast = fast_gradient(f, x, H)
    return central_differences(f, x, H) if fast is None else fast


def central_differences(f: Callable[[Array], Any], x: Array, h: float, verbose: bool = False) -> Array:
    """Return (f(x + h) - f(x - h)) / 2h for each element of x; ``verbose`` prints each."""
    check(x)
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


def check(x: Any) -> None:
    """Refuse anything but an array of floats: f may read a network's ``params``, where a copy would change nothing."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise InputError(f"a numerical gradient needs an array of floats, got {got}: give np.array(x, float)")


def numerical_gradient_2d(f: Callable[[Array], Any], X: Array) -> Array:
    """Return df/dx for each row x of X (N, D), or for one x (D,)."""
    if np.ndim(X) <= 1:
        return numerical_gradient(f, X)
    return np.array([numerical_gradient(f, x) for x in X])
