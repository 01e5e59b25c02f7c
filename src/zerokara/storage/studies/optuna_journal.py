"""Optuna's storage of a journal.

Importing this file imports Optuna: do so inside the function that opens a study.
"""

from collections.abc import Container
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState


class Storage(JournalStorage):
    """The storage that logs to a `Journal`, which takes the place of one of Optuna's."""

    def __init__(self, journal: Any) -> None:
        BaseJournalBackend.register(type(journal))
        super().__init__(journal)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        # Each ask searches all trials for enqueued ones, 0.6 ms for 10,000 trials. Here none are enqueued.
        if states == (TrialState.WAITING,):
            return []
        return super().get_all_trials(study_id, deepcopy, states)
