"""The score of every trial against each hyperparameter, at epochs that the picture tells apart."""

from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.plot_data import SCORE, Panel, Scatter
from zerokara.figures.style import (
    BELOW,
    BLUE,
    GRAY,
    INK,
    RED,
    axes_for,
    draw_head,
    draw_star,
    draw_title,
    load_matplotlib,
    log_ticks,
    panel_grid,
    tidy,
)
from zerokara.space.hyperparameters import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_scatter(data: Scatter, ax: "Axes | None" = None) -> "Figure":
    """Draw the score of every trial against each hyperparameter; dots of one color are scores at the same epoch.

    Lines link the scores of one trial. The winner has a star, trials that diverged a cross below. A single
    hyperparameter can be drawn in ``ax``.
    """
    count, label = len(data.panels), f"validation {SCORE[data.metric]}"
    if ax is None:
        figure, panels = panel_grid(count, columns_of(count), (4.4, 3.4), label)
    else:
        figure, axes = axes_for(ax, (0, 0), (0, 0, 0, 0))
        tidy(axes)
        axes.set_ylabel(label, color=GRAY)
        panels = [axes]
    shown = np.append(data.scores, data.best_score)  # The winner's may be above those at the epochs that are drawn.
    finite = shown[np.isfinite(shown)]
    low, high = _limits(finite)
    for axes, panel in zip(panels, data.panels, strict=True):
        _draw_panel(axes, panel, data, low)
        axes.set_ylim(low - 0.03 * (high - low), high)
    title = data.title + (BELOW if (finite < 0).any() else "")
    if ax is None:
        draw_title(figure, title, panels[0] if panels else None, reverse=False)
    else:
        draw_head(figure, title, ax, ax)
    return figure


def columns_of(panels: int) -> int:
    """Return the columns of a grid of panels, at most three."""
    return 2 if panels in (2, 4) else min(3, max(1, panels))


def _limits(scores: Array) -> tuple[float, float]:
    """Return the ends of the axis of scores: 0 and 1, unless all scores are far from them."""
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 1.0)
    pad = max(0.08 * (high - max(low, 0)), 0.005)
    return 0.0 if low < 0.35 else low - pad, 1.02 if high > 0.75 else max(high, 0) + pad


def colors_of(levels: int) -> list[tuple[float, float, float, float]]:
    """Return a color for each epoch: pale for early epochs, dark for late ones, so that they differ in gray too."""
    load_matplotlib()
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba

    if levels == 1:
        return [to_rgba(BLUE, 0.65)]
    return [colormaps["viridis"](0.88 * (1 - level / (levels - 1))) for level in range(levels)]


def _draw_panel(axes: "Axes", panel: Panel, data: Scatter, low: float) -> None:
    x, y = set_axis(axes, panel), np.maximum(data.scores, 0)
    _draw_links(axes, x, y)
    levels = len(data.labels)
    for level, (label, color) in enumerate(zip(data.labels, colors_of(levels), strict=True)):
        size = 5 + 3 * level / max(1, levels - 1)
        edge = "none" if levels == 1 else "white"
        axes.plot(x, y[level], "o", color=color, ms=size, mec=edge, mew=0.4, label=label, zorder=3 + level / 10)
    if data.diverged.any():
        there = x[data.diverged]
        axes.plot(there, np.full(len(there), low), "x", color=RED, ms=6, label="diverged", clip_on=False, zorder=3)
    if data.best is not None:
        draw_star(axes, x[data.best], max(data.best_score, 0), data.best_label)


def _draw_links(axes: "Axes", x: Array, y: Array) -> None:
    """Draw a thin line through the scores of each trial."""
    from matplotlib.collections import LineCollection

    if len(y) > 1:
        lines = [np.column_stack([np.full(len(y), x[k]), y[:, k]]) for k in range(len(x)) if np.isfinite(x[k])]
        axes.add_collection(LineCollection(lines, colors=GRAY, linewidths=0.6, alpha=0.5, zorder=2), autolim=False)


def set_axis(axes: "Axes", panel: Panel) -> Array:
    """Give the axes the hyperparameter's scale, and return the positions of its values on it."""
    axes.set_xlabel(panel.name, color=INK, fontsize=11)
    if panel.log:
        axes.set_xscale("log")
        finite = panel.x[np.isfinite(panel.x)]
        log_ticks(axes.xaxis, *((finite.min(), finite.max()) if len(finite) else (1, 1)))
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
