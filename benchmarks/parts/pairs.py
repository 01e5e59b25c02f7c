"""Two sides at the same work in turn: what counts is the ratio within each pair, by the clock and in CPU time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.parts.asked import table, verdict

Seconds = tuple[float, float]
"""Of one run: by the clock, and CPU time of all its processes."""
CLOCKS = ("wall", "CPU")


@dataclass(frozen=True)
class Pairs:
    """The runs of both sides, in the order of the rounds, and the least ratio that passes; None judges nothing."""

    name: str
    floor: float | None
    ours: Sequence[Seconds]
    theirs: Sequence[Seconds]

    def ratios(self, clock: int) -> list[float]:
        """Return how many times as long theirs takes, in each round."""
        return [theirs[clock] / ours[clock] for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def row(self) -> list[str]:
        medians = [median(run[clock] for run in side) for side in (self.ours, self.theirs) for clock in (0, 1)]
        spread = self.ratios(0)
        return [
            self.name,
            *(f"{seconds:.2f}" for seconds in medians),
            *(f"{median(self.ratios(clock)):.2f}" for clock in (0, 1)),
            f"{min(spread):.2f} to {max(spread):.2f}",
        ]

    def verdict(self, rival: str, judge: bool) -> str:
        """Return the line of the floor: by the clock and in CPU time."""
        assert self.floor is not None
        found = [median(self.ratios(clock)) for clock in (0, 1)]
        told = ", ".join(f"{clock} {ratio:.2f}" for clock, ratio in zip(CLOCKS, found, strict=True))
        return verdict(min(found) >= self.floor, f"{self.name} at {self.floor:g} times {rival}", told, judge)


def in_turn(
    name: str,
    floor: float | None,
    rounds: Sequence[int],
    ours: Callable[[int], Seconds],
    theirs: Callable[[int], Seconds],
) -> Pairs:
    """Run both sides in every round; who goes first alternates."""
    found: dict[Callable[[int], Seconds], list[Seconds]] = {ours: [], theirs: []}
    for k in rounds:
        for side in (ours, theirs) if k % 2 else (theirs, ours):
            found[side].append(side(k))
    return Pairs(name, floor, found[ours], found[theirs])


def section(title: str, about: str, rival: str, pairs: Sequence[Pairs], judge: bool) -> str:
    """Return the text of a part that measures pairs."""
    sides = [f"{side}: {clock} s" for side in ("zerokara", rival) for clock in CLOCKS]
    heads = ("", *sides, *(f"{clock} ratio" for clock in CLOCKS), "least and most")
    floors = [pair.verdict(rival, judge) for pair in pairs if pair.floor is not None]
    return "\n\n".join([f"## {title}", about, table(heads, [pair.row for pair in pairs]), "\n".join(floors)])
