"""The progress of a running study."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from zerokara.engine.trial import Proposal, Trial
from zerokara.train import Epoch

TOP = 3
"""The number of best trials that are shown."""


@dataclass(frozen=True)
class TrialEpoch:
    """A trial after an epoch: its objective (lower is better) and its score."""

    proposal: Proposal
    epoch: int
    value: float
    score: float

    @property
    def rank_key(self) -> tuple[float, int]:
        """The sort key: by value, ties to the lower number."""
        return self.value, self.proposal.number


@dataclass(frozen=True)
class Progress:
    """The state of a running study. Epochs are network-epochs: one network, once through the training data."""

    trials: int
    trials_done: int
    trials_running: int
    epochs: int
    epochs_done: int
    seconds: float
    diverged: int
    top: tuple[TrialEpoch, ...] = ()
    """The best trials so far, at most three, best first."""
    rungs: tuple[tuple[int, int, int], ...] = ()
    """The epochs of each rung, how many trials train up to it if none diverges, and how many have."""
    epochs_before: int = 0
    """The epochs that were trained before this process started."""
    epochs_underway: float = 0.0
    """The parts of epochs that the threads of this process have trained, as a number of epochs."""
    first_rate: float = 0.0
    """The network-epochs a second before the first epoch was finished."""
    remark: str | None = None
    """A sentence about what makes this search slow."""
    limit: float | None = None
    """The seconds after which the search ends, whatever trials are left."""

    @property
    def best(self) -> TrialEpoch | None:
        """The best trial so far."""
        return self.top[0] if self.top else None

    @property
    def epochs_per_second(self) -> float:
        """Network-epochs a second."""
        trained = self.epochs_done - self.epochs_before + self.epochs_underway
        return trained / self.seconds if trained and self.seconds > 0 else self.first_rate

    @property
    def seconds_left(self) -> float:
        """The remaining seconds at this speed, or to the limit; infinity before the first step."""
        if self.limit is not None:
            return max(0.0, self.limit - self.seconds)
        rate = self.epochs_per_second
        if not rate:
            return np.inf
        left = (self.epochs - self.epochs_done - self.epochs_underway) / rate
        # Processes report nothing before their first epoch.
        return left if self.epochs_done > self.epochs_before or self.epochs_underway else max(1.0, left - self.seconds)


class GenerationView(Protocol):
    """What a search shows of the generation that trains."""

    def begin(self, proposals: Sequence[Proposal]) -> None:
        """Take note of trials that begin to train."""

    def record(self, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        """Take note of an epoch of a population; called from any thread."""

    def finish(self, trials: Sequence[Trial]) -> None:
        """Take note of trials that have ended."""


class ProgressTracker:
    """Collects the progress of the workers, from any thread.

    Attributes:
        live: shows the progress to other processes, if there is one.

    Args:
        trials: the number of trials of the study.
        epochs: the network-epochs that they take if none diverges.
        on_epoch: called with every epoch, in the thread that trained it.
        rungs: how many trials train up to each rung, by its epochs.
        curve: the curve that the score of a trial is from.
        keep_best: whether a trial is judged at its best epoch, else at its last.
        limit: the seconds after which the search ends.
    """

    def __init__(
        self,
        trials: int,
        epochs: int,
        on_epoch: Callable[[Epoch], None] | None = None,
        *,
        rungs: Mapping[int, int] = MappingProxyType({}),
        curve: str = "val_score",
        keep_best: bool = True,
        limit: float | None = None,
    ) -> None:
        self.trials, self.epochs, self.on_epoch, self.curve, self.keep_best = trials, epochs, on_epoch, curve, keep_best
        self.started, self.limit = time.perf_counter(), limit
        self.lock = threading.Lock()
        self.remark: str | None = None
        self.live: GenerationView | None = None
        self.begun: set[int] = set()
        self.running: dict[int, TrialEpoch] = {}
        self.best_finished: list[tuple[Trial, TrialEpoch]] = []
        self.rungs = rungs
        self.reached: dict[int, set[int]] = {epoch: set() for epoch in sorted(rungs)}
        self.underway: Callable[[], float] = float
        self.first_rate = 0.0
        self.trials_done = self.epochs_done = self.epochs_before = self.diverged = 0

    def record(self, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        """Count an epoch of a population."""
        if self.live:
            self.live.record(proposals, epoch)
        values = np.where(epoch.diverged, np.inf, epoch.objective)
        with self.lock:
            for row, v, score in zip(epoch.rows, values, getattr(epoch, self.curve), strict=True):
                proposal = proposals[row]
                last = self.running.get(proposal.number)
                if last is None or not self.keep_best or v < last.value:
                    self.running[proposal.number] = TrialEpoch(proposal, epoch.number, float(v), float(score))
            if epoch.number in self.reached:
                self.reached[epoch.number].update(proposals[row].number for row in epoch.rows)
            self.epochs_done += len(epoch.rows)
        if self.on_epoch:
            self.on_epoch(epoch)

    def begin_refit(self, networks: int, epochs: int, underway: Callable[[], float] = float) -> None:
        """Begin to train the winner again."""
        with self.lock:
            self.underway = underway
            self.epochs = self.epochs_done + networks * epochs
            self.remark = f"training the winner again from {networks} initial weights, on all training samples"

    def count(self, epoch: Epoch) -> None:
        """Count an epoch of the winner."""
        with self.lock:
            self.epochs_done += len(epoch.rows)

    def restore(self, trials: Sequence[Trial], epochs: int) -> None:
        """Count finished trials, and epochs of unfinished ones, that were trained before or in other processes."""
        with self.lock:
            before = epochs + sum(trial.epochs_trained for trial in trials)
            self.epochs_done += before
            self.epochs_before += before
            for trial in trials:
                proposal = Proposal(trial.number, trial.params)
                self.running[trial.number] = TrialEpoch(proposal, trial.epoch, trial.value, trial.at(self.curve))
        self.reach(trials)
        self.finish(trials)

    def begin(self, proposals: Sequence[Proposal]) -> None:
        """Count trials as training."""
        if self.live:
            self.live.begin(proposals)
        with self.lock:
            self.begun.update(proposal.number for proposal in proposals)

    def reach(self, trials: Iterable[Trial]) -> None:
        """Count the rungs that trials have reached before."""
        with self.lock:
            for trial in trials:
                for epoch in (epoch for epoch in self.reached if epoch <= trial.epochs):
                    self.reached[epoch].add(trial.number)

    def finish(self, trials: Sequence[Trial]) -> None:
        """Count trials as finished."""
        if self.live:
            self.live.finish(trials)
        with self.lock:
            for trial in trials:
                self.trials_done += 1
                self.begun.discard(trial.number)
                self.diverged += trial.state == "diverged"
                last = self.running.pop(trial.number, None)
                if last and trial.state == "diverged":
                    self.epochs -= max(0, self.epochs // self.trials - trial.epochs)
                if last:
                    best = sorted([*self.best_finished, (trial, last)], key=lambda each: each[0].rank_key)
                    self.best_finished = best[:TOP]

    def progress(self) -> Progress:
        """Return the present progress."""
        with self.lock:
            seconds = time.perf_counter() - self.started
            underway = self.underway()
            if self.epochs_done == self.epochs_before and underway:
                self.first_rate = underway / seconds
            complete = [last for trial, last in self.best_finished if trial.state == "complete"]
            top = sorted([*self.running.values(), *complete], key=lambda each: each.rank_key)
            # One that was dropped is no better than those that train on.
            top += [last for trial, last in self.best_finished if trial.state != "complete"]
            return Progress(
                trials=self.trials,
                trials_done=self.trials_done,
                trials_running=len(self.begun),
                epochs=self.epochs,
                epochs_done=self.epochs_done,
                seconds=seconds,
                diverged=self.diverged,
                top=tuple(each for each in top if np.isfinite(each.value))[:TOP],
                rungs=tuple((epoch, self.rungs[epoch], len(there)) for epoch, there in self.reached.items()),
                epochs_before=self.epochs_before,
                epochs_underway=underway,
                first_rate=self.first_rate,
                remark=self.remark,
                limit=self.limit,
            )
