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
    """Fail if the block computes for longer, or asks for more memory than the process had at its begin and this much.

    The time is that of the processor, so that other processes do not matter. Linux alone has a limit on memory.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource

    def late(*_: object) -> None:
        raise Late(f"it takes longer than {seconds} s")

    previous, limits = signal.signal(signal.SIGPROF, late), resource.getrlimit(resource.RLIMIT_AS)
    start = time.process_time()
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, limits[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        if time.process_time() - start > seconds:  # Code in C is not interrupted.
            raise Late(f"it took longer than {seconds} s")
