"""Ctrl-C, SIGTERM and the like: a command ends in order, and its exit code is 128 plus the number of the signal."""

import os
import signal
import sys
import time

TYPE_CHECKING = (
    False  # As typing has it: a command imports this file first, and typing takes longer than Python's start.
)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
REPEAT = 0.1
"""Seconds in which a further signal is the same request: `timeout`, and a terminal that closes, send two."""

_received: "list[tuple[int, float]]" = []
"""The signals since `forget`, and when they came."""


def end_at_once(signum: int, frame: object) -> None:
    """End the process: a handler for the time when there is nothing to keep."""
    os._exit(128 + signum)


def interrupt(signum: int, frame: object) -> None:
    """Raise KeyboardInterrupt: the handler of a command, outside of training."""
    if receive(signum):
        raise KeyboardInterrupt


def receive(signum: int) -> bool:
    """Record a signal; return False if it repeats the one before it."""
    now = time.monotonic()
    repeats = bool(_received) and now - _received[-1][1] < REPEAT
    _received.append((signum, now))
    return not repeats


def received() -> bool:
    """Return whether a command has received a signal."""
    return bool(_received) and signal.getsignal(_received[0][0]) is interrupt


def forget() -> None:
    """Forget the signals that were received."""
    _received.clear()


def exit_code(code: int = 0) -> int:
    """Return the exit code of a command: 128 plus the number of its first signal, or this code without one."""
    return 128 + _received[0][0] if _received else code


def handle(handler: "Callable[[int, Any], Any]") -> "dict[int, Any]":
    """Set the handler of these signals, and return the earlier ones; a signal that is ignored stays so."""
    earlier = {}
    for signum in SIGNALS:
        if signal.getsignal(signum) not in (signal.SIG_IGN, None):  # None: a handler that is not Python's.
            earlier[signum] = signal.signal(signum, handler)
    return earlier


def restore_handlers(handlers: "dict[int, Any]") -> None:
    """Set the handlers that `handle` returned."""
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def stopping() -> list[int]:
    """Return the signals that stop a search: Ctrl-C, unless it is ignored, and in a command those of `interrupt`."""
    return [
        signum
        for signum in SIGNALS
        if (handler := signal.getsignal(signum)) is interrupt
        or (signum == signal.SIGINT and handler not in (signal.SIG_IGN, None))
    ]


def send_again(unraisable: "Any") -> None:
    """Send a signal again if Python dropped its KeyboardInterrupt, as in destructors: a `sys.unraisablehook`."""
    if not _received or not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    import threading
    from functools import partial

    # On Windows os.kill ends the process at once, and elsewhere raise_signal does not wake the main thread.
    send = signal.raise_signal if sys.platform == "win32" else partial(os.kill, os.getpid())
    threading.Timer(2 * REPEAT, send, (_received[-1][0],)).start()
