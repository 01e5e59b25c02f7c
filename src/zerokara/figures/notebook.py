"""A figure that a notebook shows, with or without pyplot.

Importing this file imports matplotlib: do so inside the function that makes a figure.
"""

import io
import warnings
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from zerokara.errors import warn
from zerokara.figures.canvas import Canvas
from zerokara.fonts import use_installed_fonts

SHOWN_DPI = 80
"""Pixels of a notebook for an inch of a figure."""


class NotebookFigure(Figure):
    """A figure that is drawn by Agg; notebooks show figures of plain matplotlib only once pyplot was imported."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        Canvas(self)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the picture, and its width on the page, in pixels."""
        return rendered(self, "png", self.dpi), {"width": round(SHOWN_DPI * self.get_figwidth())}


def rendered(figure: Figure, kind: str, dpi: float, name: str = "a figure") -> bytes:
    """Return a figure as the content of a file; warn of characters that no installed font has."""
    if report := use_installed_fonts(figure):
        warn(f"{name}: {report}")
    file = io.BytesIO()
    # At this resolution hinted letters look the same, and take half as long again.
    with warnings.catch_warnings(), rc_context({"text.hinting": "none"}):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # Reported by `use_installed_fonts`, in one line.
        figure.savefig(file, format=kind, dpi=dpi)
    return file.getvalue()
