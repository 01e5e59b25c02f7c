"""How the ranges of a search shrank from round to round."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.figures.plot_data import SCORE, Narrowing, Panel
from zerokara.figures.scatter import columns_of, set_axis
from zerokara.figures.style import BELOW, GRAY, PALE, RED, draw_star, draw_title, panel_grid, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_narrowing(data: Narrowing) -> "Figure":
    """Draw a bar for each round, the first on top, and in it the round's trials, colored by score."""
    count = len(data.panels)
    rounds = max(map(len, data.ranges), default=0)
    size = (4.0, 0.6 + 0.5 * max(rounds, 3))
    figure, panels = panel_grid(count, columns_of(count), size, "round", right=1.0)
    for axes, panel, ranges in zip(panels, data.panels, data.ranges, strict=True):
        _draw_rounds(axes, panel, ranges, data)
        axes.set_yticks(range(rounds), [str(r + 1) for r in range(rounds)])
        axes.set_ylim(rounds - 0.4, -0.6)
    if panels and np.isfinite(data.scores).any():
        bar = place(figure, figure.get_figwidth() - 1.0, figure.get_figheight() - 0.75 - size[1], 0.18, size[1])
        figure.colorbar(panels[0].collections[-1], cax=bar)
        bar.set_ylabel(f"validation {SCORE[data.metric]} at epoch {data.epoch}", color=GRAY)
        bar.tick_params(colors=GRAY, labelsize=9)
    below = BELOW if (data.scores < 0).any() else ""
    draw_title(figure, data.title + below, panels[0] if panels else None)
    return figure


def _draw_rounds(axes: "Axes", panel: Panel, ranges: Sequence[tuple[float, ...]], data: Narrowing) -> None:
    """Draw one hyperparameter: the trials of a round within its bar, earlier ones higher."""
    axes.grid(visible=False, axis="y")
    axes.use_sticky_edges = False  # Or a bar would end at the very edge of the axes, and cut its points.
    x = set_axis(axes, panel)
    for r, ends in enumerate(ranges):
        bars = [(option - 0.4, option + 0.4) for option in ends] if panel.options else [ends]
        for left, right in bars:
            axes.barh(r, right - left, 0.8, left, color=PALE, edgecolor=GRAY, linewidth=0.8)
    y = np.empty(len(x))
    for r in range(len(ranges)):
        in_round = data.rounds == r
        y[in_round] = r + 0.32 * np.linspace(-1, 1, in_round.sum() + 2)[1:-1]
    finite, score = np.isfinite(data.scores), np.clip(data.scores, 0, 1)
    if finite.any():
        shades: dict[str, Any] = {"c": score[finite], "vmin": score[finite].min(), "vmax": score[finite].max()}
        axes.scatter(x[finite], y[finite], 22, cmap="viridis", zorder=3, label="trial", **shades)
    if not finite.all():
        axes.plot(x[~finite], y[~finite], "x", color=RED, ms=5, label="diverged")
    if data.best is not None:
        draw_star(axes, x[data.best], y[data.best])
