"""What is shown of a long call while it runs: lines that change in place, on a terminal or in a notebook.

Nothing is imported for it, and no thread is started, where nothing can be shown: in a script's log, a pipe or a worker.
"""

import html
import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Generic, TypeVar

from zerokara.checks import require_flag

Shown = TypeVar("Shown")

DELAY = 2.0
"""Seconds that a call takes before anything is shown."""
REDRAW = 0.25
"""Seconds between two updates."""
LINE = 60
"""The maximum columns of a line, which those who write it keep."""


OpenDisplay = Callable[[], tuple[Callable[[str], Any], Callable[[], Any]]]
"""Opens a place where text is shown, and returns what to call with each text, and what at the end."""


def check_progress(name: str, value: Any) -> None:
    """Raise InputError unless this is True, False, None or a function."""
    if value is not None and not callable(value):
        require_flag(name, value)


@contextmanager
def shown(
    progress: "bool | Callable[[Shown], Any] | None",
    lines: Callable[[Shown], Sequence[str]],
    *,
    start: Any = None,
    stay: bool = False,
) -> Iterator[Callable[[Shown], Any] | None]:
    """Yield what to call with every new state of a long call, or None if nobody wants to know.

    Args:
        progress: True shows the states after ``DELAY`` seconds, if this is a notebook or standard error is a terminal;
            False or None shows nothing; a function is called instead.
        lines: the text of a state.
        start: the first state, if there is one before the call begins.
        stay: leave the last state on the terminal.

    >>> with shown(False, lambda state: [state]) as show:
    ...     show is None
    True
    """
    check_progress("progress", progress)
    if callable(progress):
        yield progress
        return
    place = (notebook() or terminal(stay)) if progress else None
    if place is None or not _leads():
        yield None
        return
    display = Display(place, lines)
    if start is not None:
        display.set(start)
    try:
        yield display.set
    finally:
        display.close()


class Display(Generic[Shown]):
    """Shows the latest state in another thread, so that a long step of the call does not delay it.

    Args:
        place: opens the place where it is shown, and returns what to call with a text and at the end.
        lines: the text of a state.
    """

    def __init__(
        self,
        place: OpenDisplay,
        lines: Callable[[Shown], Sequence[str]],
    ) -> None:
        self._place, self._lines = place, lines
        self._states: tuple[Shown, ...] = ()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="zerokara-display", daemon=True)
        self._thread.start()

    def set(self, state: Shown) -> None:
        """Set the state to show."""
        self._states = (state,)

    def close(self) -> None:
        """Show the last state, if anything was shown, and end."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        if self._ended.wait(DELAY):
            return
        show, end = self._place()
        try:
            while True:
                last = self._ended.wait(REDRAW)
                if self._states:
                    show("\n".join(self._lines(self._states[0])))
                if last:
                    return
        finally:
            end()


def terminal(stay: bool) -> OpenDisplay | None:
    """Return what opens a display on standard error; None if that is no terminal."""
    if not _is_terminal(sys.stderr):
        return None

    def place() -> tuple[Callable[[str], Any], Callable[[], Any]]:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True)
        redirect = _is_terminal(sys.stdout)  # Else what is printed is for a file or a pipe.
        live = Live(console=console, auto_refresh=False, transient=not stay, redirect_stdout=redirect)
        live.start()

        def show(text: str) -> None:
            live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)

        return show, live.stop

    return place


def _is_terminal(stream: Any) -> bool:
    with suppress(AttributeError, ValueError):  # There is none, or it is closed.
        return bool(stream.isatty())
    return False


def notebook() -> OpenDisplay | None:
    """Return what opens a display below a notebook's cell; None outside notebooks."""
    ipython = sys.modules.get("IPython")
    if not hasattr(ipython and ipython.get_ipython(), "kernel"):
        return None

    def place() -> tuple[Callable[[str], Any], Callable[[], Any]]:
        handle = import_module("IPython.display").display({"text/plain": ""}, raw=True, display_id=True)

        def show(text: str) -> None:
            page = f"<pre>{html.escape(text)}</pre>"
            handle.update({"text/plain": text, "text/html": page}, raw=True)

        return show, lambda: None

    return place


def _leads() -> bool:
    """Return whether this is the main thread of the process that the user started: others would write over it."""
    from multiprocessing import parent_process

    return parent_process() is None and threading.current_thread() is threading.main_thread()


def pace(rate: float) -> str:
    """Return a rate per second as text, per minute below one per second.

    >>> pace(1234.5), pace(0.25), pace(0)
    ('1,234/s', '15/min', '0/s')
    """
    return f"{60 * rate:.0f}/min" if 0 < rate < 1 else f"{rate:,.0f}/s"


def duration(seconds: float) -> str:
    """Return a duration as text.

    >>> duration(8.4), duration(200), duration(8000), duration(math.inf)
    ('8 s', '3 min 20 s', '2 h 13 min', 'unknown')
    """
    if math.isinf(seconds):
        return "unknown"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60} min"
