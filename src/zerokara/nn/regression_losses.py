"""Losses for regression besides the squared error: robust ones, and one for counts."""

import math

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError, unknown
from zerokara.nn.losses import LOSSES, ElementwiseLoss, Loss, SquaredError


class AbsoluteError(ElementwiseLoss):
    """loss_n = sum_c |y_c - t_c|, d loss_n / dy = sign(y - t). The best constant is the median. Shapes: t (N, C)."""

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        total: Array = np.abs(scores - t).sum(axis=-1)
        return total

    def gradient(self, scores: Array, t: Array) -> Array:
        return np.asarray(np.sign(scores - t))


class Huber(ElementwiseLoss):
    """loss_n = sum_c h(y_c - t_c), h(e) = 1/2 e^2 where |e| <= delta, else delta |e| - 1/2 delta^2.

    d loss_n / dy = y - t, limited to [-delta, delta]: a sample far away pulls no harder. Shapes: t (N, C).
    Args:
        delta: in the units of training, that is in standard deviations of the target.
    Source: Huber 1964, Robust estimation of a location parameter.
    """

    def __init__(self, delta: float = 1.0) -> None:
        if not 0 < delta < math.inf:
            raise InputError(f"the loss huber:DELTA must have DELTA above 0, got {delta}: try 1")
        self.delta = delta

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        error = np.abs(scores - t)
        small = np.minimum(error, self.delta)
        # Equal to both formulas: with e = small + rest, 1/2 small^2 + delta rest.
        total: Array = (small * (0.5 * small) + self.delta * (error - small)).sum(axis=-1)
        return total

    def gradient(self, scores: Array, t: Array) -> Array:
        return np.asarray(np.clip(scores - t, -self.delta, self.delta))


class PoissonError(ElementwiseLoss):
    """loss_n = sum_c y_c - t_c log y_c, d loss_n / dy = 1 - t / y: minus the log likelihood of counts, less log t!.

    Shapes: y > 0, from `zerokara.nn.layers.exponential.Exp`, so that d loss_n / d log y = y - t; t (N, C), 0 or
    above.
    """

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        total: Array = (scores - t * np.log(scores)).sum(axis=-1)
        return total

    def gradient(self, scores: Array, t: Array) -> Array:
        return 1 - t / scores


REGRESSION_LOSSES: dict[str, type[Loss]] = {
    "squared": SquaredError,
    "absolute": AbsoluteError,
    "huber": Huber,
    "poisson": PoissonError,
}
"""The losses that a regression can be trained with."""
POISSON = "poisson"


def make_loss(name: str | None, task: str) -> Loss:
    """Return the loss of this name, or of the task; ``huber:DELTA`` sets Huber's delta.

    >>> make_loss("huber:0.5", "regression").delta, type(make_loss(None, "multilabel")).__name__
    (0.5, 'SigmoidCrossEntropy')
    """
    if name is None:
        return LOSSES[task]()
    check_loss("loss", name)
    if task != "regression":
        raise InputError(f"loss is a choice for regression, got {name!r} for the task {task}: leave loss out")
    kind, _, delta = name.partition(":")
    return Huber(float(delta)) if delta else REGRESSION_LOSSES[kind]()


def check_loss(setting: str, name: object) -> None:
    """Raise InputError unless this is the name of a loss for regression."""
    kind, _, delta = str(name).partition(":")
    if kind not in REGRESSION_LOSSES:
        raise unknown(setting, str(name), REGRESSION_LOSSES)
    if not delta and str(name) == kind:
        return
    try:
        if kind != "huber":
            raise ValueError
        Huber(float(delta))
    except ValueError as error:
        rule = "must be squared, absolute, huber[:DELTA] or poisson, with a number DELTA above 0"
        raise InputError(f"{setting} {rule}, got {name!r}: try huber:1") from error
