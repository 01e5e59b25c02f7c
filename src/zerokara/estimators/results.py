"""What a search found: each trial judged, and the columns of scikit-learn's ``cv_results_``."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.estimators.scoring import Jury, single
from zerokara.study.study import Study

SMOOTHING = 14
"""Losses are smoothed over the epochs on both sides that are one part in so many of a whole training: 7 of 100."""


@dataclass(frozen=True)
class Judged:
    """A trial at the epoch where the smoothed mean validation loss of its networks is lowest.

    One epoch for all of them: how long to train is one number, and a mean over folds is harder to please by luck
    than each fold by itself. So is a mean over the epochs around: of some thousand epochs that a search sees, the
    lowest loss is a lucky one. Scores of one's own are ``given``: those of each network at its own best epoch.
    """

    trial: Trial
    epoch: int
    loss: float
    given: tuple[float, ...] = ()

    @classmethod
    def of(cls, trial: Trial, reach: int = 0, jury: Jury | None = None) -> "Judged":
        """Return a trial judged; one that diverged, or never finished an epoch, has an infinite loss."""
        losses = smoothed(trial.curves["val_loss"], reach)
        if trial.state == "diverged" or not np.isfinite(losses).any():
            return cls(trial, 0, np.inf)
        epoch = int(np.nanargmin(losses)) + 1
        return cls(trial, epoch, float(losses[epoch - 1]), _given(trial, jury) if jury else ())

    @property
    def value(self) -> float:
        """What trials are ranked by, lower being better: the loss, or minus the mean of the scores that were given."""
        value = -float(np.mean(self.given)) if self.given else self.loss
        return value if np.isfinite(value) else np.inf

    @property
    def rank_key(self) -> tuple[bool, float, int]:
        """The place among the trials: those that a race let train to its end come first."""
        return self.trial.state != "complete", self.value, self.trial.number

    @property
    def networks(self) -> tuple[Trial, ...]:
        """The networks of the trial: one, or one for each seed and fold."""
        return self.trial.rows or (self.trial,)

    def scores(self) -> list[float]:
        """Return each network's score: that which was given, or accuracy or R2 at the epoch that counts."""
        if self.given:
            return list(self.given)
        return [float(row.curves["val_score"][self.epoch - 1]) if self.epoch else np.nan for row in self.networks]


def smoothed(losses: Array, reach: int) -> Array:
    """Return for each epoch the mean loss of the epochs up to ``reach`` away; at the ends there are fewer.

    >>> smoothed(np.array([3.0, 1.0, 2.0, 6.0]), 1).tolist()
    [2.0, 2.0, 3.0, 4.0]
    """
    return np.array([losses[max(0, k - reach) : k + reach + 1].mean() for k in range(len(losses))])


def _given(trial: Trial, jury: Jury) -> tuple[float, ...]:
    """Return what a jury said of each network of a trial, in the order of its seeds and then folds."""
    folds = len(jury.folds)
    rows = range(len(trial.rows) or 1)
    found = [jury.found[trial.number, row // folds, row % folds].test for row in rows]
    if isinstance(found[0], dict):
        raise InputError(f"scoring must be one score, which ranks, got {sorted(found[0])}: return one number")
    return tuple(single(scores, None) for scores in found)


def judged(study: Study, jury: Jury | None = None) -> list[Judged]:
    """Return the trials of a study, each judged, the best first.

    Raises:
        InputError: no trial has a finite validation loss, or score.
    """
    reach = study.plan.epochs // SMOOTHING
    found = sorted((Judged.of(trial, reach, jury) for trial in study.trials), key=lambda each: each.rank_key)
    if not np.isfinite(found[0].value):
        what = "score" if found[0].given else "validation loss"
        raise InputError(f"no trial has a finite {what}: lower the learning rates")
    return found


def search_results(study: Study, ranking: list[Judged]) -> dict[str, Array]:
    """Return one entry a trial under each name, in the order of the trials.

    ``param_NAME`` for what was searched, and ``params``; ``split0_test_score`` and so on, one a network (folds
    within seeds), with ``mean_test_score`` and ``std_test_score``: own scores, or accuracy or R2 at ``epoch``, the one
    that the trial is judged by; ``mean_test_loss``, smoothed there; ``rank_test_score``, 1 for the best; ``epochs``
    that were trained, and ``state``; ``mean_fit_time`` in seconds: networks train together, so it is a share of the
    whole, by epochs.
    """
    found = sorted(ranking, key=lambda each: each.trial.number)
    splits = np.array([each.scores() for each in found])
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


def outcomes(study: Study, jury: Jury, error_score: float | str) -> list[dict[str, Any]]:
    """Return what came of each trial on each split, as scikit-learn's `_fit_and_score` tells it."""
    share = study.train_seconds / max(study.epochs_trained, 1)
    found: list[dict[str, Any]] = []
    for trial in study.trials:
        for k, row in enumerate(trial.rows or (trial,)):
            verdict = None if row.state == "diverged" else jury.found.get((trial.number, 0, k))
            seconds = {"fit_time": share * row.epochs, "score_time": verdict.seconds if verdict else 0.0}
            if verdict:
                found.append(seconds | {"test_scores": verdict.test, "train_scores": verdict.train, "fit_error": None})
                continue
            error = f"the loss stopped being finite in epoch {row.epochs} of trial {trial.number}, split {k}: lower lr"
            if error_score == "raise":
                raise InputError(error)
            found.append(seconds | {"fit_error": error})
    _warn_or_raise_about_fit_failures(found, error_score)
    scores = next(each["test_scores"] for each in found if each["fit_error"] is None)
    failed = dict.fromkeys(scores, error_score) if isinstance(scores, dict) else error_score
    for each in found:
        if each["fit_error"]:
            each |= {"test_scores": failed, "train_scores": failed}
    return found


def cv_results(search: BaseSearchCV, study: Study, found: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
    """Return the columns of ``cv_results_`` as scikit-learn makes them, with ``epochs`` and ``state``.

    A trial that a race ended has trained less than others, and ranks behind those that it let train to the end.
    """
    trials, searched = study.trials, study.space.searched
    params = [{f"{prefix}{name}": trial.params[name] for name in searched if name in trial.params} for trial in trials]
    more = {"epochs": [trial.epochs for trial in trials], "state": [trial.state for trial in trials]}
    results: dict[str, Any] = search._format_results(params, search.n_splits_, found, more)
    finished = results["state"] == "complete"
    if "pruned" in results["state"]:
        for name in [name for name in results if name.startswith("rank_test_")]:
            ranks = results[name]
            for own, first in ((finished, 0), (~finished, finished.sum())):
                ranks[own] = [first + 1 + (ranks[own] < rank).sum() for rank in ranks[own]]
    return results
