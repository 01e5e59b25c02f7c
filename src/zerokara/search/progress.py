"""How far a study is, seen from outside while it runs."""

import threading
import time
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.search.cohort import Shard, ShardResult
from zerokara.search.trial import Proposal
from zerokara.train import Epoch


@dataclass(frozen=True)
class Leader:
    """The best network so far: which trial, at which epoch, with what value (lower is better) and score."""

    proposal: Proposal
    epoch: int
    value: float
    score: float


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

    @property
    def epochs_per_second(self) -> float:
        """Network-epochs a second."""
        return self.epochs_done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """How much longer it will take at this speed; infinity before the first epoch."""
        rate = self.epochs_per_second
        return (self.epochs - self.epochs_done) / rate if rate else np.inf


class Watch:
    """Gathers what the workers report, from any thread, and tells how far the study is."""

    def __init__(self, trials: int, epochs: int) -> None:
        self.trials, self.epochs_each = trials, epochs
        self.started = time.perf_counter()
        self.lock = threading.Lock()
        self.running: dict[int, tuple[Leader | None, int]] = {}
        self.finished: Leader | None = None
        self.trials_done = self.epochs_done = self.diverged = self.epochs_saved = 0

    def epoch(self, shard: Shard, epoch: Epoch, value: Array) -> None:
        """Note an epoch of a shard; ``value`` is what its networks are ranked by."""
        best = int(np.argmin(np.where(epoch.diverged, np.inf, value)))
        leader = Leader(
            shard.proposals[int(epoch.rows[best])],
            epoch.number,
            float(value[best]),
            float(epoch.val_score[best]),
        )
        with self.lock:
            self.running[shard.proposals[0].number] = (
                leader if np.isfinite(value[best]) else None,
                len(shard.proposals),
            )
            self.epochs_done += len(epoch.rows)
            lost = int(epoch.diverged.sum())
            self.diverged += lost
            self.epochs_saved += lost * (self.epochs_each - epoch.number)

    def shard(self, shard: Shard, result: ShardResult) -> None:
        """Note that a shard is done."""
        with self.lock:
            leader, _ = self.running.pop(shard.proposals[0].number, (None, 0))
            self.trials_done += len(result.trials)
            self.finished = _better(self.finished, leader)

    def progress(self) -> Progress:
        """Return how far the study is now."""
        with self.lock:
            leader = self.finished
            for candidate, _ in self.running.values():
                leader = _better(leader, candidate)
            return Progress(
                trials=self.trials,
                trials_done=self.trials_done,
                trials_running=sum(trials for _, trials in self.running.values()),
                epochs=self.trials * self.epochs_each - self.epochs_saved,
                epochs_done=self.epochs_done,
                seconds=time.perf_counter() - self.started,
                diverged=self.diverged,
                leader=leader,
            )


def _better(a: Leader | None, b: Leader | None) -> Leader | None:
    if a is None or b is None:
        return a or b
    return min(a, b, key=lambda leader: (leader.value, leader.proposal.number))
