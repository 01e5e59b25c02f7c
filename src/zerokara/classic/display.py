"""Figures and pictures go to files where no window can be opened, and labels may be in any language."""

import functools
import importlib.util
import itertools
import logging
import os
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

from zerokara.fonts import use_installed_fonts

BACKEND = "module://zerokara.classic.backend"
TOOLKITS = ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")


class Output:
    """Where pictures go: ``title-1.png``, ``title-2.png``, ... in the current folder, or to windows."""

    title = "figure"
    to_files = False
    numbers = itertools.count(1)

    @classmethod
    def save(cls, picture: Any) -> None:
        """Write a matplotlib figure or a Pillow image to the next file."""
        path = f"{cls.title}-{next(cls.numbers)}.png"
        write = picture.savefig if hasattr(picture, "savefig") else picture.save
        write(path)
        print(f"picture: {path}")


def to_files(title: str) -> None:
    """Let figures and Pillow's ``show()`` write ``title-1.png``, ``title-2.png``, ... if they cannot be shown.

    They cannot without a display, or without a toolkit that opens windows. Nothing changes if matplotlib is already in
    use, or if MPLBACKEND names a backend that shows figures, as in a notebook.
    """
    chosen = os.environ.get("MPLBACKEND", "")
    if chosen == BACKEND or ("matplotlib.pyplot" not in sys.modules and chosen.lower() in ("", "agg") and not _shown()):
        os.environ["MPLBACKEND"] = BACKEND
        Output.title, Output.to_files = title, True
        if "matplotlib" in sys.modules:
            import matplotlib

            matplotlib.rcParams["backend"] = BACKEND


def _shown() -> bool:
    """Return whether a window can be opened."""
    if os.environ.get("MPLBACKEND"):
        return False
    window_system = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return window_system and any(importlib.util.find_spec(name) is not None for name in TOOLKITS)


def prepare_figures(module: ModuleType) -> None:
    """Let the figures of ``matplotlib.figure`` use installed fonts for characters that theirs lacks."""
    draw = module.Figure.draw

    @functools.wraps(draw)
    def draw_with_fonts(self: Any, *arguments: Any, **options: Any) -> Any:
        if report := use_installed_fonts(self):
            print(f"zerokara.classic: {report}", file=sys.stderr)
        return draw(self, *arguments, **options)

    module.Figure.draw = draw_with_fonts
    # Reported above, in one line: matplotlib warns of each character and of each use of a font.
    warnings.filterwarnings("ignore", "Glyph .* missing")
    for name, start in (("font_manager", "findfont"), ("mathtext", "Font %r does not have a glyph")):
        logging.getLogger(f"matplotlib.{name}").addFilter(functools.partial(_is_other, start))


def _is_other(start: str, record: logging.LogRecord) -> bool:
    """Return whether a message of matplotlib does not start so."""
    return not str(record.msg).startswith(start)


def prepare_pillow(module: ModuleType) -> None:
    """Let ``Image.show()`` write a PNG file, if pictures go to files."""

    class Viewer(module.Viewer):  # type: ignore[misc, name-defined]
        def show_image(self, image: Any, **options: Any) -> int:
            if not Output.to_files:
                return 0  # The next viewer is asked.
            Output.save(image)
            return 1

    module.register(Viewer, 0)


AFTER_IMPORT: dict[str, Callable[[ModuleType], None]] = {
    "matplotlib.figure": prepare_figures,
    "PIL.ImageShow": prepare_pillow,
}
