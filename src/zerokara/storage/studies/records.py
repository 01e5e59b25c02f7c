"""Trials and studies without Optuna, in the form of Optuna's."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from zerokara.space.ranges import PlainRange


class PlainState(IntEnum):
    """The states of a trial, with the numbers of Optuna's ``TrialState``."""

    RUNNING, COMPLETE, PRUNED, FAIL, WAITING = range(5)

    def is_finished(self) -> bool:
        """Return whether the trial has ended."""
        return self not in (PlainState.RUNNING, PlainState.WAITING)


class PlainDirection(IntEnum):
    """The directions of a study, with the numbers of Optuna's ``StudyDirection``."""

    NOT_SET, MINIMIZE, MAXIMIZE = range(3)


@dataclass
class PlainTrial:
    """A trial, with the attributes of Optuna's ``FrozenTrial`` that are read here."""

    state: PlainState = PlainState.COMPLETE
    value: float | None = None
    params: dict[str, Any] = field(default_factory=dict)
    distributions: dict[str, PlainRange] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    intermediate_values: dict[int, float] = field(default_factory=dict)
    number: int = -1

    @property
    def values(self) -> list[float] | None:
        """The values of the trial: one, or none yet."""
        return None if self.value is None else [self.value]


@dataclass
class PlainStudy:
    """A study, with the attributes of Optuna's ``FrozenStudy``, and its trials."""

    _study_id: int
    study_name: str
    directions: list[PlainDirection]
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    trial_ids: list[int] = field(default_factory=list)
