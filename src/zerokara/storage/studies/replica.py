"""A copy in memory of a study of a database, which samplers read many times.

Importing this file imports Optuna: do so inside the function that opens a study.
"""

from collections.abc import Mapping

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.samplers.quiet import quiet
from zerokara.samplers.random import RandomSearch
from zerokara.space.space import Space
from zerokara.storage.proposer import Proposer
from zerokara.train.ranking import Metric

NUMBER = "trial"
"""The attribute of a trial with its number in zerokara; Optuna's number is another once a trial was replaced."""


def current_trials(trials: list[FrozenTrial]) -> dict[int, FrozenTrial]:
    """Return the trials of a shared study by their numbers in zerokara, without those that were replaced."""
    counting = (trial for trial in trials if NUMBER in trial.user_attrs and trial.state != TrialState.FAIL)
    return {trial.user_attrs[NUMBER]: trial for trial in counting}


def replica(
    space: Space, sampler: BaseSampler | RandomSearch, metric: Metric, trials: Mapping[int, FrozenTrial]
) -> Proposer:
    """Return a study in memory with these trials, by number."""
    copy = Proposer(space, sampler.optuna() if isinstance(sampler, RandomSearch) else sampler, metric=metric)
    with quiet():
        copy.study.add_trials(_for_sampler(trials[number]) for number in sorted(trials))
    return copy


def _for_sampler(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial with what samplers read."""
    return create_trial(
        state=TrialState.RUNNING if trial.state == TrialState.FAIL else trial.state,  # It is being replaced.
        value=trial.value,
        params=trial.params,
        distributions=trial.distributions,
        intermediate_values=trial.intermediate_values,
        system_attrs=trial.system_attrs,
    )
