"""Executors: threads, processes, a Dask cluster, or any `concurrent.futures.Executor`."""

import os
import pickle
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from logging import CRITICAL
from pathlib import Path
from typing import Any
from weakref import WeakSet

from zerokara.checks import check_counts
from zerokara.cores import cores
from zerokara.errors import InputError, OutsideError, needs
from zerokara.memory import keep_freed, return_freed
from zerokara.processes import REMEDY, check_open_files, start_in_thread, starting, wait_for_end
from zerokara.signals import SIGNALS

ATTEMPTS = 3
"""The number of workers that may die on one population before the search fails."""
IDLE = 60
"""Seconds that idle worker processes wait for another study before they end."""
_up_until = 0.0
"""The time, by the monotonic clock, until which idle worker processes are sure to run."""
FILES, FILES_EACH = 24, 2
"""Files that processes need open, and each process."""
DASK_FILES, DASK_FILES_EACH = 36, 11
"""The same of Dask."""
START_TIMEOUT = 60
"""Seconds that a cluster on this machine may take to start."""
DASK_TIMEOUT = 15
"""Seconds that a Dask scheduler may take to respond."""


@dataclass(frozen=True)
class Pool:
    """An open executor with ``count`` workers.

    ``worker_errors`` are the exceptions of a worker that died, ``where`` names the workers in messages. ``cancel``: on
    Ctrl-C, calls that wait are canceled; else they too return when they see the file that stops them.
    """

    executor: Executor
    count: int
    worker_errors: tuple[type[BaseException], ...]
    close: Callable[[], Any]
    alive: Callable[[], bool] = lambda: True
    where: str = "the workers"
    cancel: bool = True


OpenPool = Callable[[], Pool]
"""Opens an executor."""


class Processes(Executor):
    """Processes of loky, which start at the first call, and again after a while without calls."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, call: Callable[..., Any], /, *args: Any, **settings: Any) -> Future[Any]:
        """Run a call in one of the processes."""
        from loky.backend import resource_tracker as tracker

        with starting(tracker):
            return self._executor.submit(call, *args, **settings)


class ThreadsFirst(Executor):
    """Threads, which start at once, and after `grow` processes, which do not wait for each other.

    Args:
        count: the number of threads, and of processes.
    """

    def __init__(self, count: int) -> None:
        self._max_workers = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="zerokara")
        self._processes: Executor | None = None
        self.in_threads: WeakSet[Future[Any]] = WeakSet()  # The calls that run, or ran, in the threads.
        self.growing = count == 1  # A single thread waits for no other.

    @property
    def grown(self) -> bool:
        """Whether new calls run in processes."""
        return self._processes is not None

    def grow(self) -> None:
        """Start the processes, once."""
        if self.growing:
            return
        self.growing = True
        # Loky has separate processes for each calling thread, so they are created here; they start at the first call.
        with suppress(Exception):  # Systems without processes raise various errors; the threads remain.
            processes = _reusable(self._max_workers)
            threading.Thread(target=self._start, args=(processes,), name="zerokara-grow", daemon=True).start()

    def _start(self, processes: Executor) -> None:
        with suppress(Exception):
            for future in [processes.submit(_is_up) for _ in range(self._max_workers)]:
                future.result()
            self._processes = processes
            return_freed()

    def shrink(self) -> None:
        """Use the threads again, for good: a process died, and memory may be short."""
        self._processes = None

    def submit(self, call: Callable[..., Any], /, *args: Any, **settings: Any) -> Future[Any]:
        """Run a call in the processes if they have started, else in the threads."""
        if processes := self._processes:
            return processes.submit(call, *args, **settings)
        future = self._threads.submit(call, *args, **settings)
        self.in_threads.add(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the threads; the processes wait for another study for a while."""
        if self._processes:
            _stay_up()
            keep_freed()  # Later calls may compute in this process again.
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def open_pool(workers: int | str | Executor | None) -> OpenPool:
    """Return a function that opens the executor; raise InputError now if the argument is invalid.

    Args:
        workers: a number of threads; "processes" or "processes:N"; "dask" or "dask:N" for a cluster on this machine;
            "tcp://HOST:PORT" for a Dask scheduler; any `concurrent.futures.Executor`. None is a thread for each core,
            and then a process for each core, if the study lasts long enough and its data are not too large to copy.

    >>> open_pool("threads")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: workers must be a number of threads, ..., got 'threads': use workers=2, for example
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
            "workers must be a number of threads, processes[:N], dask[:N], or the address of a Dask scheduler, "
            f"tcp://HOST:PORT, got {workers!r}: use workers=2, for example"
        )
    count = int(number) if number else cores()
    check_counts(workers=count)
    return (lambda: _processes(count)) if kind == "processes" else (lambda: _dask(count))


def check_shipping(function: Any, workers: int | str | Executor | None) -> None:
    """Raise InputError if the user's executor cannot take a function to its processes; zerokara's own take any."""
    if not isinstance(workers, Executor) or isinstance(workers, ThreadPoolExecutor):
        return
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"rank must be a function that pickle takes to the workers of {type(workers).__name__}, got {function!r} "
            f"({error}): define it at the top of a module, or use workers='processes'"
        ) from error


def _threads(count: int) -> Pool:
    executor = ThreadPoolExecutor(count, thread_name_prefix="zerokara")
    return Pool(executor, count, (), executor.shutdown)


def _threads_first(count: int) -> Pool:
    executor = ThreadsFirst(count)
    return Pool(executor, count, (BrokenExecutor, CancelledError), executor.shutdown)


def _processes(count: int) -> Pool:
    return Pool(_reusable(count), count, (BrokenExecutor, CancelledError), _stay_up)


def processes_are_up() -> bool:
    """Return whether processes of an earlier study still wait for another."""
    return time.monotonic() < _up_until


def _stay_up() -> None:
    global _up_until
    _up_until = time.monotonic() + IDLE / 2


def _reusable(count: int) -> Executor:
    """Return processes that wait for another study for a while, since their start takes half a second.

    Processes of loky, unlike the standard library's, do not import the caller's script again.
    """
    check_open_files(FILES + count * FILES_EACH)
    with needs("worker processes", "loky"):
        from loky import get_reusable_executor
        from loky.backend import resource_tracker as tracker

    with warnings.catch_warnings():
        # A call of an earlier study with another number of processes may still run; loky waits for it.
        warnings.filterwarnings("ignore", "Trying to resize an executor with running jobs")
        with starting(tracker):
            executor = get_reusable_executor(
                max_workers=count, timeout=IDLE, initializer=_serve, initargs=(os.getpid(),)
            )
    return Processes(executor)


def _is_up() -> None:
    """Import the modules that training needs."""
    import zerokara.engine.population  # noqa: F401

    # Long enough for each process to get one call.
    time.sleep(0.02)


def _serve(parent: int) -> None:
    """Make this process a worker, which ends with its parent even if that is killed."""
    for signum in SIGNALS:  # Where they cannot be blocked.
        signal.signal(signum, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    wait_for_end(parent)
    pattern = stop_file(f"{parent}-*")
    for file in pattern.parent.glob(pattern.name):  # The parent was killed while it stopped a study.
        file.unlink(missing_ok=True)
    os._exit(1)


def stop_file(study: str) -> Path:
    """Return the file that stops the processes of this machine that train a study, once it exists."""
    return Path(tempfile.gettempdir(), f"zerokara-{study}.stop")


def _dask(where: int | str) -> Pool:
    """Connect to a Dask scheduler at an address, or start a cluster of so many processes."""
    if isinstance(where, int):
        check_open_files(DASK_FILES + where * DASK_FILES_EACH)
    with needs("Dask workers", "distributed"):
        from distributed import Client, LocalCluster
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    with ExitStack() as opened:
        try:
            if isinstance(where, int):
                # Dask opens a port even without a dashboard: any free one.
                port = {"dashboard_address": "127.0.0.1:0", "dashboard": False}
                settings = {"threads_per_worker": 1, "scheduler_kwargs": port, "silence_logs": CRITICAL}
                cluster = start_in_thread(partial(LocalCluster, n_workers=where, **settings), START_TIMEOUT)
                opened.callback(cluster.close, timeout=DASK_TIMEOUT)
                client = opened.enter_context(closing(Client(cluster, timeout=DASK_TIMEOUT)))
            else:
                client = opened.enter_context(closing(Client(where, timeout=DASK_TIMEOUT)))
                client.wait_for_workers(1, timeout=DASK_TIMEOUT)
        except (OSError, ValueError, RuntimeError, TimeoutError) as error:
            reason = str(error).rstrip(".") or type(error).__name__
            if isinstance(where, int):
                raise OutsideError(f"a Dask cluster must start on this machine, got {reason}: {REMEDY}") from error
            raise OutsideError(
                f"a Dask scheduler with workers must run at {where}, got {reason}: "
                "start it with dask scheduler, and its workers with dask worker ADDRESS"
            ) from error
        count = sum(client.nthreads().values())
        close = opened.pop_all().close

    worker_errors = (KilledWorker, CommClosedError, FutureCancelledError, CancelledError, OSError)

    def alive() -> bool:
        # Closed only after Dask has tried to connect again.
        return bool(client.status != "closed")

    name = f"the Dask workers at {where}"
    # Dask cancels calls that run too, and the epochs that they trained would be lost.
    return Pool(
        client.get_executor(pure=False), count, worker_errors, close, alive, name, cancel=isinstance(where, str)
    )
