"""What all processes that share a study agree on: the first keeps it with the study, the others are held to it.

Importing this file imports Optuna: do so inside the function that joins a study.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import optuna
from optuna.study import StudyDirection

from zerokara.errors import InputError
from zerokara.storage.database import Database
from zerokara.storage.proposer import quiet

PLAN, TOTAL = "plan", "trials"
"""The attributes of the study that keep the plan, and the number of trials in all."""


def open_study(database: Database, name: str, again: bool) -> optuna.Study:
    """Return the study of this name, made unless it must be there already.

    Raises:
        InputError: it is not there, or does not minimize one value.
    """
    with quiet(), database.errors():
        try:
            open_ = optuna.load_study if again else partial(optuna.create_study, load_if_exists=True)
            study = open_(storage=database.storage, study_name=name)
        except KeyError as error:
            raise InputError(
                f"the study of a run must be in its database, but {database.address} has no study {name!r}: "
                "name the database that has it"
            ) from error
    if study.directions != [StudyDirection.MINIMIZE]:
        directions = ", ".join(direction.name.lower() for direction in study.directions)
        raise InputError(
            f"a search minimizes one value, got a study {name!r} with the directions {directions}: "
            "give --study another name"
        )
    return study


def agree(study: optuna.Study, plan: Mapping[str, Any], trials: int, again: bool) -> dict[str, Any]:
    """Return the plan that a study keeps: this one if it has none, else it must be the same.

    Args:
        plan: JSON-able; its ``generation`` and ``record`` may differ between processes.
        trials: the number of trials in all.
        again: the number may differ, and grows to ``trials``.

    Raises:
        InputError: the study is not zerokara's, or its plan is another.
    """
    attributes = study.user_attrs
    if PLAN not in attributes:
        if study.get_trials(deepcopy=False):
            raise InputError(
                f"the study {study.study_name!r} must be zerokara's, got another's: give --study another name"
            )
        study.set_user_attr(PLAN, dict(plan))
        study.set_user_attr(TOTAL, trials)
        attributes = study.user_attrs
    here = json.loads(json.dumps({**plan, TOTAL: trials}))  # As the database keeps it.
    there: dict[str, Any] = attributes[PLAN] | {TOTAL: attributes[TOTAL]}
    left_out = {"generation", "record", *([TOTAL] if again else [])}
    different = [
        f"{key} {_brief(here.get(key))} here and {_brief(there.get(key))} there"
        for key in sorted({*here, *there} - left_out)
        if here.get(key) != there.get(key)
    ]
    if different:
        raise InputError(
            f"all processes must search the study {study.study_name!r} with one plan, got {'; '.join(different)}: give "
            "the same options and data as the first, or give --study another name"
        )
    if trials > attributes[TOTAL]:
        study.set_user_attr(TOTAL, trials)
    return {name: value for name, value in there.items() if name != TOTAL}


def _brief(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)[:80]
