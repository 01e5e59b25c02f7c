"""The model of a search on folds: the weighted mean of the fold networks of its best trials.

Each sample is predicted by networks that were not trained on it: these out-of-fold predictions decide the weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset, Part
from zerokara.engine.bracket import Candidate
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Trial
from zerokara.model import Ensemble, Model, criterion, predict_each

ITERATIONS = 200
"""The steps of the minimization."""
SLOPE_TOLERANCE = 1e-9
LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""The least probability of a true class."""
PRIOR_SAMPLES = 3
"""The strength of the prior for equal weights, in samples for each trial: of few samples, a small advantage is luck."""
LEAST_WEIGHT = 0.02
"""A smaller weight is not worth the time to predict."""
WEIGHT_UNITS = 1000
"""Weights are rounded to one in so many, so that no last bit of a processor's functions decides a model."""


def eligible(candidates: Sequence[Candidate], plan: Plan) -> list[Candidate]:
    """Return the protected trials, and those better than the best of them by more than the standard error.

    The error is that of the mean difference between the values of their networks. A search that tries many networks
    finds some that are better by luck: without this rule they take weight from the default ones. Without protected
    trials all are eligible.
    """
    protected = [trial for trial, _ in candidates if trial.number < plan.protected]
    if not protected:
        return list(candidates)
    best = min(protected, key=lambda trial: trial.value_key)
    return [each for each in candidates if each[0].number < plan.protected or _clearly_better(each[0], best)]


def _clearly_better(trial: Trial, than: Trial) -> bool:
    gains = np.subtract([row.value for row in than.rows], [row.value for row in trial.rows])
    return bool(gains.mean() > gains.std(ddof=1) / math.sqrt(len(gains)))


def out_of_fold(candidates: Sequence[Candidate], plan: Plan) -> tuple[Array, Part]:
    """Return the predictions of each trial for all samples, (T, N, C), and these samples, in the order of the folds.

    A trial's prediction is the mean over its initializations. In regression, values have the scale of the first fold.
    """
    first, predictions, parts = plan.parts[0], [], []
    for fold, data in enumerate(plan.parts):
        part = data.validation
        assert part is not None
        own = [predict_each(networks[fold :: plan.folds], part.x, plan.task).mean(axis=0) for _, networks in candidates]
        t = part.t
        if plan.task == "regression":
            own = [_rescaled(y, data, first) for y in own]
            t = _rescaled(t, data, first)
        predictions.append(np.stack(own))
        parts.append(Part(t, t, part.weights))
    weights = [part.weights for part in parts if part.weights is not None]
    t = np.concatenate([part.t for part in parts])
    return np.concatenate(predictions, axis=1), Part(t, t, np.concatenate(weights) if weights else None)


def _rescaled(y: Array, data: Dataset, to: Dataset) -> Array:
    return to.preprocess.transform_target(data.preprocess.restore_target(y))


def mean_weights(predictions: Array, part: Part, task: str) -> Array:
    """Return the weights of trials in the mean with the lowest loss on these samples, (T,), in thousandths.

    The loss is -log of the mean probability of the true class or label, or the squared error. Both are convex in the
    weights. The first is minimized by expectation maximization, w_k <- w_k mean_n(p_kn / sum_j w_j p_jn), the second
    by steps between pairs. Both have a prior for equal weights, see `PRIOR_SAMPLES`. Weights below `LEAST_WEIGHT` are
    left out.

    Shapes: predictions (T, N, C).
    """
    sample = np.ones(len(part)) if part.weights is None else part.weights.astype(float)
    p, t = predictions.astype(float), part.t
    # Divided by N; samples of different weights count as fewer (Kish's effective sample size).
    prior = PRIOR_SAMPLES * float((sample**2).sum() / sample.sum() ** 2)
    if task == "regression":
        weights = _least_squares((p - t).reshape(len(p), -1) * np.sqrt(np.repeat(sample, p.shape[2])), prior)
    else:
        right = (
            p[:, np.arange(len(t)), t] if task == "classification" else np.where(t > 0, p, 1 - p).reshape(len(p), -1)
        )
        sample = np.repeat(sample, right.shape[1] // len(sample))
        weights = _most_likely(np.maximum(right, LEAST_PROBABILITY), sample / sample.sum(), prior)
    weights = np.where(weights < LEAST_WEIGHT, 0, weights)
    return np.asarray(np.round(WEIGHT_UNITS * weights / weights.sum()), int)


def _most_likely(p: Array, sample: Array, prior: float) -> Array:
    """Return the weights w of the mixture of probabilities p (T, N) with the largest posterior.

    The prior is a Dirichlet distribution, as if each trial alone explained ``prior`` N more samples:
    w_k <- (w_k mean_n(p_kn / sum_j w_j p_jn) + prior) / (1 + T prior).
    """
    w = np.full(len(p), 1 / len(p))
    for _ in range(ITERATIONS):
        mixture = (w[:, None] * p).sum(axis=0)
        w = w * (p * (sample / mixture)).sum(axis=1) + prior
        w /= w.sum()
    return w


def _least_squares(errors: Array, prior: float) -> Array:
    """Return the weights w >= 0 with sum 1 for which the mean square of sum_k w_k errors_k (T, N) is least.

    The prior adds prior T s^2 sum_k (w_k - 1 / T)^2, s^2 the mean square of the best trial's errors. Pairs of weights
    are balanced in turn, each exactly: from the one with the steepest slope to the one with the least.
    """
    g = np.array([[(one * other).mean() for other in errors] for one in errors])
    g += prior * g.diagonal().min() * (len(g) * np.eye(len(g)) - 1)
    w = np.full(len(g), 1 / len(g))
    for _ in range(ITERATIONS * len(g)):
        slopes = (g * w).sum(axis=1)
        to, source = int(slopes.argmin()), int(np.where(w > 0, slopes, -np.inf).argmax())
        curvature = g[to, to] + g[source, source] - 2 * g[to, source]
        if to == source or slopes[source] - slopes[to] <= SLOPE_TOLERANCE * g[to, to] or curvature <= 0:
            break
        step = min(w[source], (slopes[source] - slopes[to]) / curvature)
        w[to], w[source] = w[to] + step, w[source] - step
    return w


@dataclass(frozen=True, eq=False)
class FoldMean:
    """The weighted mean of the fold networks of the best trials: the weights are chosen by out-of-fold predictions.

    Attributes:
        weights: those of the trials, by number, rounded to thousandths.
        scores: the mean's scores for all samples, (N, C), each from networks that were not trained on the sample.
        part: these samples, in the order of the folds.
        score: the accuracy, or R2, of these scores.
        model: the mean as a model.
    """

    weights: dict[int, float]
    scores: Array
    part: Part
    score: float
    model: Model

    @classmethod
    def of(cls, candidates: Sequence[Candidate], plan: Plan, about: dict[str, Any]) -> "FoldMean":
        """Return the mean of those of these trials that are `eligible`."""
        candidates = eligible(candidates, plan)
        predictions, part = out_of_fold(candidates, plan)
        counts = mean_weights(predictions, part, plan.task)
        mean = (predictions * (counts / counts.sum())[:, None, None]).sum(axis=0)
        weights = {trial.number: int(n) / WEIGHT_UNITS for (trial, _), n in zip(candidates, counts, strict=True) if n}
        models = []
        for fold, data in enumerate(plan.parts):
            networks = [network for _, own in candidates for network in own[fold :: plan.folds]]
            models.append(Model.of(Ensemble.of(networks, np.repeat(counts, plan.seeds)), data, about))
        trials = {str(number): weight for number, weight in weights.items()}
        model = Model.mean(models, data=plan.data, about=about | {"trials": trials, "folds": plan.folds})
        missed = criterion(plan.task, "accuracy", part.weights)(mean[None], part.t)
        return cls(weights, _as_scores(mean, plan.task), part, 1 - float(missed[0]), model)


def _as_scores(p: Array, task: str) -> Array:
    """Return scores whose probabilities are p."""
    if task == "regression":
        return p
    log_p = np.log(np.maximum(p, LEAST_PROBABILITY))
    return log_p if task == "classification" else log_p - np.log(np.maximum(1 - p, LEAST_PROBABILITY))
