"""Schedulers: how long each trial trains. At rungs the worst trials are dropped and the survivors train on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from zerokara.errors import InputError, unknown


@dataclass(frozen=True)
class Bracket:
    """Trials that compete: their number, and the epochs (rungs) after which only one in ``eta`` survives."""

    trials: int
    rungs: tuple[int, ...]
    eta: int = 3

    def survivors(self, ranked: Sequence[int]) -> list[int]:
        """Return the trials that survive a rung: one in eta, at least one; ``ranked`` has the best first.

        >>> Bracket(9, (1, 3, 9)).survivors([4, 0, 7, 1, 2, 3])
        [4, 0]
        """
        return list(ranked[: max(1, len(ranked) // self.eta)])

    @property
    def counts(self) -> dict[int, int]:
        """How many trials train up to each rung, by its epochs.

        >>> Bracket(100, (1, 3, 9, 10)).counts
        {1: 100, 3: 33, 9: 11, 10: 3}
        """
        counts, alive = {}, self.trials
        for rung in self.rungs:
            counts[rung], alive = alive, max(1, alive // self.eta)
        return counts

    @property
    def epochs(self) -> int:
        """The network-epochs that the bracket takes."""
        before = (0, *self.rungs)
        return sum(alive * (rung - last) for last, (rung, alive) in zip(before, self.counts.items(), strict=False))


class Scheduler(ABC):
    """Divides the trials of a generation into brackets."""

    @abstractmethod
    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        """Return the brackets, to which the trials are assigned in order; each ends at ``epochs``."""


@dataclass(frozen=True)
class NoScheduler(Scheduler):
    """Every trial trains to the end."""

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        return [Bracket(trials, (epochs,))]


@dataclass(frozen=True)
class RungScheduler(Scheduler):
    """A scheduler with rungs at ``first`` epochs, eta times as many, and so on."""

    eta: int = 3
    first: int = 1

    def __post_init__(self) -> None:
        if self.eta < 2 or self.first < 1:
            raise InputError(
                f"race must have ETA >= 2 and FIRST_RUNG >= 1 epochs, got {self.eta} and {self.first}: use halving:3:1"
            )


@dataclass(frozen=True)
class Halving(RungScheduler):
    """Successive halving: at each rung the best one in eta survive, and train for eta times as many epochs.

    Source: Jamieson and Talwalkar 2016, algorithm 1 ("halving" with eta = 2).

    >>> Halving().brackets(100, 243)
    [Bracket(trials=100, rungs=(1, 3, 9, 27, 81, 243), eta=3)]
    """

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        return [Bracket(trials, rungs(epochs, self.eta, self.first), self.eta)]


@dataclass(frozen=True)
class Hyperband(RungScheduler):
    """Halving from several first rungs, in case the first epochs mislead: bracket k starts at the k-th rung.

    A generation is divided among K brackets in proportion to n_k = (K / (K - k)) eta^(K - k - 1), rounded by
    largest remainder, so that each bracket takes about as many epochs.
    Source: Li et al. 2018, algorithm 1.

    >>> [(b.trials, b.rungs) for b in Hyperband().brackets(100, 9)]
    [(55, (1, 3, 9)), (27, (3, 9)), (18, (9,))]
    """

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        steps = rungs(epochs, self.eta, self.first)
        # A bracket starts at the last epoch only if that is a power of eta: of 50 epochs the last starts at 27.
        count = max(1, len(rungs(epochs + 1, self.eta, self.first)) - 1)
        weights = [count * self.eta ** (count - 1 - k) / (count - k) for k in range(count)]
        exact = [trials * weight / sum(weights) for weight in weights]
        sizes = [int(size) for size in exact]
        # The rest goes to the largest remainders, ties to the shorter first rung.
        by_remainder = sorted(range(count), key=lambda k: (sizes[k] - exact[k], k))
        for k in by_remainder[: trials - sum(sizes)]:
            sizes[k] += 1
        return [Bracket(n, steps[k:], self.eta) for k, n in enumerate(sizes) if n]


SCHEDULERS: dict[str, type[Scheduler]] = {"none": NoScheduler, "halving": Halving, "hyperband": Hyperband}


def make_scheduler(race: str) -> Scheduler:
    """Return the scheduler of a ``race`` setting, such as ``halving`` or ``halving:ETA:FIRST_RUNG``.

    >>> make_scheduler("halving:4:2")
    Halving(eta=4, first=2)
    """
    kind, *parts = race.split(":")
    if kind not in SCHEDULERS:
        raise unknown("race", kind, SCHEDULERS)
    if len(parts) > (0 if kind == "none" else 2) or not all(part.isdecimal() for part in parts):
        raise InputError(
            f"race must be none, or halving or hyperband with [:ETA[:FIRST_RUNG]], got {race!r}: use halving:3:1"
        )
    return SCHEDULERS[kind](*map(int, parts))


def rungs(epochs: int, eta: int, first: int) -> tuple[int, ...]:
    """Return the rungs, in epochs: ``first``, eta times as many, and so on, and last ``epochs``.

    >>> rungs(50, 3, 1), rungs(50, 3, 5), rungs(50, 3, 80)
    ((1, 3, 9, 27, 50), (5, 15, 45, 50), (50,))
    """
    steps = []
    while first < epochs:
        steps.append(first)
        first *= eta
    return (*steps, epochs)
