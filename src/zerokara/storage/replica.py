"""A copy in memory of a study in a database, which its sampler reads many times.

Importing this file imports Optuna: do so inside the function that opens a shared study.
"""

from collections.abc import Mapping

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.samplers.quiet import quiet
from zerokara.space.space import Space
from zerokara.storage.proposer import Proposer
from zerokara.train.ranking import Metric


def replica(space: Space, sampler: BaseSampler, metric: Metric, trials: Mapping[int, FrozenTrial]) -> Proposer:
    """Return a study in memory with these trials, by number."""
    copy = Proposer(space, sampler, metric=metric)
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
