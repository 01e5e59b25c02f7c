"""The weights of the first layer as images."""

from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.plot_data import Weights
from zerokara.figures.style import GRAY, INK, new_figure, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_weights(data: Weights) -> "Figure":
    """Draw the weights of the first layer, one image a unit: red raises the unit, blue lowers it.

    Weights of color images have that color, bright where it raises the unit; gray is a weight of 0. A unit has the same
    place in all blocks: trained, at the start, and the difference.
    """
    count, height, width = data.blocks[0][1].shape[:3]
    columns = min(10, count)
    rows = -(-count // columns)
    size = (4.4 * columns / 10, 4.4 * columns / 10 * (rows * (height + 1)) / (columns * (width + 1)))
    total = max(len(data.blocks) * (size[0] + 0.3) + 0.2, 5.0)
    figure = new_figure(total, size[1] + 0.95, layout=None)
    for k, (name, images) in enumerate(data.blocks):
        axes = place(figure, 0.2 + k * (size[0] + 0.3), 0.15, *size)
        axes.set_axis_off()
        axes.imshow(tiled(images, columns), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
        axes.set_title(name, fontsize=10, color=GRAY, loc="left")
    y = 1 - 0.1 / figure.get_figheight()
    figure.suptitle(data.title, x=0.01, y=y, ha="left", va="top", fontsize=12, color=INK, parse_math=False)
    return figure


def tiled(images: Array, columns: int) -> Array:
    """Return images (U, H, W) or (U, H, W, 3) in [-1, 1] as one, in rows, with a white line between them.

    One image is NaN where it is white; of color images the numbers are brightnesses from 0 to 1.

    >>> tiled(np.zeros((3, 2, 2)), 2).shape
    (5, 5)
    """
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    color = images.ndim == 4
    whole = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, *images.shape[3:]), 1.0 if color else np.nan)
    for k, image in enumerate((images + 1) / 2 if color else images):
        top, left = k // columns * (height + 1), k % columns * (width + 1)
        whole[top : top + height, left : left + width] = image
    return whole
