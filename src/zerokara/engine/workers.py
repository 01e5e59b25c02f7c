"""Workers: whatever trains populations side by side, each with one BLAS thread. Where one trains changes no number."""

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

from zerokara.blas import one_thread
from zerokara.engine.executors import ATTEMPTS, OpenPool, Pool, ThreadsFirst, processes_are_up, stop_file
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population
from zerokara.engine.shard import is_slight
from zerokara.engine.trial import Proposal
from zerokara.errors import OutsideError
from zerokara.train import Epoch

SLICE = 2.0
"""Seconds that a population trains before a worker hands it back, at the end of an epoch."""
TICK = 0.25
"""Seconds from one look at the progress to the next."""
SETTLED, WORTH = 1.0, 4.0
"""Seconds after which a study goes by its speed so far, and that it has to go on for to be worth starting processes."""
COPIES = 1 << 28
"""Bytes that the data may take in all processes together, if nobody has asked for processes."""

Watch = Callable[[Sequence[Proposal], Epoch], None]
HandedBack = tuple[Population, list[Epoch]]
"""A population, and its epochs that nobody has seen."""


@dataclass(frozen=True)
class Site:
    """What a process knows of a study: the plan with the data, who watches, and whether to stop."""

    plan: Plan
    watch: Watch | None = None
    stop: Callable[[], bool] = bool


_turn = threading.Lock()
"""Held while a population of small arrays trains: see `is_slight`."""
_sites: dict[str, Site] = {}
SITES = 4
"""Studies whose data a worker process keeps."""


def train(study: str, plan: Plan | None, population: Population, epochs: int) -> HandedBack | None:
    """Train a population until ``epochs`` epochs have passed, a slice of time has, or the study is to stop.

    Runs in a worker. Returns None where this process does not have the study's data and needs the plan: so the data
    travel to a process once, whatever kind of executor it belongs to.
    """
    if study not in _sites:
        if plan is None:
            return None
        while len(_sites) >= SITES:
            _sites.pop(next(iter(_sites)), None)
        _sites[study] = Site(plan, stop=stop_file(study).exists)
    site = _sites[study]
    seen: list[Epoch] = []
    shard = population.shard
    turn = _turn if is_slight(len(shard.proposals), shard.structure, site.plan) else nullcontext()
    with turn, one_thread():
        started = time.perf_counter()
        if not site.stop() and (run := population.attach(site.plan, site.stop)).epoch < epochs:
            for epoch in run.epochs(epochs - run.epoch):
                if site.watch:
                    site.watch(shard.proposals, epoch)
                else:
                    seen.append(epoch)
                if time.perf_counter() - started > SLICE:
                    break
        population.seconds += time.perf_counter() - started
    return population, seen


class Crew:
    """The workers of one study.

    Args:
        plan: what they train.
        pool: opens the workers.
        watch: told of every epoch of every population.
        stop: set when all are to stop; an error in a worker sets it too.
        warn: called with a sentence when a worker was lost.
        left: asked for the seconds that the study will go on for.
    """

    def __init__(
        self,
        plan: Plan,
        pool: OpenPool,
        watch: Watch,
        stop: threading.Event,
        warn: Callable[[str], None],
        left: Callable[[], float] = float,
    ) -> None:
        self.plan, self.watch, self.stop, self.warn, self.left = plan, watch, stop, warn, left
        self.study = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._open = pool

    def __enter__(self) -> "Crew":
        self.pool: Pool = self._open()
        self.count = self.pool.count
        self.started = time.perf_counter()
        _sites[self.study] = Site(self.plan, self.watch, self._hand_back)
        return self

    @property
    def _threads_first(self) -> ThreadsFirst | None:
        """The executor, if it was left to this program's choice."""
        return self.pool.executor if isinstance(self.pool.executor, ThreadsFirst) else None

    @property
    def _elsewhere(self) -> bool:
        """Whether other processes may train."""
        first = self._threads_first
        return first.grown if first else not isinstance(self.pool.executor, ThreadPoolExecutor)

    def _hand_back(self) -> bool:
        """Whether threads of this process are to hand back what they train."""
        return self.stop.is_set() or bool(self._threads_first and self._threads_first.grown)

    def _grow(self) -> None:
        """Start processes, if they are left to this program's choice and will pay."""
        executor = self._threads_first
        if executor and not executor.growing and self.plan.nbytes * self.count <= COPIES:
            lasts = time.perf_counter() - self.started > SETTLED and self.left() > WORTH
            if lasts or processes_are_up():
                executor.grow()

    def __exit__(self, *_: object) -> None:
        _sites.pop(self.study, None)
        self.pool.close()
        stop_file(self.study).unlink(missing_ok=True)

    def advance(
        self,
        populations: list[Population],
        epochs: int,
        handed_back: Callable[[Population, bool], None],
        tick: Callable[[], None],
    ) -> None:
        """Train every population, in its place in the list, until it arrives at ``epochs`` or all are to stop.

        ``handed_back`` is called with each whenever a worker hands it back, and with whether it has arrived; ``tick``
        about four times a second.
        """
        waiting: deque[tuple[int, Plan | None]] = deque(
            (i, None) for i, population in enumerate(populations) if not population.arrives(epochs)
        )
        lost: dict[int, int] = {}
        futures: dict[Future[HandedBack | None], int] = {}
        try:
            self._grow()
            while waiting or futures:
                while waiting:
                    i, plan = waiting.popleft()
                    try:
                        future = self.pool.executor.submit(train, self.study, plan, populations[i], epochs)
                    except Exception as error:  # Each executor has an error of its own for lost workers.
                        if not self.pool.alive():
                            raise self._gone() from error
                        if not isinstance(error, self.pool.losses):
                            raise
                        # The futures of the lost workers do not know it yet, and are handled first.
                        future = Future()
                        future.set_exception(error)
                    futures[future] = i
                if self.stop.is_set():
                    if self._elsewhere:
                        with suppress(OSError):  # On a full disk they stop when their slice of time is over.
                            stop_file(self.study).touch()
                    for future in [future for future in futures if future.cancel()]:
                        del futures[future]
                if futures and not self.pool.alive():
                    raise self._gone()
                self._grow()
                tick()
                for future in wait(futures, TICK, FIRST_COMPLETED).done:
                    if future not in futures:
                        continue
                    i = futures.pop(future)
                    try:
                        handed = future.result()
                    except self.pool.losses as error:
                        if self.stop.is_set():
                            continue
                        lost[i] = lost.get(i, 0) + 1
                        again = {i}
                        if self._recover(error, lost[i]):
                            gone = [other for other in futures if not _succeeded(other)]
                            again |= {futures.pop(other) for other in gone}
                        waiting.extend((j, None) for j in sorted(again))
                        continue
                    if handed is None:
                        waiting.append((i, self.plan.for_training()))
                        continue
                    populations[i], seen = handed
                    for epoch in seen:
                        self.watch(populations[i].shard.proposals, epoch)
                    arrived = self._arrived(populations[i], epochs)
                    handed_back(populations[i], arrived)
                    if not self.stop.is_set() and not arrived:
                        waiting.append((i, None))
        except BaseException:
            self.stop.set()  # Or the other populations would train on for nothing.
            if self.pool.alive():
                for future in futures:
                    future.cancel()
            raise

    def _gone(self) -> OutsideError:
        return OutsideError(
            f"{self.pool.where} must answer while they train, got silence: see that it runs, and go on with "
            "zerokara resume RUN"
        )

    def _arrived(self, population: Population, epochs: int) -> bool:
        population.attach(self.plan, self.stop.is_set)
        return population.arrives(epochs)

    def _recover(self, error: BaseException, times: int) -> bool:
        """Say that a worker was lost; where that ends the whole pool, go on without it and return True."""
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
        if times >= ATTEMPTS:
            raise OutsideError(
                f"workers must live while they train, got {times} lost at the same population ({reason}): give fewer "
                "workers or smaller layers if memory is short, or see what ends them"
            ) from error
        self.warn(f"a worker was lost ({reason}); what it was training is trained again")
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
