"""Selection of an ensemble from trained networks: greedy, with replacement."""

from collections.abc import Callable

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Part, Preprocess
from zerokara.errors import InputError, unknown
from zerokara.nn.losses import Loss, SoftmaxCrossEntropy, SquaredError
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Rank, ranking

ROWS = 8
"""Networks evaluated at once; this limits memory, and changes no number."""

LOWEST = {"classification": float(np.finfo(np.float32).tiny), "multilabel": 2.0**-24}
"""The lower bound of probabilities in a loss: float32 has no smaller number, and none between 1 and 1 - 2**-24."""
ROUNDING = 1e-12
"""Losses with a smaller relative difference count as equal: the mean of three equal networks is rounded."""

Criterion = Callable[[Array, Array], Array]
"""From predictions (P, N, C) and targets to the loss of each, (P,): lower is better."""


def select(predictions: Array, t: Array, k: int, loss: Criterion) -> Array:
    """Return how often each network was picked, (P,): at least one pick in total, and at most ``k``.

    Each step adds the network, picked before or not, that gives the mean of all picks the lowest loss; ties go to the
    lower index. Of the ensembles of 1, 2, ..., k picks the one of the lowest loss is returned, ties to the smaller, so
    that it is never worse than the best single network, which is the first.

    Args:
        predictions: probabilities, or in regression values, of P networks on N validation samples, (P, N, C).
        t: the targets of these samples.
        k: picks.
        loss: the loss of means of predictions, see `criterion`.

    Source: Caruana et al. 2004, Ensemble Selection from Libraries of Models, sections 2.1 to 2.2.

    >>> predictions = np.array([[[0.0], [5.0]], [[3.0], [2.0]], [[9.0], [9.0]]])
    >>> select(predictions, np.array([[1.0], [4.0]]), 10, criterion("regression"))
    array([2, 1, 0])
    """
    _check(predictions, t, k)
    total: Array = np.zeros(predictions.shape[1:])
    picks, losses = [], []
    for size in range(1, k + 1):
        costs = _costs(total, predictions, size, t, loss)
        if not np.isfinite(costs).any():
            raise InputError(
                "at least one network must have a finite validation loss, got NaN: lower the learning rates"
            )
        picks.append(int(costs.argmin()))
        losses.append(float(costs.min()))
        total = total + predictions[picks[-1]]
    lowest = min(losses)
    size = next(n for n, cost in enumerate(losses, 1) if cost <= lowest + ROUNDING * abs(lowest))
    counts: Array = np.bincount(picks[:size], minlength=len(predictions))
    return counts


def _costs(total: Array, predictions: Array, size: int, t: Array, loss: Criterion) -> Array:
    """Return the loss of the mean after adding each network, (P,); infinity for NaN."""
    with np.errstate(all="ignore"):
        parts = [
            loss((total + predictions[start : start + ROWS]) / size, t) for start in range(0, len(predictions), ROWS)
        ]
    costs: Array = np.concatenate(parts)
    return np.where(np.isnan(costs), np.inf, costs)


def _check(predictions: Array, t: Array, k: int) -> None:
    """Raise InputError unless these are arguments of `select`."""
    if predictions.ndim != 3 or not predictions.size:
        raise InputError(f"predictions must have the shape (P, N, C), none of them 0, got {predictions.shape}")
    if len(t) != predictions.shape[1]:
        raise InputError(f"each of the {predictions.shape[1]} samples must have a target, got {len(t)}")
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k must be a whole number of picks, 1 or above, got {k!r}")


def criterion(
    task: str,
    rank: Rank = "loss",
    weights: Array | None = None,
    preprocess: Preprocess | None = None,
    loss: Loss | None = None,
) -> Criterion:
    """Return the loss by which a search ranks trials, as a function of predictions and targets.

    ``loss``: -log p_t; -sum_c log of the probability of label c's true value; in regression ``loss``, 1/2 sum_c
    (y_c - t_c)^2 by default: the means over samples. A probability of 0 counts as `LOWEST`. ``accuracy``: the fraction
    of samples that are wrong, in regression 1 - R2. Another metric: its objective.

    Args:
        weights: sample weights (N,).
        preprocess: the scaling of the targets, for errors in their units.
        loss: in place of the task's; of a classification, its class weights.

    >>> float(criterion("classification", "accuracy")(np.array([[[0.4, 0.6], [0.7, 0.3]]]), np.array([1, 1]))[0])
    0.5
    """
    if task not in METRICS:
        raise unknown("task", task, METRICS)
    metric = ranking(rank, task)
    error = loss or SquaredError()

    def cost(p: Array, t: Array) -> Array:
        if metric.scoring:
            scaling = preprocess or Preprocess.identity(1, p.shape[-1])
            known = ranking(rank, task, p.shape[-1])
            values = known.evaluate(known.of_probabilities(p, scaling), Part(t, t, weights), scaling)
            return known.objective(values)
        if task == "regression":
            if metric.name == "loss":
                return _mean(error.per_sample_loss(p, t), weights)
            return _unexplained(_mean(((p - t) ** 2).swapaxes(1, 2), weights), t, weights)
        if metric.name == "accuracy":
            wrong = p.argmax(axis=-1) != t if task == "classification" else ((p > 0.5) != (t > 0)).any(axis=-1)
            return _mean(wrong, weights)
        by_class = loss.class_weights if isinstance(loss, SoftmaxCrossEntropy) else None
        right = p[:, np.arange(len(t)), t] if task == "classification" else np.where(t > 0, p, 1 - p)
        log_p = np.log(np.maximum(right, LOWEST[task]))
        losses = -(log_p if task == "classification" else log_p.sum(axis=-1))
        return _mean(losses if by_class is None else losses * by_class[t], weights)

    return cost


def _mean(values: Array, weights: Array | None) -> Array:
    """Return the mean over the last axis, of contiguous memory: else the rounding depends on the other networks."""
    return np.asarray(np.average(np.ascontiguousarray(values, float), axis=-1, weights=weights))


def _unexplained(squares: Array, t: Array, weights: Array | None) -> Array:
    """Return 1 - R2, the mean over targets, from mean squared errors (P, C); the R2 of a constant target is 0."""
    variance = _mean((t - np.average(t, axis=0, weights=weights)).T ** 2, weights)
    fraction: Array = np.where(variance > 0, squares / np.where(variance > 0, variance, 1), 1.0)
    return np.asarray(fraction.mean(axis=-1))
