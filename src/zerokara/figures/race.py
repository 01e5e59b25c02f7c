"""The race: the validation losses of all trials in one picture."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.plot_data import Panel, Race
from zerokara.figures.style import (
    GRAY,
    INK,
    OPTIONS,
    RED,
    axes_for,
    draw_head,
    draw_star,
    log_ticks,
    place,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARKEST = 0.93
"""The part of the color map that is drawn: its yellow end is too pale for lines on white."""
Color = tuple[float, float, float, float]


def draw_race(data: Race, ax: "Axes | None" = None) -> "Figure":
    """Draw the validation loss of every trial by epoch, colored by a hyperparameter; the winner on top, with a star.

    Rungs are vertical lines with the number of trials that train on; a dot ends a trial that was stopped there. The
    axis of losses ends where all is seen but trials that are far worse than most after their first epoch; the winner's
    curve is seen whole. In ``ax`` if it is given.
    """
    figure, axes = axes_for(ax, (11, 6.4), (0.85, 0.6, 8.4, 4.75))
    tidy(axes)
    colors = _colors(data)
    low, high = _ends(data.losses)
    if data.best is not None:
        own = data.losses[data.best]
        high = max(high, float(own[np.isfinite(own)].max()))
    _draw_lines(axes, data, colors, 1.02 * high)
    _draw_ends(axes, data, colors, high)
    if data.best is not None:
        draw_star(axes, data.epoch, data.best_loss, data.best_label)
    _set_axes(axes, data, low, high)
    if ax is None:
        _draw_key(figure, data)
    else:
        _draw_key_beside(ax, data)
    draw_head(figure, data.title, axes, ax, pad=30 if data.rungs else 6)
    return figure


def _ends(losses: tuple[Array, ...]) -> tuple[float, float]:
    """Return the lowest and the highest loss to show: at most four times the median after the first epoch."""
    every = np.concatenate([*losses, np.empty(0)])
    every = every[np.isfinite(every)]
    first = [loss[0] for loss in losses if len(loss) and np.isfinite(loss[0])]
    if not len(every):
        return 0.0, 1.0
    if not first:
        return float(every.min()), float(every.max())
    typical = float(np.median(first))
    high = max(first) if max(first) <= 4 * typical else float(np.quantile(first, 0.9))
    return float(every.min()), min(high, 4 * typical)


def _draw_lines(axes: "Axes", data: Race, colors: list[Color], top: float) -> None:
    from matplotlib.collections import LineCollection

    longest = max(map(len, data.losses), default=0)
    lines = [
        np.column_stack(
            [np.arange(1, len(loss) + 1), np.clip(np.where(np.isfinite(loss), loss, np.nan), None, 9 * top)]
        )
        for loss in data.losses
    ]
    # Trials that went further are drawn later, and wider.
    order = sorted((k for k in range(len(lines)) if len(lines[k]) > 1 and k != data.best), key=lambda k: len(lines[k]))
    widths = [0.9 if len(lines[k]) < longest or len(order) > 40 else 1.6 for k in order]
    style: dict[str, Any] = {"colors": [colors[k] for k in order], "linewidths": widths, "alpha": 0.75, "zorder": 2}
    axes.add_collection(LineCollection([lines[k] for k in order], **style), autolim=False)
    if data.best is not None and len(lines[data.best]) > 1:
        for color, width in ((INK, 4.5), ("white", 3.6), (colors[data.best], 2.6)):
            axes.plot(*lines[data.best].T, color=color, lw=width, zorder=4, solid_capstyle="round")


def _draw_ends(axes: "Axes", data: Race, colors: list[Color], high: float) -> None:
    """Draw a dot where a trial was stopped, and a cross where one diverged, at the top if its loss is above."""
    stopped = [k for k, state in enumerate(data.states) if state == "pruned" and len(data.losses[k])]
    if stopped:
        x = [len(data.losses[k]) for k in stopped]
        y = [data.losses[k][-1] for k in stopped]
        dots = axes.scatter(x, y, 22, c=[colors[k] for k in stopped], edgecolors="white", linewidths=0.4, zorder=3)
        dots.set_label("stopped by the race")
    diverged = [k for k, state in enumerate(data.states) if state == "diverged" and len(data.losses[k])]
    if diverged:
        x = [len(data.losses[k]) for k in diverged]
        last = [data.losses[k][-1] for k in diverged]
        y = [min(loss, high) if np.isfinite(loss) else high for loss in last]
        axes.plot(x, y, "x", color=RED, ms=6, label="diverged", clip_on=False, zorder=3)
    if above := sum(bool(data.losses[k][-1] > high) for k in stopped):
        text = f"{above} stopped above the axis"
        axes.text(0.99, 0.985, text, ha="right", va="top", fontsize=9, color=GRAY, transform=axes.transAxes)


def _set_axes(axes: "Axes", data: Race, low: float, high: float) -> None:
    longest = max([len(loss) for loss in data.losses] + [2])
    axes.set_xlabel("epoch", color=GRAY)
    axes.set_ylabel("validation loss", color=GRAY)
    if low > 0 and high > 5 * low:
        axes.set_yscale("log")
        log_ticks(axes.yaxis, low, high)
        axes.set_ylim(low / 1.12, high * 1.05)
    else:
        pad = 0.04 * (high - low) or 0.1
        axes.set_ylim(low - pad, high + pad)
    if data.rungs:
        axes.set_xscale("log")
        ticks = sorted({1, *data.rungs, longest})
        axes.set_xticks(ticks, list(map(str, ticks)))
        axes.set_xticks([], minor=True)
        axes.set_xlim(0.94, longest * 1.06)
        lengths = np.array([len(loss) for loss in data.losses])
        for rung in data.rungs:
            axes.axvline(rung, color=GRAY, lw=0.8, ls=(0, (4, 3)), zorder=1)
            text = f"{(lengths > rung).sum()} of {(lengths >= rung).sum()}\ntrain on"
            axes.annotate(text, (rung, 1), (0, 3), ("data", "axes fraction"), "offset points", ha="center", va="bottom",
                          fontsize=8.5, color=GRAY)  # fmt: skip
    else:
        axes.set_xlim(1, longest)


def _colors(data: Race) -> list[Color]:
    """Return a color for each trial by its value of the hyperparameter."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba

    panel, gray = data.color, to_rgba(GRAY)
    if not _has_key(panel):
        return [gray if panel else to_rgba(OPTIONS[0])] * len(data.losses)
    assert panel is not None
    if _is_listed(panel):
        return [to_rgba(OPTIONS[int(x)]) if np.isfinite(x) else gray for x in panel.x]
    low, high = _span(panel)
    place_of = np.log if panel.log else np.asarray
    share = (place_of(panel.x) - place_of(low)) / (place_of(high) - place_of(low))
    cmap = colormaps["viridis"]
    return [cmap(DARKEST * s) if np.isfinite(s) else gray for s in share]


def _has_key(panel: Panel | None) -> bool:
    """Return whether the colors have a meaning."""
    return panel is not None and bool(np.isfinite(panel.x).any())


def _is_listed(panel: Panel) -> bool:
    """Return whether there is a color for each option, and no scale of colors."""
    return 0 < len(panel.options) <= len(OPTIONS)


def _span(panel: Panel) -> tuple[float, float]:
    """Return the ends of the scale of colors."""
    finite = panel.x[np.isfinite(panel.x)]
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if low < high else (low - abs(low) / 2 - 1e-9, high + abs(high) / 2 + 1e-9)


def _draw_key(figure: "Figure", data: Race) -> None:
    """Draw what the colors mean at the right of the figure."""
    panel = data.color
    if panel is None or not _has_key(panel):
        return
    figure.text(9.5 / 11, 5.42 / 6.4, data.color_label, fontsize=10, color=INK, va="bottom", parse_math=False)
    if not _is_listed(panel):
        _draw_scale(place(figure, 9.5, 0.6, 0.22, 4.7), panel)
        return
    for k, option in enumerate(panel.options):
        place_y = (5.15 - 0.28 * k) / 6.4
        figure.text(9.5 / 11, place_y, "■", fontsize=12, color=OPTIONS[k], va="center")
        figure.text(9.75 / 11, place_y, option, fontsize=10, color=INK, va="center", parse_math=False)


def _draw_key_beside(axes: "Axes", data: Race) -> None:
    """Draw what the colors mean beside axes that were given: options in their legend, a scale at their right."""
    panel = data.color
    if panel is None or not _has_key(panel):
        return
    if _is_listed(panel):
        for k, option in enumerate(panel.options):
            axes.plot([], [], "s", color=OPTIONS[k], label=f"{panel.name} {option}")
        return
    bar = axes.inset_axes((1.03, 0, 0.025, 1))
    _draw_scale(bar, panel)
    bar.set_title(panel.name, fontsize=9, color=GRAY, loc="left", parse_math=False)


def _draw_scale(bar: "Axes", panel: Panel) -> None:
    low, high = _span(panel)
    if panel.log:
        bar.set_yscale("log")
    edges = np.geomspace(low, high, 101) if panel.log else np.linspace(low, high, 101)
    shades = np.linspace(0, DARKEST, 100)[:, None]
    bar.pcolormesh([0, 1], edges, shades, cmap="viridis", vmin=0, vmax=1, rasterized=True)
    bar.set_ylim(low, high)
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.tick_params(colors=GRAY, labelsize=9, length=3)
    if panel.log:
        # With its ends, between which there may be no power of ten.
        decades = 10.0 ** np.arange(np.ceil(np.log10(1.3 * low)), np.log10(high / 1.3))
        bar.set_yticks([low, *decades, high], [f"{tick:.2g}" for tick in (low, *decades, high)])
        bar.set_yticks([], minor=True)
    if panel.options:
        bar.set_yticks(range(len(panel.options)), panel.options)
