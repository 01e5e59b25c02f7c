"""How much each hyperparameter mattered, as bars."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.figures.plot_data import Importances
from zerokara.figures.style import BLUE, GRAY, INK, axes_for, draw_head, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_importances(data: Importances, ax: "Axes | None" = None) -> "Figure":
    """Draw a bar for each hyperparameter, the largest on top, with its share; in ``ax`` if it is given."""
    left, height = 0.4 + 0.1 * max(map(len, data.names), default=1), 0.42 * max(1, len(data.names))
    figure, axes = axes_for(ax, (max(left + 6.0, 7.0), height + 1.3), (left, 0.65, 5.6, height))
    tidy(axes)
    axes.grid(visible=False, axis="y")
    places = np.arange(len(data.names))
    axes.barh(places, data.shares, 0.62, color=BLUE)
    for place, share in zip(places, data.shares, strict=True):
        style: dict[str, Any] = {"textcoords": "offset points", "va": "center", "color": INK, "fontsize": 9}
        axes.annotate(f"{share:.2f}", (share, place), (4, 0), **style)
    axes.set_yticks(places, data.names, parse_math=False)
    axes.set_ylim(len(data.names) - 0.5, -0.5)
    axes.set_xlim(0, 1.1 * max(data.shares, default=1))
    axes.set_xlabel("importance", color=GRAY)
    draw_head(figure, data.title, axes, ax)
    return figure
