"""Which storage a study has: one of Optuna, or one without; and the classes whose objects it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zerokara.samplers.quiet import quiet
from zerokara.samplers.random import RandomSearch
from zerokara.space.conditions import ConditionalSpace
from zerokara.space.space import Space
from zerokara.storage.studies.plain import PlainStorage
from zerokara.storage.studies.records import PlainDirection, PlainState, PlainTrial

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

    from zerokara.storage.journal import Journal


@dataclass(frozen=True)
class Classes:
    """The classes whose objects a storage takes: Optuna's, or those of `records`."""

    create_trial: Callable[..., Any]
    state: Any
    direction: Any
    space: Callable[[Space], ConditionalSpace[Any]]


def classes_of(storage: "BaseStorage | PlainStorage") -> Classes:
    """Return the classes whose objects a storage takes."""
    if isinstance(storage, PlainStorage):
        return Classes(PlainTrial, PlainState, PlainDirection, Space.ranges)
    from optuna.study import StudyDirection
    from optuna.trial import TrialState, create_trial

    return Classes(create_trial, TrialState, StudyDirection, Space.distributions)


def open_storage(
    sampler: "BaseSampler | RandomSearch", journal: "Journal | None" = None
) -> "BaseStorage | PlainStorage":
    """Return the storage of a study with this sampler, in memory or in a journal."""
    if isinstance(sampler, RandomSearch):
        return PlainStorage(journal)
    from optuna.storages import InMemoryStorage

    return journal.storage() if journal else InMemoryStorage()


def copy_to_optuna(storage: PlainStorage, study_id: int, name: str, sampler: "BaseSampler") -> "optuna.Study":
    """Return a study of Optuna in memory, with the trials of a study that was kept without it."""
    import optuna

    direction = optuna.study.StudyDirection(storage.get_study_directions(study_id)[0])
    with quiet():
        study = optuna.create_study(study_name=name, sampler=sampler, direction=direction)
    for trial in storage.get_all_trials(study_id):
        distributions = {name: each.optuna() for name, each in trial.distributions.items()}
        state, rest = optuna.trial.TrialState(trial.state), vars(trial) | {"distributions": distributions}
        rest = {key: value for key, value in rest.items() if key not in ("number", "state")}
        study.add_trial(optuna.trial.create_trial(state=state, **rest))
    return study
