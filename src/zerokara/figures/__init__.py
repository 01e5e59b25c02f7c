"""Plain plot data, and figures drawn from them without pyplot; knows no study."""

from zerokara.figures.curves import draw_curves, draw_learning
from zerokara.figures.evaluation import draw_calibration, draw_confusion, draw_mistakes, draw_residuals
from zerokara.figures.importances import draw_importances
from zerokara.figures.narrowing import draw_narrowing
from zerokara.figures.race import draw_race
from zerokara.figures.scatter import draw_scatter
from zerokara.figures.style import load_matplotlib, png, preload, save_figure
from zerokara.figures.weights import draw_weights

__all__ = [
    "draw_calibration",
    "draw_confusion",
    "draw_curves",
    "draw_importances",
    "draw_learning",
    "draw_mistakes",
    "draw_narrowing",
    "draw_race",
    "draw_residuals",
    "draw_scatter",
    "draw_weights",
    "load_matplotlib",
    "png",
    "preload",
    "save_figure",
]
