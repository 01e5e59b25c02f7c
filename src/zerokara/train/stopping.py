"""Early stopping: a network that no longer improves stops training."""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Dataset
from zerokara.errors import InputError


class EarlyStopping:
    """Stops a network after ``patience`` epochs in a row whose objective did not improve by more than ``min_delta``.

    The objective is the validation loss, or another metric, with the sign that makes less better.

    >>> early_stopping = EarlyStopping(patience=2).start(networks=1)
    >>> [bool(early_stopping.stops(np.array([value]))[0]) for value in (1.0, 0.9, 0.95, 0.9)]
    [False, False, False, True]

    Source: Prechelt 1998, "Early stopping - but when?", the class UP.
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        if patience < 1 or not min_delta >= 0:
            raise InputError(f"patience >= 1 and min_delta >= 0 must hold, got {patience} and {min_delta}")
        self.patience, self.min_delta = patience, min_delta

    def start(self, networks: int) -> Self:
        """Return a copy that starts to count, for so many networks."""
        other = copy.copy(self)
        other.best, other.waited = np.full(networks, np.inf), np.zeros(networks, int)
        return other

    best: Array
    waited: Array

    def stops(self, value: Array) -> Array:
        """Return which networks stop after an epoch with these objectives (P,)."""
        improved = value < self.best - self.min_delta
        self.best = np.where(improved, value, self.best)
        self.waited = np.where(improved, 0, self.waited + 1)
        return self.waited >= self.patience

    def take(self, index: Index) -> Self:
        """Return the counters of the networks ``index``."""
        other = copy.copy(self)
        other.best, other.waited = self.best[index], self.waited[index]
        return other


def check_data(data: Dataset, keep_best: bool, early_stopping: EarlyStopping | None, evaluate_train_every: int) -> None:
    """Raise InputError unless the data can tell the best epoch, and when to stop."""
    if data.validation is None and keep_best:
        raise InputError("keep_best needs validation data: data.split(validation=0.2)")
    if data.validation is None and early_stopping and evaluate_train_every > 1:
        raise InputError(
            "without validation data early_stopping needs the training loss of every epoch, got "
            f"evaluate_train_every={evaluate_train_every}: set it to 1, or split the data"
        )


def concat_early_stopping(rules: Sequence[EarlyStopping]) -> EarlyStopping | None:
    """Return the counters of several populations as one, in that order; None if there are none."""
    if not rules:
        return None
    other = copy.copy(rules[0])
    other.best, other.waited = (np.concatenate([getattr(rule, name) for rule in rules]) for name in ("best", "waited"))
    return other
