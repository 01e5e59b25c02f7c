"""Equal comparison: all trials of a study at one epoch, and what mattered there."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.samplers.diverged import DIVERGED
from zerokara.space.space import Space
from zerokara.storage.comparison import Compared, Comparison
from zerokara.study.views.importance import ped_anova
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Metric

ENOUGH = 0.9
"""The share of the trials that must have reached an epoch at which all are compared."""
MIN_TRIALS = 10
"""The fewest trials from which importances are computed."""
BEST_SHARE, BEST_TRIALS = 0.1, 5
"""Importances say what the best trials have in common: the best tenth, or so many trials if these are more."""


def scores_at(trials: Sequence[Trial], epoch: int, metric: Metric) -> dict[int, dict[str, float]]:
    """Return the scores of each trial at an epoch, by number, without those that did not finish it."""
    if epoch < 1:
        raise InputError(f"epoch must be 1 or more, got {epoch}: epochs are counted from 1")
    score = METRICS[metric.task]
    curves = {"val_loss": "val_loss", f"val_{score}": "val_score"}
    curves |= {"train_loss": "train_loss", f"train_{score}": "train_score", metric.label: metric.curve}
    return {
        trial.number: {name: float(trial.curves[curve][epoch - 1]) for name, curve in curves.items()}
        for trial in trials
        if epoch <= _length(trial) and not _has_diverged(trial, epoch)
    }


def common_epoch(trials: Sequence[Trial]) -> int:
    """Return the largest epoch that nine in ten of the trials reached, or diverged before; 0 if there is none."""
    begun = [trial for trial in trials if trial.epochs]
    for epoch in sorted({_length(trial) for trial in begun}, reverse=True):
        reached = sum(epoch <= _length(trial) or trial.state == "diverged" for trial in begun)
        if reached >= ENOUGH * len(begun):
            return epoch
    return 0


def compare(trials: Sequence[Trial], epoch: int, metric: Metric) -> Comparison:
    """Return the trials that reached an epoch, or diverged before, with the values that rank them there."""
    scores = scores_at(trials, epoch, metric)
    compared = []
    for trial in trials:
        if trial.epochs and (trial.number in scores or trial.state == "diverged"):
            there: dict[str, Any] = {n: v for n, v in scores.get(trial.number, {}).items() if math.isfinite(v)}
            value = there.get(metric.label, math.nan)
            there |= {} if trial.number in scores else {"state": "diverged"}
            compared.append(Compared(trial.number, trial.params, value, there))
    return Comparison(epoch, metric.label, metric.maximize, tuple(compared))


def importances_of(space: Space, comparison: Comparison) -> dict[str, float]:
    """Return the importance of each searched hyperparameter, the largest first; their sum is 1.

    See `ped_anova`. Empty with fewer than ``MIN_TRIALS`` trials, or if no hyperparameter mattered.
    """
    count = len(comparison.trials)
    if count < MIN_TRIALS or not space.searched:
        return {}
    values = np.array([trial.value for trial in comparison.trials], float) * (-1 if comparison.maximize else 1)
    params = [space.encode(trial.params) for trial in comparison.trials]
    values = np.where(np.isfinite(values), values, DIVERGED)
    found = ped_anova(space.ranges(), params, values, max(BEST_SHARE, BEST_TRIALS / count))
    total = sum(found.values())
    shares = {part: found[one.key(part)] / total for part, one in space.parts.items()} if total > 0 else {}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _length(trial: Trial) -> int:
    """Return the epochs that all networks of a trial have trained."""
    return len(trial.curves["val_loss"])


def _has_diverged(trial: Trial, epoch: int) -> bool:
    return trial.state == "diverged" and epoch >= _length(trial)
