"""How far a score may be off because it is computed from few samples: its standard error."""

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Part


def standard_error(scores: Array, part: Part, task: str) -> float:
    """Return the standard error of the accuracy or the R2 of one network on a part, from its outputs (N, C).

    Of n samples of which a share p is right it is sqrt(p (1 - p) / n). With a sample's influence d on the score, and
    weights w, it is sqrt(sum (w d)^2) / sum w; for R2 = 1 - sum (y - t)^2 / sum (t - mean t)^2 by linearization.

    >>> part = Part(np.zeros((4, 1)), np.array([0, 1, 1, 1]))
    >>> round(standard_error(np.tile([0.0, 1.0], (4, 1)), part, "classification"), 4)
    0.2165
    """
    w = np.ones(len(scores)) if part.weights is None else part.weights.astype(float)
    influence = _influence(scores.astype(float), part.t, w, task)
    return float(np.sqrt(np.sum((w * influence) ** 2)) / w.sum())


def _influence(scores: Array, t: Array, w: Array, task: str) -> Array:
    """Return how far each sample moves the score (N,), weighted mean 0."""
    if task != "regression":
        right = scores.argmax(axis=-1) == t if task == "classification" else ((scores > 0) == (t > 0)).all(axis=-1)
        influence: Array = right - np.average(right, weights=w)
        return influence
    center = np.average(t.astype(float), axis=0, weights=w)
    misses, deviations = (scores - t) ** 2, (t - center) ** 2
    spread = np.average(deviations, axis=0, weights=w)
    known = spread > 0
    r2 = 1 - np.average(misses, axis=0, weights=w)[known] / spread[known]
    each: Array = ((1 - r2) * deviations[:, known] - misses[:, known]) / spread[known]
    mean: Array = each.sum(axis=1) / t.shape[1]
    return mean
