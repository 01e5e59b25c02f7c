"""A sampler whose draws depend on the trial's number and on nothing else, so that a restart repeats them.

Importing this file imports Optuna: do so inside the function that makes a sampler.
"""

from collections.abc import Callable, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from zerokara.rng import stream


class Reseeded(BaseSampler):
    """Makes the sampler of each trial anew, seeded from (seed, propose, number).

    A sampler that learns does so from the study's trials, which it is handed with every question.

    Args:
        factory: makes the sampler of one trial from a seed below 2 ** 32.
        seed: the study's seed.
    """

    def __init__(self, factory: Callable[[int], BaseSampler], seed: int) -> None:
        self._factory = factory
        self._seed = seed
        self._number = -1
        self._sampler: BaseSampler | None = None

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        # Kept through a trial's questions: some samplers answer the second from what the first left.
        if self._sampler is None or trial.number != self._number:
            draw = stream(self._seed, "propose", trial.number).integers(2**32)
            self._sampler, self._number = self._factory(int(draw)), trial.number
        return self._sampler

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """See BaseSampler."""
        self._of(trial).before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See BaseSampler."""
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See BaseSampler."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See BaseSampler."""
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """See BaseSampler."""
        # Nothing is drawn here, so that any trial's sampler will do; making one takes 0.1 ms.
        (self._sampler or self._of(trial)).after_trial(study, trial, state, values)
