"""A search by several processes: each trains generations of its own, until all trials of the study have ended.

Importing this file imports Optuna: do so inside the function that joins a study.
"""

import math
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TypeVar

from zerokara.blas import one_thread
from zerokara.checks import check_counts
from zerokara.engine.bracket import Finalist, finest
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.halving import make_race
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress, Watch
from zerokara.engine.runner import Generations
from zerokara.engine.trial import Trial
from zerokara.engine.workers import TICK, Crew, interruptible
from zerokara.space.space import Space
from zerokara.storage.database import DatabaseError
from zerokara.storage.shared import Shared
from zerokara.study.study import CANDIDATES, Study, complete
from zerokara.train import Epoch

POLL = 1.0
"""Seconds from one look at what the others do to the next."""
PATIENCE = 30.0
"""Seconds for which a question or an answer is repeated to a database that is away."""

Answer = TypeVar("Answer")


class LostDatabaseError(DatabaseError):
    """The database went away in the middle of a study; ``study`` has what is known of it."""

    def __init__(self, text: str, study: Study) -> None:
        super().__init__(text)
        self.study = study


def search_together(
    plan: Plan,
    space: Space,
    *,
    shared: Shared,
    race: str,
    generation: int,
    workers: int | str | Executor | None = None,
    checkpoints: Path | None = None,
    refit: bool = False,
    ensemble: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    note: Callable[[str], None] = warnings.warn,
) -> Study:
    """Take part in a study until all its trials have ended, whoever trains them, and return it whole.

    As `zerokara.study.study.search`, with ``shared`` in place of a sampler and a journal. A race is among the
    trials of one generation of one process.

    Raises:
        LostDatabaseError: the database did not answer a question or an answer for ``PATIENCE`` seconds.
    """
    check_counts(generation=generation)
    keep = CANDIDATES if ensemble else 1
    rules = make_race(race)
    sizes = [min(generation, shared.total - start) for start in range(0, shared.total, generation)]
    epochs = plan.rows * sum(bracket.epochs for size in sizes for bracket in rules.brackets(size, plan.epochs))
    watch = Watch(shared.total, epochs, on_epoch)
    files = Checkpoints(checkpoints, plan, note)
    finalists: list[Finalist] = files.finalists(shared.ended())
    known: dict[int, Trial] = {}
    trained: dict[int, Trial] = {}
    train_seconds = 0.0

    def tick() -> None:
        shared.pulse()
        if progress:
            progress(watch.progress())

    def look() -> None:
        """Let the progress know of what others have trained."""
        ended = shared.ended()
        watch.restore([trial for number, trial in ended.items() if number not in known and number not in trained], 0)
        known.update(ended)

    def study(interrupted: bool) -> Study:
        done = [trial for _, trial in sorted((trained | known).items())]
        records = {trial.number: trial.record for trial in done}
        # One that another process took over may have come further there.
        here = [(trial, network) for trial, network in finalists if trial.record == records.get(trial.number)]
        wanted = [t.number for t in sorted(done, key=lambda t: t.rank_key)[:keep] if math.isfinite(t.value)]
        if elsewhere := len({*wanted} - {trial.number for trial, _ in here}):
            note(f"{elsewhere} of the best {len(wanted)} networks were trained elsewhere: they are trained again here")
        best = complete(here, done, plan, keep, None)
        seconds, asking = time.perf_counter() - watch.started, shared.seconds + files.seconds
        tick()
        rounds = shared.rounds()
        return Study(space, plan, done, best, seconds, train_seconds, interrupted, asking, rounds, refit, ensemble)

    with interruptible() as stop, one_thread():
        try:
            with Crew(plan, workers, watch.epoch, stop, note, watch.seconds_left) as crew:
                generations = Generations(plan, rules, crew, watch, stop, files, keep, tick, shared.report)
                while not stop.is_set():
                    number, proposals = _insist(partial(shared.ask, generation), stop, tick, note)
                    look()
                    if not proposals:
                        if shared.finished:
                            break
                        _wait(POLL, stop, tick)
                        continue
                    found = generations.train(number, proposals)
                    trained |= {trial.number: trial for trial in found.trials}
                    finalists = finest([*finalists, *found.finalists], keep)
                    train_seconds += found.seconds
                    if any(trial.state == "interrupted" for trial in found.trials):
                        break
                    files.keep(finalists)
                    _insist(partial(shared.tell, found.trials), stop, tick, note)
                    look()
                    files.forget(number)
        except DatabaseError as error:
            raise LostDatabaseError(str(error), study(interrupted=True)) from error
        return study(interrupted=not shared.finished)


def _insist(
    action: Callable[[], Answer], stop: threading.Event, tick: Callable[[], None], note: Callable[[str], None]
) -> Answer:
    """Return what comes of an action, repeated for a while if the database does not answer."""
    end = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            return action()
        except DatabaseError as error:
            if time.monotonic() > end or stop.is_set():
                raise
            if not told:
                note(f"{error}; it is asked again for {PATIENCE:.0f} seconds")
            told = True
        _wait(POLL, stop, tick)


def _wait(seconds: float, stop: threading.Event, tick: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < end:
        tick()
        stop.wait(min(TICK, seconds))
