"""Figures go to files where no window can be opened."""

import importlib.util
import os
import sys

BACKEND = "module://zerokara.classic.backend"
TITLE = "ZEROKARA_FIGURES"
"""The environment variable with the prefix of file names, for the backend."""
TOOLKITS = ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")


def to_files(title: str) -> None:
    """Let matplotlib write figures to ``title-1.png``, ``title-2.png``, ... if they cannot be shown.

    They cannot without a display, or without a toolkit that opens windows. Nothing changes if matplotlib is already in
    use, or if MPLBACKEND names a backend that shows figures, as in a notebook.
    """
    chosen = os.environ.get("MPLBACKEND", "")
    if chosen == BACKEND or ("matplotlib.pyplot" not in sys.modules and chosen.lower() in ("", "agg") and not _shown()):
        os.environ["MPLBACKEND"], os.environ[TITLE] = BACKEND, title
        if "matplotlib" in sys.modules:
            import matplotlib

            matplotlib.rcParams["backend"] = BACKEND


def _shown() -> bool:
    """Return whether a window can be opened."""
    if os.environ.get("MPLBACKEND"):
        return False
    window_system = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return window_system and any(importlib.util.find_spec(name) is not None for name in TOOLKITS)
