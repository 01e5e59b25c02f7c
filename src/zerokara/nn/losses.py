"""Losses: one value per network, and its gradient with respect to the scores."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array, Index, ones
from zerokara.errors import InputError
from zerokara.nn.layers.activations import sigmoid


class Loss(ABC):
    """The mean over samples of w_n loss_n; the sample weights w_n are 1 by default.

    Shapes: scores (P, N, C), weights (N,), loss (P,); t depends on the loss, see `targets`. Scale sample weights to a
    mean of 1, as `zerokara.data` does; otherwise they change the effective learning rate.
    """

    def forward(self, scores: Array, t: Array, weights: Array | None = None) -> Array:
        """Return the loss of each network, of shape (P,)."""
        losses = self.per_sample_loss(scores, self._checked(scores, t, weights))
        mean: Array = (losses if weights is None else losses * weights).mean(axis=1)
        return mean

    def backward(self, scores: Array, t: Array, weights: Array | None = None) -> Array:
        """Return d loss / d scores, of shape (P, N, C)."""
        dscores = self.gradient(scores, self._checked(scores, t, weights))
        dscores *= 1 / scores.shape[1] if weights is None else (weights / scores.shape[1])[:, None]
        return dscores

    def _checked(self, scores: Array, t: Array, weights: Array | None) -> Array:
        """Return the targets. NumPy would broadcast other shapes silently: (1, N, 1) - (N,) is N x N."""
        try:
            _, samples, outputs = scores.shape
        except (AttributeError, ValueError) as error:
            raise InputError(
                f"scores must have the axes (P, N, C), got the shape {np.shape(scores)}: pass network.forward(x)"
            ) from error
        if weights is not None and np.shape(weights) != (samples,):
            raise InputError(
                f"weights must have one number per sample, ({samples},), got {np.shape(weights)}: correct their length"
            )
        return self.targets(t, samples, outputs)

    def targets(self, t: npt.ArrayLike, samples: int, outputs: int) -> Array:
        """Return targets as this loss takes them, of any shape with a row for each sample.

        Raises:
            InputError: they do not fit the samples, or this loss.
        """
        t = np.asarray(t)
        if t.shape[:1] != (samples,):
            raise InputError(f"t must have a row for each of {samples} samples, got the shape {t.shape}: reshape it")
        return t

    @abstractmethod
    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        """Return loss_n, the loss of each sample in each network, of shape (P, N)."""

    @abstractmethod
    def gradient(self, scores: Array, t: Array) -> Array:
        """Return d loss_n / d scores_n, of shape (P, N, C)."""

    def take(self, index: Index) -> "Loss":
        """Return the loss for the networks ``index`` alone."""
        return self

    def without_smoothing(self) -> "Loss":
        """Return the loss that networks are evaluated and compared by."""
        return self


class ElementwiseLoss(Loss):
    """A loss whose targets are numbers, one for each score: t (N, C), or of one output (N,)."""

    def targets(self, t: npt.ArrayLike, samples: int, outputs: int) -> Array:
        t = np.asarray(t)
        if t.shape == (samples, outputs) and t.dtype.kind in "fbiu":
            return t
        t = as_numbers(t)
        if t.size != samples * outputs or t.shape[:1] not in ((), (samples,)):
            raise InputError(
                f"t must have a row for each of {samples} samples and a column for each of {outputs} outputs, got the "
                f"shape {t.shape}: reshape it"
            )
        return t.reshape(samples, outputs)


class SoftmaxCrossEntropy(Loss):
    """loss_n = -sum_c q_c log p_c, p = softmax(scores); q_c = (1 - s) [c = t] + s / C with label smoothing s.

    d loss_n / d scores_n = p - q. Shapes: t (N,), class numbers below C, or one-hot (N, C); s a number or (P,). Both
    are multiplied by the weight of class t, if there are ``class_weights`` (C,).
    log p is computed as scores - max - log(sum(exp(scores - max))), which cannot overflow and needs no 1e-7 in the log.
    Source: Deep Learning from Scratch, sections 4.2.2 and 5.6.3; smoothing, Szegedy et al. 2016, section 7.
    """

    def __init__(self, label_smoothing: float | npt.ArrayLike = 0.0, class_weights: Array | None = None) -> None:
        self.class_weights = class_weights
        self.label_smoothing = np.asarray(label_smoothing, float).reshape(-1, 1, 1)
        if not ((self.label_smoothing >= 0) & (self.label_smoothing < 1)).all():
            raise InputError(f"0 <= label_smoothing < 1 must hold, got {self.label_smoothing.ravel()}: try 0.1")

    @cached_property
    def smooths(self) -> bool:
        """Whether there is label smoothing."""
        return bool(self.label_smoothing.any())

    def targets(self, t: npt.ArrayLike, samples: int, outputs: int) -> Array:
        t = np.asarray(t)
        try:
            # A quarter of the time of a minimum and a maximum; a negative number is a ValueError.
            if t.shape == (samples,) and t.dtype.kind in "iu" and np.bincount(t, minlength=outputs).size == outputs:
                return t
        except (TypeError, ValueError, MemoryError):
            pass
        return class_numbers(t, samples, outputs)

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        shifted = scores - _row_max(scores)
        s = self.label_smoothing.astype(scores.dtype)[:, :, 0]
        right = (1 - s) * shifted[:, np.arange(len(t)), t]
        if self.smooths:
            right += s * shifted.mean(axis=-1)
        np.exp(shifted, out=shifted)
        losses: Array = np.log(shifted @ ones(scores.shape[-1], 1, scores.dtype))[:, :, 0]
        losses -= right
        if self.class_weights is not None:
            losses *= self.class_weights.astype(scores.dtype)[t]
        return losses

    def gradient(self, scores: Array, t: Array) -> Array:
        classes = scores.shape[-1]
        p = softmax(scores)
        q = np.eye(classes, dtype=scores.dtype)[t]
        if self.smooths:
            s = self.label_smoothing.astype(scores.dtype)
            q = (1 - s) * q + s / classes
        p -= q
        if self.class_weights is not None:
            p *= self.class_weights.astype(scores.dtype)[t][:, None]
        return p

    def take(self, index: Index) -> "SoftmaxCrossEntropy":
        smoothing = self.label_smoothing[index] if len(self.label_smoothing) > 1 else self.label_smoothing
        return SoftmaxCrossEntropy(smoothing, self.class_weights)

    def without_smoothing(self) -> "SoftmaxCrossEntropy":
        return SoftmaxCrossEntropy(class_weights=self.class_weights)


class SigmoidCrossEntropy(ElementwiseLoss):
    """loss_n = sum_c log(1 + exp(z_c)) - t_c z_c, for scores z and C independent labels.

    d loss_n / d z = sigmoid(z) - t. Shapes: t (N, C), 0 or 1. log(1 + exp(z)) is computed as max(z, 0) + log(1 +
    exp(-|z|)). This loss sums over labels; PyTorch's BCEWithLogitsLoss takes their mean.
    """

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        softplus = np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores)))
        total: Array = (softplus - t * scores).sum(axis=-1)
        return total

    def gradient(self, scores: Array, t: Array) -> Array:
        return sigmoid(scores) - t


class SquaredError(ElementwiseLoss):
    """loss_n = 1/2 sum_c (y_c - t_c)^2, d loss_n / dy = y - t. Shapes: t (N, C).

    The 1/2 follows Deep Learning from Scratch, section 4.2.1; PyTorch's MSELoss has no 1/2 and takes the mean.
    """

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        difference = scores - t
        total: Array = 0.5 * (difference * difference).sum(axis=-1)
        return total

    def gradient(self, scores: Array, t: Array) -> Array:
        return scores - t


def as_numbers(t: npt.ArrayLike) -> Array:
    """Return targets as an array; raise InputError unless they are numbers."""
    array = np.asarray(t)
    if array.dtype.kind not in "biuf":
        raise InputError(f"t must hold numbers, got dtype {array.dtype}: number the classes from 0")
    return array


def class_numbers(t: Any, samples: int, classes: int) -> Array:
    """Return the class of each sample, (N,), of labels or one-hot rows; a t of N x C numbers is one-hot.

    Raises:
        InputError: t has another number of samples, or a label that is no class.

    >>> class_numbers([[0, 1], [1, 0]], 2, 2), class_numbers([1, 0], 2, 2)
    (array([1, 0]), array([1, 0]))
    """
    t = as_numbers(t)
    if t.size == samples * classes:
        one_hot: Array = t.reshape(samples, classes).argmax(axis=1)
        return one_hot
    if t.size != samples:
        raise InputError(
            f"there must be a target for each of {samples} samples, got t of the shape {t.shape}: "
            f"give {samples} labels, or one-hot rows of {classes}"
        )
    labels: Array = t.ravel().astype(int)
    if (labels != t.ravel()).any() or (samples and not 0 <= labels.min() <= labels.max() < classes):
        wrong = next(label for label in t.ravel() if label not in range(classes))
        raise InputError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {wrong}: number the classes from 0"
        )
    return labels


def softmax(scores: Array) -> Array:
    """Return exp(scores) / sum(exp(scores)) over the last axis; subtracting the maximum first avoids overflow.

    >>> softmax(np.array([0.3, 2.9, 4.0])).round(8)
    array([0.01821127, 0.24519181, 0.73659691])
    """
    p: Array = np.exp(scores - _row_max(scores))
    p /= p @ ones(p.shape[-1], 1, p.dtype)
    return p


def _row_max(scores: Array) -> Array:
    """Return the maximum over the last axis, kept as an axis of length 1.

    NumPy reduces a first axis row by row, ten times faster than it reduces a short last axis.
    """
    highest: Array = np.ascontiguousarray(scores.transpose(-1, *range(scores.ndim - 1))).max(axis=0)
    return highest[..., None]


def concat_losses(parts: Sequence[Loss], sizes: Sequence[int]) -> Loss:
    """Return the losses of several populations as one; ``sizes`` are their numbers of networks."""
    first = parts[0]
    if not isinstance(first, SoftmaxCrossEntropy):
        return first
    rows = [
        np.broadcast_to(loss.label_smoothing, (size, 1, 1))
        for loss, size in zip(parts, sizes, strict=True)
        if isinstance(loss, SoftmaxCrossEntropy)
    ]
    return SoftmaxCrossEntropy(np.concatenate(rows), first.class_weights)


LOSSES: dict[str, type[Loss]] = {
    "classification": SoftmaxCrossEntropy,
    "multilabel": SigmoidCrossEntropy,
    "regression": SquaredError,
}
"""The loss that each task is trained with."""
