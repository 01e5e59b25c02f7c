"""Workers: threads that train shards side by side, each with one BLAS thread."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from zerokara.blas import one_thread

Work = TypeVar("Work")
Result = TypeVar("Result")

TICK = 0.25
"""Seconds from one look at the progress to the next."""


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_through(
    shards: Sequence[Work], work: Callable[[Work], Result], workers: int, tick: Callable[[], None]
) -> list[Result]:
    """Return ``work(shard)`` of each shard, in their order; ``tick`` is called about four times a second."""
    with one_thread(), ThreadPoolExecutor(workers, thread_name_prefix="zerokara") as pool:
        futures = [pool.submit(work, shard) for shard in shards]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, TICK, FIRST_COMPLETED)
                for future in done:
                    future.result()  # An error in a worker is ours: it ends the search now, not at the end.
                tick()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event that the work looks at; a second one ends it at once.

    Only the main thread receives signals; elsewhere the event is just never set.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def first(signum: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
