"""The plan: what all trials of a study share."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.data.counts import as_counts
from zerokara.data.targets import Task
from zerokara.engine.settings import TrainingSettings
from zerokara.errors import InputError
from zerokara.nn import Loss, Network
from zerokara.nn.regression_losses import POISSON
from zerokara.train.engine import resolve
from zerokara.train.loader import BatchLoader
from zerokara.train.objective import training_loss
from zerokara.train.ranking import Metric, ranking

NetworkId = tuple[int, int, int]
"""A network of a study: the trial's number, the index of the initialization, the index of the fold."""
Scorer = Callable[[NetworkId, int, Callable[[], Network]], float]
"""Returns the objective of a network at a rung, lower is better, from its id, the number of epochs that it has trained
and a function that returns it."""


@dataclass(frozen=True)
class Plan(TrainingSettings):
    """What all trials of a study share: the data, and how they are trained and ranked.

    Each trial is trained from ``seeds`` initializations on each of ``folds`` folds; 1 fold is the given split.
    ``replicate`` is the first of the draws that trials share; unpaired, trial k has its own, from
    replicate + k * seeds * folds on. See `of_splits` for the other attributes.
    """

    data: Dataset
    scorer: Scorer | None = field(default=None, init=False)
    tol: float = field(default=0.0, init=False)
    schedule_epochs: int | None = field(default=None, init=False)
    of_estimator: bool = field(default=False, init=False)

    @classmethod
    def of_splits(
        cls,
        parts: Sequence[Dataset],
        *,
        scorer: Scorer | None = None,
        tol: float = 0.0,
        schedule_epochs: int | None = None,
        **settings: Any,
    ) -> "Plan":
        """Return the plan of an estimator, which a run folder cannot record.

        Args:
            parts: the data of each fold, in place of ``folds``.
            scorer: ranks the trials, in place of ``rank``.
            tol: the least improvement that ``patience`` counts.
            schedule_epochs: the epochs that a learning-rate schedule spans; by default ``epochs``.
            settings: those of `TrainingSettings`.
        """
        plan = object.__new__(cls)
        own = {"parts": tuple(parts), "scorer": scorer, "tol": tol, "schedule_epochs": schedule_epochs}
        vars(plan).update(own, of_estimator=True)
        Plan.__init__(plan, parts[0], folds=len(parts), **settings)
        return plan

    def __post_init__(self) -> None:
        super().__post_init__()
        training_loss(self.data, self.loss, self.class_weight)
        if self.loss == POISSON:
            object.__setattr__(self, "data", as_counts(self.data))
        check_counts(schedule_epochs=1 if self.schedule_epochs is None else self.schedule_epochs)
        for part in self.parts:  # Folds that cannot be cut, or samples that cannot be augmented, raise here.
            BatchLoader(part, self.dtype, self.augment, self.seed, self.replicate)
        if self.scorer is None and any(part.validation is None for part in self.parts):
            raise InputError(
                "trials are ranked on validation data, got data without: use --validation 0.2 or --folds 5; in Python "
                "data.split(validation=0.2) or folds=5"
            )
        if isinstance(self.rank, str) and not all(self.metric.defined_on(part) for part in self.parts):
            raise InputError(
                f"rank {self.rank!r} must be defined on the validation samples, got samples of one class: use more, or "
                "another metric"
            )

    @cached_property
    def parts(self) -> tuple[Dataset, ...]:
        """The data of each fold."""
        return (self.data,) if self.folds == 1 else self.data.folds(self.folds, self.seed)

    @property
    def name(self) -> str:
        """The name of the data."""
        return self.data.name

    @property
    def parts_text(self) -> str:
        """The sizes of the parts of the data, and how they were split."""
        return self.data.parts_text

    @property
    def task(self) -> Task:
        """The task of the data."""
        return self.data.task

    @cached_property
    def computed_by(self) -> str:
        """The engine of the process that leads the study, "native" or "numpy": that of all its workers."""
        return resolve(self.engine, self.dtype)

    @cached_property
    def metric(self) -> Metric:
        """The metric that ranks the trials."""
        return ranking(self.rank, self.task, self.data.n_outputs)

    def loss_on(self, data: Dataset) -> Loss:
        """Return the loss that networks trained on ``data`` are compared by."""
        return training_loss(data, self.loss, self.class_weight)

    def for_training(self) -> "Plan":
        """Return the plan without what workers do not need: test data, data before scaling, and the scorer."""
        plan = copy.copy(self)
        parts = tuple(replace(part, test=None, original=self._originals(part)) for part in self.parts)
        _ = plan.computed_by
        vars(plan).update(parts=parts, data=parts[0], scorer=None)
        return plan

    def _originals(self, part: Dataset) -> Dataset | None:
        """Return the training pictures before scaling, which augmentation acts on."""
        original = part.original
        return original and replace(original, validation=None, test=None) if self.augment else None

    @property
    def nbytes(self) -> int:
        """The memory of the training and validation samples."""
        parts = [part for data in self.parts for part in (data.train, data.validation) if part is not None]
        return sum(part.x.nbytes + part.t.nbytes for part in parts)

    @property
    def rows(self) -> int:
        """The number of networks of a trial."""
        return self.seeds * self.folds

    @property
    def protected(self) -> int:
        """The number of first trials, which the race does not stop."""
        return len(self.first)

    def network_ids(self, number: int) -> list[NetworkId]:
        """Return the networks of a trial, in the order of its rows."""
        return [(number, repeat, fold) for repeat in range(self.seeds) for fold in range(self.folds)]

    def draws(self, number: int, repeat: int = 0, fold: int = 0) -> int:
        """Return the replicate, the set of random draws, of one of a trial's networks.

        Networks of different folds start from different weights: their mean is better for it. Those of an estimator
        start from the same, as the estimator does that is fitted to one of its splits alone.
        """
        if self.of_estimator:
            return self.replicate + repeat + (0 if self.paired else number * self.seeds)
        return self.replicate + repeat * self.folds + fold + (0 if self.paired else number * self.rows)
