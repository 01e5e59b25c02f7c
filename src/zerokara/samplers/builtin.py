"""What to try, from Optuna and from the libraries that its samplers stand on, without their hidden state.

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
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.rng import stream
from zerokara.samplers.base import Ranges, StatelessSampler
from zerokara.samplers.narrowing import NarrowingSampler
from zerokara.space.unit_interval import cardinality, from_unit, to_unit

if TYPE_CHECKING:
    from cmaes import CMA


ANY = create_trial(state=TrialState.RUNNING)
"""A trial, where Optuna asks for one that it does not look at."""


class Random(StatelessSampler):
    """Every value alike: Optuna's ``RandomSampler``, seeded anew for each trial."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self._sampler = RandomSampler(0)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        # As a new RandomSampler(self.seed_for(number)) would, whose making takes longer than all its draws.
        self._sampler._rng.rng.seed(self.seed_for(number))
        ask = self._sampler.sample_independent
        return {name: ask(study, ANY, name, found) for name, found in self.space.items()}


class Grid(StatelessSampler):
    """As many levels of each range as give a point for every trial, ends included; all options of a choice.

    The points come in a random order, so that the first of them cover the space too. Optuna's ``GridSampler`` looks
    through all trials after each, and its last ``tell`` raises.

    Each way to answer the questions that others depend on has a grid of its own over what is asked there.

    Raises:
        InputError: all ranges together have fewer points than there are trials.
    """

    def __init__(self, space: Ranges, seed: int, generation: int, trials: int) -> None:
        super().__init__(space, seed, generation)
        options = {
            name: len(found.choices) if isinstance(found, CategoricalDistribution) else 1
            for name, found in self.conditional.items()
        }
        most = {name: cardinality(found) or trials for name, found in self.conditional.items()}
        levels = dict(options)
        while (points := sum(math.prod(levels[n] for n in own) for _, own in self._branches(levels))) < trials:
            finer = [name for name in levels if levels[name] < most[name]]
            if not finer:
                raise InputError(
                    f"a grid tries each point once and this space has {points}, got trials={trials}: "
                    "ask for no more trials than points, or choose another sampler"
                )
            levels[min(finer, key=levels.__getitem__)] += 1
        self.axes = {name: _levels(found, levels[name]) for name, found in self.conditional.items()}
        self.branches = self._branches(levels)
        sizes = [math.prod(len(self.axes[name]) for name in own) for _, own in self.branches]
        self.starts = np.cumsum([0, *sizes[:-1]])
        self.order = stream(seed, "grid").choice(sum(sizes), min(sum(sizes), trials), replace=False)

    def _branches(self, levels: Mapping[str, int]) -> list[tuple[dict[str, Any], list[str]]]:
        """Return the answers that decide what is asked, each with the names of all else that then is."""
        values = {name: _levels(self.conditional[name], levels[name]) for name in self.conditional.parents}
        return self.conditional.branches(values)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        if number >= len(self.order):
            raise InputError(f"the grid has {len(self.order)} points for its trials, got trial {number + 1}: end here")
        point = self.order[number]
        which = int(np.searchsorted(self.starts, point, side="right")) - 1
        branch, own = self.branches[which]
        place = np.unravel_index(point - self.starts[which], [len(self.axes[name]) for name in own])
        found = branch | {name: self.axes[name][int(i)] for name, i in zip(own, place, strict=True)}
        return {name: value for name, value in found.items() if name in self.space}


def _levels(found: BaseDistribution, levels: int) -> list[Any]:
    cells = cardinality(found)
    if cells is not None and not getattr(found, "log", False):
        return [from_unit(found, (int(i) + 0.5) / cells) for i in np.linspace(0, cells - 1, levels).round()]
    places: Array = np.linspace(0, 1, levels) if levels > 1 else np.array([0.5])
    # On a log scale small whole numbers fall together: a finer look finds enough of them.
    for finer in itertools.count(levels):
        values = sorted({from_unit(found, float(place)) for place in places})
        if len(values) >= levels:
            break
        places = np.linspace(0, 1, finer + 1)
    return values


class Halton(StatelessSampler):
    """A scrambled Halton sequence: trial k is its k-th point, and any run of trials covers the space evenly.

    Coordinate j of point k is sum_i p_i(d_i) b^-(i + 1), with d_i the digits of k in the j-th prime base b and p_i a
    random permutation of them. Optuna's ``QMCSampler`` needs SciPy, and draws its first trial at random.

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
        found = []
        for base, scramble in zip(self.bases, self.scrambles, strict=True):
            powers = base ** np.arange(len(scramble))
            digits = number // powers % base
            found.append(float((scramble[np.arange(len(scramble)), digits] / (powers * float(base))).sum()))
        return found

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        places = self.point(number)
        return {name: from_unit(found, u) for (name, found), u in zip(self.space.items(), places, strict=True)}


class Tpe(StatelessSampler):
    """Optuna's ``TPESampler``, in a small study beside ours, so that its cost does not grow with the trials.

    It sees the best trials of earlier generations and the latest of the others, and as running those of its own
    generation, which it stays away from. As it looks at order alone, trials are told with their rank.

    Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization.
    """

    best, seen, candidates = 30, 200, 12
    """How many of the best trials it sees, how many in all, and how many candidates it compares: a few ms an ask."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self.joint = {name: self.space[name] for name in sorted(self.space) if name not in self.conditional.conditions}
        self.beside: Study | None = None
        self._next = (-1, 0)

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        if self.beside is None or self._next != (number, number // self.generation):
            self.beside = self._study_beside(study, number)
        self.beside.sampler = _Parzen(self.joint, seed=self.seed_for(number), n_ei_candidates=self.candidates)
        params = self.conditional.suggest(self.beside.ask())
        self._next = (number + 1, number // self.generation)
        return params

    def _study_beside(self, study: Study, number: int) -> Study:
        ranked = list(enumerate(self.history.finished_trials(study, number)))
        latest = nlargest(self.seen - self.best, ranked[self.best :], key=lambda one: one[1].number)
        beside = optuna.create_study()
        for rank, trial in sorted(ranked[: self.best] + latest, key=lambda one: one[1].number):
            beside.add_trial(self._copy(trial, value=float(rank)))
        start = number // self.generation * self.generation
        if start < number:
            own = (t for t in study.get_trials(deepcopy=False) if start <= t.number < number)
            for trial in sorted(own, key=lambda trial: trial.number):
                beside.add_trial(self._copy(trial, state=TrialState.RUNNING))
        return beside

    def _copy(self, trial: FrozenTrial, **state: Any) -> FrozenTrial:
        params = {n: trial.params[n] for n, found in self.space.items() if trial.distributions.get(n) == found}
        return create_trial(params=params, distributions={name: self.space[name] for name in params}, **state)


class _Parzen(TPESampler):
    """Told which ranges all trials have, it need not look through them for each question."""

    def __init__(self, joint: Ranges, **settings: Any) -> None:
        super().__init__(**settings)
        self._joint = dict(joint)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._joint


class CmaEs(StatelessSampler):
    """CMA-ES: a normal distribution over the unit cube that moves and stretches towards the best, by the generation.

    All trials of a generation come from one distribution, and all of them teach the next. It learns numbers; options
    are drawn alike. It stands on the library ``cmaes`` as Optuna's ``CmaEsSampler`` does, which would use 6 trials of
    a generation, and keeps its state in the journal as a pickle.

    Source: Hansen 2016, The CMA evolution strategy: a tutorial, arXiv:1604.00772.
    """

    sigma = 0.3
    """The first distribution's standard deviation about the middle, as a part of each range."""

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        super().__init__(space, seed, generation)
        self.numbers = [name for name, found in self.space.items() if not isinstance(found, CategoricalDistribution)]
        self._learned: tuple[list[FrozenTrial], CMA] | None = None

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        rng = stream(self.seed, "propose", number)
        places = {name: float(rng.random()) for name in self.space}
        if self.numbers:
            drawn = self._drawn(self._strategy(study, number), number)
            places |= dict(zip(self.numbers, map(float, drawn), strict=True))
        return {name: from_unit(found, places[name]) for name, found in self.space.items()}

    def _drawn(self, strategy: "CMA", number: int) -> Array:
        strategy.reseed_rng(self.seed_for(number))
        drawn: Array = strategy.ask()
        return drawn

    def _strategy(self, study: Study, number: int) -> "CMA":
        """Return the distribution that all generations before the trial's have taught."""
        from cmaes import CMA  # Half a second where SciPy is installed, so only for who asks for it.

        history = self.history.finished_trials(study, number)
        if self._learned is None or self._learned[0] is not history:
            width = len(self.numbers)
            bounds = np.tile([0.0, 1.0], (width, 1))
            strategy = CMA(np.full(width, 0.5), self.sigma, bounds, seed=0, population_size=self.generation)
            generations: list[list[tuple[FrozenTrial, float]]] = [[] for _ in range(number // self.generation)]
            for rank, trial in enumerate(history):
                generations[trial.number // self.generation].append((trial, float(rank)))
            for trials in generations:
                if len(trials) == self.generation:  # It takes no fewer; some may have been interrupted.
                    strategy.tell([(self._place(strategy, trial), rank) for trial, rank in trials])
            self._learned = history, strategy
        return self._learned[1]

    def _place(self, strategy: "CMA", trial: FrozenTrial) -> Array:
        """Return where a trial lies; in what it was not asked, where it was drawn, so that nothing is learned of it."""
        lacking = any(name not in trial.params for name in self.numbers)
        drawn = self._drawn(strategy, trial.number) if lacking else np.empty(len(self.numbers))
        has = zip(self.numbers, drawn, strict=True)
        return np.array([to_unit(self.space[n], trial.params[n]) if n in trial.params else u for n, u in has])


MAKERS: dict[str, Callable[[Ranges, int, int, int], BaseSampler]] = {
    "random": lambda space, seed, generation, trials: Random(space, seed, generation),
    "grid": Grid,
    "qmc": lambda space, seed, generation, trials: Halton(space, seed, generation),
    "tpe": lambda space, seed, generation, trials: Tpe(space, seed, generation),
    "cmaes": lambda space, seed, generation, trials: CmaEs(space, seed, generation),
    "narrowing": lambda space, seed, generation, trials: NarrowingSampler(seed, generation),
}
"""What makes the sampler of a name, from the start ranges, the seed, the trials of a generation and those in all."""
