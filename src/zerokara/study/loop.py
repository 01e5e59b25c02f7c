"""The search loop: it asks a store for a generation of trials, trains them, and tells the store how they ended."""

import math
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from zerokara.blas import one_thread
from zerokara.engine.bracket import finest
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.executors import OpenPool, open_pool
from zerokara.engine.halving import Race, make_race
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress, Watch
from zerokara.engine.runner import Generations
from zerokara.engine.shard import retrain
from zerokara.engine.trial import Trial, ranked
from zerokara.engine.workers import TICK, Crew, interruptible
from zerokara.errors import DatabaseError
from zerokara.storage.store import Store
from zerokara.study.study import Study
from zerokara.train import Epoch

CANDIDATES = 50
"""The best networks that are kept for an ensemble to be picked among."""
POLL = 1.0
"""Seconds between two looks at a study whose other trials are trained by other processes."""
PATIENCE = 30.0
"""Seconds for which a request to a database that does not answer is repeated."""

Answer = TypeVar("Answer")


def search(
    plan: Plan,
    store: Store,
    *,
    race: Race | None = None,
    pool: OpenPool | None = None,
    checkpoints: Path | None = None,
    refit: bool = False,
    ensemble: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    warn: Callable[[str], None] = warnings.warn,
) -> Study:
    """Train the trials that a store proposes until all have ended, and return the study; see `zerokara.tune`.

    A study that the store holds is continued, to the numbers that it would have had. Where other processes train
    trials of it too, a race is among the trials of one generation of one process.

    Args:
        plan: what all trials share.
        store: what proposes trials and keeps their results.
        race: how long each trains; by default halving.
        pool: opens the workers; by default threads and processes as they pay.
        checkpoints: the folder for what is trained and not yet recorded.
        refit, ensemble: what becomes of the winner and of the best networks, see `zerokara.tune`.
        progress: called about four times a second, and once at the end.
        on_epoch: called with every epoch of every population; of processes when they hand it back, every 2 seconds.
        warn: called with a sentence about what was lost and is repeated.

    Where a database does not answer a request for ``PATIENCE`` seconds, the study ends and has its ``failure``.
    """
    keep = CANDIDATES if ensemble else 1
    race = race or make_race("halving")
    epochs = plan.rows * sum(bracket.epochs for size in store.sizes for bracket in race.brackets(size, plan.epochs))
    watch = Watch(store.total, epochs, on_epoch)
    files = Checkpoints(checkpoints, plan, warn)
    cut_short = checkpoints is not None and checkpoints.exists()
    finalists = files.finalists(store.ended())
    known: dict[int, Trial] = {}
    trained: dict[int, Trial] = {}
    train_seconds = 0.0

    def tick() -> None:
        store.pulse()
        if progress:
            progress(watch.progress())

    def look() -> None:
        """Count in the progress what was trained before, or elsewhere."""
        ended = store.ended()
        watch.restore([trial for number, trial in ended.items() if number not in known and number not in trained], 0)
        known.update(ended)

    def study(failure: DatabaseError | None = None) -> Study:
        ends = trained | known
        trials = [ends[number] for number in sorted(ends)]
        # One that another process took over may have been trained further there.
        here = {t.number: network for t, network in finalists if t.record == ends[t.number].record}
        best = [trial for trial in ranked(trials)[:keep] if math.isfinite(trial.value)]
        missing = sum(trial.number not in here for trial in best)
        if missing and (cut_short or store.shared):
            warn(f"retraining {missing} of the best {len(best)} networks: this process does not have them")
        top = [(trial, here.get(trial.number) or retrain(trial, plan).trained()) for trial in best]
        seconds, asking = time.perf_counter() - watch.started, store.seconds + files.seconds
        tick()
        return Study(
            store.space,
            plan,
            trials,
            top,
            seconds,
            train_seconds,
            interrupted=failure is not None or not store.finished,
            proposing_seconds=asking,
            rounds=tuple(store.rounds()),
            refit=refit,
            ensemble_size=ensemble,
            failure=failure,
        )

    with interruptible() as stop, one_thread():
        insist = partial(_insist, stop=stop, tick=tick, warn=warn)
        try:
            with Crew(plan, pool or open_pool(None), watch.epoch, stop, warn, watch.seconds_left) as crew:
                generations = Generations(plan, race, crew, watch, stop, files, keep, tick, store.report)
                while not stop.is_set():
                    number, proposals = insist(store.ask)
                    look()
                    if not proposals:
                        if store.finished:
                            break
                        _wait(POLL, stop, tick)
                        continue
                    generation = generations.train(number, proposals)
                    trained |= {trial.number: trial for trial in generation.trials}
                    finalists = finest([*finalists, *generation.finalists], keep)
                    train_seconds += generation.seconds
                    if any(trial.state == "interrupted" for trial in generation.trials):
                        break
                    files.keep(finalists)
                    insist(partial(store.tell, generation.trials))
                    look()
                    files.forget(number)
        except DatabaseError as error:
            return study(error)
        return study()


def _insist(
    request: Callable[[], Answer], stop: threading.Event, tick: Callable[[], None], warn: Callable[[str], None]
) -> Answer:
    """Return the result of a request, repeated for a while if the database does not answer."""
    end = time.monotonic() + PATIENCE
    warned = False
    while True:
        try:
            return request()
        except DatabaseError as error:
            if time.monotonic() > end or stop.is_set():
                raise
            if not warned:
                warn(f"{error}; retrying for {PATIENCE:.0f} s")
            warned = True
        _wait(POLL, stop, tick)


def _wait(seconds: float, stop: threading.Event, tick: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < end:
        tick()
        stop.wait(min(TICK, seconds))
