"""Bounds on time and memory for tests that read files which may ask for too much of either."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

GIGABYTE = 1 << 30


class Late(BaseException):
    """The block took too long; no handler of errors catches it."""


@contextmanager
def bounds(seconds: float = 5, memory: int = GIGABYTE) -> Iterator[None]:
    """Fail if the block takes longer, or asks for more memory than the process had at its begin and this much.

    Where the system knows no limit on memory, only the time is bounded.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource

    def late(*_: object) -> None:
        raise Late(f"it takes longer than {seconds} s")

    previous, limits = signal.signal(signal.SIGALRM, late), resource.getrlimit(resource.RLIMIT_AS)
    start = time.perf_counter()
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, limits[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        if time.perf_counter() - start > seconds:  # Code in C is not interrupted.
            raise Late(f"it took longer than {seconds} s")
