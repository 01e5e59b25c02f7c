"""Workers train populations in parallel, each with one BLAS thread. Their number and kind change no result."""

import os
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from zerokara import signals
from zerokara.blas import one_thread
from zerokara.engine.executors import ATTEMPTS, OpenPool, Pool, ThreadsFirst, processes_are_up, stop_file
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population
from zerokara.engine.shard import has_small_arrays
from zerokara.engine.trial import Proposal
from zerokara.errors import OutsideError
from zerokara.native.library import why_numpy
from zerokara.train import Epoch
from zerokara.train.engine import resolve

SLICE = 2.0
"""Seconds that a worker trains a population before it returns it, at the end of an epoch."""
TICK = 0.25
"""Seconds between two updates of the progress."""
WARM_UP, MIN_LEFT = 1.0, 4.0
"""Processes are started after the seconds ``WARM_UP``, if the study is expected to take ``MIN_LEFT`` more seconds."""
COPIES = 1 << 28
"""The maximum bytes of the data in all processes together, unless processes were requested."""

OnEpoch = Callable[[Sequence[Proposal], Epoch], None]
Slice = tuple[Population, list[Epoch]]
"""A population, and those of its new epochs that were not passed to `OnEpoch`."""


@dataclass(frozen=True)
class WorkerContext:
    """What a worker process knows of a study: the plan with the data, a callback, and whether to stop."""

    plan: Plan
    on_epoch: OnEpoch | None = None
    stop: Callable[[], bool] = bool


_small_arrays_lock = threading.Lock()
"""Held while a population of small arrays trains: see `has_small_arrays`."""
_contexts: dict[str, WorkerContext] = {}
MAX_CONTEXTS = 4
"""The number of studies whose data a worker process keeps."""


def train_slice(study: str, plan: Plan | None, population: Population, epochs: int) -> Slice | None:
    """Train a population up to epoch ``epochs``, for a slice of time, or until the study stops.

    Runs in a worker. Returns None if this process does not have the study's data and needs the plan, so that the data
    are sent to a process once, with any kind of executor.
    """
    if study not in _contexts:
        if plan is None:
            return None
        while len(_contexts) >= MAX_CONTEXTS:
            _contexts.pop(next(iter(_contexts)), None)
        _contexts[study] = WorkerContext(plan, stop=stop_file(study).exists)
    context = _contexts[study]
    if resolve(context.plan.engine, context.plan.dtype) != context.plan.computed_by:
        raise OutsideError(
            f"all workers of a study must have the engine {context.plan.computed_by}, but one of them has not "
            f"({why_numpy(context.plan.engine)}): install zerokara there with a C compiler, or use engine='numpy'"
        )
    unseen: list[Epoch] = []
    shard = population.shard
    numpy = population.attach(context.plan, context.stop).engine.name == "numpy"
    small = numpy and has_small_arrays(len(shard.proposals), shard.structure, context.plan)
    with _small_arrays_lock if small else nullcontext(), one_thread():
        started = time.perf_counter()
        if not context.stop() and (run := population.attach(context.plan, context.stop)).epoch < epochs:
            for epoch in run.epochs(epochs - run.epoch):
                if context.on_epoch:
                    context.on_epoch(shard.proposals, epoch)
                else:
                    unseen.append(epoch)
                if time.perf_counter() - started > SLICE:
                    break
        population.seconds += time.perf_counter() - started
    return population, unseen


class WorkerPool:
    """The workers of one study.

    Args:
        plan: how the populations are trained.
        open_pool: opens the executor.
        on_epoch: called with every epoch of every population.
        stop: stops all workers when set; an error in a worker sets it too.
        warn: called with a sentence when a worker died.
        seconds_left: returns the remaining seconds of the study.
    """

    def __init__(
        self,
        plan: Plan,
        open_pool: OpenPool,
        on_epoch: OnEpoch,
        stop: threading.Event,
        warn: Callable[[str], None],
        seconds_left: Callable[[], float],
    ) -> None:
        self.plan, self.on_epoch, self.stop, self.warn, self.seconds_left = plan, on_epoch, stop, warn, seconds_left
        self.study = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._open = open_pool

    def __enter__(self) -> "WorkerPool":
        self.pool: Pool = self._open()
        self.count = self.pool.count
        self.started = time.perf_counter()
        _contexts[self.study] = WorkerContext(self.plan, self.on_epoch, self._threads_stop)
        return self

    @property
    def _threads_first(self) -> ThreadsFirst | None:
        """The executor that may start processes, if there is one."""
        return self.pool.executor if isinstance(self.pool.executor, ThreadsFirst) else None

    @property
    def _other_processes(self) -> bool:
        """Whether other processes may train."""
        first = self._threads_first
        return first.grown if first else not isinstance(self.pool.executor, ThreadPoolExecutor)

    def _is_here(self, future: Future[Any]) -> bool:
        """Return whether a call runs in a thread of this process."""
        first = self._threads_first
        return future in first.in_threads if first else not self._other_processes

    def _threads_stop(self) -> bool:
        """Return whether the threads of this process should return their populations."""
        return self.stop.is_set() or bool(self._threads_first and self._threads_first.grown)

    def _grow(self) -> None:
        """Start processes if the executor may, and if they are worth their start."""
        executor = self._threads_first
        if self.plan.computed_by == "native":
            return  # The kernel runs outside Python's lock: threads do not wait for each other.
        if executor and not executor.growing and self.plan.nbytes * self.count <= COPIES:
            lasts = time.perf_counter() - self.started > WARM_UP and self.seconds_left() > MIN_LEFT
            if lasts or processes_are_up():
                executor.grow()

    def __exit__(self, *_: object) -> None:
        _contexts.pop(self.study, None)
        self.pool.close()
        stop_file(self.study).unlink(missing_ok=True)

    def advance(
        self,
        populations: list[Population],
        epochs: int,
        on_return: Callable[[Population, bool], None],
        tick: Callable[[], None],
    ) -> None:
        """Train every population up to epoch ``epochs``, or until all are stopped; they are replaced in the list.

        ``on_return`` is called with each population that a worker returns, and whether it has reached that epoch;
        ``tick`` about four times a second.
        """
        waiting: deque[tuple[int, Plan | None]] = deque(
            (i, None) for i, population in enumerate(populations) if not population.reached(epochs)
        )
        failures: dict[int, int] = {}
        futures: dict[Future[Slice | None], int] = {}
        try:
            self._grow()
            while waiting or futures:
                while waiting:
                    i, plan = waiting.popleft()
                    try:
                        future = self.pool.executor.submit(train_slice, self.study, plan, populations[i], epochs)
                    except Exception as error:  # Each kind of executor has another error for dead workers.
                        if not self.pool.alive():
                            raise self._disconnected() from error
                        if not isinstance(error, self.pool.worker_errors):
                            raise
                        # The futures of the dead workers do not have the error yet, and are handled first.
                        future = Future()
                        future.set_exception(error)
                    futures[future] = i
                if self.stop.is_set():
                    if self._other_processes:
                        with suppress(OSError):  # On a full disk they stop at the end of their slice of time.
                            stop_file(self.study).touch()
                    for future in [future for future in futures if self.pool.cancel and future.cancel()]:
                        del futures[future]
                if futures and not self.pool.alive():
                    raise self._disconnected()
                self._grow()
                tick()
                for future in wait(futures, TICK, FIRST_COMPLETED).done:
                    if future not in futures:
                        continue
                    i = futures.pop(future)
                    try:
                        result = future.result()
                    except self.pool.worker_errors as error:
                        if self.stop.is_set():
                            continue
                        failures[i] = failures.get(i, 0) + 1
                        again = {i}
                        if self._recover(error, failures[i]):
                            lost = [each for each in futures if not self._is_here(each) and not _succeeded(each)]
                            again |= {futures.pop(each) for each in lost}
                        waiting.extend((j, None) for j in sorted(again))
                        continue
                    if result is None:
                        waiting.append((i, self.plan.for_training()))
                        continue
                    populations[i], unseen = result
                    for epoch in unseen:
                        self.on_epoch(populations[i].shard.proposals, epoch)
                    populations[i].attach(self.plan, self.stop.is_set)
                    reached = populations[i].reached(epochs)
                    on_return(populations[i], reached)
                    if not self.stop.is_set() and not reached:
                        waiting.append((i, None))
        except BaseException:
            self.stop.set()  # The other populations need not be trained further.
            if self.pool.alive():
                for future in futures:
                    future.cancel()
                wait(list(filter(self._is_here, futures)))  # Or a checkpoint would have them in the middle of an epoch.
            raise

    def _disconnected(self) -> OutsideError:
        return OutsideError(f"Lost contact with {self.pool.where} during training. Resume with `zerokara resume RUN`.")

    def _recover(self, error: BaseException, times: int) -> bool:
        """Warn that a worker died; return whether the whole pool broke, and was opened again."""
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
        if times >= ATTEMPTS:
            raise OutsideError(
                f"A worker died {times} times on the same population ({reason}): likely out of memory. Use fewer "
                "workers or smaller layers."
            ) from error
        self.warn(f"A worker died ({reason}). Retrying.")
        if not isinstance(error, BrokenExecutor):
            return False
        if self._threads_first:
            self._threads_first.shrink()
        else:
            self.pool.close()
            self.pool = self._open()
        return True


def _succeeded(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; a later one raises KeyboardInterrupt.

    In a command, SIGTERM and SIGHUP do the same. Outside the main thread, which alone receives signals, the event is
    never set.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    if signals.received():  # Code of others has caught its KeyboardInterrupt.
        stop.set()
    first = True

    def on_signal(signum: int, frame: object) -> None:
        nonlocal first
        if first:
            signals.receive(signum)
            stop.set()
            first = False
        elif signals.receive(signum) or not command:
            raise KeyboardInterrupt

    before = {signum: signal.getsignal(signum) for signum in signals.stopping()}
    command = signals.interrupt in before.values()
    try:
        for signum in before:
            signal.signal(signum, on_signal)
        yield stop
    finally:
        signals.restore_handlers(before)
