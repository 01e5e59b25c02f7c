"""Figures of a model's predictions: confusion, residuals, calibration, and the worst mistakes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.figures.evaluation_data import Calibration, ConfusionTable, Mistakes, Residuals
from zerokara.figures.style import (
    BLUE,
    GRAY,
    INK,
    ORANGE,
    axes_for,
    draw_head,
    draw_title,
    load_matplotlib,
    new_figure,
    place,
    plain,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTED = 20
"""The most classes whose counts are written into the cells."""


def draw_confusion(data: ConfusionTable, ax: "Axes | None" = None) -> "Figure":
    """Draw the counts by true class (row) and predicted class (column), colored by their share of the row.

    With up to 20 classes, the counts, and the recall and precision of each class beside and below it. In ``ax`` if it
    is given.
    """
    load_matplotlib()
    from matplotlib import colormaps

    count = len(data.classes)
    names = [name if len(name) <= 24 else name[:23] + "…" for name in data.classes]
    longest = 0.09 * max(map(len, names), default=1)
    side = min(9.0, max(3.2, 0.55 * count))
    upright = longest > side / max(1, count) - 0.05
    left, bottom = max(0.9, 0.45 + longest), 0.55 + (longest if upright else 0.2)
    size = (max(left + side + 0.9, 6.0), bottom + side + 0.95)
    figure, axes = axes_for(ax, size, (left, bottom, side, side))
    if ax is not None:
        side = max(0.5, ax.get_window_extent().height / figure.dpi)
    totals = data.counts.sum(axis=1, keepdims=True)
    share = data.counts / np.where(totals > 0, totals, 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.tick_params(colors=GRAY, labelsize=9, length=0)
    axes.set_xticks(range(count), names, rotation=90 if upright else 0, parse_math=False)
    axes.set_yticks(range(count), names, parse_math=False)
    axes.set_ylabel("true", color=GRAY)
    axes.set_xlabel("predicted", color=GRAY)
    if count <= COUNTED:
        small: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
        dark = colormaps["Blues"](1.0)
        for row, column in np.argwhere(data.counts > 0):
            color = "white" if share[row, column] > 0.55 else dark
            axes.text(column, row, f"{data.counts[row, column]:g}", color=color, **small)
        # The margins, in cells: 0.2 inches above, and 0.1 at the right.
        above, right = -0.5 - 0.2 * count / side, count - 0.5 + 0.1 * count / side
        for k, (recall, precision) in enumerate(zip(data.recall, data.precision, strict=True)):
            axes.text(right, k, _share(recall), color=INK, **small | {"ha": "left"})
            axes.text(k, above, _share(precision), color=INK, **small)
        axes.text(-0.6, above, "precision", color=GRAY, **small | {"ha": "right"})
        axes.text(right, above, "recall", color=GRAY, **small | {"ha": "left"})
    draw_head(figure, data.title, axes, ax, pad=34)
    return figure


def _share(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def draw_residuals(data: Residuals, ax: "Axes | None" = None) -> "Figure":
    """Draw prediction against truth at the left, and the error against the prediction at the right, in units.

    In ``ax``, if it is given, prediction against truth alone.
    """
    figure, left = axes_for(ax, (12, 5.4), (1.1, 0.65, 4.6, 4.0))
    _in_units(left)
    ends = [float(np.min([data.truth, data.prediction])), float(np.max([data.truth, data.prediction]))]
    left.plot(ends, ends, color=ORANGE, lw=1.4, label="exact", zorder=3)
    left.plot(data.truth, data.prediction, "o", label="sample", **DOTS)
    left.set_xlabel(f"{data.target}, true", color=GRAY, parse_math=False)
    left.set_ylabel(f"{data.target}, predicted", color=GRAY, parse_math=False)
    if ax is None:
        _draw_errors(place(figure, 7.1, 0.65, 4.6, 4.0), data)
    draw_head(figure, data.title, left, ax)
    return figure


DOTS: dict[str, Any] = {"color": BLUE, "alpha": 0.5, "ms": 5, "mec": "none"}


def _in_units(axes: "Axes") -> None:
    tidy(axes)
    axes.xaxis.set_major_formatter(lambda x, _: plain(x))
    axes.yaxis.set_major_formatter(lambda y, _: plain(y))


def _draw_errors(axes: "Axes", data: Residuals) -> None:
    """Draw the errors by prediction, and the span of nine in ten of them."""
    _in_units(axes)
    error = data.prediction - data.truth
    axes.axhline(0, color=ORANGE, lw=1.4, zorder=3)
    axes.plot(data.prediction, error, "o", **DOTS)
    low, high = np.quantile(error, [0.05, 0.95])
    axes.axhspan(low, high, color=ORANGE, alpha=0.12, lw=0)
    axes.set_xlabel(f"{data.target}, predicted", color=GRAY, parse_math=False)
    axes.set_ylabel("predicted - true", color=GRAY)
    text = f"nine in ten errors are from {plain(low)} to {plain(high)}"
    axes.text(0.5, 1.02, text, transform=axes.transAxes, ha="center", fontsize=10, color=GRAY)


def draw_calibration(data: Calibration) -> "Figure":
    """Draw how often predictions of each confidence were right, with two standard errors; on the diagonal is ideal."""
    figure = new_figure(7, 6.2, layout=None)
    axes = place(figure, 0.8, 0.6, 5.8, 4.8)
    tidy(axes)
    error = 2 * np.sqrt(np.maximum(data.right * (1 - data.right), 0.25 / data.counts) / data.counts)
    ends = np.minimum(error, data.right), np.minimum(error, 1 - data.right)
    axes.plot([0, 1], [0, 1], color=GRAY, lw=1, ls="--", label="calibrated")
    few, many = data.counts.min(), data.counts.max()
    label = f"{few} samples" if few == many else f"{few} to {many} samples"
    axes.errorbar(data.confidence, data.right, ends, fmt="o", color=BLUE, ms=6, elinewidth=1.2, label=label)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel(f"predicted probability that {data.event}", color=GRAY, parse_math=False)
    axes.set_ylabel("share of the samples for which it is", color=GRAY)
    draw_title(figure, data.title, axes)
    return figure


def draw_mistakes(data: Mistakes) -> "Figure":
    """Draw the worst mistakes: each picture with what was true and predicted, or a list of them."""
    count = len(data.texts)
    columns = 1 if data.images is None else min(5, max(1, count))
    rows = max(1, -(-count // columns))
    cell = (6.6, 0.26) if data.images is None else (2.3, 2.6)
    figure = new_figure(max(columns * cell[0] + 0.4, 7), rows * cell[1] + 0.7, layout=None)
    width, height = figure.get_size_inches()
    for k, text in enumerate(data.texts):
        row, column = divmod(k, columns)
        left, top = 0.2 + column * cell[0], height - 0.55 - row * cell[1]
        style: dict[str, Any] = {"fontsize": 9, "color": INK, "va": "top", "parse_math": False}
        figure.text(left / width, top / height, text, **style)
        if data.images is not None:
            axes = place(figure, left, top - cell[1] + 0.15, cell[0] - 0.25, cell[1] - 0.6)
            axes.set_axis_off()
            axes.imshow(data.images[k], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    draw_title(figure, data.title, None)
    return figure
