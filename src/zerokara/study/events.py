"""Callbacks of a search: called in the leading process, at moments that depend on no timing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zerokara.engine.bracket import Rung, rungs_before
from zerokara.engine.halving import Scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Trial, ranked
from zerokara.errors import InputError
from zerokara.space.space import Space
from zerokara.storage.store import Stop, Store
from zerokara.study.study import Study
from zerokara.train.ranking import name_of

BOARD = "zerokara.board"
"""What a stop is recorded under that another process asked for."""
MOMENTS = ("on_generation", "on_rung", "on_trial", "on_end")


class Search:
    """A running search, as callbacks see it.

    Attributes:
        space: the search space.
        plan: what all trials share: the data, and the settings of training.
        trials: the trials that have ended, in that order.
    """

    def __init__(self, space: Space, plan: Plan) -> None:
        self.space, self.plan = space, plan
        self.trials: list[Trial] = []
        self.requested: str | None = None

    @property
    def best(self) -> Trial | None:
        """The best trial that has ended, if there is one."""
        return next(iter(ranked(self.trials)), None)

    def stop(self, reason: str = "") -> None:
        """End the search here: nothing trains beyond this rung, and the best trial so far is the winner."""
        self.requested = reason


class Callback:
    """Base class of callbacks: each method does nothing. Any object with some of these methods is a callback.

    They are called in the leading process, in an order that does not depend on the workers: `on_rung` when all trials
    of a bracket have trained up to a rung, `on_trial` then for each trial that ended there, by number, and
    `on_generation` when the results of a generation are recorded. ``search.stop()`` ends the search. That is recorded,
    so a resumed search ends the same. It first reports again what is recorded: a callback ends in the same state.

    >>> import zerokara as zk
    >>> class Enough(zk.callbacks.Callback):
    ...     def on_trial(self, search, trial):
    ...         if trial.val_score > 0.8:
    ...             search.stop("an accuracy of 0.8 is enough")
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=9, callbacks=[Enough()], refit=0)
    >>> study.stopped.reason, study.best.epochs < 50
    ('an accuracy of 0.8 is enough', True)
    """

    def on_generation(self, search: Search, trials: Sequence[Trial]) -> None:
        """All ``trials`` of a generation have ended."""

    def on_rung(self, search: Search, rung: Rung) -> None:
        """All trials of a bracket have trained for ``rung.epoch`` epochs, or ended."""

    def on_trial(self, search: Search, trial: Trial) -> None:
        """A trial has ended."""

    def on_end(self, study: Study) -> None:
        """The search has ended, or was interrupted, and its files are written."""


class Events:
    """Calls the callbacks of a search, and records what they stop.

    Args:
        callbacks: called in this order.
        store: records a stop.
        plan, scheduler: those of the search.
        record: records a stop in the store, again while that fails.
        request: returns the reason for which another process asks to stop, if one does.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        store: Store,
        plan: Plan,
        scheduler: Scheduler,
        record: Callable[[Stop], None],
        request: Callable[[], str | None] | None = None,
    ) -> None:
        self.callbacks, self.store, self.plan, self.scheduler, self.record = callbacks, store, plan, scheduler, record
        self.search, self.request = Search(store.space, plan), request

    def replay(self) -> None:
        """Report the generations that were recorded before."""
        if not self.callbacks:
            return
        ended = self.store.ended()
        for number, numbers in self.store.generations():
            trials = rest = [ended[n] for n in numbers if n in ended]
            for k, bracket in enumerate(self.scheduler.brackets(len(numbers), self.plan.epochs)):
                own, rest = rest[: bracket.trials], rest[bracket.trials :]
                reported = set()
                for epoch, there in rungs_before(bracket, own, self.plan, len(bracket.rungs)):
                    rung = Rung.of(number, k, epoch, there)
                    self._rung(rung, (0, 0, 0))
                    reported |= {trial.number for trial in rung.finished}
                self.at_end([trial for trial in own if trial.number not in reported])
            self._call("on_generation", (0, 0, 0), trials)

    def at_rung(self, rung: Rung) -> bool:
        """Report a rung, and return whether the generation ends here."""
        self._rung(rung, rung.place)
        self._take_request(rung.place)
        return self._stopped(rung.place)

    def at_end(self, trials: Iterable[Trial]) -> None:
        """Report trials that ended because the search was stopped."""
        for trial in sorted(trials, key=lambda trial: trial.number):
            self._trial(trial, (0, 0, 0))

    def at_generation(self, number: int, trials: Sequence[Trial]) -> None:
        """Report a generation whose results are recorded."""
        self._call("on_generation", (number + 1, 0, 0), trials)
        self._take_request((number + 1, 0, 0))

    def _take_request(self, place: tuple[int, int, int]) -> None:
        """Record that another process asked to stop, if one did."""
        if self.request and (reason := self.request()) is not None:
            self._stop(BOARD, reason, place)

    def _rung(self, rung: Rung, place: tuple[int, int, int]) -> None:
        self._call("on_rung", place, rung)
        for trial in rung.finished:
            self._trial(trial, place)

    def _trial(self, trial: Trial, place: tuple[int, int, int]) -> None:
        self.search.trials.append(trial)
        self._call("on_trial", place, trial)

    def _call(self, moment: str, place: tuple[int, int, int], *arguments: Any) -> None:
        for callback in self.callbacks:
            if hasattr(callback, moment):
                getattr(callback, moment)(self.search, *arguments)
            if self.search.requested is not None:
                self._stop(name_of(callback), self.search.requested, place)
                self.search.requested = None

    def _stop(self, name: str, reason: str, place: tuple[int, int, int]) -> None:
        if self.store.stop is None:
            self.record(Stop(name, reason, self.store.total, place, self.store.worker_id))

    def _stopped(self, place: tuple[int, int, int]) -> bool:
        stop = self.store.stop
        return stop is not None and stop.worker == self.store.worker_id and stop.place <= place


def check_callbacks(name: str, value: Any) -> None:
    """Raise InputError unless this is a list of callbacks."""
    each = value if isinstance(value, list | tuple) else [value]
    wrong = [one for one in each if isinstance(one, type) or not any(hasattr(one, moment) for moment in MOMENTS)]
    if wrong or each is not value:
        raise InputError(
            f"{name} must be a list of objects with some of the methods {', '.join(MOMENTS)}, got "
            f"{(wrong or [value])[0]!r}: derive yours from zerokara.callbacks.Callback, and pass {name}=[Mine()]"
        )
