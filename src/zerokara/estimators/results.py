"""The results of a search: the ranked trials, and the columns of scikit-learn's ``cv_results_``."""

from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.estimators.splits import SplitScorer, one_score
from zerokara.study.study import Study

SMOOTHING = 14
"""Losses are averaged over this fraction of the epochs (1 / 14) on both sides: over 7 on each side of 100."""


@dataclass(frozen=True)
class RankedTrial:
    """A trial at the epoch where the smoothed mean validation loss of its networks is lowest.

    All networks have the same epoch, because a refit needs one number of epochs. The means over folds and over
    neighboring epochs reduce the bias of choosing the lowest of thousands of noisy losses. ``own_scores`` are those of
    ``scoring``, for each network at its own best epoch.
    """

    trial: Trial
    epoch: int
    loss: float
    own_scores: tuple[float, ...] = ()

    @classmethod
    def of(cls, trial: Trial, reach: int = 0, scorer: SplitScorer | None = None) -> "RankedTrial":
        """Return a trial with its best epoch; if it diverged or finished no epoch, the loss is infinite."""
        losses = smoothed(trial.curves["val_loss"], reach)
        if trial.state == "diverged" or not np.isfinite(losses).any():
            return cls(trial, 0, np.inf)
        epoch = int(np.nanargmin(losses)) + 1
        return cls(trial, epoch, float(losses[epoch - 1]), _own_scores(trial, scorer) if scorer else ())

    @property
    def value(self) -> float:
        """The objective, lower is better: the loss, or minus the mean of ``own_scores``."""
        value = -float(np.mean(self.own_scores)) if self.own_scores else self.loss
        return value if np.isfinite(value) else np.inf

    @property
    def networks(self) -> tuple[Trial, ...]:
        """The networks of the trial: one, or one for each seed and fold."""
        return self.trial.rows or (self.trial,)

    def scores(self) -> list[float]:
        """Return each network's score: ``own_scores``, or accuracy or R2 at ``epoch``."""
        if self.own_scores:
            return list(self.own_scores)
        return [float(row.curves["val_score"][self.epoch - 1]) if self.epoch else np.nan for row in self.networks]


def smoothed(losses: Array, reach: int) -> Array:
    """Return the moving average of the losses over ``reach`` epochs on both sides, fewer at the ends.

    >>> smoothed(np.array([3.0, 1.0, 2.0, 6.0]), 1).tolist()
    [2.0, 2.0, 3.0, 4.0]
    """
    return np.array([losses[max(0, k - reach) : k + reach + 1].mean() for k in range(len(losses))])


def _own_scores(trial: Trial, scorer: SplitScorer) -> tuple[float, ...]:
    """Return the score of each network of a trial, in the order of its seeds and then folds."""
    folds = len(scorer.folds)
    rows = range(len(trial.rows) or 1)
    scores = [scorer.scores[trial.number, row // folds, row % folds].test for row in rows]
    if isinstance(scores[0], dict):
        raise InputError(f"scoring must return one number, got scores {sorted(scores[0])}: choose one to rank by")
    return tuple(one_score(score, None) for score in scores)


def ranked_trials(study: Study, scorer: SplitScorer | None = None) -> list[RankedTrial]:
    """Return the trials of a study at their best epochs, the best trial first.

    Raises:
        InputError: no trial has a finite validation loss, or score.
    """
    reach = study.plan.epochs // SMOOTHING
    ranking = [RankedTrial.of(trial, reach, scorer) for trial in study.trials]
    # Trials that were not pruned come first.
    ranking.sort(key=lambda each: (each.trial.state != "complete", each.value, each.trial.number))
    if not np.isfinite(ranking[0].value):
        measure = "score" if ranking[0].own_scores else "validation loss"
        raise InputError(f"no trial has a finite {measure}: lower the learning rates")
    return ranking


def tuned_trials(study: Study) -> list[RankedTrial]:
    """Return the trials of a study as `zerokara.tune` ranks them: each network at its own best epoch."""
    found = []
    for trial in study.ranking():
        scores = tuple(row.val_score for row in trial.rows or (trial,))
        found.append(RankedTrial(trial, trial.epoch, trial.val_loss, scores))
    return found


def search_results(study: Study, ranking: list[RankedTrial]) -> dict[str, Array]:
    """Return columns with one entry per trial, in the order of the trials.

    ``params``, and ``param_NAME`` for each searched hyperparameter; ``split0_test_score`` and so on for each network
    (folds within seeds), with ``mean_test_score`` and ``std_test_score``: those of ``scoring``, or accuracy or R2 at
    ``epoch``; ``mean_test_loss``, smoothed, at ``epoch``; ``rank_test_score``, 1 for the best; ``epochs``, the number
    trained, and ``state``; ``mean_fit_time`` in seconds, the total divided in proportion to the epochs, because
    networks train together.
    """
    by_number = sorted(ranking, key=lambda each: each.trial.number)
    splits = np.array([each.scores() for each in by_number])
    share = study.train_seconds / max(study.epochs_trained, 1)
    searched = study.space.searched  # A trial has no value for those that it does not use.
    params = [{name: each.trial.params[name] for name in searched if name in each.trial.params} for each in by_number]
    return {
        "mean_fit_time": np.array([share * each.trial.epochs_trained / len(each.networks) for each in by_number]),
        **{f"param_{name}": np.fromiter((values.get(name) for values in params), object) for name in searched},
        "params": np.fromiter(params, object),
        **{f"split{k}_test_score": column for k, column in enumerate(splits.T)},
        "mean_test_score": splits.mean(axis=1),
        "std_test_score": splits.std(axis=1),
        "rank_test_score": np.argsort([each.trial.number for each in ranking]) + 1,
        "mean_test_loss": np.array([each.loss for each in by_number]),
        "epoch": np.array([each.epoch for each in by_number]),
        "epochs": np.array([each.trial.epochs for each in by_number]),
        "state": np.array([each.trial.state for each in by_number]),
    }
