"""Curves by epoch: the best trials of a search in a grid, or the loss and the score of one network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from zerokara.arrays import Array
from zerokara.figures.plot_data import SCORE, Curve, Curves, Learning, points
from zerokara.figures.style import (
    BELOW,
    BLUE,
    GRAY,
    INK,
    KEPT,
    ORANGE,
    PALE,
    draw_epochs,
    draw_title,
    epoch_axis,
    epoch_ticks,
    load_matplotlib,
    new_figure,
    place,
)
from zerokara.space.hyperparameters import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
"""Panels in a row of the grid."""
WIDTH, HEIGHT = 2.5, 1.4
"""The size of a panel in inches."""
LEFT, HEADER, ABOVE, BELOW_IT, GAP = 0.75, 0.6, 0.6, 0.3, 0.3
"""Margins in inches: of the grid, then of a panel, whose names stand above it."""


def draw_curves(data: Curves) -> "Figure":
    """Draw the best trials in a grid: validation solid, training dashed, the score by epoch.

    The score runs from 0 to 1, or where ``fitted`` from the lowest to the highest that is shown, and then each panel
    has its own epochs. R2 may be below 0; such points are drawn at 0, and the title says so. All panels are in one
    axes, whose units are inches: twenty axes would take six times as long.
    """
    load_matplotlib()
    from matplotlib.collections import LineCollection

    count = len(data.curves)
    columns, rows = max(1, min(COLUMNS, count)), max(1, -(-count // COLUMNS))
    cell = (WIDTH + GAP, HEIGHT + ABOVE + BELOW_IT)
    width, height = max(10.0, LEFT + columns * cell[0]), HEADER + rows * cell[1] + 0.2
    figure = new_figure(width, height, layout=None)
    axes = place(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    ticks = _score_ticks(data)
    groups: dict[str, list[Array]] = {"grid": [], "frame": [], "training": [], "validation": []}
    for k, curve in enumerate(data.curves):
        row, column = divmod(k, columns)
        panel = _PanelBox(
            LEFT + column * cell[0],
            height - HEADER - row * cell[1] - ABOVE - HEIGHT,
            (1, max(2, len(curve.validation) if data.fitted else data.epochs)),
            (ticks[0], ticks[-1]),
        )
        _draw_frame(axes, panel, ticks, groups, column == 0, SCORE[data.metric])
        _draw_epoch_ticks(axes, panel, k + columns >= count, data.fitted)
        _draw_curve(axes, panel, curve, data, groups)
    for name, style in CURVE_LINES.items():
        axes.add_collection(LineCollection(groups[name], **style), autolim=False)
    for name in ("training", "validation") if count else ():
        axes.plot([], [], color=CURVE_LINES[name]["colors"], ls=CURVE_LINES[name]["linestyles"], label=name)
    draw_title(figure, data.title + (BELOW if data.below else ""), axes)
    return figure


CURVE_LINES: dict[str, dict[str, Any]] = {
    "grid": {"colors": PALE, "linewidths": 0.8, "zorder": 1},
    "frame": {"colors": "#b5b5b5", "linewidths": 0.8, "zorder": 1},
    "training": {"colors": ORANGE, "linewidths": 1.4, "linestyles": (0, (3, 1.5)), "zorder": 2},
    "validation": {"colors": BLUE, "linewidths": 1.8, "linestyles": "-", "zorder": 3},
}


@dataclass(frozen=True)
class _PanelBox:
    """The place of a panel in the figure, in inches, and the ends of its axes."""

    left: float
    bottom: float
    epochs: tuple[float, float]
    scores: tuple[float, float]

    def points(self, epochs: ArrayLike, scores: ArrayLike) -> Array:
        """Return points of the panel as points of the figure, (N, 2)."""
        (first, last), (low, high) = self.epochs, self.scores
        x = self.left + WIDTH * (np.asarray(epochs) - first) / (last - first)
        y = self.bottom + HEIGHT * (np.clip(scores, low, high) - low) / (high - low)
        return np.column_stack(np.broadcast_arrays(x, y))


def _score_ticks(data: Curves) -> list[float]:
    """Return the ticks of the axis of scores, which starts and ends with one."""
    from matplotlib.ticker import MaxNLocator

    shown = np.concatenate([np.empty(0), *(points(y)[1] for c in data.curves for y in (c.train, c.validation))])
    if not data.fitted or not len(shown):
        return [0, 0.2, 0.4, 0.6, 0.8, 1]
    low, high = np.clip([shown.min(), shown.max()], 0, 1)
    steps = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, max(high, low + 1e-3))
    return [round(float(tick), 10) for tick in steps if tick <= 1 + 1e-9]


def _draw_frame(
    axes: "Axes", panel: _PanelBox, ticks: list[float], groups: dict[str, list[Array]], first: bool, name: str
) -> None:
    for tick in ticks:
        line = panel.points(panel.epochs, [tick, tick])
        groups["grid" if tick > ticks[0] else "frame"].append(line)
        if first:
            axes.text(panel.left - 0.08, line[0, 1], f"{tick:g}", fontsize=9, color=GRAY, ha="right", va="center")
    groups["frame"].append(panel.points(panel.epochs[0], panel.scores))
    if first:
        place_x, place_y = panel.left - 0.52, panel.bottom + HEIGHT / 2
        axes.text(place_x, place_y, name, fontsize=10, color=GRAY, ha="center", va="center", rotation=90)


def _draw_epoch_ticks(axes: "Axes", panel: _PanelBox, last_row: bool, own: bool) -> None:
    """Label the epochs: the ends of each panel, or, of equal panels, several in the last row of a column."""
    last = int(panel.epochs[1])
    style: dict[str, Any] = {"fontsize": 9, "color": GRAY, "ha": "center", "va": "top"}
    for tick in (1, last) if own else epoch_ticks(last) if last_row else ():
        axes.text(panel.points(tick, 0)[0, 0], panel.bottom - 0.06, str(tick), **style)
    if last_row:
        axes.text(panel.left + WIDTH / 2, panel.bottom - (0.06 if own else 0.23), "epoch", **style)


def _draw_curve(axes: "Axes", panel: _PanelBox, curve: Curve, data: Curves, groups: dict[str, list[Array]]) -> None:
    for name, values, color in (("training", curve.train, ORANGE), ("validation", curve.validation, BLUE)):
        x, y = points(values)
        groups[name].append(panel.points(x, y))
        if len(y) == 1:  # One point makes no line.
            axes.plot(*panel.points(x, y).T, "o", color=color, ms=4, zorder=4)
    if data.mark and 0 < curve.epoch <= len(curve.validation) and np.isfinite(curve.validation[curve.epoch - 1]):
        place_x, place_y = panel.points(curve.epoch, curve.validation[curve.epoch - 1])[0]
        label = "" if any(line.get_label() == KEPT for line in axes.get_lines()) else KEPT
        axes.plot([place_x], [place_y], "o", color=BLUE, mec="white", ms=7, zorder=5, label=label or None)
    score = f"{curve.score:.4f}" if np.isfinite(curve.score) else curve.state
    # Matplotlib takes a tenth of a millisecond for each character.
    short = {name: f"{value:.3g}" if isinstance(value, float) else show(value) for name, value in curve.params.items()}
    names = wrap([f"trial {curve.number}", *(f"{name} {value}" for name, value in short.items())])
    middle, above = panel.left + WIDTH / 2, panel.bottom + HEIGHT + 0.06
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "parse_math": False}
    axes.text(middle, above, "\n".join(names), fontsize=7.5, color=GRAY, linespacing=1.25, **style)
    above += 0.04 + 0.135 * len(names)
    axes.text(middle, above, f"Best-{curve.rank} ({score})", fontsize=11, fontweight="bold", color=INK, **style)


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
