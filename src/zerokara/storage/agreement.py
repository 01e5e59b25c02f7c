"""The settings that all processes of a shared study must agree on; the first process stores them with the study.

Importing this file imports Optuna: do so inside the function that opens a shared study.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import optuna

from zerokara.errors import InputError
from zerokara.samplers.quiet import quiet
from zerokara.storage.database import Database
from zerokara.storage.studies.results import name_values
from zerokara.train.ranking import Metric

PLAN, TOTAL = "plan", "trials"
"""The attributes of the study with the plan and with the total number of trials."""


def open_study(database: Database, name: str, metric: Metric, resuming: bool) -> optuna.Study:
    """Return the study of this name; unless ``resuming`` it is created if it does not exist, in a metric's direction.

    Raises:
        InputError: the study does not exist, or has several values.
    """
    with quiet(), database.errors():
        try:
            new = partial(optuna.create_study, load_if_exists=True, direction=metric.direction)
            study = (optuna.load_study if resuming else new)(storage=database.storage, study_name=name)
            if len(study.directions) == 1:
                name_values(database.storage, study._study_id, metric)
        except KeyError as error:
            raise InputError(
                f"the database of a run must have its study, but {database.address} has no study {name!r}: "
                "set --storage to the database of the run"
            ) from error
    if len(study.directions) != 1:
        directions = ", ".join(direction.name.lower() for direction in study.directions)
        raise InputError(
            f"a study must have one value, got {name!r} with the directions {directions}: "
            "choose another name with --study"
        )
    return study


def agree(study: optuna.Study, plan: Mapping[str, Any], trials: int, resuming: bool) -> dict[str, Any]:
    """Return the plan stored with a study; a new study gets this one, and for others it must be equal.

    Args:
        plan: can be written as JSON; its ``generation`` and ``record`` may differ between processes.
        trials: the total number of trials.
        resuming: the stored total may differ, and is raised to ``trials``.

    Raises:
        InputError: the study was not created by zerokara, or its plan differs.
    """
    attributes = study.user_attrs
    if PLAN not in attributes:
        if study.get_trials(deepcopy=False):
            raise InputError(
                f"the study {study.study_name!r} must be one of zerokara, got trials of another program: "
                "choose another name with --study"
            )
        study.set_user_attr(PLAN, dict(plan))
        study.set_user_attr(TOTAL, trials)
        attributes = study.user_attrs
    here = json.loads(json.dumps({**plan, TOTAL: trials}))  # As it is stored in the database.
    there: dict[str, Any] = attributes[PLAN] | {TOTAL: attributes[TOTAL]}
    if "engine" in here:
        there.setdefault("engine", "numpy")  # Before there was a kernel, NumPy computed.
    left_out = {"generation", "record", *([TOTAL] if resuming else [])}
    different = [
        f"{key} {_abbreviate(here.get(key))} here and {_abbreviate(there.get(key))} there"
        for key in sorted({*here, *there} - left_out)
        if here.get(key) != there.get(key)
    ]
    if different:
        raise InputError(
            f"all processes of the study {study.study_name!r} must have the same settings, got {'; '.join(different)}: "
            "use the options and data of the first process, or choose another name with --study"
        )
    if trials > attributes[TOTAL]:
        study.set_user_attr(TOTAL, trials)
    return {name: value for name, value in there.items() if name != TOTAL}


def _abbreviate(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)[:80]
