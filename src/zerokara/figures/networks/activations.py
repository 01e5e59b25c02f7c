"""Histograms of activations, layer by layer, a row for each network. Source: Deep Learning from Scratch, 6.2."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.figures.style import BLUE, GRAY, INK, draw_title, panel_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_WIDTH, PANEL_HEIGHT = 1.9, 1.35
"""The size of a panel in inches, wider where there are few."""


@dataclass(frozen=True, eq=False)
class ActivationPanel:
    """The outputs of a layer: the share of them in each of equal bins from ``low`` to ``high``, (B,).

    The ``zeros``, the share that is exactly 0 such as that of a ReLU, are not in the bins; those of sigmoid and tanh
    are. ``deviation`` is the standard deviation of all finite outputs, ``not_finite`` the share of the others.
    """

    name: str
    low: float
    high: float
    shares: Array
    zeros: float
    deviation: float
    not_finite: float = 0.0


@dataclass(frozen=True, eq=False)
class Activations:
    """A row of panels for each network, with its label."""

    rows: tuple[tuple[str, tuple[ActivationPanel, ...]], ...]
    title: str = ""


def draw_activations(data: Activations) -> "Figure":
    """Draw the panels; those of a network have the same axes, so that its layers can be compared."""
    columns = max(len(panels) for _, panels in data.rows)
    figure, axes = panel_grid(
        columns * len(data.rows), columns, (max(PANEL_WIDTH, 9 / columns - 0.25), PANEL_HEIGHT), ""
    )
    for number, (label, panels) in enumerate(data.rows):
        top = max(max((float(panel.shares.max()) for panel in panels), default=0.0), 1e-9)
        room = 1.5 if any(panel.not_finite for panel in panels) else 1.3  # For the lines of text above the bars.
        own = axes[number * columns : (number + 1) * columns]
        for place, panel in zip(own, panels, strict=False):
            edges = np.linspace(panel.low, panel.high, len(panel.shares) + 1)
            place.stairs(panel.shares, edges, fill=True, color=BLUE)
            margin = 0.02 * (panel.high - panel.low)
            place.set(xlim=(panel.low - margin, panel.high + margin), ylim=(0, room * top), yticks=[])
            place.set_title(panel.name, fontsize=10, color=INK, parse_math=False)
            note = f"std {panel.deviation:.2g}" + (f", {100 * panel.zeros:.0f}% are 0" if panel.zeros >= 0.005 else "")
            note += f"\n{100 * panel.not_finite:.3g}% NaN or inf" if panel.not_finite else ""
            place.text(0.97, 0.93, note, transform=place.transAxes, ha="right", va="top", fontsize=8, color=GRAY)
            place.locator_params(axis="x", nbins=3)
        for place in own[len(panels) :]:
            place.set_axis_off()
        own[0].set_ylabel(label, color=INK, parse_math=False)
    draw_title(figure, data.title, None)
    return figure
