"""The plot data of a study: its curves, trials and rounds as the figures need them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.figures.plot_data import SCORE, Curve, Curves, Learning, Narrowing, Panel, Scatter, Weights
from zerokara.nn import Affine, Network
from zerokara.pictures import is_image
from zerokara.space.distributions import Choice, Single
from zerokara.space.hyperparameters import show
from zerokara.study.study import Study
from zerokara.train.metrics import METRICS


def searched(study: Study, trial: Trial) -> dict[str, Any]:
    """Return the searched hyperparameters that a trial has, with their values."""
    return {name: trial.params[name] for name in study.space.searched if name in trial.params}


def curves(study: Study, count: int = 20) -> Curves:
    """Return the scores of the best ``count`` trials of a study by epoch."""

    def curve(rank: int, trial: Trial) -> Curve:
        scores = trial.curves["train_score"], trial.curves["val_score"]
        return Curve(rank, trial.number, _score(trial), *scores, searched(study, trial), trial.epoch, trial.state)

    best = tuple(curve(rank, trial) for rank, trial in enumerate(study.ranking(count), start=1))
    metric = METRICS[study.plan.data.task]
    ranked = study.plan.metric
    rank = SCORE[metric] if ranked.curve == "val_score" else ranked.title
    title = f"{study.plan.data.name}: the best {len(best)} of {len(study.trials)} trials by validation {rank}"
    return Curves(best, metric, study.plan.keep_best, title)


def scatter(study: Study) -> Scatter:
    """Return the scores of all trials that trained, for each searched hyperparameter."""
    trials = [trial for trial in study.trials if trial.epochs]
    values = [study.space.values(trial.params) for trial in trials]
    panels = tuple(panel(name, part, [v.get(name) for v in values]) for name, part in study.space.parts.items())
    scores = np.array([_score(trial) for trial in trials], float)
    best = None if not study.candidates else trials.index(study.best.trial)
    metric = METRICS[study.plan.data.task]
    title = f"{study.plan.data.name}: validation {SCORE[metric]} of {len(trials)} trials"
    return Scatter(panels, scores, best, metric, title)


def narrowing(study: Study) -> Narrowing:
    """Return the ranges of every round of a study, and the round of each trial."""
    points = scatter(study)
    round_of = {number: r for r, each in enumerate(study.rounds) for number in each.trials}
    rounds = np.array([round_of[trial.number] for trial in study.trials if trial.epochs], int)
    ranges = tuple(
        tuple(
            tuple(map(float, panel(name, part, [part.decode(end) for end in r.ends(part.key(name))]).x))
            for r in study.rounds
        )
        for name, part in study.space.parts.items()
    )
    title = f"{study.plan.data.name}: {len(study.rounds)} rounds around the best"
    return Narrowing(points.panels, ranges, rounds, points.scores, points.best, points.metric, title)


def _score(trial: Trial) -> float:
    """Return the score of a trial; NaN if it diverged, even if its last score is finite."""
    return math.nan if trial.state == "diverged" else trial.val_score


def panel(name: str, part: Single, values: Sequence[Any]) -> Panel:
    """Return the panel of one hyperparameter; a value is None for a trial without it, the axis is log as its range is.

    >>> panel("hidden", Choice(((50,), (50, 50))), [(50, 50), (50,)])
    Panel(name='hidden', x=array([1., 0.]), log=False, options=('50', '50,50'), steps=())
    """
    if isinstance(part, Choice):
        options = tuple(show(option) for option in part.options)
        indices = [math.nan if value is None else options.index(show(value)) for value in values]
        return Panel(name, np.array(indices, float), False, options)
    # NumPy turns None into NaN.
    return Panel(name, np.array(values, float), part.on_log, steps=part.steps())


def learning(study: Study) -> Learning:
    """Return the curves of a study's winner."""
    trial, data = study.best.trial, study.plan.data
    epoch = trial.epoch if study.plan.keep_best else None
    curves = {name: trial.curves[name] for name in ("train_loss", "val_loss", "train_score", "val_score")}
    return Learning(**curves, metric=METRICS[data.task], epoch=epoch, title=f"{data.name}: trial {trial.number}")


def weights(
    network: Network, sample_shape: Sequence[int], count: int = 100, row: int = 0, basis: Array | None = None
) -> Weights:
    """Return the first layer's weights as images, for the ``count`` units with the largest weights, largest first.

    All images have one scale, so that strong and weak units can be compared. The weights of whitened components are
    mapped back to pixels by the ``basis`` (D, K) of the whitening: basis W.

    Raises:
        InputError: the samples are not images, or the first layer is not Affine.
    """
    first = network.layers[0]
    if not is_image(sample_shape) or not isinstance(first, Affine):
        raise InputError(f"weights are shown for images, samples (H, W) or (H, W, 3), got {tuple(sample_shape)}")
    W = first.W[row].astype(float) if basis is None else basis.astype(float) @ first.W[row]
    strength = np.linalg.norm(W, axis=0)
    chosen = np.argsort(-strength, kind="stable")[:count]
    # Scaled by the very largest of many weights, all others would be pale.
    top = np.quantile(np.abs(W[:, chosen]), 0.995) or 1.0
    shape = tuple(sample_shape if sample_shape[2:] == (3,) else sample_shape[:2])
    images = np.clip(W[:, chosen].T.reshape(-1, *shape) / top, -1, 1)
    return Weights(images, f"First layer: {len(chosen)} of {W.shape[1]} units, largest weights first")
