"""The course's procedure as a sampler: search a coarse range, shrink it around the best trials, repeat.

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
"""The number of best trials that a range shrinks around, as a fraction of the round size."""
MIN_SHRINK = 1 / 3
"""A range keeps at least this fraction of its width per round, because early results may be misleading."""
MARGINS = (3, 2, 1)
"""The margin around the best trials after the first, second and later rounds, in mean gaps between those trials.

With 1 throughout, one search in five on the course's network lost the best learning rates after the first round."""
MIN_WIDTH = 0.02
"""A range keeps at least this fraction of the initial range."""


@dataclass(frozen=True)
class Round:
    """One round: the range of each parameter, and the numbers of its trials."""

    ranges: dict[str, BaseDistribution]
    trials: tuple[int, ...]

    def ends(self, name: str) -> tuple[Any, ...]:
        """Return the lowest and the highest value of a parameter's range; for a choice, its options."""
        distribution = self.ranges[name]
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices
        assert isinstance(distribution, FloatDistribution | IntDistribution)
        return distribution.low, distribution.high


def rounds(trials: Iterable[FrozenTrial], space: Ranges, size: int, sign: float = 1.0) -> list[Round]:
    """Return the rounds that a study has begun, and the next one; trial k belongs to round k // size.

    Args:
        trials: the study's trials in any state.
        space: the initial ranges.
        size: the number of trials in a round.
        sign: -1 if values are maximized.
    """
    parts: dict[int, list[FrozenTrial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        parts.setdefault(trial.number // size, []).append(trial)
    result: list[Round] = []
    ranges = dict(space)
    best: dict[str, list[FrozenTrial]] = {name: [] for name in space}
    counts = dict.fromkeys(space, 0)
    for number in range(max(parts, default=-1) + 1):
        part = parts.get(number, [])
        result.append(Round(ranges, tuple(trial.number for trial in part)))
        ended = sorted(filter(finished, part), key=lambda trial: rank_key(trial, sign))
        ranges = dict(ranges)
        for name, start in space.items():
            # Only trials that have the parameter count, and the round size is their mean number per round.
            own = [trial for trial in ended if trial.distributions.get(name) == start]
            counts[name] += len(own)
            ranked = sorted([*best[name], *own], key=lambda trial: rank_key(trial, sign))
            best[name] = ranked[: MARGINS[0] * best_count(size)]
            margin = MARGINS[min(number, len(MARGINS) - 1)]
            count = best_count(math.ceil(counts[name] / (number + 1)))
            if isinstance(start, CategoricalDistribution):
                count *= margin  # Options have no gaps to widen by, so more trials are used instead.
            values = [trial.params[name] for trial in ranked[:count]]
            if values:
                ranges[name] = narrow(ranges[name], start, values, margin)
    return [*result, Round(ranges, ())]


def best_count(size: int) -> int:
    """Return the number of best trials that the ranges shrink around."""
    return max(3, math.ceil(KEEP * size))


def narrow(
    now: BaseDistribution, start: BaseDistribution, values: Sequence[Any], margin: float = 1
) -> BaseDistribution:
    """Return the range of the best values, widened by ``margin`` gaps on both sides.

    A gap is the mean distance between neighbors, on the scale of ``start``, the initial range. Of a choice, the options
    of the best trials are kept.

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
    points = [to_unit(start, value) for value in values]
    gap = margin * (max(points) - min(points)) / max(len(points) - 1, 1)
    a, b = max(min(points) - gap, low), min(max(points) + gap, high)
    width = min(max(b - a, MIN_SHRINK * (high - low), MIN_WIDTH), high - low)
    # If it is too narrow, widen it on both sides; at an edge, on the other side only.
    a = min(max((a + b - width) / 2, low), high - width)
    b = a + width
    if cardinality(start) is not None:  # Leave out cells that are only touched by an end.
        a, b = a + 1e-9, b - 1e-9
    # Rounding must not leave the previous range or drop one of the best values.
    least = max(min(from_unit(start, a), min(values)), now.low)
    greatest = min(max(from_unit(start, b), max(values)), now.high)
    if isinstance(now, IntDistribution):
        return IntDistribution(least, greatest, log=now.log, step=now.step)
    return FloatDistribution(least, greatest, log=now.log, step=now.step)


class NarrowingSampler(BaseSampler):
    """Sample each round from ranges that have been narrowed around the best trials of the earlier rounds.

    The sampler is stateless: ranges are computed from the study's trials, so a restart proposes the same. Within a
    round it uses Latin hypercube sampling: one value from each of ``size`` equal parts of a range.

    Args:
        seed: the seed of all draws.
        size: the number of trials in a round.

    >>> import optuna
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=NarrowingSampler(seed=0, size=10))
    >>> study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=50)
    >>> abs(study.best_params["x"] - 0.3) < 0.01
    True
    """

    def __init__(self, seed: int = 0, size: int = 20) -> None:
        if size < 1:
            raise InputError(f"a round must have at least one trial, got size={size}: increase size")
        self.seed, self.size = seed, size
        self._history = TrialHistory(size)
        self._known: list[FrozenTrial] | None = None
        self._start: dict[str, BaseDistribution] = {}
        self._ranges: dict[str, BaseDistribution] = {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: each parameter is sampled independently."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a value for each parameter of ``search_space``."""
        sign_of(study)  # Raises if there are several objectives.
        return {name: self.sample_independent(study, trial, name, each) for name, each in search_space.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value from the range of the trial's round."""
        sign_of(study)
        number, within = divmod(trial.number, self.size)
        key = zlib.crc32(param_name.encode())
        parts = stream(self.seed, "rounds", number, key).permutation(self.size)
        u = (parts[within] + stream(self.seed, "propose", trial.number, key).random()) / self.size
        return from_unit(self._range(study, trial.number, param_name, param_distribution), float(u))

    def _range(self, study: Study, number: int, name: str, start: BaseDistribution) -> BaseDistribution:
        history = self._history.finished_trials(study, number)
        if history is not self._known:
            self._start, self._known = {}, history
            for trial in reversed(history):
                self._start |= trial.distributions
            self._ranges = {}
        if self._start.get(name) != start or name not in self._ranges:
            # Computed at once for all parameters of the study.
            self._start = {**self._start, name: start}
            self._ranges = rounds(history, self._start, self.size, sign_of(study))[-1].ranges
        return self._ranges[name]

    def rounds(self, study: Study, space: Ranges) -> list[Round]:
        """Return the rounds that a study of this sampler has begun."""
        return rounds(study.get_trials(deepcopy=False), space, self.size, sign_of(study))[:-1]
