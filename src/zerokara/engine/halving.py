"""How long each trial trains: at rungs the losers of a generation are dropped, the survivors go on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from zerokara.errors import InputError, unknown


@dataclass(frozen=True)
class Bracket:
    """Trials that race each other: how many they are, and the epochs after which only a part goes on."""

    trials: int
    rungs: tuple[int, ...]
    eta: int = 3

    def survivors(self, ranked: Sequence[int]) -> list[int]:
        """Return which of the trials at a rung go on: one in eta, at least one; ``ranked`` has the best first.

        >>> Bracket(9, (1, 3, 9)).survivors([4, 0, 7, 1, 2, 3])
        [4, 0]
        """
        return list(ranked[: max(1, len(ranked) // self.eta)])

    @property
    def epochs(self) -> int:
        """The network-epochs that the bracket takes."""
        total, alive, before = 0, self.trials, 0
        for rung in self.rungs:
            total, before = total + alive * (rung - before), rung
            alive = max(1, alive // self.eta)
        return total


class Race(ABC):
    """How the trials of a generation race."""

    @abstractmethod
    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        """Return the brackets that so many trials are dealt to, in order, each ending at ``epochs``."""


@dataclass(frozen=True)
class NoRace(Race):
    """Every trial trains to the end."""

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        return [Bracket(trials, (epochs,))]


@dataclass(frozen=True)
class Halving(Race):
    """Successive halving: at each rung the best one in eta go on, to eta times as many epochs.

    Source: Jamieson and Talwalkar 2016, algorithm 1 ("halving" with eta = 2).

    >>> Halving().brackets(100, 243)
    [Bracket(trials=100, rungs=(1, 3, 9, 27, 81, 243), eta=3)]
    """

    eta: int = 3
    first: int = 1

    def __post_init__(self) -> None:
        _check(self.eta, self.first)

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        return [Bracket(trials, rungs(epochs, self.eta, self.first), self.eta)]


@dataclass(frozen=True)
class Hyperband(Race):
    """Halving from several first rungs, in case the first epochs mislead: bracket k starts at the k-th rung.

    A generation is dealt to the brackets in proportion to n_k = (K / (K - k)) eta^(K - k - 1) for K brackets,
    rounded by largest remainder, so that each bracket takes about as many epochs.
    Source: Li et al. 2018, algorithm 1.

    >>> [(b.trials, b.rungs) for b in Hyperband().brackets(100, 9)]
    [(55, (1, 3, 9)), (27, (3, 9)), (18, (9,))]
    """

    eta: int = 3
    first: int = 1

    def __post_init__(self) -> None:
        _check(self.eta, self.first)

    def brackets(self, trials: int, epochs: int) -> list[Bracket]:
        steps = rungs(epochs, self.eta, self.first)
        # From the end itself a bracket starts only if it is due: of 50 epochs the last starts at 27.
        count = max(1, len(rungs(epochs + 1, self.eta, self.first)) - 1)
        shares = [count * self.eta ** (count - 1 - k) / (count - k) for k in range(count)]
        exact = [trials * share / sum(shares) for share in shares]
        dealt = [int(share) for share in exact]
        # What rounding left over goes to the largest remainders, ties to the shorter first rung.
        by_remainder = sorted(range(count), key=lambda k: (dealt[k] - exact[k], k))
        for k in by_remainder[: trials - sum(dealt)]:
            dealt[k] += 1
        return [Bracket(n, steps[k:], self.eta) for k, n in enumerate(dealt) if n]


RACES: dict[str, type[Race]] = {"none": NoRace, "halving": Halving, "hyperband": Hyperband}


def make_race(name: str) -> Race:
    """Return the race that a text names, such as ``halving`` or ``halving:ETA:FIRST_RUNG``.

    >>> make_race("halving:4:2")
    Halving(eta=4, first=2)
    """
    kind, *parts = name.split(":")
    if kind not in RACES:
        raise unknown("race", kind, RACES)
    if len(parts) > (0 if kind == "none" else 2) or not all(part.isdecimal() for part in parts):
        raise InputError(f"a race is none, or halving or hyperband with [:ETA[:FIRST_RUNG]], got {name!r}")
    return RACES[kind](*map(int, parts))


def rungs(epochs: int, eta: int, first: int) -> tuple[int, ...]:
    """Return the epochs at which a race pauses: ``first``, eta times as many, and so on, and last ``epochs``.

    >>> rungs(50, 3, 1), rungs(50, 3, 5), rungs(50, 3, 80)
    ((1, 3, 9, 27, 50), (5, 15, 45, 50), (50,))
    """
    steps = []
    while first < epochs:
        steps.append(first)
        first *= eta
    return (*steps, epochs)


def _check(eta: int, first: int) -> None:
    if eta < 2 or first < 1:
        raise InputError(f"a race needs eta >= 2 and a first rung >= 1 epochs, got eta={eta} and first={first}")
