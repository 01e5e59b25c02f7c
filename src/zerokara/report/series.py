"""The plot data of a study: which curves, trials and rounds a figure shows."""

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
    best = tuple(
        Curve(
            rank,
            trial.number,
            _score(trial),
            trial.curves["train_score"],
            trial.curves["val_score"],
            searched(study, trial),
            trial.epoch,
            trial.state,
        )
        for rank, trial in enumerate(study.ranking(count), start=1)
    )
    metric = METRICS[study.plan.data.task]
    rank = "loss" if study.plan.rank == "loss" else SCORE[metric]
    title = f"{study.plan.data.name}: the best {len(best)} of {len(study.trials)} trials by validation {rank}"
    return Curves(best, metric, study.plan.keep_best, title)


def scatter(study: Study) -> Scatter:
    """Return the score of every trial that trained, over each hyperparameter that was searched."""
    trials = [trial for trial in study.trials if trial.epochs]
    values = [study.space.values(trial.params) for trial in trials]
    panels = tuple(panel(name, found, [v.get(name) for v in values]) for name, found in study.space.parts.items())
    scores = np.array([_score(trial) for trial in trials], float)
    best = None if not study.finalists else trials.index(study.best.trial)
    metric = METRICS[study.plan.data.task]
    title = f"{study.plan.data.name}: validation {SCORE[metric]} of {len(trials)} trials"
    return Scatter(panels, scores, best, metric, title)


def narrowing(study: Study) -> Narrowing:
    """Return the ranges of every round of a study, and its trials in their rounds."""
    over = scatter(study)
    at = {number: r for r, found in enumerate(study.rounds) for number in found.trials}
    rounds = np.array([at[trial.number] for trial in study.trials if trial.epochs], int)
    ranges = tuple(
        tuple(
            tuple(map(float, panel(name, found, [found.decode(end) for end in r.ends(found.key(name))]).x))
            for r in study.rounds
        )
        for name, found in study.space.parts.items()
    )
    title = f"{study.plan.data.name}: {len(study.rounds)} rounds around the best"
    return Narrowing(over.panels, ranges, rounds, over.scores, over.best, over.metric, title)


def _score(trial: Trial) -> float:
    """Return the score that counts; the finite one that a diverged network may still have is none."""
    return math.nan if trial.state == "diverged" else trial.val_score


def panel(name: str, found: Single, values: Sequence[Any]) -> Panel:
    """Return the values of one hyperparameter, None where there is none, on a log axis where its range is one.

    >>> panel("hidden", Choice(((50,), (50, 50))), [(50, 50), (50,)])
    Panel(name='hidden', x=array([1., 0.]), log=False, options=('50', '50,50'), steps=())
    """
    if isinstance(found, Choice):
        options = tuple(show(option) for option in found.options)
        places = [math.nan if value is None else options.index(show(value)) for value in values]
        return Panel(name, np.array(places, float), False, options)
    # None becomes NaN.
    return Panel(name, np.array(values, float), found.on_log, steps=found.steps())


def learning(study: Study) -> Learning:
    """Return the curves of a study's winner."""
    trial, data = study.best.trial, study.plan.data
    epoch = trial.epoch if study.plan.keep_best else None
    curves = {name: trial.curves[name] for name in ("train_loss", "val_loss", "train_score", "val_score")}
    return Learning(**curves, metric=METRICS[data.task], epoch=epoch, title=f"{data.name}: trial {trial.number}")


def weights(
    network: Network, sample_shape: Sequence[int], count: int = 100, row: int = 0, basis: Array | None = None
) -> Weights:
    """Return the first layer's weights as images, of the ``count`` units whose weights are largest, largest first.

    All are divided by one number, so that strong and weak units can be told apart. With the ``basis`` (D, K) of a
    whitening, whose components have weights, they are turned back to pixels: basis W.

    Raises:
        InputError: the samples are no images, or the first layer has none to show.
    """
    first = network.layers[0]
    if not is_image(sample_shape) or not isinstance(first, Affine):
        raise InputError(f"weights are shown for images, samples (H, W) or (H, W, 3), got {tuple(sample_shape)}")
    W = first.W[row].astype(float) if basis is None else basis.astype(float) @ first.W[row]
    strength = np.linalg.norm(W, axis=0)
    chosen = np.argsort(-strength, kind="stable")[:count]
    # The largest of a thousand weights would leave all others pale.
    top = np.quantile(np.abs(W[:, chosen]), 0.995) or 1.0
    shape = tuple(sample_shape if sample_shape[2:] == (3,) else sample_shape[:2])
    images = np.clip(W[:, chosen].T.reshape(-1, *shape) / top, -1, 1)
    return Weights(images, f"First layer: {len(chosen)} of {W.shape[1]} units, largest weights first")
