"""What all figures share: colors, the grid of panels, lines by epoch, title and legend, and how they are saved."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import unknown, warn
from zerokara.figures.plot_data import points
from zerokara.files import write
from zerokara.fonts import use_installed_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
BLUE, ORANGE, RED = "#1f5a99", "#e0752d", "#b3261e"
INK, GRAY, PALE = "#1c1c1c", "#6a6a6a", "#e6e6e6"
FORMATS = ("png", "svg", "pdf")
BELOW = " (below 0 drawn at 0)"


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, its size in inches; pyplot does not hold it, so its memory is freed with it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panel_grid(
    count: int, columns: int, size: tuple[float, float], label: str, margin: float = 0.8, sharex: bool = False
) -> tuple["Figure", Any]:
    """Return a figure of ``count`` panels, each of a size in inches, and its grid of axes; unused axes are hidden."""
    rows = max(1, -(-count // columns))
    figure = new_figure(max(size[0] * columns, 10), size[1] * rows + margin)
    grid = figure.subplots(rows, columns, sharex=sharex, sharey=True, squeeze=False)
    for axes in grid.ravel()[count:]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(label, color=GRAY)
    return figure, grid


def tidy(axes: "Axes") -> None:
    """Give the axes a light frame and grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#b5b5b5")
    axes.tick_params(colors=GRAY, labelsize=9, length=3)
    axes.grid(color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def draw_epochs(axes: "Axes", train: Array, validation: Array, best_epoch: int | None) -> None:
    """Draw training values dashed and validation values solid, by epoch, with a dot at the best epoch, if any."""
    tidy(axes)
    _line(axes, train, "training", ORANGE, "--")
    _line(axes, validation, "validation", BLUE, "-")
    if best_epoch is not None and 0 < best_epoch <= len(validation) and np.isfinite(validation[best_epoch - 1]):
        style: dict[str, Any] = {"color": BLUE, "mec": "white", "ms": 7, "zorder": 4, "clip_on": False}
        axes.plot([best_epoch], [max(validation[best_epoch - 1], 0)], "o", label="epoch kept", **style)


def _line(axes: "Axes", values: Array, label: str, color: str, style: str) -> None:
    x, y = points(values)
    marker = "o" if len(y) == 1 else ""  # One point makes no line.
    width = 1.8 if style == "-" else 1.4
    # Nothing lies outside the axes but R2 below 0, and clipping would halve a line that runs along 1.
    axes.plot(
        x, np.maximum(y, 0), style, color=color, lw=width, marker=marker, ms=4, label=label, clip_on=False, zorder=3
    )


def epoch_axis(axes: "Axes", epochs: int) -> None:
    """Give the axis of epochs integer ticks, starting at 1."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(1, epochs) if epochs > 1 else axes.set_xlim(0, 2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True))


def draw_star(axes: "Axes", x: float, y: float) -> None:
    """Mark the winner."""
    axes.plot([x], [y], "*", color=ORANGE, mec=INK, mew=0.7, ms=17, zorder=4, label="best")


def draw_title(figure: "Figure", title: str, axes: "Axes") -> None:
    """Set the title at the left and one legend for all panels at the right, on a line above the panels."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        handles, labels = handles[::-1], labels[::-1]
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False, fontsize=10)
    room = int((figure.get_figwidth() - 3.5) / 0.1)  # Characters beside the legend.
    title = title if len(title) <= room else title[: room - 1] + "…"
    y = 1 - 0.1 / figure.get_figheight()
    figure.suptitle(title or " ", x=0.01, y=y, ha="left", va="top", fontsize=13, color=INK, parse_math=False)


def save_figure(figure: "Figure", path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, chosen by the suffix of the path, in one step; return the path.

    Raises:
        InputError: another suffix.
        OutsideError: the file cannot be written.
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise unknown("kind of picture", kind, FORMATS)
    if report := use_installed_fonts(figure):
        warn(f"{path}: {report}")
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # Reported above, in one line.
        figure.savefig(file, format=kind, dpi=DPI)
    return write(path, file.getvalue())
