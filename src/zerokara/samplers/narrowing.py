"""The course's procedure as a sampler: search coarsely, keep the best, shrink the ranges around them, repeat.

Importing this file imports Optuna: do so inside the function that makes a sampler.
"""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from zerokara.errors import InputError
from zerokara.rng import stream
from zerokara.samplers.base import Ranges, TrialHistory, finished, rank_key, sign_of
from zerokara.space.unit_interval import cardinality, edges, from_unit, to_unit

KEEP = 0.2
"""The best trials so far that a range shrinks around, as a share of a round."""
SLOWEST = 1 / 3
"""A range keeps at least this part of its width from one round to the next, or early luck could mislead it."""
MARGINS = (3, 2, 1)
"""How many gaps wider than the best trials a range is after the first, second and later rounds: few trials know little.

With 1 throughout, one search in five on the course's network lost the best learning rates after the first round."""
FLOOR = 0.02
"""A range keeps at least this part of the start range, or it could shrink to nothing."""


@dataclass(frozen=True)
class Round:
    """One round: where each parameter was searched, and the numbers of the trials that it proposed."""

    ranges: dict[str, BaseDistribution]
    trials: tuple[int, ...]

    def ends(self, name: str) -> tuple[Any, ...]:
        """Return the least and the greatest value of a parameter's range; of a choice, its options."""
        found = self.ranges[name]
        if isinstance(found, CategoricalDistribution):
            return found.choices
        assert isinstance(found, FloatDistribution | IntDistribution)
        return found.low, found.high


def rounds(trials: Iterable[FrozenTrial], space: Ranges, size: int, sign: float = 1.0) -> list[Round]:
    """Return the rounds that a study has begun, and the one that comes next: trial k is of round k // size.

    Args:
        trials: the study's trials, whatever their state.
        space: the start ranges.
        size: the trials of a round.
        sign: -1 where values are maximized.
    """
    parts: dict[int, list[FrozenTrial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        parts.setdefault(trial.number // size, []).append(trial)
    found: list[Round] = []
    ranges = dict(space)
    best: dict[str, list[FrozenTrial]] = {name: [] for name in space}
    counts = dict.fromkeys(space, 0)
    for number in range(max(parts, default=-1) + 1):
        part = parts.get(number, [])
        found.append(Round(ranges, tuple(trial.number for trial in part)))
        ended = sorted(filter(finished, part), key=lambda trial: rank_key(trial, sign))
        ranges = dict(ranges)
        for name, start in space.items():
            # Who lacks a parameter says nothing of it: its range narrows as if each round had the others alone.
            own = [trial for trial in ended if trial.distributions.get(name) == start]
            counts[name] += len(own)
            ranked = sorted([*best[name], *own], key=lambda trial: rank_key(trial, sign))
            best[name] = ranked[: MARGINS[0] * kept(size)]
            margin = MARGINS[min(number, len(MARGINS) - 1)]
            count = kept(math.ceil(counts[name] / (number + 1)))
            if isinstance(start, CategoricalDistribution):
                count *= margin  # Between options there are no gaps: more of the best speak for them.
            values = [trial.params[name] for trial in ranked[:count]]
            if values:
                ranges[name] = narrow(ranges[name], start, values, margin)
    return [*found, Round(ranges, ())]


def kept(size: int) -> int:
    """Return how many of the best are kept in rounds of this size."""
    return max(3, math.ceil(KEEP * size))


def narrow(
    now: BaseDistribution, start: BaseDistribution, values: Sequence[Any], margin: float = 1
) -> BaseDistribution:
    """Return the part of a range around the best values: from the least to the greatest, and ``margin`` gaps more.

    A gap is the mean distance between neighbors. What has the form of the start range is on its scale and steps. An
    option that none of the best has is lost.

    >>> start = IntDistribution(0, 100)
    >>> narrow(start, start, [50, 60, 70])
    IntDistribution(high=80, log=False, low=40, step=1)
    """
    if isinstance(now, CategoricalDistribution):
        return CategoricalDistribution([option for option in now.choices if option in values] or now.choices)
    assert isinstance(now, FloatDistribution | IntDistribution)
    if now.single():
        return now
    low, high = edges(start, now.low, now.high)
    places = [to_unit(start, value) for value in values]
    gap = margin * (max(places) - min(places)) / max(len(places) - 1, 1)
    a, b = max(min(places) - gap, low), min(max(places) + gap, high)
    width = min(max(b - a, SLOWEST * (high - low), FLOOR), high - low)
    # Too narrow, it grows on both sides, and by an edge on the other.
    a = min(max((a + b - width) / 2, low), high - width)
    b = a + width
    if cardinality(start) is not None:  # Whole cells: those that an end only touches are left out.
        a, b = a + 1e-9, b - 1e-9
    # Rounding must neither leave the range before nor lose one of the best.
    least = max(min(from_unit(start, a), min(values)), now.low)
    greatest = min(max(from_unit(start, b), max(values)), now.high)
    if isinstance(now, IntDistribution):
        return IntDistribution(least, greatest, log=now.log, step=now.step)
    return FloatDistribution(least, greatest, log=now.log, step=now.step)


class NarrowingSampler(BaseSampler):
    """Draws each round from ranges that have shrunk around the best trials of the rounds before it.

    Its rounds follow from the trials' numbers, and its ranges from their values: it has no state of its own, and after
    a restart proposes the same. Within a round it draws one value from each of as many equal parts of a range as the
    round has trials (a Latin hypercube), so that few trials cover it. It searches for one objective.

    Args:
        seed: what its draws derive from.
        size: the trials of a round.

    >>> import optuna
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=NarrowingSampler(seed=0, size=10))
    >>> study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=50)
    >>> abs(study.best_params["x"] - 0.3) < 0.01
    True
    """

    def __init__(self, seed: int = 0, size: int = 20) -> None:
        if size < 1:
            raise InputError(f"a round has at least one trial, got size={size}: give it more")
        self.seed, self.size = seed, size
        self._history = TrialHistory(size)
        self._known: list[FrozenTrial] | None = None
        self._start: dict[str, BaseDistribution] = {}
        self._ranges: dict[str, BaseDistribution] = {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: given the round, each parameter is drawn on its own."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a value of each range."""
        sign_of(study)  # Whether it searches for one objective.
        return {name: self.sample_independent(study, trial, name, found) for name, found in search_space.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value of what the range is in the trial's round."""
        sign_of(study)
        number, within = divmod(trial.number, self.size)
        key = zlib.crc32(param_name.encode())
        parts = stream(self.seed, "rounds", number, key).permutation(self.size)
        place = (parts[within] + stream(self.seed, "propose", trial.number, key).random()) / self.size
        return from_unit(self._range(study, trial.number, param_name, param_distribution), float(place))

    def _range(self, study: Study, number: int, name: str, start: BaseDistribution) -> BaseDistribution:
        history = self._history.finished_trials(study, number)
        if history is not self._known:
            self._start, self._known = {}, history
            for trial in reversed(history):
                self._start |= trial.distributions
            self._ranges = {}
        if self._start.get(name) != start or name not in self._ranges:
            # Once for all the names that the study knows.
            self._start = {**self._start, name: start}
            self._ranges = rounds(history, self._start, self.size, sign_of(study))[-1].ranges
        return self._ranges[name]

    def rounds(self, study: Study, space: Ranges) -> list[Round]:
        """Return the rounds that a study of this sampler has begun."""
        return rounds(study.get_trials(deepcopy=False), space, self.size, sign_of(study))[:-1]
