"""The score of every trial against each hyperparameter."""

from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.plot_data import SCORE, Panel, Scatter
from zerokara.figures.style import BELOW, BLUE, INK, RED, draw_star, draw_title, panel_grid, tidy
from zerokara.space.hyperparameters import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_scatter(data: Scatter) -> "Figure":
    """Draw the score of every trial against each hyperparameter; the winner as a star, trials without a score below."""
    count = len(data.panels)
    figure, grid = panel_grid(count, columns_of(count), (5.3, 4.0), f"validation {SCORE[data.metric]}")
    for axes, panel in zip(grid.ravel(), data.panels, strict=False):
        _draw_panel(axes, panel, data)
    grid[0, 0].set_ylim(-0.03, 1.03)
    draw_title(figure, data.title + (BELOW if (data.scores < 0).any() else ""), grid[0, 0])
    return figure


def columns_of(panels: int) -> int:
    """Return the columns of a grid of panels, at most three."""
    return 2 if panels in (2, 4) else min(3, max(1, panels))


def _draw_panel(axes: "Axes", panel: Panel, data: Scatter) -> None:
    tidy(axes)
    x, y = set_axis(axes, panel), np.clip(data.scores, 0, 1)
    finite = np.isfinite(y)
    axes.plot(x[finite], y[finite], "o", color=BLUE, alpha=0.55, ms=6, mec="none", label="trial")
    if not finite.all():
        axes.plot(x[~finite], np.zeros((~finite).sum()), "x", color=RED, ms=6, label="diverged", clip_on=False)
    if data.best is not None:
        draw_star(axes, x[data.best], y[data.best])


def set_axis(axes: "Axes", panel: Panel) -> Array:
    """Give the axes the hyperparameter's scale, and return the positions of its values on it."""
    axes.set_xlabel(panel.name, color=INK, fontsize=11)
    if panel.log:
        axes.set_xscale("log")
    if panel.steps:
        axes.set_xticks(panel.steps, [show(step) for step in panel.steps])
        axes.set_xticks([], minor=True)
    if not panel.options:
        return panel.x
    axes.set_xticks(range(len(panel.options)), panel.options)
    axes.set_xlim(-0.6, len(panel.options) - 0.4)
    # A fixed spread, or a hundred trials of one option would lie on one line.
    spread: Array = (np.arange(len(panel.x)) * 0.6180339887) % 1 - 0.5
    return panel.x + 0.5 * spread
