"""Figures, each drawn from plain plot data; nothing here touches pyplot or its global state."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import unknown
from zerokara.files import write
from zerokara.report.series import SCORE, Curve, Curves, Learning, Narrowing, Panel, Scatter, Weights, points
from zerokara.space.hyperparameters import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
"""Panels in a row of the grid of curves."""
DPI = 100
BLUE, ORANGE, RED = "#1f5a99", "#e0752d", "#b3261e"
INK, GRAY, PALE = "#1c1c1c", "#6a6a6a", "#e6e6e6"
BELOW = " (below 0 drawn at 0)"
FORMATS = ("png", "svg", "pdf")


def save(figure: "Figure", path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF by its name, whole or not at all, and return the path.

    Raises:
        InputError: another kind of file.
        OutsideError: the disk refuses or is full.
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise unknown("kind of picture", kind, FORMATS)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The name of a dataset may be in a script that matplotlib's own font lacks: boxes stand for it.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(file, format=kind, dpi=DPI)
    return write(path, file.getvalue())


def curves(data: Curves) -> "Figure":
    """Draw the best trials in a grid: validation solid, training dashed, the score from 0 to 1 by epoch.

    R2 may be below 0; such points are drawn at 0, and a note says so.
    """
    columns = max(1, min(COLUMNS, len(data.curves)))
    rows = max(1, -(-len(data.curves) // columns))
    figure = _figure(max(3.2 * columns, 10), 2.65 * rows + 0.8)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    places = grid.ravel()
    for axes, curve in zip(places, data.curves, strict=False):
        _curve(axes, curve, data.mark)
    for axes in places[len(data.curves) :]:
        axes.set_visible(False)
    for axes in places[max(0, len(data.curves) - columns) : len(data.curves)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("epoch", color=GRAY)
    for axes in grid[:, 0]:
        axes.set_ylabel(SCORE[data.metric], color=GRAY)
    _epochs(places[0], data.epochs)
    places[0].set_ylim(0, 1)
    places[0].set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    _head(figure, data.title + (BELOW if data.below else ""), places[0])
    return figure


def _curve(axes: "Axes", curve: Curve, mark: bool) -> None:
    """Draw one trial."""
    _tidy(axes)
    _line(axes, curve.train, "training", ORANGE, "--")
    _line(axes, curve.validation, "validation", BLUE, "-")
    if mark and 0 < curve.epoch <= len(curve.validation):
        _dot(axes, curve.epoch, curve.validation[curve.epoch - 1])
    score = f"{curve.score:.4f}" if np.isfinite(curve.score) else curve.state
    lines = wrap([f"trial {curve.number}", *(f"{name} {show(value)}" for name, value in curve.params.items())])
    pad = 7.0 + 10 * len(lines)
    axes.set_title(f"Best-{curve.rank} ({score})", fontsize=11, fontweight="bold", color=INK, pad=pad)
    small = axes.annotate("\n".join(lines), (0.5, 1), (0, 4), "axes fraction", "offset points", parse_math=False)
    small.set(fontsize=7.5, color=GRAY, ha="center", va="bottom", in_layout=False)


def scatter(data: Scatter) -> "Figure":
    """Draw the score of every trial against each hyperparameter; the winner as a star, trials without a score below."""
    columns, rows = _shape(len(data.panels))
    figure = _figure(max(5.3 * columns, 10), 4.0 * rows + 0.8)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, panel in zip(grid.ravel(), data.panels, strict=False):
        _panel(axes, panel, data)
    for axes in grid.ravel()[len(data.panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(f"validation {SCORE[data.metric]}", color=GRAY)
    grid[0, 0].set_ylim(-0.03, 1.03)
    note = BELOW if (data.scores < 0).any() else ""
    _head(figure, data.title + note, grid[0, 0])
    return figure


def _shape(panels: int) -> tuple[int, int]:
    """Return the columns and rows of a grid of panels, at most three in a row."""
    columns = 2 if panels in (2, 4) else min(3, max(1, panels))
    return columns, max(1, -(-panels // columns))


def _panel(axes: "Axes", panel: Panel, data: Scatter) -> None:
    _tidy(axes)
    x, y = _axis(axes, panel), np.clip(data.scores, 0, 1)
    seen = np.isfinite(y)
    axes.plot(x[seen], y[seen], "o", color=BLUE, alpha=0.55, ms=6, mec="none", label="trial")
    if not seen.all():
        axes.plot(x[~seen], np.zeros((~seen).sum()), "x", color=RED, ms=6, label="diverged", clip_on=False)
    if data.best is not None:
        _star(axes, x[data.best], y[data.best])


def _axis(axes: "Axes", panel: Panel) -> Array:
    """Give the axes the hyperparameter's scale, and return where its values stand on it."""
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
    # A fixed spread, or a hundred trials of one option would stand on one line.
    spread: Array = (np.arange(len(panel.x)) * 0.6180339887) % 1 - 0.5
    return panel.x + 0.5 * spread


def _star(axes: "Axes", x: float, y: float) -> None:
    """Mark the winner."""
    axes.plot([x], [y], "*", color=ORANGE, mec=INK, mew=0.7, ms=17, zorder=4, label="best")


def narrowing(data: Narrowing) -> "Figure":
    """Draw how the ranges shrank: a bar for each round, the first on top, and in it its trials, colored by score."""
    columns, rows = _shape(len(data.panels))
    count = max(map(len, data.ranges), default=0)
    figure = _figure(max(4.6 * columns, 10), (1.2 + 0.55 * max(count, 3)) * rows + 0.6)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, panel, ranges in zip(grid.ravel(), data.panels, data.ranges, strict=False):
        _rounds(axes, panel, ranges, data)
    for axes in grid.ravel()[len(data.panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("round", color=GRAY)
    grid[0, 0].set_yticks(range(count), [str(r + 1) for r in range(count)])
    grid[0, 0].set_ylim(count - 0.4, -0.6)
    if np.isfinite(data.scores).any():
        bar = figure.colorbar(grid[0, 0].collections[-1], ax=grid, pad=0.01, aspect=30)
        bar.set_label(f"validation {SCORE[data.metric]}", color=GRAY)
    _head(figure, data.title + (BELOW if (data.scores < 0).any() else ""), grid[0, 0])
    return figure


def _rounds(axes: "Axes", panel: Panel, ranges: Sequence[tuple[float, ...]], data: Narrowing) -> None:
    """Draw one hyperparameter: the trials of a round within its bar, the earlier the higher."""
    _tidy(axes)
    axes.grid(visible=False, axis="y")
    axes.use_sticky_edges = False  # Or a bar would end at the very edge of the axes, and cut its points.
    x = _axis(axes, panel)
    for r, found in enumerate(ranges):
        bars = [(place - 0.4, place + 0.4) for place in found] if panel.options else [found]
        for left, right in bars:
            axes.barh(r, right - left, 0.8, left, color=PALE, edgecolor=GRAY, linewidth=0.8)
    y = np.empty(len(x))
    for r in range(len(ranges)):
        own = data.rounds == r
        y[own] = r + 0.32 * np.linspace(-1, 1, own.sum() + 2)[1:-1]
    seen, score = np.isfinite(data.scores), np.clip(data.scores, 0, 1)
    if seen.any():
        shades: dict[str, Any] = {"c": score[seen], "vmin": score[seen].min(), "vmax": score[seen].max()}
        axes.scatter(x[seen], y[seen], 22, cmap="viridis", zorder=3, label="trial", **shades)
    if not seen.all():
        axes.plot(x[~seen], y[~seen], "x", color=RED, ms=5, label="diverged")
    if data.best is not None:
        _star(axes, x[data.best], y[data.best])


def learning(data: Learning) -> "Figure":
    """Draw one run: its loss at the left, its score at the right, by epoch."""
    figure = _figure(12, 4.8)
    left, right = figure.subplots(1, 2)
    for axes, train, validation, name in (
        (left, data.train_loss, data.val_loss, "loss"),
        (right, data.train_score, data.val_score, SCORE[data.metric]),
    ):
        _tidy(axes)
        _line(axes, train, "training", ORANGE, "--")
        _line(axes, validation, "validation", BLUE, "-")
        if data.epoch is not None and 0 < data.epoch <= len(validation):
            _dot(axes, data.epoch, validation[data.epoch - 1])
        axes.set_xlabel("epoch", color=GRAY)
        axes.set_ylabel(name, color=GRAY)
        _epochs(axes, max(len(train), len(validation)))
    _loss_axis(left, np.concatenate([points(data.train_loss)[1], points(data.val_loss)[1]]))
    right.set_ylim(0, 1)
    below = any((points(y)[1] < 0).any() for y in (data.train_score, data.val_score))
    _head(figure, data.title + (BELOW if below else ""), left)
    return figure


def weights(data: Weights) -> "Figure":
    """Draw the weights of the first layer, one image a unit: red raises the unit, blue lowers it.

    Weights of color images have that color, bright where it raises the unit; gray is no weight.
    """
    columns = min(10, len(data.images))
    rows = -(-len(data.images) // columns)
    height, width = data.images.shape[1:3]
    figure = _figure(max(1.2 * columns, 4), 1.2 * rows * height / width + 0.6)
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


def _figure(width: float, height: float) -> "Figure":
    """Return an empty figure, its size in inches; it belongs to nobody else, and is freed with its last reference."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _tidy(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#b5b5b5")
    axes.tick_params(colors=GRAY, labelsize=9, length=3)
    axes.grid(color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def _line(axes: "Axes", values: Array, label: str, color: str, style: str) -> None:
    x, y = points(values)
    marker = "o" if len(y) == 1 else ""  # One point makes no line.
    width = 1.8 if style == "-" else 1.4
    # Nothing lies outside the axes but R2 below 0, and clipping would halve a line that runs along 1.
    axes.plot(
        x, np.maximum(y, 0), style, color=color, lw=width, marker=marker, ms=4, label=label, clip_on=False, zorder=3
    )


def _dot(axes: "Axes", epoch: int, value: float) -> None:
    """Mark the epoch that counts."""
    if np.isfinite(value):
        style: dict[str, Any] = {"color": BLUE, "mec": "white", "ms": 7, "zorder": 4, "clip_on": False}
        axes.plot([epoch], [max(value, 0)], "o", label="epoch kept", **style)


def _epochs(axes: "Axes", epochs: int) -> None:
    """Give the axis of epochs whole numbers from 1 on."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(1, epochs) if epochs > 1 else axes.set_xlim(0, 2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True))


def _loss_axis(axes: "Axes", losses: Array) -> None:
    """Start the axis of losses at 0, or make it a log axis where they span more than a factor of 300."""
    if len(losses) and losses.min() > 0 and losses.max() / losses.min() > 300:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def _head(figure: "Figure", title: str, axes: "Axes") -> None:
    """Set the title at the left and one legend for all panels at the right, on a line of their own."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        handles, labels = handles[::-1], labels[::-1]
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False, fontsize=10)
    room = int((figure.get_figwidth() - 3.5) / 0.1)  # Characters beside the legend.
    title = title if len(title) <= room else title[: room - 1] + "…"
    y = 1 - 0.1 / figure.get_figheight()
    figure.suptitle(title or " ", x=0.01, y=y, ha="left", va="top", fontsize=13, color=INK, parse_math=False)


def wrap(parts: list[str], width: int = 52, lines: int = 2) -> list[str]:
    """Return the parts on a few lines, none torn; what has no place there becomes an ellipsis.

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
