"""What all trials of a study share."""

from dataclasses import dataclass

import numpy as np

from zerokara.data import Dataset
from zerokara.data.augment import Augment
from zerokara.errors import InputError, unknown
from zerokara.train.feed import Feed


@dataclass(frozen=True)
class Plan:
    """What all trials of a study share: the data, how long they train, and how they are judged.

    ``replicate`` says which draws they share; unpaired, trial k has the draws replicate + k for itself.
    """

    data: Dataset
    epochs: int
    seed: int = 0
    rank: str = "loss"
    keep_best: bool = False
    paired: bool = True
    replicate: int = 0
    evaluate_train_every: int = 1
    dtype: str = "float32"
    augment: str | Augment | None = None

    def __post_init__(self) -> None:
        check_counts(epochs=self.epochs, evaluate_train_every=self.evaluate_train_every)
        check_counts(0, seed=self.seed, replicate=self.replicate)
        if self.rank not in RANKS:
            raise unknown("rank", self.rank, RANKS)
        if self.dtype not in ("float32", "float64"):
            raise unknown("dtype", self.dtype, ("float32", "float64"))
        Feed(self.data, self.dtype, self.augment, self.seed, self.replicate)  # Raises where a trainer would.
        if self.data.validation is None:
            raise InputError(
                "a search is judged on validation data, got none: cut them off with data.split(validation=0.2)"
            )


RANKS = ("loss", "accuracy")
"""What trials are ranked by, on the validation data; in regression, "accuracy" is R2."""


def check_counts(least: int = 1, **counts: int) -> None:
    """Raise for the first of the named counts that is no whole number of at least ``least``."""
    for name, value in counts.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} must be a whole number, {least} or above, got {value!r}")
