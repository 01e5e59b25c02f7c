"""The ways of optimizers down a surface. Source: Deep Learning from Scratch, section 6.1, figures 6-3 to 6-8."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.style import BLUE, GRAY, INK, ORANGE, draw_title, panel_grid
from zerokara.optim.descent import Surface, descend
from zerokara.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS_IN_A_ROW, CONTOURS, GRID = 3, 14, 120
PANEL_SIZES = {1: (8.75, 4.5), 2: (4.25, 2.9), 3: (3.1, 2.2)}
"""The size of a panel in inches, by the number in a row."""
MARGIN, REACH = 0.25, 3.0
"""What is seen around the points, in parts of their extent; points further from the start than so many times its
distance to the lowest one are outside."""


@dataclass(frozen=True, eq=False)
class Trajectories:
    """The points of each optimizer by its label, (steps + 1, 2), with the heights there, and the surface.

    ``x``, ``y`` and ``z`` (G, G) are its heights on a grid. ``levels`` are those of the contours.
    """

    paths: tuple[tuple[str, Array, Array], ...]
    x: Array
    y: Array
    z: Array
    levels: Array
    title: str = ""


def trajectory_data(
    optimizers: Sequence[tuple[str, Optimizer]],
    surface: Surface,
    start: tuple[float, float],
    steps: int,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> Trajectories:
    """Return the ways of optimizers with their labels; one for a population has a way for each of its networks."""
    paths = []
    for label, optimizer in optimizers:
        ways = descend(optimizer, surface, start, steps)
        for k, points in enumerate(ways):
            name = label if len(ways) == 1 else f"{label}, lr {float(np.broadcast_to(optimizer.lr, len(ways))[k]):g}"
            with np.errstate(all="ignore"):
                heights = np.broadcast_to(np.asarray(surface.z(points[:, 0], points[:, 1]), float), len(points))
            paths.append((name, points, heights))
    (left, right), (low, high) = limits or _seen(paths, np.array(start, float))
    x, y = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    with np.errstate(all="ignore"):
        z = np.broadcast_to(np.asarray(surface.z(x, y), float), x.shape)
    finite = z[np.isfinite(z)]
    bottom, top = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # Contours are closer at the bottom, where the ways end.
    levels = bottom + (top - bottom) * np.linspace(0, 1, CONTOURS + 1)[1:] ** 3
    title = f"{surface.text + ': ' if surface.text else ''}{steps} steps from ({start[0]:g}, {start[1]:g})"
    return Trajectories(tuple(paths), x, y, z, levels, title)


def draw_trajectories(data: Trajectories) -> "Figure":
    """Draw a panel for each optimizer: the contours of the surface, and the way with a dot for each step."""
    columns = min(PANELS_IN_A_ROW, len(data.paths))
    figure, axes = panel_grid(len(data.paths), columns, PANEL_SIZES[columns], "y")
    for place, (label, points, heights) in zip(axes, data.paths, strict=True):
        place.grid(visible=False)
        if data.levels[-1] > data.levels[0]:
            place.contour(data.x, data.y, data.z, data.levels, colors=GRAY, linewidths=0.6, alpha=0.6)
        shown = np.isfinite(points).all(axis=1)
        place.plot(*points[shown].T, "o-", color=ORANGE, lw=1.1, ms=3, zorder=3)
        place.plot(*points[0], "o", color=BLUE, ms=6, zorder=4)
        place.set(xlim=(data.x.min(), data.x.max()), ylim=(data.y.min(), data.y.max()))
        place.set_xlabel("x", color=GRAY, labelpad=0)
        end = f"{heights[-1]:.2g}" if np.isfinite(heights[-1]) else "diverged"
        place.set_title(f"{label}: {end}", fontsize=10, color=INK, parse_math=False)
    draw_title(figure, f"{data.title}; each title has the height at the end", None)
    return figure


def _seen(paths: list[tuple[str, Array, Array]], start: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return what part of the plane is drawn: the points that are not far off, and a margin."""
    points, heights = np.concatenate([path for _, path, _ in paths]), np.concatenate([z for _, _, z in paths])
    usable = np.isfinite(points).all(axis=1) & np.isfinite(heights)
    points, heights = np.concatenate([start[None], points[usable]]), np.concatenate([[np.inf], heights[usable]])
    away = np.linalg.norm(points - start, axis=1)
    # Where no path gets below the start, the first steps show how far to look.
    first = [float(np.hypot(*(path[1] - start))) for _, path, _ in paths if np.isfinite(path[1]).all()]
    reach = away[heights.argmin()] or max(first, default=0.0)
    near = points[away <= REACH * max(reach, 1e-9)]
    low, high = near.min(axis=0), near.max(axis=0)
    room = MARGIN * np.maximum(high - low, 0.1 * max(float((high - low).max()), 1e-9))
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return (left, right), (bottom, top)
