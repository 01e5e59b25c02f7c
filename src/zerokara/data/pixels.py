"""The pixel range of image datasets, which images to be predicted are adapted to."""

from collections.abc import Sequence

import numpy as np

from zerokara.arrays import Array

BRIGHT = 0.6
"""A border whose mean is above this is bright."""


USUAL_WHITE = {1.0: 0.1, 255.0: 127.5}
"""The usual values of white. The brightest training pixel is above the number beside it, or the units are others."""


def is_image(sample_shape: Sequence[int]) -> bool:
    """Return whether samples of this shape are images: (H, W), (H, W, 1) or (H, W, 3)."""
    return len(sample_shape) == 2 or (len(sample_shape) == 3 and sample_shape[2] in (1, 3))


def border_mask(sample_shape: Sequence[int]) -> Array:
    """Return which pixels of an image are at its border."""
    edge = np.ones(tuple(sample_shape), bool)
    edge[1:-1, 1:-1] = False
    return edge


def white_of(high: float) -> float:
    """Return the value of white where the brightest training pixel is ``high``: 1 or 255 if it is near, else ``high``.

    >>> [white_of(high) for high in (0.97, 250, 16, 100)]
    [1.0, 255.0, 16, 100]
    """
    usual = [white for white, least in USUAL_WHITE.items() if least < high <= white]
    return usual[0] if usual else high if high > 0 else 1.0


def pixel_range(x: Array, sample_shape: Sequence[int]) -> dict[str, float] | None:
    """Return the smallest and largest pixel of images x (N, D) and their median border pixel; None for other data.

    If some have a bright border, ``brightest_border`` is the largest mean of one.

    >>> pixel_range(np.eye(4, dtype=np.float32), (2, 2))
    {'low': 0.0, 'high': 1.0, 'background': 0.0}
    """
    if not is_image(sample_shape):
        return None
    borders = x[:, border_mask(sample_shape).ravel()]
    statistics = {"low": x.min(), "high": x.max(), "background": np.median(borders)}
    if (brightest := borders.mean(axis=1).max()) > BRIGHT * white_of(statistics["high"]):
        statistics["brightest_border"] = brightest
    return {name: round(float(value), 4) for name, value in statistics.items()}
