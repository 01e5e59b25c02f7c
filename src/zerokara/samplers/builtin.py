"""Samplers based on Optuna, on cmaes, and on NumPy alone; their proposals are reproducible after a restart.

Importing this file imports Optuna: do so inside the function that makes a sampler.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from heapq import nlargest
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.rng import stream
from zerokara.samplers.base import Ranges, StatelessSampler
from zerokara.samplers.draws import RandomDraws
from zerokara.samplers.narrowing import NarrowingSampler
from zerokara.space.unit_interval import cardinality, from_unit, to_unit

if TYPE_CHECKING:
    from cmaes import CMA


class Random(StatelessSampler):
    """Random search: the draws of Optuna's ``RandomSampler``, seeded for each trial."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self._draws, self._rng = RandomDraws(self.space), np.random.RandomState(0)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        self._rng.seed(self.seed_for(number))
        return self._draws(self._rng)


class Grid(StatelessSampler):
    """Grid search: the fewest levels per range that give each trial one point, ends included; all options of a choice.

    The points come in random order, so that the first of them already cover the space. In a conditional space, each
    combination of the parents' values has its own grid over the active parameters. Optuna's ``GridSampler`` reads all
    trials after each one, and its last ``tell`` raises.

    Raises:
        InputError: the space has fewer points than there are trials.
    """

    def __init__(self, space: Ranges, seed: int, generation: int, trials: int) -> None:
        super().__init__(space, seed, generation)
        options = {
            name: len(distribution.choices) if isinstance(distribution, CategoricalDistribution) else 1
            for name, distribution in self.conditional.items()
        }
        most = {name: cardinality(distribution) or trials for name, distribution in self.conditional.items()}
        levels = dict(options)
        while (points := sum(math.prod(levels[n] for n in own) for _, own in self._branches(levels))) < trials:
            finer = [name for name in levels if levels[name] < most[name]]
            if not finer:
                raise InputError(
                    f"a grid tries each point once, and this space has {points}, got trials={trials}: "
                    f"use at most {points} trials, or another sampler"
                )
            levels[min(finer, key=levels.__getitem__)] += 1
        self.axes = {name: _levels(distribution, levels[name]) for name, distribution in self.conditional.items()}
        self.branches = self._branches(levels)
        sizes = [math.prod(len(self.axes[name]) for name in own) for _, own in self.branches]
        self.starts = np.cumsum([0, *sizes[:-1]])
        self.order = stream(seed, "grid").choice(sum(sizes), min(sum(sizes), trials), replace=False)

    def _branches(self, levels: Mapping[str, int]) -> list[tuple[dict[str, Any], list[str]]]:
        """Return each combination of the parents' levels, with the names of the other active parameters."""
        values = {name: _levels(self.conditional[name], levels[name]) for name in self.conditional.parents}
        return self.conditional.branches(values)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        if number >= len(self.order):
            raise InputError(
                f"a grid has one point per trial, here {len(self.order)}, got trial {number + 1}: stop the study, or "
                "use another sampler"
            )
        point = self.order[number]
        which = int(np.searchsorted(self.starts, point, side="right")) - 1
        branch, own = self.branches[which]
        indices = np.unravel_index(point - self.starts[which], [len(self.axes[name]) for name in own])
        params = branch | {name: self.axes[name][int(i)] for name, i in zip(own, indices, strict=True)}
        return {name: value for name, value in params.items() if name in self.space}


def _levels(distribution: BaseDistribution, levels: int) -> list[Any]:
    cells = cardinality(distribution)
    if cells is not None and not getattr(distribution, "log", False):
        return [from_unit(distribution, (int(i) + 0.5) / cells) for i in np.linspace(0, cells - 1, levels).round()]
    positions: Array = np.linspace(0, 1, levels) if levels > 1 else np.array([0.5])
    # On a log scale several positions round to the same small integer: a finer grid gives enough values.
    for finer in itertools.count(levels):
        values = sorted({from_unit(distribution, float(u)) for u in positions})
        if len(values) >= levels:
            break
        positions = np.linspace(0, 1, finer + 1)
    return values


class Halton(StatelessSampler):
    """A scrambled Halton sequence: trial k is its k-th point, and consecutive trials cover the space evenly.

    Coordinate j of point k is sum_i p_i(d_i) b^-(i + 1), with d_i the digits of k in the j-th prime base b and p_i a
    random permutation of the digits. Optuna's ``QMCSampler`` needs SciPy, and its first trial is random.

    Source: Owen 2017, A randomized Halton algorithm in R, arXiv:1706.02808.
    """

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        primes = (n for n in itertools.count(2) if all(n % k for k in range(2, math.isqrt(n) + 1)))
        self.bases = list(itertools.islice(primes, len(self.space)))
        digits = [math.ceil(32 / math.log2(base)) for base in self.bases]
        rng = stream(seed, "propose")
        self.scrambles = [
            np.array([rng.permutation(base) for _ in range(n)]) for base, n in zip(self.bases, digits, strict=True)
        ]

    def point(self, number: int) -> list[float]:
        """Return the k-th point, each coordinate in [0, 1)."""
        coordinates = []
        for base, scramble in zip(self.bases, self.scrambles, strict=True):
            powers = base ** np.arange(len(scramble))
            digits = number // powers % base
            coordinates.append(float((scramble[np.arange(len(scramble)), digits] / (powers * float(base))).sum()))
        return coordinates

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        point = zip(self.space.items(), self.point(number), strict=True)
        return {name: from_unit(distribution, u) for (name, distribution), u in point}


class Tpe(StatelessSampler):
    """Optuna's ``TPESampler``, on a small inner study, so that its cost does not grow with the number of trials.

    The inner study has the best trials of the earlier generations, the latest of the others, and the trials of the
    current generation as running. TPE uses only the order of the values, so each value is the trial's rank.

    Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization.
    """

    best, seen, candidates = 30, 200, 12
    """The number of best trials and of all trials in the inner study, and of candidates: a few ms per proposal."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self.joint = {name: self.space[name] for name in sorted(self.space) if name not in self.conditional.conditions}
        self.inner: Study | None = None
        self._next = (-1, 0)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        if self.inner is None or self._next != (number, number // self.generation):
            self.inner = self._inner_study(study, number)
        self.inner.sampler = _Parzen(self.joint, seed=self.seed_for(number), n_ei_candidates=self.candidates)
        params = self.conditional.suggest(self.inner.ask())
        self._next = (number + 1, number // self.generation)
        return params

    def _inner_study(self, study: Study, number: int) -> Study:
        ranked = list(enumerate(self.history.finished_trials(study, number)))
        latest = nlargest(self.seen - self.best, ranked[self.best :], key=lambda one: one[1].number)
        inner = optuna.create_study()
        for rank, trial in sorted(ranked[: self.best] + latest, key=lambda one: one[1].number):
            inner.add_trial(self._copy(trial, value=float(rank)))
        start = number // self.generation * self.generation
        if start < number:
            own = (t for t in study.get_trials(deepcopy=False) if start <= t.number < number)
            for trial in sorted(own, key=lambda trial: trial.number):
                inner.add_trial(self._copy(trial, state=TrialState.RUNNING))
        return inner

    def _copy(self, trial: FrozenTrial, **state: Any) -> FrozenTrial:
        params = {
            n: trial.params[n] for n, distribution in self.space.items() if trial.distributions.get(n) == distribution
        }
        return create_trial(params=params, distributions={name: self.space[name] for name in params}, **state)


class _Parzen(TPESampler):
    """A TPESampler with a given relative search space, instead of one inferred from all trials for each proposal."""

    def __init__(self, joint: Ranges, **settings: Any) -> None:
        super().__init__(**settings)
        self._joint = dict(joint)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._joint


class CmaEs(StatelessSampler):
    """CMA-ES: a normal distribution over the unit cube that is adapted to the results after each generation.

    Options of a choice are drawn uniformly. It uses the library ``cmaes``, as Optuna's ``CmaEsSampler`` does; that one
    would learn from only 6 trials of a generation, and stores its state in the journal as a pickle.

    Source: Hansen 2016, The CMA evolution strategy: a tutorial, arXiv:1604.00772.
    """

    sigma = 0.3
    """The initial standard deviation, as a fraction of each range; the initial mean is the middle."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self.numbers = [
            name for name, distribution in self.space.items() if not isinstance(distribution, CategoricalDistribution)
        ]
        self._learned: tuple[list[FrozenTrial], CMA] | None = None

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        rng = stream(self.seed, "propose", number)
        positions = {name: float(rng.random()) for name in self.space}
        if self.numbers:
            drawn = self._drawn(self._strategy(study, number), number)
            positions |= dict(zip(self.numbers, map(float, drawn), strict=True))
        return {name: from_unit(distribution, positions[name]) for name, distribution in self.space.items()}

    def _drawn(self, strategy: "CMA", number: int) -> Array:
        strategy.reseed_rng(self.seed_for(number))
        drawn: Array = strategy.ask()
        return drawn

    def _strategy(self, study: Study, number: int) -> "CMA":
        """Return the state after all generations before the trial's."""
        from cmaes import CMA  # It imports SciPy if that is installed: half a second, so only when needed.

        history = self.history.finished_trials(study, number)
        if self._learned is None or self._learned[0] is not history:
            width = len(self.numbers)
            bounds = np.tile([0.0, 1.0], (width, 1))
            strategy = CMA(np.full(width, 0.5), self.sigma, bounds, seed=0, population_size=self.generation)
            generations: list[list[tuple[FrozenTrial, float]]] = [[] for _ in range(number // self.generation)]
            for rank, trial in enumerate(history):
                generations[trial.number // self.generation].append((trial, float(rank)))
            for trials in generations:
                if len(trials) == self.generation:  # CMA accepts full generations only; trials may be missing.
                    strategy.tell([(self._position(strategy, trial), rank) for trial, rank in trials])
            self._learned = history, strategy
        return self._learned[1]

    def _position(self, strategy: "CMA", trial: FrozenTrial) -> Array:
        """Return a trial's point in the unit cube; an inactive parameter has its random draw, which has no effect."""
        inactive = any(name not in trial.params for name in self.numbers)
        drawn = self._drawn(strategy, trial.number) if inactive else np.empty(len(self.numbers))
        pairs = zip(self.numbers, drawn, strict=True)
        return np.array([to_unit(self.space[n], trial.params[n]) if n in trial.params else u for n, u in pairs])


MAKERS: dict[str, Callable[[Ranges, int, int, int], BaseSampler]] = {
    "random": lambda space, seed, generation, trials: Random(space, seed, generation),
    "grid": Grid,
    "qmc": lambda space, seed, generation, trials: Halton(space, seed, generation),
    "tpe": lambda space, seed, generation, trials: Tpe(space, seed, generation),
    "cmaes": lambda space, seed, generation, trials: CmaEs(space, seed, generation),
    "narrowing": lambda space, seed, generation, trials: NarrowingSampler(seed, generation),
}
"""Creates a sampler by name, from the space, the seed, the generation size and the total number of trials."""
