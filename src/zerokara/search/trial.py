"""A trial: what was proposed, and what came of it."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from zerokara.arrays import Array

State = Literal["complete", "pruned", "diverged", "interrupted"]

DIVERGED = 1e39
"""The value told for a diverged trial: above every float32, yet finite: Optuna's samplers drop a NaN."""


@dataclass(frozen=True)
class Proposal:
    """A trial before it is trained: its number in the study and a value for every hyperparameter."""

    number: int
    params: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A trial that was trained.

    ``epochs`` counts the epochs it was trained for, ``epoch`` is the one that it is judged by: the last, or with
    keep_best the best. ``value`` is what trials are ranked by, lower being better, infinity for one that
    diverged or never finished an epoch. A score is accuracy, or R2 in regression. ``curves`` holds
    train_loss, train_score, val_loss, val_score and lr by epoch.
    """

    number: int
    params: dict[str, Any]
    state: State
    value: float
    epochs: int
    epoch: int
    curves: dict[str, Array] = field(repr=False)

    @property
    def rank_key(self) -> tuple[float, int]:
        """The place among the trials: by value, ties to the lower number."""
        return self.value, self.number

    def at(self, curve: str) -> float:
        """Return a curve's value at the epoch that counts; NaN where there is none."""
        return float(self.curves[curve][self.epoch - 1]) if self.epoch else np.nan

    @property
    def val_loss(self) -> float:
        """The validation loss, without decay penalty and label smoothing."""
        return self.at("val_loss")

    @property
    def val_score(self) -> float:
        """The validation accuracy, or R2."""
        return self.at("val_score")

    @property
    def train_score(self) -> float:
        """The training accuracy, or R2."""
        return self.at("train_score")
