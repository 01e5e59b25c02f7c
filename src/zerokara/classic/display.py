"""Whether figures can be shown, and that they go to files where they cannot."""

import importlib.util
import os
import sys

BACKEND = "module://zerokara.classic.backend"
TITLE = "ZEROKARA_FIGURES"
"""The variable that tells matplotlib's backend what the names of files begin with."""
TOOLKITS = ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")


def to_files(title: str) -> None:
    """Let matplotlib write figures to ``title-1.png``, ``title-2.png``, ... where they cannot be shown.

    That is where there is no display, or no toolkit that could open a window; and not where matplotlib is in use
    already, or MPLBACKEND names a backend that shows figures, as in a notebook.
    """
    chosen = os.environ.get("MPLBACKEND", "")
    if chosen == BACKEND or ("matplotlib.pyplot" not in sys.modules and chosen.lower() in ("", "agg") and not _shown()):
        os.environ["MPLBACKEND"], os.environ[TITLE] = BACKEND, title
        if "matplotlib" in sys.modules:
            import matplotlib

            matplotlib.rcParams["backend"] = BACKEND


def _shown() -> bool:
    """Return whether a window could be opened."""
    if os.environ.get("MPLBACKEND"):
        return False
    window_system = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return window_system and any(importlib.util.find_spec(name) is not None for name in TOOLKITS)
