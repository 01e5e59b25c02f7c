"""The weights of the first layer as images."""

from typing import TYPE_CHECKING

from zerokara.figures.plot_data import Weights
from zerokara.figures.style import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_weights(data: Weights) -> "Figure":
    """Draw the weights of the first layer, one image a unit: red raises the unit, blue lowers it.

    Weights of color images have that color, bright where it raises the unit; gray is a weight of 0.
    """
    columns = min(10, len(data.images))
    rows = -(-len(data.images) // columns)
    height, width = data.images.shape[1:3]
    figure = new_figure(max(1.2 * columns, 4), 1.2 * rows * height / width + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    color = data.images.ndim == 4
    for axes, image in zip(grid.ravel(), data.images, strict=False):
        if color:
            axes.imshow((image + 1) / 2, interpolation="nearest")
        else:
            axes.imshow(image, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    figure.suptitle(data.title, x=0.01, ha="left", fontsize=12, color=INK, parse_math=False)
    return figure
