"""Helpers of chapter 6. Source: Deep Learning from Scratch, section 6.5 and its figures."""

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.errors import InputError

WINDOW = 11


def smooth_curve(x: npt.ArrayLike) -> Array:
    """Return a curve of the same length, smoothed by a Kaiser window of 11 points (beta 2), mirrored at its ends.

    >>> smooth_curve(np.ones(20)).round(12).tolist() == [1.0] * 20
    True
    """
    curve = np.asarray(x, float)
    if len(curve) < WINDOW:
        raise InputError(f"smoothing needs {WINDOW} points or more, got {len(curve)}")
    mirrored = np.concatenate([curve[WINDOW - 1 : 0 : -1], curve, curve[-1:-WINDOW:-1]])
    window = np.kaiser(WINDOW, 2)
    smooth: Array = np.convolve(window / window.sum(), mirrored, mode="valid")
    return smooth[5:-5]


def shuffle_dataset(x: Array, t: Array) -> tuple[Array, Array]:
    """Return samples and targets in one random order, drawn by ``np.random.permutation``."""
    x, t = np.asarray(x), np.asarray(t)
    order = np.random.permutation(len(x))  # noqa: NPY002  the course's draws
    return x[order], t[order]
