"""What a search found: each trial judged, and the columns of scikit-learn's ``cv_results_``."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.search.study import Study
from zerokara.search.trial import Trial


@dataclass(frozen=True)
class Judged:
    """A trial at the epoch where the mean validation loss of its networks is lowest.

    One epoch for all of them: how long to train is one number, and a mean over folds is harder to please by luck
    than each fold by itself.
    """

    trial: Trial
    epoch: int
    loss: float

    @classmethod
    def of(cls, trial: Trial) -> "Judged":
        """Return a trial judged; one that diverged, or never finished an epoch, has an infinite loss."""
        losses = trial.curves["val_loss"]
        if trial.state == "diverged" or not np.isfinite(losses).any():
            return cls(trial, 0, np.inf)
        epoch = int(np.nanargmin(losses)) + 1
        return cls(trial, epoch, float(losses[epoch - 1]))

    @property
    def rank_key(self) -> tuple[bool, float, int]:
        """The place among the trials: those that a race let train to its end come first."""
        return self.trial.state != "complete", self.loss, self.trial.number

    @property
    def networks(self) -> tuple[Trial, ...]:
        """The networks of the trial: one, or one for each seed and fold."""
        return self.trial.rows or (self.trial,)

    def scores(self, curve: str) -> list[float]:
        """Return each network's value of a curve at that epoch."""
        return [float(row.curves[curve][self.epoch - 1]) if self.epoch else np.nan for row in self.networks]


def judged(study: Study) -> list[Judged]:
    """Return the trials of a study, each judged, the best first.

    Raises:
        InputError: no trial has a finite validation loss.
    """
    found = sorted(map(Judged.of, study.trials), key=lambda each: each.rank_key)
    if not np.isfinite(found[0].loss):
        raise InputError("no trial has a finite validation loss: lower the learning rates")
    return found


def search_results(study: Study, ranking: list[Judged]) -> dict[str, Array]:
    """Return one entry a trial under each name, in the order of the trials.

    ``param_NAME`` for what was searched, and ``params``; ``split0_test_score`` and so on, one a network (folds
    within seeds), with ``mean_test_score`` and ``std_test_score``: accuracy, or R2, at ``epoch``, the one that the
    trial is judged by; ``mean_test_loss``; ``rank_test_score``, 1 for the best; ``epochs`` that were trained, and
    ``state``; ``mean_fit_time`` in seconds: networks train together, so it is a share of the whole, by epochs.
    """
    found = sorted(ranking, key=lambda each: each.trial.number)
    splits = np.array([each.scores("val_score") for each in found])
    share = study.train_seconds / max(study.epochs_trained, 1)
    params = [{name: each.trial.params[name] for name in study.space.searched} for each in found]
    return {
        "mean_fit_time": np.array([share * each.trial.epochs_trained / len(each.networks) for each in found]),
        **{f"param_{name}": _objects([values[name] for values in params]) for name in study.space.searched},
        "params": _objects(params),
        **{f"split{k}_test_score": column for k, column in enumerate(splits.T)},
        "mean_test_score": splits.mean(axis=1),
        "std_test_score": splits.std(axis=1),
        "rank_test_score": np.argsort([each.trial.number for each in ranking]) + 1,
        "mean_test_loss": np.array([each.loss for each in found]),
        "epoch": np.array([each.epoch for each in found]),
        "epochs": np.array([each.trial.epochs for each in found]),
        "state": np.array([each.trial.state for each in found]),
    }


def _objects(values: list[Any]) -> Array:
    """Return an array with one value an entry, tuples whole."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
