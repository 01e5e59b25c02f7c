"""Studies in memory and in a journal, without Optuna: for searches whose sampler does not need it."""

import json
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zerokara.space.ranges import range_from_json, range_to_json
from zerokara.storage.studies.records import PlainDirection, PlainState, PlainStudy, PlainTrial

if TYPE_CHECKING:
    from zerokara.storage.journal import Journal


class PlainStorage:
    """Studies in memory, and in a journal if there is one.

    It has the methods of Optuna's ``JournalStorage`` that a search calls, writes the same lines, and applies the lines
    of a journal by the same rules.

    Raises:
        Exception: the journal has a line that no study has, as of Optuna's storage.
    """

    def __init__(self, journal: "Journal | None" = None) -> None:
        self._journal = journal
        self._worker_id = f"{uuid.uuid4()}-{threading.get_ident()}"
        self._studies: dict[int, PlainStudy] = {}
        self._created = 0
        self._trials: list[PlainTrial] = []
        for log in journal.read_logs(0) if journal else ():
            self._apply(log)

    def create_new_study(self, directions: Iterable[int], study_name: str) -> int:
        """Create a study, and return its number."""
        self._log(0, study_name=study_name, directions=[*map(int, directions)])
        return self.get_study_id_from_name(study_name)

    def delete_study(self, study_id: int) -> None:
        """Delete a study; its trials keep their numbers."""
        self._log(1, study_id=study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set an attribute of a study."""
        self._log(2, study_id=study_id, user_attr={key: value})

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set an attribute that Optuna reads."""
        self._log(3, study_id=study_id, system_attr={key: value})

    def create_new_trial(self, study_id: int, trial: PlainTrial) -> int:
        """Add a trial, and return its number among those of all studies."""
        now = _now()
        log: dict[str, Any] = {"study_id": study_id, "datetime_start": now, "state": int(trial.state)}
        log |= {"value": trial.value, "values": None}
        if trial.state.is_finished():
            log["datetime_complete"] = now
        ranges = trial.distributions
        log["distributions"] = {name: range_to_json(each) for name, each in ranges.items()}
        log["params"] = {name: ranges[name].to_internal_repr(value) for name, value in trial.params.items()}
        log |= {"user_attrs": trial.user_attrs, "system_attrs": trial.system_attrs}
        self._log(4, **log, intermediate_values=trial.intermediate_values)
        return len(self._trials) - 1

    def set_trial_state_values(self, trial_id: int, state: PlainState, values: Sequence[float] | None = None) -> None:
        """End a trial."""
        self._log(6, trial_id=trial_id, state=int(state), values=values, datetime_complete=_now())

    def set_trial_intermediate_value(self, trial_id: int, step: int, value: float) -> None:
        """Set the value of a running trial at a step."""
        self._log(7, trial_id=trial_id, step=step, intermediate_value=value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of a trial."""
        self._log(8, trial_id=trial_id, user_attr={key: value})

    def get_all_studies(self) -> list[PlainStudy]:
        """Return the studies."""
        return list(self._studies.values())

    def get_study_id_from_name(self, name: str) -> int:
        """Return the number of a study; KeyError if there is none of this name."""
        return {study.study_name: number for number, study in self._studies.items()}[name]

    def get_study_directions(self, study_id: int) -> list[PlainDirection]:
        """Return the directions of a study's values."""
        return self._studies[study_id].directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Return the attributes of a study."""
        return self._studies[study_id].user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Return the attributes that Optuna reads."""
        return self._studies[study_id].system_attrs

    def get_all_trials(self, study_id: int, deepcopy: bool = False) -> list[PlainTrial]:
        """Return the trials of a study; they are not copied."""
        return [self._trials[trial_id] for trial_id in self._studies[study_id].trial_ids]

    def get_n_trials(self, study_id: int) -> int:
        """Return the number of trials of a study."""
        return len(self._studies[study_id].trial_ids)

    def get_trial_id_from_study_id_trial_number(self, study_id: int, number: int) -> int:
        """Return the number of a trial among those of all studies."""
        return self._studies[study_id].trial_ids[number]

    def _log(self, op_code: int, **content: Any) -> None:
        log = {"op_code": op_code, "worker_id": self._worker_id, **content}
        if self._journal:
            self._journal.append_logs([log])
        self._apply(log)

    def _apply(self, log: Mapping[str, Any]) -> None:
        op = log["op_code"]
        if op == 10:  # A line of another implementation, which Optuna ignores too.
            return
        if op == 0:
            if log["study_name"] not in [study.study_name for study in self._studies.values()]:
                directions = [PlainDirection(each) for each in log["directions"]]
                self._studies[self._created] = PlainStudy(self._created, log["study_name"], directions)
                self._created += 1
        elif op in (1, 2, 3, 4):
            self._apply_to_study(op, log)
        elif op in (5, 6, 7, 8, 9):
            self._apply_to_trial(op, log)
        else:
            raise ValueError(f"op_code {op!r}")

    def _apply_to_study(self, op: int, log: Mapping[str, Any]) -> None:
        study = self._studies.get(log["study_id"])
        if study is None:  # Deleted by another process in the meantime.
            return
        if op == 1:
            del self._studies[study._study_id]
        elif op == 2:
            study.user_attrs.update(_single(log["user_attr"]))
        elif op == 3:
            study.system_attrs.update(_single(log["system_attr"]))
        else:
            self._add_trial(study, log)

    def _add_trial(self, study: PlainStudy, log: Mapping[str, Any]) -> None:
        ranges = {name: range_from_json(text) for name, text in log.get("distributions", {}).items()}
        for time in (log["datetime_start"], log.get("datetime_complete")):
            if time is not None:
                datetime.fromisoformat(time)
        trial = PlainTrial(
            PlainState(log.get("state", PlainState.RUNNING)),
            log.get("value"),
            {name: ranges[name].to_external_repr(number) for name, number in log.get("params", {}).items()},
            ranges,
            log.get("user_attrs", {}),
            log.get("system_attrs", {}),
            {int(step): value for step, value in log.get("intermediate_values", {}).items()},
            number=len(study.trial_ids),
        )
        study.trial_ids.append(len(self._trials))
        self._trials.append(trial)

    def _apply_to_trial(self, op: int, log: Mapping[str, Any]) -> None:
        trial_id = log["trial_id"]
        if not 0 <= trial_id < len(self._trials):
            return
        trial = self._trials[trial_id]
        if trial.state.is_finished():  # Another process was first.
            return
        if op == 5:
            trial.distributions[log["param_name"]] = each = range_from_json(log["distribution"])
            trial.params[log["param_name"]] = each.to_external_repr(log["param_value_internal"])
        elif op == 6:
            state = PlainState(log["state"])
            if state.is_finished():
                datetime.fromisoformat(log["datetime_complete"])
            trial.state = state
            if log["values"] is not None:
                [trial.value] = log["values"]
        elif op == 7:
            trial.intermediate_values[log["step"]] = log["intermediate_value"]
        elif op == 8:
            trial.user_attrs.update(_single(log["user_attr"]))
        else:
            trial.system_attrs.update(_single(log["system_attr"]))


def _single(attribute: dict[str, Any]) -> dict[str, Any]:
    if len(attribute) != 1:
        raise ValueError(f"one attribute a line, got {json.dumps(attribute)}")
    return attribute


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="microseconds")
