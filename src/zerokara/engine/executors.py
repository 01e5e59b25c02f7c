"""Where workers come from: threads, processes, a Dask cluster, or any executor that the caller has."""

import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.checks import check_counts
from zerokara.errors import InputError, OutsideError
from zerokara.memory import keep_freed, return_freed

ATTEMPTS = 3
"""Workers that may be lost at one population before the search gives up."""
IDLE = 60
"""Seconds that process workers wait for another study before they end."""
_up_until = 0.0
"""When, by the monotonic clock, processes that are up may have ended."""
PATIENCE = 15
"""Seconds that a Dask scheduler may take to answer."""


@dataclass(frozen=True)
class Pool:
    """An executor, how many work in it, the errors that tell of a lost worker, how it is left, and who answers."""

    executor: Executor
    count: int
    losses: tuple[type[BaseException], ...]
    close: Callable[[], Any]
    alive: Callable[[], bool] = lambda: True
    where: str = "the workers"


OpenPool = Callable[[], Pool]
"""Opens the workers that `open_pool` was asked for."""


class ThreadsFirst(Executor):
    """Threads, which are there at once; and from a while after `grow` on processes, which never wait for each other.

    Args:
        count: how many of either.
    """

    def __init__(self, count: int) -> None:
        self._max_workers = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="zerokara")
        self._processes: Executor | None = None
        self.growing = count == 1  # One by itself is in nobody's way.

    @property
    def grown(self) -> bool:
        """Whether what is submitted goes to processes."""
        return self._processes is not None

    def grow(self) -> None:
        """Start the processes, unless that has begun."""
        if self.growing:
            return
        self.growing = True
        # Loky has processes for each thread that asks, so ask here; they start at the first call.
        with suppress(Exception):  # A system without processes has its own error for it; threads do as well.
            processes = _reusable(self._max_workers)
            threading.Thread(target=self._start, args=(processes,), name="zerokara-grow", daemon=True).start()

    def _start(self, processes: Executor) -> None:
        with suppress(Exception):
            for future in [processes.submit(_is_up) for _ in range(self._max_workers)]:
                future.result()
            self._processes = processes
            return_freed()

    def shrink(self) -> None:
        """Go back to the threads for good: a process was lost, and memory may be short."""
        self._processes = None

    def submit(self, call: Callable[..., Any], /, *args: Any, **settings: Any) -> Future[Any]:
        """Submit to the processes if they are up, else to the threads."""
        return (self._processes or self._threads).submit(call, *args, **settings)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the threads; the processes outlive this for a while."""
        if self._processes:
            _stay_up()
            keep_freed()  # What comes after the study may compute here again.
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def open_pool(workers: int | str | Executor | None) -> OpenPool:
    """Return what opens the workers that are asked for; what cannot be meant is an error at once.

    Args:
        workers: a number of threads; "processes" or "processes:N"; "dask" or "dask:N" for a cluster on this machine;
            "tcp://HOST:PORT" for a Dask scheduler; any `concurrent.futures.Executor`. None is a thread for each core,
            and then a process for each core, if the study lasts long enough and its data are not too large to copy.

    >>> open_pool("threads")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: workers are a number of threads, ...
    """
    if isinstance(workers, Executor):
        count = getattr(workers, "_max_workers", None) or cores()
        return lambda: Pool(workers, count, (BrokenExecutor, CancelledError), lambda: None)
    if workers is None:
        return lambda: _threads_first(cores())
    if not isinstance(workers, str):
        check_counts(workers=workers)
        return lambda: _threads(workers)
    kind, _, number = workers.partition(":")
    if kind.isdecimal() and not number:
        check_counts(workers=int(kind))
        return lambda: _threads(int(kind))
    if kind in ("tcp", "tls") and number.startswith("//"):
        return lambda: _dask(workers)
    if kind not in ("processes", "dask") or not (not number or number.isdecimal()):
        raise InputError(
            "workers are a number of threads, processes or processes:N, dask or dask:N, or the address of a Dask "
            f"scheduler such as tcp://HOST:8786; got {workers!r}"
        )
    count = int(number) if number else cores()
    check_counts(workers=count)
    return (lambda: _processes(count)) if kind == "processes" else (lambda: _dask(count))


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads(count: int) -> Pool:
    executor = ThreadPoolExecutor(count, thread_name_prefix="zerokara")
    return Pool(executor, count, (), executor.shutdown)


def _threads_first(count: int) -> Pool:
    executor = ThreadsFirst(count)
    return Pool(executor, count, (BrokenExecutor, CancelledError), executor.shutdown)


def _processes(count: int) -> Pool:
    return Pool(_reusable(count), count, (BrokenExecutor, CancelledError), _stay_up)


def processes_are_up() -> bool:
    """Return whether an earlier study has left processes that still wait for another."""
    return time.monotonic() < _up_until


def _stay_up() -> None:
    global _up_until
    _up_until = time.monotonic() + IDLE / 2


def _reusable(count: int) -> Executor:
    """Return processes that outlive the study for a while, since starting them takes half a second.

    Loky's, unlike the standard library's, do not import the caller's script again.
    """
    from loky import get_reusable_executor

    with warnings.catch_warnings():
        # Of an earlier study with another number of processes a call may be under way; it is waited for.
        warnings.filterwarnings("ignore", "Trying to resize an executor with running jobs")
        executor: Executor = get_reusable_executor(
            max_workers=count, timeout=IDLE, initializer=_serve, initargs=(os.getpid(),)
        )
    return executor


def _is_up() -> None:
    """Import in a process what training needs."""
    import zerokara.engine.population  # noqa: F401

    # Long enough for the other processes to take the other calls.
    time.sleep(0.02)


def _serve(leader: int) -> None:
    """Make a process one that serves another: it ends with that one, however that ends."""
    # A terminal sends a Ctrl-C to all processes; the one that leads the search decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(leader,), daemon=True).start()


def _end_with(leader: int) -> None:
    while os.getppid() == leader:
        time.sleep(0.5)
    pattern = stop_file(f"{leader}-*")
    for file in pattern.parent.glob(pattern.name):  # The leader was killed while it stopped a study.
        file.unlink(missing_ok=True)
    os._exit(1)


def stop_file(study: str) -> Path:
    """Return the file whose presence stops the processes of this machine that train a study."""
    return Path(tempfile.gettempdir(), f"zerokara-{study}.stop")


def _dask(where: int | str) -> Pool:
    """Return the workers of a Dask scheduler at an address, or of a new cluster of so many processes."""
    try:
        from distributed import Client, LocalCluster
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise InputError("Dask workers need Dask: install it with pip install 'zerokara[distributed]'") from error
    try:
        if isinstance(where, int):
            # Without a dashboard its port is opened all the same: let it be any that is free.
            port = {"dashboard_address": "127.0.0.1:0", "dashboard": False}
            cluster = LocalCluster(n_workers=where, threads_per_worker=1, scheduler_kwargs=port)
            client = Client(cluster, timeout=PATIENCE)
        else:
            cluster, client = None, Client(where, timeout=PATIENCE)
            client.wait_for_workers(1, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise OutsideError(
            f"a Dask scheduler with workers must answer at {where}, got {str(error) or type(error).__name__}: "
            "see that it runs (dask scheduler, dask worker ADDRESS)"
        ) from error
    count = sum(client.nthreads().values())

    def close() -> None:
        client.close(timeout=PATIENCE)
        if cluster:
            cluster.close(timeout=PATIENCE)

    losses = (KilledWorker, CommClosedError, FutureCancelledError, CancelledError, OSError)

    def alive() -> bool:
        # It has tried to connect again for as long as Dask does by default.
        return bool(client.status != "closed")

    return Pool(
        client.get_executor(pure=False), count, losses, close, alive, f"the Dask scheduler and workers at {where}"
    )
