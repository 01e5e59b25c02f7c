"""The metrics that networks can be ranked by, each computed for a whole population at once."""

from collections.abc import Callable
from functools import partial

import numpy as np

from zerokara.arrays import Array

Scoring = Callable[[Array, Array, Array], Array]
"""Returns the metric of each network (P,) from predictions (P, N, ...), targets (N, ...) and sample weights (N,)."""


def confusion_tables(decided: Array, t: Array, w: Array, classes: int) -> Array:
    """Return the weight of the samples of class i that each network takes for class j, (P, C, C).

    >>> confusion_tables(np.array([[0, 1, 1]]), np.array([0, 0, 1]), np.ones(3), 2)
    array([[[1., 1.],
            [0., 1.]]])
    """
    networks = np.arange(len(decided))[:, None]
    cell = (networks * classes + t.astype(int)) * classes + decided
    weights = np.broadcast_to(w, decided.shape)
    return np.bincount(cell.ravel(), weights.ravel(), len(decided) * classes**2).reshape(-1, classes, classes)


def recalls(table: Array) -> Array:
    """Return the recall of each class, (P, C), from `confusion_tables`; NaN for a class without samples."""
    right, true, _ = _margins(table)
    return _ratio(right, true, np.nan)


def precisions(table: Array) -> Array:
    """Return the precision of each class, (P, C), from `confusion_tables`; 0 for a class that is never predicted."""
    right, _, predicted = _margins(table)
    return _ratio(right, predicted, 0.0)


def balanced_accuracy(table: Array) -> Array:
    """Return the mean recall of the classes that have samples, (P,)."""
    recall = recalls(table)
    present = ~np.isnan(recall)
    return _ratio(np.where(present, recall, 0).sum(axis=-1), present.sum(axis=-1), np.nan)


def f1(table: Array) -> Array:
    """Return the F1 score of the second class, (P,): 2 precision recall / (precision + recall)."""
    return _f1_of_classes(table)[:, 1]


def f1_macro(table: Array) -> Array:
    """Return the mean F1 score, (P,), of the classes that have samples or are predicted."""
    _, true, predicted = _margins(table)
    present = true + predicted > 0
    scores = np.where(present, _f1_of_classes(table), 0)
    return _ratio(scores.sum(axis=-1), present.sum(axis=-1), 0.0)


def mcc(table: Array) -> Array:
    """Return the Matthews correlation coefficient, (P,); 0 if all samples, or all predictions, are of one class.

    Source: Gorodkin 2004, Comparing two K-category assignments by a K-category correlation coefficient.
    """
    right, true, predicted = _margins(table)
    total = true.sum(axis=-1)
    covariance = right.sum(axis=-1) * total - (true * predicted).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    # The differences of large sums are rounded.
    spread = np.where(spread > 1e-12 * total**4, spread, 0.0)
    return _ratio(covariance, np.sqrt(spread), 0.0)


def _margins(table: Array) -> tuple[Array, Array, Array]:
    """Return for each class (P, C) the weight of its right samples, of its samples, and of its predictions."""
    # Summed over contiguous memory: else the rounding depends on the other networks.
    predicted = np.ascontiguousarray(table.swapaxes(1, 2)).sum(axis=-1)
    return np.diagonal(table, axis1=1, axis2=2).copy(), table.sum(axis=-1), predicted


def _f1_of_classes(table: Array) -> Array:
    right, true, predicted = _margins(table)
    return _ratio(2 * right, true + predicted, 0.0)


def _ratio(above: Array, below: Array, otherwise: float) -> Array:
    some = below > 0
    return np.where(some, above / np.where(some, below, 1), otherwise)


def of_table(score: Callable[[Array], Array], decided: Array, t: Array, w: Array, classes: int) -> Array:
    """Return a score of `confusion_tables`, (P,): of the classes, or the mean over labels.

    Shapes: decided (P, N) and t (N,) are classes; decided (P, N, C) and t (N, C) are 0 or 1 for each label.
    """
    if t.ndim == 1:
        return score(confusion_tables(decided, t, w, classes))
    labels = [score(confusion_tables(decided[:, :, c], t[:, c] > 0, w, 2)) for c in range(t.shape[1])]
    return _mean_of(labels)


def roc_auc(score: Array, positive: Array, w: Array) -> float:
    """Return the area under the ROC curve of one network and one class; NaN unless both kinds of samples have weight.

    Shapes: score (N,), higher for positive samples; positive (N,) booleans; w (N,).
    """
    above, below = _above_and_below(score, positive, w)
    if above[-1] == 0 or below[-1] == 0:
        return np.nan
    return float(np.trapezoid(above, below) / (above[-1] * below[-1]))


def average_precision(score: Array, positive: Array, w: Array) -> float:
    """Return the mean precision over the recall of one network and one class; 0 without positive samples."""
    above, below = _above_and_below(score, positive, w)
    if above[-1] == 0:
        return 0.0
    precision = _ratio(above, above + below, 0.0)
    return float((np.diff(above) * precision[1:]).sum() / above[-1])


def _above_and_below(score: Array, positive: Array, w: Array) -> tuple[Array, Array]:
    """Return the weight of the positive and of the negative samples down to each different score, from 0 on."""
    order = np.argsort(-score, kind="stable")
    ordered, hit, weight = score[order], positive[order], w[order]
    ends = [*np.flatnonzero(np.diff(ordered)), len(ordered) - 1]
    above, below = np.cumsum(weight * hit)[ends], np.cumsum(weight * ~hit)[ends]
    return np.concatenate([[0.0], above]), np.concatenate([[0.0], below])


def by_class(curve: Callable[[Array, Array, Array], float], p: Array, t: Array, w: Array) -> Array:
    """Return a score of the order of probabilities, (P,): of the second of two classes, or a mean.

    The mean is over the classes that have samples, each against all others, or over the labels; a label or class whose
    score is NaN does not count.

    Shapes: p (P, N, C); t (N,) classes, or (N, C) labels.
    """
    classes = p.shape[-1]
    if t.ndim == 2:
        columns = {c: t[:, c] > 0 for c in range(classes)}
    elif classes == 2:
        columns = {1: t == 1}
    else:
        columns = {c: t == c for c in range(classes) if (t == c).any()}
    rows = []
    for row in p:
        if not np.isfinite(row).all():
            rows.append(np.nan)
            continue
        scores = [curve(np.ascontiguousarray(row[:, c]), positive, w) for c, positive in columns.items()]
        known = [score for score in scores if score == score]
        rows.append(sum(known) / len(known) if known else np.nan)
    return np.array(rows, float)


def rmse(y: Array, t: Array, w: Array) -> Array:
    """Return the root mean squared error, (P,): the mean over the outputs. Shapes: y (P, N, C), t (N, C)."""
    return _mean_of(list(np.sqrt(_average(np.square(y - t), w)).T))


def mae(y: Array, t: Array, w: Array) -> Array:
    """Return the mean absolute error, (P,): the mean over the outputs. Shapes: y (P, N, C), t (N, C)."""
    return _mean_of(list(_average(np.abs(y - t), w).T))


def _average(errors: Array, w: Array) -> Array:
    """Return the weighted mean over the samples, (P, C), of errors (P, N, C)."""
    averages: Array = (np.ascontiguousarray(errors.swapaxes(1, 2)) * w).sum(axis=-1) / w.sum()
    return averages


def _mean_of(parts: list[Array]) -> Array:
    """Return the mean of several arrays, added in order: NumPy adds in another order for a single network."""
    return np.asarray(sum(parts) / len(parts))


DECIDED = {
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
    "f1_macro": f1_macro,
    "mcc": mcc,
}
"""The scores of decisions, from `confusion_tables`."""
ORDERED: dict[str, Scoring] = {
    "roc_auc": partial(by_class, roc_auc),
    "average_precision": partial(by_class, average_precision),
}
"""The scores of the order of probabilities."""
ERRORS: dict[str, Scoring] = {"rmse": rmse, "mae": mae}
"""The errors of a regression, in the units of the values."""
