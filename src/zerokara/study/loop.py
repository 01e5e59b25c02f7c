"""The search loop: it asks a store for a generation of trials, trains them, and records their results in the store."""

import math
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from zerokara.blas import one_thread
from zerokara.cores import cores
from zerokara.engine.bracket import best_of, top_k
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.executors import OpenPool, open_pool
from zerokara.engine.halving import Scheduler, make_scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress, ProgressTracker
from zerokara.engine.runner import GenerationRunner
from zerokara.engine.shard import refit_trainer, retrained
from zerokara.engine.trial import Trial, ranked
from zerokara.engine.workers import TICK, WorkerPool, interruptible
from zerokara.errors import DatabaseError
from zerokara.nn import Network, concat_networks
from zerokara.storage.store import Stop, Store
from zerokara.study.events import Events
from zerokara.study.live.folder import LiveFolder
from zerokara.study.results import AVERAGED
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study
from zerokara.train import Epoch, Trainer
from zerokara.train.history import CURVES

CANDIDATES = 50
"""The number of best networks from which an ensemble is selected."""
POLL = 1.0
"""Seconds between two checks of a study whose remaining trials are trained by other processes."""
RETRY_SECONDS = 30.0
"""Seconds for which a request is repeated while the database is unavailable."""

Response = TypeVar("Response")


class TimeBudget(Protocol):
    """The seconds that a search may take, and the networks it trains last; see `zerokara.callbacks.TimeLimit`."""

    seconds: float
    final: int | None

    def final_networks(self, epochs: int) -> int:
        """Return how many networks there is time to train for so many epochs after the search."""


def search(
    plan: Plan,
    store: Store,
    *,
    scheduler: Scheduler | None = None,
    pool: OpenPool | None = None,
    folder: RunFolder | None = None,
    refit: int = 0,
    ensemble: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    callbacks: Sequence[Any] = (),
    limit: TimeBudget | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    warn: Callable[[str], None] = warnings.warn,
) -> Study:
    """Train the trials that a store proposes until all have finished, and return the study; see `zerokara.tune`.

    A study that the store contains is resumed, with the same results. If other processes train trials of it too,
    trials compete within a generation of one process.

    Args:
        plan: what all trials share.
        store: proposes trials and records their results.
        scheduler: how long each trains; by default halving.
        pool: opens the workers; by default threads, then processes.
        folder: the run, which keeps the networks of trials that are not recorded yet, and where the search is watched.
        limit: the time that is shown as the end, and that limits the final training; a callback ends the search.
        refit, ensemble, progress, callbacks, on_epoch, warn: see `zerokara.tune`.

    If the database is unavailable for ``RETRY_SECONDS`` seconds, the study ends with the error as its ``failure``.
    """
    keep = CANDIDATES if ensemble else 1 if plan.folds == 1 or refit else AVERAGED
    scheduler = scheduler or make_scheduler("halving")
    brackets = [bracket for size in store.sizes for bracket in scheduler.brackets(size, plan.epochs)]
    epochs = plan.rows * sum(bracket.epochs for bracket in brackets) + refit * plan.epochs
    curve = plan.metric.shown.curve
    counts = sum((Counter(bracket.counts) for bracket in brackets), Counter())
    tracker = ProgressTracker(
        store.total,
        epochs,
        on_epoch,
        rungs=counts,
        curve=curve,
        keep_best=plan.keep_best,
        limit=limit.seconds if limit else None,
    )
    checkpoints = None if folder is None else folder.checkpoints
    live = None if folder is None else LiveFolder(folder.path, store.space, (*CURVES, *plan.metric.more))
    tracker.live = live
    files = Checkpoints(checkpoints, plan, warn)
    resumed = checkpoints is not None and checkpoints.exists()
    candidates = files.read_candidates(store.ended())
    known: dict[int, Trial] = {}
    trained: dict[int, Trial] = {}
    train_seconds = 0.0
    refitted: Network | None = None
    final_networks = limit.final if limit else None

    def show() -> None:
        if progress or live:
            state = tracker.progress()
            if progress:
                progress(state)
            if live:
                live.tick(state)

    def tick() -> None:
        store.send_heartbeat()
        show()

    def refresh() -> None:
        """Count trials that were trained before, or by other processes, in the progress."""
        ended = store.ended()
        tracker.restore([trial for number, trial in ended.items() if number not in known and number not in trained], 0)
        known.update(ended)

    def study(failure: DatabaseError | None = None) -> Study:
        results = trained | known
        trials = [results[number] for number in sorted(results)]
        # A trial that another process took over may have been trained longer there.
        here = {t.number: networks for t, networks in candidates if t.record == results[t.number].record}
        best = best_of(trials, plan, keep)
        missing = sum(trial.number not in here for trial in best)
        if missing and (resumed or store.shared):
            warn(f"Retraining {missing} of the best {len(best)} trials, whose networks this process does not have.")
        top = [(trial, here.get(trial.number) or retrained(trial, plan)) for trial in best]
        seconds, proposing_seconds = time.perf_counter() - tracker.started, store.seconds + files.seconds
        show()
        return Study(
            store.space,
            plan,
            trials,
            top,
            seconds,
            train_seconds,
            interrupted=failure is not None or not store.finished or bool(refit and stop.is_set() and not refitted),
            proposing_seconds=proposing_seconds,
            rounds=tuple(store.rounds()),
            refitted=refitted,
            ensemble_size=ensemble,
            failure=failure,
            stopped=store.stop,
            final_networks=final_networks,
        )

    with interruptible() as stop, one_thread():
        retry = partial(_retry, stop=stop, tick=show, warn=warn)

        def record(end: Stop) -> None:
            retry(partial(store.record_stop, end))

        events = Events(callbacks, store, plan, scheduler, record, live.stop_request if live else None)
        try:
            with WorkerPool(
                plan, pool or open_pool(None), tracker.record, stop, warn, lambda: tracker.progress().seconds_left
            ) as workers:
                how = scheduler, workers, tracker, stop, files, keep, tick, store.report
                runner = GenerationRunner(plan, *how, callbacks=events if callbacks or live or store.stop else None)
                events.replay()
                while not stop.is_set():
                    number, proposals = retry(store.ask)
                    refresh()
                    if not proposals:
                        if store.finished:
                            break
                        _wait(POLL, stop, tick)
                        continue
                    generation = runner.run(number, proposals)
                    trained |= {trial.number: trial for trial in generation.trials}
                    candidates = top_k([*candidates, *generation.candidates], plan, keep)
                    train_seconds += generation.seconds
                    if any(trial.state == "interrupted" for trial in generation.trials):
                        break
                    files.write_candidates(candidates)
                    retry(partial(store.tell, generation.trials))
                    refresh()
                    files.remove_generation(number)
                    if live:
                        live.clear()
                    events.at_generation(number, generation.trials)
            best = ranked((trained | known).values())[:1]
            if refit and best and math.isfinite(best[0].value) and store.finished and not stop.is_set():
                final_networks = refit if limit is None else _affordable(refit, limit, best[0].epoch, warn)
                if final_networks:
                    threads = min(workers.count, cores())
                    refitted = _refit(best[0], plan, final_networks, threads, tracker, stop, tick, warn)
        except DatabaseError as error:
            return study(error)
        finally:
            if live:
                live.close()
        return study()


def _affordable(networks: int, limit: TimeBudget, epochs: int, warn: Callable[[str], None]) -> int:
    """Return how many networks of the final training there is time for; report it if not for all."""
    fit = limit.final_networks(epochs)
    if fit < networks:
        rest = "their mean" if fit else "the winner's own network"
        warn(f"Of the {networks} networks of the final training there is time for {fit}: the model is {rest}.")
    return fit


def _refit(
    trial: Trial,
    plan: Plan,
    networks: int,
    threads: int,
    tracker: ProgressTracker,
    stop: threading.Event,
    tick: Callable[[], None],
    warn: Callable[[str], None],
) -> Network | None:
    """Return networks trained as the winner, on training and validation samples; None if ``stop`` ended it.

    The kernel trains them in several threads, which changes no result.
    """
    run = refit_trainer(trial, plan, networks, stop.is_set)
    pieces = min(threads, networks) if run.engine.name == "native" else 1
    parts = [run.part(rows) for rows in np.array_split(np.arange(networks), pieces)]
    tracker.begin_refit(networks, trial.epoch, lambda: sum(part.underway * len(part.rows) for part in parts))

    def train(part: Trainer) -> None:
        for epoch in part.epochs(trial.epoch):
            tracker.count(epoch)

    with ThreadPoolExecutor(pieces, thread_name_prefix="zerokara-refit") as executor:
        waiting = {executor.submit(train, part) for part in parts}
        try:
            while waiting:
                done, waiting = wait(waiting, TICK, FIRST_COMPLETED)
                _ = [future.result() for future in done]
                tick()
        except BaseException:
            stop.set()  # Else the executor would wait for threads that train on.
            raise
    if stop.is_set():
        return None
    left = [part.network for part in parts if len(part.rows)]
    if lost := networks - sum(network.population for network in left):
        rest = "the model is the winner's own network" if not left else "the model is the mean of the others"
        warn(f"{lost} of {networks} networks diverged when the winner was trained again: {rest}.")
    return concat_networks(left) if left else None


def _retry(
    request: Callable[[], Response], stop: threading.Event, tick: Callable[[], None], warn: Callable[[str], None]
) -> Response:
    """Return the result of a request, which is repeated for a while if the database is unavailable."""
    end = time.monotonic() + RETRY_SECONDS
    warned = False
    while True:
        try:
            return request()
        except DatabaseError as error:
            if time.monotonic() > end or stop.is_set():
                raise
            if not warned:
                warn(f"{error}; retrying for {max(0.0, end - time.monotonic()):.0f} s")
            warned = True
        _wait(POLL, stop, tick)


def _wait(seconds: float, stop: threading.Event, tick: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < end:
        tick()
        stop.wait(min(TICK, seconds))
