"""What all trials of a study share."""

import copy
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property

from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.engine.settings import TrainingSettings
from zerokara.errors import InputError
from zerokara.nn import Network
from zerokara.train.loader import BatchLoader

Key = tuple[int, int, int]
"""Which network of a study: the trial's number, which of its initializations, which of its folds."""
Scorer = Callable[[Key, int, Callable[[], Network]], float]
"""Returns the objective of a network at a rung, lower is better, from its key, the number of epochs that it has trained
and a function that returns it."""


@dataclass(frozen=True)
class Plan(TrainingSettings):
    """What all trials of a study share: the data, how long they train, and how they are judged.

    Each trial is trained from ``seeds`` initializations on each of ``folds`` folds; 1 fold is the data as they
    were split. ``replicate`` is the first of the draws that trials share; unpaired, trial k has its own,
    from replicate + k * seeds on.

    What a run folder cannot record, and only Python can say: ``ready``, the data of each fold, cut elsewhere, in place
    of ``folds``; the ``scorer`` that ranks trials, in place of ``rank``; ``tol``, the least improvement that patience
    counts, and ``schedule_epochs``, the epochs that a schedule spans, if others than are trained.
    """

    data: Dataset
    _: KW_ONLY
    ready: tuple[Dataset, ...] = ()
    scorer: Scorer | None = None
    tol: float = 0.0
    schedule_epochs: int | None = None

    def __post_init__(self) -> None:
        if self.ready:
            object.__setattr__(self, "folds", len(self.ready))
        super().__post_init__()
        check_counts(schedule_epochs=1 if self.schedule_epochs is None else self.schedule_epochs)
        for part in self.parts:  # Folds that cannot be cut, or pictures that are none, are an error now.
            BatchLoader(part, self.dtype, self.augment, self.seed, self.replicate)
        if self.scorer is None and any(part.validation is None for part in self.parts):
            raise InputError(
                "a search is judged on validation data, got none: cut them off with data.split(validation=0.2), "
                "or ask for folds"
            )

    @cached_property
    def parts(self) -> tuple[Dataset, ...]:
        """The data of each fold; those as they were split where there is one."""
        return self.ready or ((self.data,) if self.folds == 1 else self.data.folds(self.folds, self.seed))

    def for_training(self) -> "Plan":
        """Return the plan without what training does not need: test data, data as before scaling, and the scorer."""
        bare = copy.copy(self)
        parts = tuple(replace(part, test=None, original=self._pictures(part)) for part in self.parts)
        bare.__dict__.update(parts=parts, data=parts[0], ready=(), scorer=None)
        return bare

    @property
    def nbytes(self) -> int:
        """The memory that the samples take which are trained on and judged by."""
        parts = [part for data in self.parts for part in (data.train, data.validation) if part is not None]
        return sum(part.x.nbytes + part.t.nbytes for part in parts)

    def _pictures(self, part: Dataset) -> Dataset | None:
        """Return what augmentation acts on: the training pictures before scaling."""
        original = part.original
        return original and replace(original, validation=None, test=None) if self.augment else None

    @property
    def rows(self) -> int:
        """How many networks a trial has."""
        return self.seeds * self.folds

    def draws(self, number: int, repeat: int = 0) -> int:
        """Return which draws a trial's network has that starts from its initialization ``repeat``."""
        return self.replicate + repeat + (0 if self.paired else number * self.seeds)
