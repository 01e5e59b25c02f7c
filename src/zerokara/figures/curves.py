"""Curves by epoch: the best trials of a search in a grid, or the loss and the score of one network."""

from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.plot_data import SCORE, Curve, Curves, Learning, points
from zerokara.figures.style import BELOW, GRAY, INK, draw_epochs, draw_title, epoch_axis, new_figure, panel_grid
from zerokara.space.hyperparameters import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
"""Panels in a row of the grid."""


def draw_curves(data: Curves) -> "Figure":
    """Draw the best trials in a grid: validation solid, training dashed, the score from 0 to 1 by epoch.

    R2 may be below 0; such points are drawn at 0, and the title says so.
    """
    count = len(data.curves)
    columns = max(1, min(COLUMNS, count))
    figure, grid = panel_grid(count, columns, (3.2, 2.65), SCORE[data.metric], sharex=True)
    panels = grid.ravel()
    for axes, curve in zip(panels, data.curves, strict=False):
        _draw_curve(axes, curve, data.mark)
    for axes in panels[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("epoch", color=GRAY)
    epoch_axis(panels[0], data.epochs)
    panels[0].set_ylim(0, 1)
    panels[0].set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    draw_title(figure, data.title + (BELOW if data.below else ""), panels[0])
    return figure


def _draw_curve(axes: "Axes", curve: Curve, mark: bool) -> None:
    draw_epochs(axes, curve.train, curve.validation, curve.epoch if mark else None)
    score = f"{curve.score:.4f}" if np.isfinite(curve.score) else curve.state
    lines = wrap([f"trial {curve.number}", *(f"{name} {show(value)}" for name, value in curve.params.items())])
    pad = 7.0 + 10 * len(lines)
    axes.set_title(f"Best-{curve.rank} ({score})", fontsize=11, fontweight="bold", color=INK, pad=pad)
    small = axes.annotate("\n".join(lines), (0.5, 1), (0, 4), "axes fraction", "offset points", parse_math=False)
    small.set(fontsize=7.5, color=GRAY, ha="center", va="bottom", in_layout=False)


def draw_learning(data: Learning) -> "Figure":
    """Draw one network: its loss at the left, its score at the right, by epoch."""
    figure = new_figure(12, 4.8)
    left, right = figure.subplots(1, 2)
    for axes, train, validation, name in (
        (left, data.train_loss, data.val_loss, "loss"),
        (right, data.train_score, data.val_score, SCORE[data.metric]),
    ):
        draw_epochs(axes, train, validation, data.epoch)
        axes.set_xlabel("epoch", color=GRAY)
        axes.set_ylabel(name, color=GRAY)
        epoch_axis(axes, max(len(train), len(validation)))
    _loss_axis(left, np.concatenate([points(data.train_loss)[1], points(data.val_loss)[1]]))
    right.set_ylim(0, 1)
    below = any((points(y)[1] < 0).any() for y in (data.train_score, data.val_score))
    draw_title(figure, data.title + (BELOW if below else ""), left)
    return figure


def _loss_axis(axes: "Axes", losses: Array) -> None:
    """Start the axis of losses at 0, or make it a log axis where they span more than a factor of 300."""
    if len(losses) and losses.min() > 0 and losses.max() / losses.min() > 300:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def wrap(parts: list[str], width: int = 52, lines: int = 2) -> list[str]:
    """Return the parts on a few lines, without breaking one; an ellipsis replaces parts that do not fit.

    >>> wrap(["trial 7", "lr 0.01", "hidden 100,100"], width=20)
    ['trial 7 · lr 0.01', 'hidden 100,100']
    """
    wrapped = [""]
    for part in parts:
        longer = f"{wrapped[-1]} · {part}" if wrapped[-1] else part
        if len(longer) <= width or not wrapped[-1]:
            wrapped[-1] = longer
        elif len(wrapped) < lines:
            wrapped.append(part)
        else:
            wrapped[-1] += " …"
            break
    return wrapped
