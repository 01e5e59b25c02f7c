"""All trials of a study at one epoch, as a second study for Optuna's tools."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zerokara.samplers.diverged import DIVERGED
from zerokara.space.space import Space

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

COMPARISON = "comparison"
"""The attribute that marks a second study; its value is the epoch."""


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

    def frozen_trials(self, space: Space) -> "list[FrozenTrial]":
        """Return Optuna's trials, all complete; one that has diverged has the worst value."""
        from optuna.trial import create_trial

        worst = -DIVERGED if self.maximize else DIVERGED
        distributions = space.distributions()
        created = []
        for trial in self.trials:
            params = space.encode(trial.params)
            created.append(
                create_trial(
                    value=float(trial.value) if math.isfinite(trial.value) else worst,
                    params=params,
                    distributions={name: distributions[name] for name in params},
                    user_attrs={"trial": trial.number, **trial.attributes},
                )
            )
        return created


def write_comparison(storage: "BaseStorage", study: str, space: Space, comparison: Comparison) -> None:
    """Write the study STUDY@EPOCH, in place of an earlier one; nothing if it is there, or of another program."""
    from optuna.study import StudyDirection

    name = f"{study}@{comparison.epoch}"
    trials = comparison.frozen_trials(space)
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
    direction = StudyDirection.MAXIMIZE if comparison.maximize else StudyDirection.MINIMIZE
    study_id = storage.create_new_study([direction], name)
    storage.set_study_user_attr(study_id, COMPARISON, comparison.epoch)
    # What Study.set_metric_names writes.
    storage.set_study_system_attr(study_id, "study:metric_names", [comparison.metric])
    for trial in trials:
        storage.create_new_trial(study_id, trial)


def _stored_values(trial: "FrozenTrial") -> tuple[Any, ...]:
    return trial.state, trial.value, trial.params, trial.user_attrs["trial"]
