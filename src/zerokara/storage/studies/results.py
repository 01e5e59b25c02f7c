"""What a search records with its trials, in a storage of either kind."""

import math
from typing import TYPE_CHECKING, Any

from zerokara.engine.trial import Trial
from zerokara.samplers.diverged import DIVERGED
from zerokara.storage.comparison import NAMES
from zerokara.storage.studies.classes import classes_of
from zerokara.storage.studies.plain import PlainStorage
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Metric

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def name_values(storage: "BaseStorage | PlainStorage", study_id: int, metric: Metric | None) -> None:
    """Name the values of a new study."""
    if metric is None or NAMES in storage.get_study_system_attrs(study_id) or storage.get_n_trials(study_id):
        return
    storage.set_study_system_attr(study_id, NAMES, [metric.label])


def record_result(
    storage: "BaseStorage | PlainStorage",
    trial_id: int,
    trial: Trial,
    sign: float = 1.0,
    metric: Metric | None = None,
    keep_record: bool = True,
) -> None:
    """Record how a trial ended; with ``keep_record`` its curves, and with a ``metric`` its scores by name.

    The value is the metric: the objective, times -1 if the study maximizes (``sign``). A diverged trial is complete
    with the worst value, a pruned one has its value at its last rung, and an interrupted one has failed; a state other
    than complete is an attribute too.
    """
    storage_of_any: Any = storage
    states = classes_of(storage).state
    if keep_record:
        storage.set_trial_user_attr(trial_id, "record", trial.record)
    if keep_record and metric:
        # Read by people, as columns of Optuna's tables.
        columns: dict[str, float] = {name: trial.at(name) for name in metric.more}
        columns |= {METRICS[metric.task]: trial.val_score} if "val_score" in trial.curves else {}
        columns |= {"epochs": trial.epochs, "seconds": trial.seconds}
        for name, number in columns.items():
            if math.isfinite(number):
                storage.set_trial_user_attr(trial_id, name, number)
    if trial.state != "complete":
        storage.set_trial_user_attr(trial_id, "state", trial.state)
    # Not with study.tell, which copies the trial and its record for the sampler.
    if trial.state == "interrupted":
        storage_of_any.set_trial_state_values(trial_id, states.FAIL)
    else:
        value = sign * (DIVERGED if trial.state == "diverged" else float(trial.value))
        state = states.PRUNED if trial.state == "pruned" else states.COMPLETE
        storage_of_any.set_trial_state_values(trial_id, state, [value])
