"""The functions of chapters 3 and 4. Source: Deep Learning from Scratch, sections 3.2 to 4.2."""

from typing import Any

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic.common.inputs import floats
from zerokara.nn.layers import activations
from zerokara.nn.losses import class_numbers

__all__ = [  # Course scripts import these with a star, np included.
    "cross_entropy_error",
    "identity_function",
    "mean_squared_error",
    "np",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_loss",
    "step_function",
    "sum_squared_error",
]

DELTA = 1e-7
"""Added inside the log by the book. zerokara's own losses compute log(softmax) as one expression, without it."""


def identity_function(x: Array) -> Array:
    """Return x."""
    return x


def step_function(x: Array) -> Array:
    """Return 1 where x > 0, else 0.

    >>> step_function(np.array([-1.0, 0.0, 2.0]))
    array([0, 0, 1])
    """
    return np.array(np.asarray(x) > 0, dtype=int)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without an overflow."""
    return activations.sigmoid(floats(x))


def sigmoid_grad(x: Array) -> Array:
    """Return the derivative of the sigmoid at x, y (1 - y)."""
    y = sigmoid(x)
    return y * (1.0 - y)


def relu(x: Array) -> Array:
    """Return max(0, x)."""
    y: Array = np.maximum(0, x)
    return y


def relu_grad(x: Array) -> Array:
    """Return 1 where x >= 0, else 0. At 0 the book has 1 here and 0 in its layer; zerokara has 0."""
    x = np.asarray(x)
    return (x >= 0).astype(x.dtype)


def softmax(x: Array) -> Array:
    """Return exp(x) / sum(exp(x)) over the last axis, of one sample or a batch."""
    x = floats(x)
    return nn.softmax(x) if x.ndim else np.ones_like(x)


def sum_squared_error(y: Array, t: Array) -> Any:
    """Return 1/2 sum (y - t)^2, over all elements.

    >>> float(sum_squared_error([0.1, 0.9], [0, 1])).__round__(12)
    0.01
    """
    return 0.5 * np.sum((floats(y) - floats(t)) ** 2)


mean_squared_error = sum_squared_error
"""The name in the book's first printing; it is a sum all the same."""


def cross_entropy_error(y: Array, t: Array) -> Any:
    """Return the mean over samples of -log(y[t] + 1e-7).

    Shapes: y (N, C) or one sample (C,); t one-hot like y, or labels (N,). A t of the size of y is one-hot.
    """
    y = floats(y)
    y = y.reshape(-1, y.shape[-1] if y.ndim else 1)
    return -np.sum(np.log(y[np.arange(len(y)), class_numbers(t, *y.shape)] + DELTA)) / len(y)


def softmax_loss(X: Array, t: Array) -> Any:
    """Return the cross-entropy of the softmax of scores X."""
    return cross_entropy_error(softmax(X), t)
