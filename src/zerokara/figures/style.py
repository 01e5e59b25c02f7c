"""What all figures share: colors, the grid of panels, lines by epoch, title and legend, and how they are saved."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import needs, unknown
from zerokara.figures.plot_data import points
from zerokara.files import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

DPI = 150
BLUE, ORANGE, RED = "#0072b2", "#d55e00", "#8c1515"
OPTIONS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#1c1c1c")
"""Colors of a choice's options; with blue and orange, the color-blind safe palette of Okabe and Ito."""
INK, GRAY, PALE = "#1c1c1c", "#6a6a6a", "#e6e6e6"
FORMATS = ("png", "svg", "pdf")
BELOW = " (below 0 drawn at 0)"
KEPT = "epoch kept"


_loading: list[threading.Thread] = []


def preload() -> None:
    """Import matplotlib in a thread, which takes a third of a second, while this one does other things."""
    if "matplotlib" not in sys.modules and not _loading:
        thread = threading.Thread(target=_preload, name="zerokara-figures")
        _loading.append(thread)
        thread.start()


def _preload() -> None:
    with suppress(Exception):  # Of its settings: raised again when something is drawn.
        new_figure(1, 1)


def load_matplotlib() -> None:
    """Import matplotlib, also if MPLBACKEND names a backend that is not installed, such as that of a notebook.

    Figures need no backend here; one that is installed is set for the user's own figures.
    """
    if _loading and threading.current_thread() is not _loading[0]:
        _loading[0].join()
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.pop("MPLBACKEND", "")
    try:
        with needs("pictures of results", "matplotlib"):
            import matplotlib
    finally:
        if backend:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Return an empty figure, its size in inches; pyplot does not hold it, so its memory is freed with it.

    Without a layout its axes are placed by `place`, in a third of the time.
    """
    load_matplotlib()
    from zerokara.figures.notebook import NotebookFigure

    return NotebookFigure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")


def axes_for(
    axes: "Axes | None", size: tuple[float, float], box: tuple[float, float, float, float]
) -> tuple["Figure", "Axes"]:
    """Return the axes to draw in, and their figure: those given, or new ones at a place of a figure, in inches."""
    if axes is not None:
        whole: Any = axes.figure
        return whole, axes
    figure = new_figure(*size, layout=None)
    return figure, place(figure, *box)


def place(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Return new axes at a place in the figure, in inches."""
    x, y = figure.get_size_inches()
    return figure.add_axes((left / x, bottom / y, width / x, height / y))


def panel_grid(
    count: int, columns: int, size: tuple[float, float], label: str, right: float = 0.2
) -> tuple["Figure", "list[Axes]"]:
    """Return a figure of ``count`` panels, each of a size in inches, and their axes; ``right`` is a margin."""
    rows = max(1, -(-count // columns))
    left, top, gap, below = 0.8, 0.75, 0.25, 0.62
    width = max(10.0, left + columns * (size[0] + gap) + right)
    figure = new_figure(width, top + rows * (size[1] + below), layout=None)
    panels = []
    for k in range(count):
        row, column = divmod(k, columns)
        bottom = (rows - row) * (size[1] + below) - size[1]
        axes = place(figure, left + column * (size[0] + gap), bottom, *size)
        tidy(axes)
        if column == 0:
            axes.set_ylabel(label, color=GRAY)
        else:
            axes.tick_params(labelleft=False)
        panels.append(axes)
    return figure, panels


def log_ticks(axis: "Axis", low: float, high: float) -> None:
    """Give a log axis ticks at 1, 10, 100; also at 2 and 5 times these if it spans less than two decades."""
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    few = high < 100 * low
    axis.set_major_locator(LogLocator(10, (1, 2, 5) if few else (1,), numticks=12))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


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
        axes.plot([best_epoch], [max(validation[best_epoch - 1], 0)], "o", label=KEPT, **style)


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
    axes.set_xlim(1, epochs) if epochs > 1 else axes.set_xlim(0, 2)
    axes.set_xticks(epoch_ticks(epochs))


def epoch_ticks(epochs: int) -> list[int]:
    """Return a few whole numbers from 1 to ``epochs``."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True).tick_values(1, max(2, epochs))
    return [int(tick) for tick in ticks if 1 <= tick <= epochs]


def plain(number: float) -> str:
    """Return a number for people, with four digits or all before the point.

    >>> plain(1234567.8), plain(0.000123456), plain(-43.7)
    ('1,234,568', '0.0001235', '-43.7')
    """
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def draw_star(axes: "Axes", x: float, y: float, label: str = "best") -> None:
    """Mark the winner."""
    axes.plot([x], [y], "*", color=ORANGE, mec=INK, mew=0.7, ms=17, zorder=6, label=label, clip_on=False)


def draw_title(figure: "Figure", title: str, axes: "Axes | None", reverse: bool = True) -> None:
    """Set the title at the top left, and one legend for all panels: below it, or at the right of a constrained layout.

    ``reverse``: the legend starts with what was drawn last.
    """
    handles, labels = axes.get_legend_handles_labels() if axes else ([], [])
    height = figure.get_figheight()
    constrained = figure.get_layout_engine() is not None
    if handles:
        style: dict[str, Any] = {"ncols": len(labels), "frameon": False, "fontsize": 10}
        if reverse:
            handles, labels = handles[::-1], labels[::-1]
        if constrained:
            figure.legend(handles, labels, loc="outside upper right", **style)
        else:
            style |= {"bbox_to_anchor": (0.004, 1 - 0.33 / height), "borderpad": 0.2, "columnspacing": 1.5}
            figure.legend(handles, labels, loc="upper left", **style)
    room = int((figure.get_figwidth() - (3.5 if constrained else 0.2)) / 0.1)  # Characters beside the legend.
    title = title if len(title) <= room else title[: room - 1] + "…"
    y = 1 - 0.1 / height
    figure.suptitle(title or " ", x=0.01, y=y, ha="left", va="top", fontsize=13, color=INK, parse_math=False)


def draw_head(figure: "Figure", title: str, axes: "Axes", given: "Axes | None", pad: float = 6) -> None:
    """Set the title and the legend of a figure of one axes; on axes that were given, within them, ``pad`` points up."""
    if given is None:
        draw_title(figure, title, axes)
        return
    given.set_title(title, fontsize=11, color=INK, loc="left", pad=pad, parse_math=False)
    handles, labels = given.get_legend_handles_labels()
    if handles:
        given.legend(handles[::-1], labels[::-1], frameon=False, fontsize=9)


def save_figure(figure: "Figure", path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, chosen by the suffix of the path, in one step; return the path.

    Raises:
        InputError: another suffix.
        OutsideError: the file cannot be written.
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise unknown("kind of picture", kind, FORMATS)
    from zerokara.figures.notebook import rendered

    return write(path, rendered(figure, kind, DPI, str(path)))


def png(figure: "Figure", dpi: float = DPI) -> bytes:
    """Return a figure as the content of a PNG file."""
    from zerokara.figures.notebook import rendered

    return rendered(figure, "png", dpi)
