"""Which of many trained networks answer together: greedy selection with replacement."""

from collections.abc import Callable

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError, unknown
from zerokara.train.metrics import METRICS

ROWS = 8
"""Networks tried at once. Each is judged by itself, so that the number decides about memory alone."""

LEAST = {"classification": float(np.finfo(np.float32).tiny), "multilabel": 2.0**-24}
"""What a probability counts as at least: float32 has no smaller one, and none between 1 and 1 - 2**-24."""
ROUNDING = 1e-12
"""The relative difference of two losses that may be rounding: the mean of three like networks is not quite the one."""

Judge = Callable[[Array, Array], Array]
"""From predictions (P, N, C) and targets to what each costs, (P,): lower is better."""


def select(predictions: Array, t: Array, k: int, loss: Judge, initial: int = 1) -> Array:
    """Return how often each network was picked, (P,): in all at most ``k`` times, at least once.

    Again and again the network is added, picked before or not, with which the mean of all picks has the lowest
    loss; ties go to the lower index. Of the nested ensembles on the way the one of the lowest loss is returned, ties
    to the smaller, so that none is worse than the best network alone, which is the first.

    Args:
        predictions: probabilities, or in regression values, of P networks on N validation samples, (P, N, C).
        t: the targets of these samples, as ``loss`` takes them.
        k: picks.
        loss: what judges means of predictions, see `criterion`.
        initial: the first so many picks are the best networks in the order of their own losses (the paper's sorted
            initialization, against overfitting with few samples); 1 begins with the best alone.

    Source: Caruana et al. 2004, Ensemble Selection from Libraries of Models, sections 2.1 to 2.2.

    >>> predictions = np.array([[[0.0], [5.0]], [[3.0], [2.0]], [[9.0], [9.0]]])
    >>> select(predictions, np.array([[1.0], [4.0]]), 10, criterion("regression"))
    array([2, 1, 0])
    """
    population = _checked(predictions, t, k, initial)
    single = _costs(np.zeros(1), predictions, 1, t, loss)
    if not np.isfinite(single).any():
        raise InputError("selection needs a network whose validation loss is finite, got none")
    order = np.argsort(single, kind="stable")
    total: Array = np.zeros(predictions.shape[1:])
    picks, losses = [], []
    for size in range(1, k + 1):
        if size <= min(initial, population):
            pick = int(order[size - 1])
            cost = float(_costs(total, predictions[[pick]], size, t, loss)[0])
        else:
            costs = _costs(total, predictions, size, t, loss)
            pick, cost = int(costs.argmin()), float(costs.min())
        total = total + predictions[pick]
        picks.append(pick)
        losses.append(cost)
    lowest = min(losses)
    size = next(n for n, cost in enumerate(losses, 1) if cost <= lowest + ROUNDING * abs(lowest))
    counts: Array = np.bincount(picks[:size], minlength=population)
    return counts


def _costs(total: Array, predictions: Array, size: int, t: Array, loss: Judge) -> Array:
    """Return the loss of the mean that each network's joining would give, (P,); infinity for NaN."""
    with np.errstate(all="ignore"):
        parts = [
            loss((total + predictions[start : start + ROWS]) / size, t) for start in range(0, len(predictions), ROWS)
        ]
    costs: Array = np.concatenate(parts)
    return np.where(np.isnan(costs), np.inf, costs)


def _checked(predictions: Array, t: Array, k: int, initial: int) -> int:
    """Return P, once all that was given fits together."""
    if predictions.ndim != 3 or not predictions.size:
        raise InputError(f"predictions must be (P, N, C), none of them 0, got the shape {predictions.shape}")
    if len(t) != predictions.shape[1]:
        raise InputError(f"each of the {predictions.shape[1]} samples must have a target, got {len(t)}")
    for name, value in (("k", k), ("initial", initial)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} must be a whole number of picks, 1 or above, got {value!r}")
    return len(predictions)


def criterion(task: str, rank: str = "loss", weights: Array | None = None) -> Judge:
    """Return what judges predictions of a task as a search ranks trials.

    ``loss``: -log p_t; -sum_c log of the probability of label c's truth; 1/2 sum_c (y_c - t_c)^2: the means over
    samples, as in `zerokara.nn.LOSSES`. A probability of 0 counts as `LEAST`.
    ``accuracy``: the share of samples that are wrong, in regression 1 - R2.

    Args:
        weights: sample weights (N,).

    >>> float(criterion("classification", "accuracy")(np.array([[[0.4, 0.6], [0.7, 0.3]]]), np.array([1, 1]))[0])
    0.5
    """
    if task not in METRICS:
        raise unknown("task", task, METRICS)
    if rank not in ("loss", "accuracy"):
        raise unknown("rank", rank, ("loss", "accuracy"))

    def judge(p: Array, t: Array) -> Array:
        if task == "regression":
            squares = _mean(((p - t) ** 2).swapaxes(1, 2), weights)
            return np.asarray(0.5 * squares.sum(axis=-1) if rank == "loss" else _unexplained(squares, t, weights))
        if task == "classification":
            cost = (
                -np.log(np.maximum(p[:, np.arange(len(t)), t], LEAST[task]))
                if rank == "loss"
                else p.argmax(axis=-1) != t
            )
        elif rank == "loss":
            cost = -np.log(np.maximum(np.where(t > 0, p, 1 - p), LEAST[task])).sum(axis=-1)
        else:
            cost = ((p > 0.5) != (t > 0)).any(axis=-1)
        return _mean(cost, weights)

    return judge


def _mean(values: Array, weights: Array | None) -> Array:
    """Return the mean over the last axis; in one order of memory, or the bits would depend on the neighbors."""
    return np.asarray(np.average(np.ascontiguousarray(values, float), axis=-1, weights=weights))


def _unexplained(squares: Array, t: Array, weights: Array | None) -> Array:
    """Return 1 - R2, the mean over targets, from mean squared errors (P, C); of a constant target R2 is 0."""
    variance = _mean((t - np.average(t, axis=0, weights=weights)).T ** 2, weights)
    share: Array = np.where(variance > 0, squares / np.where(variance > 0, variance, 1), 1.0)
    return np.asarray(share.mean(axis=-1))
