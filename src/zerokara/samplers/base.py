"""Samplers whose proposals depend only on the seed, the trial number and the earlier generations.

A restart proposes the same trials. Importing this file imports Optuna: do so inside the function that makes a sampler.
"""

import zlib
from abc import abstractmethod
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from zerokara.errors import InputError
from zerokara.rng import stream
from zerokara.samplers.diverged import DIVERGED
from zerokara.samplers.draws import seed_for
from zerokara.space.conditions import ConditionalSpace
from zerokara.space.unit_interval import from_unit

Ranges = Mapping[str, BaseDistribution]


class StatelessSampler(BaseSampler):
    """Base class: proposes all parameters of a trial at once, including those that turn out to be inactive.

    A trial that was interrupted while its parameters were suggested gets the same values again.

    Args:
        space: the search space; a `ConditionalSpace` if it has conditions.
        seed: the study's seed.
        generation: the number of trials in a generation; trial k sees the trials before generation k // generation.
    """

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        self.conditional = ConditionalSpace(space)
        self.space = {name: distribution for name, distribution in space.items() if not distribution.single()}
        self.seed = seed
        self.generation = generation
        self.history = TrialHistory(generation)

    @abstractmethod
    def propose(self, study: Study, number: int) -> dict[str, Any]:
        """Return a value for each parameter of the space, for the trial of this number."""

    def seed_for(self, number: int) -> int:
        """Return a trial's seed, below 2 ** 32."""
        return seed_for(self.seed, number)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self.space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the proposed values of the parameters in ``search_space``."""
        sign_of(study)
        return {name: value for name, value in self.propose(study, trial.number).items() if name in search_space}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a random value: only parameters that are not in the space are sampled here."""
        sign_of(study)
        u = stream(self.seed, "propose", trial.number, zlib.crc32(param_name.encode())).random()
        return from_unit(param_distribution, u)


class TrialHistory:
    """The finished trials of earlier generations, best first; read once per generation."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._study: Study | None = None
        self._start = 0
        self._ranked: list[tuple[tuple[int, int, float, int], FrozenTrial]] = []
        self._trials: list[FrozenTrial] = []

    def finished_trials(self, study: Study, number: int) -> list[FrozenTrial]:
        """Return the finished trials before the generation of this trial; the same list object until it changes."""
        start = number // self._generation * self._generation
        if study is not self._study or start < self._start:
            self._study, self._start, self._ranked, self._trials = study, 0, [], []
        if start != self._start:
            sign = sign_of(study)
            # Optuna lists trials by number. Those read before are already sorted, which makes sorting fast.
            new = [t for t in study.get_trials(deepcopy=False)[self._start : start] if finished(t)]
            ranked = sorted([*self._ranked, *((rank_key(trial, sign), trial) for trial in new)], key=itemgetter(0))
            trials = [trial for _, trial in ranked]
            if len(trials) < start:  # Some failed, or are still running in another process.
                return trials
            self._start, self._ranked, self._trials = start, ranked, trials
        return self._trials


def finished(trial: FrozenTrial) -> bool:
    """Return whether a trial has a result: it is complete or pruned."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def rank_key(trial: FrozenTrial, sign: float = 1.0) -> tuple[int, int, float, int]:
    """Return the sort key of a finished trial: complete ones by value, then pruned ones by their last step.

    Diverged trials come last. Ties go to the lower number.
    """
    if trial.state == TrialState.PRUNED:
        step = max(trial.intermediate_values, default=-1)
        return 1, -step, sign * trial.intermediate_values.get(step, sign * DIVERGED), trial.number
    assert trial.value is not None
    return (2 if abs(trial.value) == DIVERGED else 0), 0, sign * trial.value, trial.number


def sign_of(study: Study) -> float:
    """Return 1 where values are minimized and -1 where they are maximized.

    Raises:
        InputError: the study has more than one objective.
    """
    if len(study.directions) > 1:
        raise InputError(f"a study must have one objective, got {len(study.directions)}: use another sampler")
    return -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
