"""Samplers whose proposals follow from the seed, the trial's number and the generations before it, and nothing else.

So a restart repeats them. Importing this file imports Optuna: do so inside the function that makes a sampler.
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
from zerokara.space.conditions import ConditionalSpace
from zerokara.space.unit_interval import from_unit

Ranges = Mapping[str, BaseDistribution]


class StatelessSampler(BaseSampler):
    """Proposes all parameters of a trial at its first question, those too that the trial turns out not to be asked.

    What is left half asked by a kill is asked again whole, and gives the same. A study must have one objective.

    Args:
        space: what is searched, in the order of the questions, with their conditions if it is a `ConditionalSpace`.
        seed: the study's seed.
        generation: the trials of a generation: trial k knows those before generation k // generation.
    """

    def __init__(self, space: Ranges, seed: int, generation: int) -> None:
        self.conditional = ConditionalSpace(space)
        self.space = {name: found for name, found in space.items() if not found.single()}
        self.seed = seed
        self.generation = generation
        self.history = TrialHistory(generation)

    @abstractmethod
    def propose(self, study: Study, number: int) -> dict[str, Any]:
        """Return a value of each range for the trial of this number."""

    def seed_for(self, number: int) -> int:
        """Return the seed, below 2 ** 32, of what is drawn for a trial."""
        return int(stream(self.seed, "propose", number).integers(2**32))

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the space."""
        return dict(self.space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return of the proposal what is searched here."""
        sign_of(study)
        return {name: value for name, value in self.propose(study, trial.number).items() if name in search_space}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return any value: only what is no part of the space comes here."""
        sign_of(study)
        place = stream(self.seed, "propose", trial.number, zlib.crc32(param_name.encode())).random()
        return from_unit(param_distribution, place)


class TrialHistory:
    """The finished trials before a trial's generation, best first, read once a generation."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._study: Study | None = None
        self._start = 0
        self._ranked: list[tuple[tuple[int, int, float, int], FrozenTrial]] = []
        self._trials: list[FrozenTrial] = []

    def finished_trials(self, study: Study, number: int) -> list[FrozenTrial]:
        """Return what the trial of this number may know, best first; the same list until that changes."""
        start = number // self._generation * self._generation
        if study is not self._study or start < self._start:
            self._study, self._start, self._ranked, self._trials = study, 0, [], []
        if start != self._start:
            sign = sign_of(study)
            # Optuna lists trials by number; those known are in order already, which makes sorting cheap.
            new = [t for t in study.get_trials(deepcopy=False)[self._start : start] if finished(t)]
            ranked = sorted([*self._ranked, *((rank_key(trial, sign), trial) for trial in new)], key=itemgetter(0))
            trials = [trial for _, trial in ranked]
            if len(trials) < start:  # Some failed, or run elsewhere and may end before the next question.
                return trials
            self._start, self._ranked, self._trials = start, ranked, trials
        return self._trials


def finished(trial: FrozenTrial) -> bool:
    """Return whether there is something to learn from a trial."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def rank_key(trial: FrozenTrial, sign: float = 1.0) -> tuple[int, int, float, int]:
    """Return the place of a finished trial: complete ones by value, then dropped ones by how far they came.

    Diverged trials are last, whatever they reached; ties go to the lower number.
    """
    if trial.state == TrialState.PRUNED:
        step = max(trial.intermediate_values, default=-1)
        return 1, -step, sign * trial.intermediate_values.get(step, DIVERGED), trial.number
    assert trial.value is not None
    return (2 if trial.value == DIVERGED else 0), 0, sign * trial.value, trial.number


def sign_of(study: Study) -> float:
    """Return 1 where values are minimized and -1 where they are maximized.

    Raises:
        InputError: the study has more than one objective.
    """
    if len(study.directions) > 1:
        raise InputError(f"this sampler searches for one objective, got {len(study.directions)}: choose another one")
    return -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
