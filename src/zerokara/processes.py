"""Starting worker processes: signals do not reach them, and what the system lacks is one error."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from zerokara.errors import OutsideError
from zerokara.signals import SIGNALS

Started = TypeVar("Started")

REMEDY = "use threads, such as workers=2"
_SYNCHRONIZE, _INFINITE = 0x100000, 0xFFFFFFFF
"""Of the Windows API: the right to wait for a process, and to wait without limit."""


@contextmanager
def starting(*trackers: Any) -> Iterator[None]:
    """Hold back the signals that end a command in this thread; processes that are started within never get them.

    A terminal sends Ctrl-C to all processes; the parent decides.

    Args:
        trackers: modules like `multiprocessing.resource_tracker`. They start a process too, and in some versions
            unblock the signals then, so they do it first.

    Raises:
        OutsideError: the system refuses a process, a file or shared memory.
    """
    from multiprocessing import resource_tracker

    masks = hasattr(signal, "pthread_sigmask")  # Not on Windows.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS) if masks else set()
    try:
        if masks:
            for tracker in (resource_tracker, *trackers):
                tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        yield
    except OSError as error:
        raise OutsideError(
            "worker processes need pipes, temporary files and shared memory (/dev/shm), got: "
            f"{error.strerror or error}; {REMEDY}"
        ) from error
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_in_thread(call: Callable[[], Started], timeout: float) -> Started:
    """Return the result of a call that starts processes and takes long; this thread still gets the signals.

    Raises:
        TimeoutError: it took longer than ``timeout`` seconds.
    """
    result: Future[Started] = Future()

    def run() -> None:
        try:
            with starting():
                result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, name="zerokara-start", daemon=True).start()
    return result.result(timeout)


def check_open_files(needed: int) -> None:
    """Raise OutsideError if this process may not open so many files, which include pipes and sockets."""
    with suppress(ImportError):  # Windows.
        import resource

        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit not in (-1, resource.RLIM_INFINITY) and limit < needed:
            raise OutsideError(
                f"worker processes need {needed} open files, got a limit of {limit}: raise it with ulimit -n, or "
                f"{REMEDY}"
            )


def wait_for_end(parent: int) -> None:
    """Wait until the process that started this one has ended."""
    if sys.platform != "win32":
        while os.getppid() == parent:  # An orphan gets another parent.
            time.sleep(0.5)
        return
    # There an orphan keeps the number of its parent, which the system may give to another process.
    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, parent)
    if handle:  # Else it has ended already.
        kernel.WaitForSingleObject(ctypes.c_void_p(handle), _INFINITE)
