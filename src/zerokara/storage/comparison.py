"""All trials of a study at one epoch, as a second study for Optuna's tools."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zerokara.samplers.diverged import DIVERGED
from zerokara.space.space import Space
from zerokara.storage.studies.classes import Classes, classes_of
from zerokara.storage.studies.plain import PlainStorage

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

COMPARISON = "comparison"
"""The attribute that marks a second study; its value is the epoch."""
NAMES = "study:metric_names"
"""The attribute with the names of a study's values, which Optuna's ``Study.set_metric_names`` writes."""


@dataclass(frozen=True)
class Compared:
    """A trial at the epoch of a comparison: its value, infinite or NaN if it has diverged, and what else is known."""

    number: int
    params: Mapping[str, Any]
    value: float
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """The trials of a study that reached an epoch, by their values there; ``metric`` is the name of the value."""

    epoch: int
    metric: str
    maximize: bool
    trials: tuple[Compared, ...]

    def as_trials(self, space: Space, classes: Classes) -> list[Any]:
        """Return the trials of a storage with these classes, all complete; a diverged one has the worst value."""
        worst = -DIVERGED if self.maximize else DIVERGED
        distributions = classes.space(space)
        created = []
        for trial in self.trials:
            params = space.encode(trial.params)
            created.append(
                classes.create_trial(
                    value=float(trial.value) if math.isfinite(trial.value) else worst,
                    params=params,
                    distributions={name: distributions[name] for name in params},
                    user_attrs={"trial": trial.number, **trial.attributes},
                )
            )
        return created


def write_comparison(storage: "BaseStorage | PlainStorage", study: str, space: Space, comparison: Comparison) -> None:
    """Write the study STUDY@EPOCH, in place of an earlier one; nothing if it is there, or of another program."""
    classes = classes_of(storage)
    name = f"{study}@{comparison.epoch}"
    trials = comparison.as_trials(space, classes)
    for earlier in storage.get_all_studies():
        if not re.fullmatch(rf"{re.escape(study)}@\d+", earlier.study_name):
            continue
        before = storage.get_all_trials(earlier._study_id, deepcopy=False)
        if COMPARISON not in earlier.user_attrs and before:  # Of another program; after a kill it is empty.
            if earlier.study_name == name:
                return
            continue
        if earlier.study_name == name and list(map(_stored_values, before)) == list(map(_stored_values, trials)):
            return
        storage.delete_study(earlier._study_id)
    direction = classes.direction.MAXIMIZE if comparison.maximize else classes.direction.MINIMIZE
    study_id = storage.create_new_study([direction], name)
    storage.set_study_user_attr(study_id, COMPARISON, comparison.epoch)
    storage.set_study_system_attr(study_id, NAMES, [comparison.metric])
    for trial in trials:
        storage.create_new_trial(study_id, trial)


def _stored_values(trial: Any) -> tuple[Any, ...]:
    return trial.state, trial.value, trial.params, trial.user_attrs["trial"]
