"""CS231n's pictures of weights."""

import numpy as np

from zerokara.arrays import Array


def visualize_grid(Xs: Array, ubound: float = 255.0, padding: int = 1) -> Array:
    """Return images (N, H, W, C) as one, in a square grid, each stretched from 0 to ``ubound``.

    An image of one color stays black (the course divides 0 by 0). ``padding``: black pixels between images.

    >>> visualize_grid(np.arange(96.0).reshape(2, 4, 4, 3)).shape
    (9, 9, 3)
    """
    Xs = np.asarray(Xs, float)
    N, H, W, C = Xs.shape
    side = int(np.ceil(np.sqrt(N)))
    grid = np.zeros((side * (H + padding) - padding, side * (W + padding) - padding, C))
    for k, image in enumerate(Xs):
        top, left = k // side * (H + padding), k % side * (W + padding)
        low, high = np.min(image), np.max(image)
        grid[top : top + H, left : left + W] = ubound * (image - low) / (high - low if high > low else 1)
    return grid
