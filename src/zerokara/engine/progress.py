"""How far a study is, seen from outside while it runs."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zerokara.engine.trial import Proposal, Trial
from zerokara.train import Epoch


@dataclass(frozen=True)
class Leader:
    """The best network so far: which trial, at which epoch, with what value (lower is better) and score."""

    proposal: Proposal
    epoch: int
    value: float
    score: float

    @property
    def rank_key(self) -> tuple[float, int]:
        """The place among the trials: by value, ties to the lower number."""
        return self.value, self.proposal.number


@dataclass(frozen=True)
class Progress:
    """A look at a running study. Epochs are network-epochs: one network, once through the training data."""

    trials: int
    trials_done: int
    trials_running: int
    epochs: int
    epochs_done: int
    seconds: float
    diverged: int
    leader: Leader | None
    epochs_before: int = 0
    """Those that were done before this process began."""
    remark: str | None = None
    """What makes this search slower than it might be, in a sentence."""

    @property
    def epochs_per_second(self) -> float:
        """Network-epochs a second."""
        return (self.epochs_done - self.epochs_before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """How much longer it will take at this speed; infinity before the first epoch."""
        rate = self.epochs_per_second
        return (self.epochs - self.epochs_done) / rate if rate else np.inf


class Watch:
    """Gathers what the workers report, from any thread, and tells how far the study is.

    Args:
        trials: how many there will be.
        epochs: how many network-epochs they will take, if none diverges.
        on_epoch: told of every epoch too, in the thread that trained it.
    """

    def __init__(self, trials: int, epochs: int, on_epoch: Callable[[Epoch], None] | None = None) -> None:
        self.trials, self.epochs, self.on_epoch = trials, epochs, on_epoch
        self.started = time.perf_counter()
        self.lock = threading.Lock()
        self.remark: str | None = None
        self.running: dict[int, Leader] = {}
        self.finished: Leader | None = None
        self.done = self.epochs_done = self.epochs_before = self.diverged = 0

    def epoch(self, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        """Count an epoch of a population."""
        values = np.where(epoch.diverged, np.inf, epoch.objective)
        with self.lock:
            for row, v, score in zip(epoch.rows, values, epoch.val_score, strict=True):
                proposal = proposals[row]
                self.running[proposal.number] = Leader(proposal, epoch.number, float(v), float(score))
            self.epochs_done += len(epoch.rows)
        if self.on_epoch:
            self.on_epoch(epoch)

    def restore(self, trials: Sequence[Trial], epochs: int) -> None:
        """Note trials that had ended, and epochs that others had trained, before this process began."""
        with self.lock:
            before = epochs + sum(trial.epochs_trained for trial in trials)
            self.epochs_done += before
            self.epochs_before += before
            for trial in trials:
                score, proposal = trial.val_score, Proposal(trial.number, trial.params)
                self.running[trial.number] = Leader(proposal, trial.epoch, trial.value, score)
        self.settle(trials)

    def settle(self, trials: Iterable[Trial]) -> None:
        """Note that trials train no more."""
        with self.lock:
            for trial in trials:
                self.done += 1
                self.diverged += trial.state == "diverged"
                leader = self.running.pop(trial.number, None)
                if leader and trial.state == "diverged":
                    self.epochs -= max(0, self.epochs // self.trials - trial.epochs)
                if leader and (self.finished is None or leader.rank_key < self.finished.rank_key):
                    self.finished = leader

    def progress(self) -> Progress:
        """Return how far the study is now."""
        with self.lock:
            leaders = [*self.running.values(), *([self.finished] if self.finished else [])]
            leader = min(leaders, key=lambda leader: leader.rank_key, default=None)
            return Progress(
                trials=self.trials,
                trials_done=self.done,
                trials_running=len(self.running),
                epochs=self.epochs,
                epochs_done=self.epochs_done,
                seconds=time.perf_counter() - self.started,
                diverged=self.diverged,
                leader=leader if leader and np.isfinite(leader.value) else None,
                epochs_before=self.epochs_before,
                remark=self.remark,
            )

    def seconds_left(self) -> float:
        """Return how much longer the study will take at its speed so far."""
        return self.progress().seconds_left
