"""The progress of a running study."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zerokara.engine.trial import Proposal, Trial
from zerokara.train import Epoch


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
    best: TrialEpoch | None
    epochs_before: int = 0
    """The epochs that were trained before this process started."""
    remark: str | None = None
    """A sentence about what makes this search slow."""

    @property
    def epochs_per_second(self) -> float:
        """Network-epochs a second."""
        return (self.epochs_done - self.epochs_before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """The remaining seconds at this speed; infinity before the first epoch."""
        rate = self.epochs_per_second
        return (self.epochs - self.epochs_done) / rate if rate else np.inf


class ProgressTracker:
    """Collects the progress of the workers, from any thread.

    Args:
        trials: the number of trials of the study.
        epochs: the network-epochs that they take if none diverges.
        on_epoch: called with every epoch, in the thread that trained it.
        curve: the curve that the score of a trial is from.
        keep_best: whether a trial is judged at its best epoch, else at its last.
    """

    def __init__(
        self,
        trials: int,
        epochs: int,
        on_epoch: Callable[[Epoch], None] | None = None,
        *,
        curve: str = "val_score",
        keep_best: bool = True,
    ) -> None:
        self.trials, self.epochs, self.on_epoch, self.curve, self.keep_best = trials, epochs, on_epoch, curve, keep_best
        self.started = time.perf_counter()
        self.lock = threading.Lock()
        self.remark: str | None = None
        self.running: dict[int, TrialEpoch] = {}
        self.best_finished: tuple[Trial, TrialEpoch] | None = None
        self.trials_done = self.epochs_done = self.epochs_before = self.diverged = 0

    def record(self, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        """Count an epoch of a population."""
        values = np.where(epoch.diverged, np.inf, epoch.objective)
        with self.lock:
            for row, v, score in zip(epoch.rows, values, getattr(epoch, self.curve), strict=True):
                proposal = proposals[row]
                last = self.running.get(proposal.number)
                if last is None or not self.keep_best or v < last.value:
                    self.running[proposal.number] = TrialEpoch(proposal, epoch.number, float(v), float(score))
            self.epochs_done += len(epoch.rows)
        if self.on_epoch:
            self.on_epoch(epoch)

    def begin_refit(self, networks: int, epochs: int) -> None:
        """Begin to train the winner again."""
        with self.lock:
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
        self.finish(trials)

    def finish(self, trials: Iterable[Trial]) -> None:
        """Count trials as finished."""
        with self.lock:
            for trial in trials:
                self.trials_done += 1
                self.diverged += trial.state == "diverged"
                last = self.running.pop(trial.number, None)
                if last and trial.state == "diverged":
                    self.epochs -= max(0, self.epochs // self.trials - trial.epochs)
                if last and (self.best_finished is None or trial.rank_key < self.best_finished[0].rank_key):
                    self.best_finished = trial, last

    def progress(self) -> Progress:
        """Return the present progress."""
        with self.lock:
            seen = list(self.running.values())
            if self.best_finished and (not seen or self.best_finished[0].state == "complete"):
                seen.append(self.best_finished[1])  # One that was dropped is no better than those that train on.
            best = min(seen, key=lambda trial: trial.rank_key, default=None)
            return Progress(
                trials=self.trials,
                trials_done=self.trials_done,
                trials_running=len(self.running),
                epochs=self.epochs,
                epochs_done=self.epochs_done,
                seconds=time.perf_counter() - self.started,
                diverged=self.diverged,
                best=best if best and np.isfinite(best.value) else None,
                epochs_before=self.epochs_before,
                remark=self.remark,
            )
