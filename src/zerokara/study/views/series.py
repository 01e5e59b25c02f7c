"""The plot data of a study: its curves, trials and rounds as the figures need them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.figures.plot_data import (
    SCORE,
    Curve,
    Curves,
    Importances,
    Learning,
    Narrowing,
    Panel,
    Race,
    Scatter,
    Weights,
)
from zerokara.nn import Affine, InputEncoding, Network
from zerokara.pictures import is_image
from zerokara.space.distributions import Choice, Single
from zerokara.space.hyperparameters import show
from zerokara.study.results import Results
from zerokara.study.views.comparison import MIN_TRIALS
from zerokara.train.metrics import METRICS

LEVELS = 6
"""The most epochs whose scores a picture tells apart."""


def searched(study: Results, trial: Trial) -> dict[str, Any]:
    """Return the searched hyperparameters that a trial has, with their values."""
    return {name: trial.params[name] for name in study.space.searched if name in trial.params}


def curves(study: Results, count: int = 20) -> Curves:
    """Return the scores of the best ``count`` trials of a study by epoch."""

    def curve(rank: int, trial: Trial) -> Curve:
        scores = trial.curves["train_score"], trial.curves["val_score"]
        kept = trial.epoch if trial.same_epoch else 0
        return Curve(rank, trial.number, _score(trial), *scores, searched(study, trial), kept, trial.state)

    best = tuple(curve(rank, trial) for rank, trial in enumerate(study.ranking(count), start=1))
    metric = METRICS[study.plan.task]
    ranked = study.plan.metric
    rank = SCORE[metric] if ranked.curve == "val_score" else ranked.title
    order = "epochs, then validation" if len({trial.epochs for trial in study.ranking(count)}) > 1 else "validation"
    title = f"{study.plan.name}: the best {len(best)} of {len(study.trials)} trials by {order} {rank}"
    mark = study.plan.keep_best or any(0 < trial.epoch < trial.epochs for trial in study.ranking(count))
    fitted = any(trial.state == "pruned" for trial in study.trials)
    return Curves(best, metric, mark, title, fitted)


def race(study: Results) -> Race:
    """Return the validation losses of all trials that trained, colored by the hyperparameter that mattered most."""
    trials = [trial for trial in study.trials if trial.epochs]
    shares, color, label = study.importances(), None, ""
    name = next(iter(shares), next(iter(study.space.parts), ""))
    if name:
        color = panel(name, study.space.parts[name], [study.space.values(trial.params).get(name) for trial in trials])
        label = name + (f"\nmattered most:\n{shares[name]:.2f} at epoch {study.comparison().epoch}" if shares else "")
    best = study.winner
    # The star lies on the mean curve, though each network is judged at its own epoch, where the mean is lower.
    epoch = min(best.epoch, len(best.curves["val_loss"])) if best else 0
    return Race(
        losses=tuple(trial.curves["val_loss"] for trial in trials),
        states=tuple(trial.state for trial in trials),
        rungs=rungs_of(study),
        best=trials.index(best) if best else None,
        epoch=epoch,
        best_loss=float(best.curves["val_loss"][epoch - 1]) if best else math.nan,
        best_label=_won(best) if best else "",
        color=color,
        color_label=label,
        title=f"{study.plan.name}: validation loss of {len(trials)} trials",
    )


def rungs_of(study: Results) -> tuple[int, ...]:
    """Return the epochs after which trials were stopped."""
    return tuple(sorted({trial.epochs for trial in study.trials if trial.state == "pruned"}))


def panels(study: Results, trials: Sequence[Trial]) -> tuple[Panel, ...]:
    """Return the panel of each searched hyperparameter, with its values in these trials."""
    values = [study.space.values(trial.params) for trial in trials]
    return tuple(panel(name, part, [v.get(name) for v in values]) for name, part in study.space.parts.items())


def scatter(study: Results) -> Scatter:
    """Return the scores of all trials that trained, at each epoch after which trials were stopped."""
    trials = [trial for trial in study.trials if trial.epochs]
    rows = _scores_by_epoch(study, trials)
    best = study.winner
    metric = METRICS[study.plan.task]
    several = "; dots of one color are at the same epoch" if len(rows) > 1 else ""
    return Scatter(
        panels(study, trials),
        np.array(list(rows.values()), float).reshape(len(rows), len(trials)),
        tuple(rows),
        np.array([trial.state == "diverged" for trial in trials], bool),
        trials.index(best) if best else None,
        best.val_score if best else math.nan,
        _won(best) if best else "",
        metric,
        f"{study.plan.name}: validation {SCORE[metric]} of {len(trials)} trials{several}",
    )


def _won(trial: Trial) -> str:
    return f"winner: trial {trial.number} at {trial.epoch_text}" + ("" if trial.same_epoch else " of its networks")


def _scores_by_epoch(study: Results, trials: Sequence[Trial]) -> dict[str, list[float]]:
    """Return the scores of the trials, NaN where there are none, with what they are: "epoch 3: 33".

    The epochs are those that most trials reached, those after which trials were stopped, and the end.
    """
    ended = [trial.epochs for trial in trials if trial.state == "complete"]
    stops = {trial.epochs for trial in trials if trial.state == "pruned"}
    epochs = sorted({study.comparison().epoch, *stops, *([max(ended)] if ended else [])})
    if len(epochs) > LEVELS:
        epochs = [epochs[round(k * (len(epochs) - 1) / (LEVELS - 1))] for k in range(LEVELS)]
    rows: dict[str, list[float]] = {}
    for epoch in epochs:
        scores, name = study.at(epoch), f"val_{METRICS[study.plan.task]}"
        row = [scores.get(trial.number, {}).get(name, math.nan) for trial in trials]
        what = f"epoch {epoch}"
        if ended and epoch == max(ended) > min(ended):  # Some stopped early.
            row = [trial.curves["val_score"][-1] if trial.state == "complete" else math.nan for trial in trials]
            what = f"the end, epochs {min(ended)} to {epoch}"
        count = int(np.isfinite(row).sum())
        if count:
            what += "" if rows or epoch == study.plan.epochs else f" of {study.plan.epochs}"
            rows[f"{what}: {'all ' if count == len(trials) else ''}{count}{'' if rows else ' trials'}"] = row
    return rows


def narrowing(study: Results) -> Narrowing:
    """Return the ranges of every round of a study, and the round of each trial, with its score at one epoch for all."""
    points, epoch = scatter(study), study.comparison().epoch
    round_of = {number: r for r, each in enumerate(study.rounds) for number in each.trials}
    trials = [trial.number for trial in study.trials if trial.epochs]
    rounds = np.array([round_of[number] for number in trials], int)
    at = study.at(epoch)
    scores = np.array([at.get(number, {}).get(f"val_{points.metric}", math.nan) for number in trials], float)
    ranges = tuple(
        tuple(
            tuple(map(float, panel(name, part, [part.decode(end) for end in r.ends(part.key(name))]).x))
            for r in study.rounds
        )
        for name, part in study.space.parts.items()
    )
    title = f"{study.plan.name}: {len(study.rounds)} rounds around the best"
    return Narrowing(points.panels, ranges, rounds, scores, points.best, points.metric, title, epoch)


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


def learning(study: Results, number: int | None = None) -> Learning:
    """Return the curves of a trial, by default of the winner."""
    trial = study.best.trial if number is None else trial_of(study, number)
    epoch = trial.epoch if trial.same_epoch and (study.plan.keep_best or trial.epoch < trial.epochs) else None
    curves = {name: trial.curves[name] for name in ("train_loss", "val_loss", "train_score", "val_score")}
    title = f"{study.plan.name}: trial {trial.number}"
    return Learning(**curves, metric=METRICS[study.plan.task], epoch=epoch, title=title)


def trial_of(study: Results, number: int) -> Trial:
    """Return the trial of a number."""
    trials = {trial.number: trial for trial in study.trials}
    if number not in trials:
        raise InputError(f"the study has {len(trials)} trials, got trial {number}: see study.trials for their numbers")
    return trials[number]


def importances(study: Results, epoch: int | None = None) -> Importances:
    """Return how much each searched hyperparameter mattered at an epoch; see `Results.importances`.

    Raises:
        InputError: too few trials can be compared, or nothing mattered.
    """
    comparison = study.comparison(epoch)
    shares, count = study.importances(comparison.epoch), len(comparison.trials)
    if not shares:
        raise InputError(
            f"importances need {MIN_TRIALS} trials that reached an epoch and differ, got {count} at epoch "
            f"{comparison.epoch}: search more trials, or compare them at an earlier epoch"
        )
    compared = f"all {count}" if count == len(study.trials) else f"{count} of {len(study.trials)}"
    title = f"{study.plan.name}: what mattered at epoch {comparison.epoch}, {compared} trials"
    return Importances(tuple(shares), np.array(list(shares.values()), float), title)


def first_weights(study: Results, count: int = 100) -> Weights:
    """Return the first layer of the winner as images, trained and, if the data are there, at the start."""
    model, start = study.best.model, study.start()
    return weights(model.network, model.sample_shape, count, basis=model.preprocess.basis, start=start)


def weights(
    network: Network,
    sample_shape: Sequence[int],
    count: int = 100,
    row: int = 0,
    basis: Array | None = None,
    start: Network | None = None,
) -> Weights:
    """Return the first layer's weights as images, for ``count`` units: those with the largest weights, largest first.

    With the network at the ``start`` of training, also its weights and the difference, for the units that changed most:
    after a few epochs the weights alone may look like noise. Weights and start have one scale, the difference its own.
    The weights of whitened components are mapped back to pixels by the ``basis`` (D, K) of the whitening: basis W.

    Raises:
        InputError: the samples are not images, or the first layer is not Affine.
    """
    W = _pixel_weights(network, sample_shape, row, basis)
    parts = {"trained": W}
    if start is not None:
        before = _pixel_weights(start, sample_shape, row, basis)
        parts |= {"at the start": before, "difference": W - before}
    strength = np.linalg.norm(parts.get("difference", W), axis=0)
    chosen = np.argsort(-strength, kind="stable")[:count]
    shape = tuple(sample_shape if sample_shape[2:] == (3,) else sample_shape[:2])
    blocks = []
    for name, values in parts.items():
        scale = parts["difference"] if name == "difference" else W
        # Scaled by the very largest of many weights, all others would be pale.
        top = float(np.quantile(np.abs(scale[:, chosen]), 0.995)) or 1.0
        images = np.clip(values[:, chosen].T.reshape(-1, *shape) / top, -1, 1)
        blocks.append((f"{name}, from -{top:.2g} to {top:.2g}", images))
    order = "largest weights first" if start is None else "most changed first"
    return Weights(tuple(blocks), f"First layer: {len(chosen)} of {W.shape[1]} units, {order}")


def _pixel_weights(network: Network, sample_shape: Sequence[int], row: int, basis: Array | None) -> Array:
    """Return the weights of the first affine map for each pixel, (D, U); an encoding keeps the pixels first."""
    first = next((layer for layer in network.layers if not isinstance(layer, InputEncoding)), None)
    if not is_image(sample_shape) or not isinstance(first, Affine):
        raise InputError(f"weights are shown for images, samples (H, W) or (H, W, 3), got {tuple(sample_shape)}")
    inputs: int = network.layers[0].inputs  # type: ignore[attr-defined]
    W: Array = first.W[row][:inputs].astype(float)
    return W if basis is None else basis.astype(float) @ W
