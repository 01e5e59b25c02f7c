"""The book's layers: each wraps zerokara's own with a population of one, and adds and removes the axis P.

Source: Deep Learning from Scratch, sections 5.4 to 5.6 and 6.3 to 6.4.
"""

from math import prod
from typing import Any, ClassVar

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic.common.functions import (
    cross_entropy_error,
    identity_function,
    mean_squared_error,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    softmax_loss,
    step_function,
    sum_squared_error,
)
from zerokara.errors import InputError

__all__ = [  # Course scripts import these with a star, np included.
    "Affine",
    "BatchNormalization",
    "Dropout",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
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


class Relu:
    """y = max(x, 0)."""

    def __init__(self) -> None:
        self.layer = nn.ReLU()

    def forward(self, x: Array) -> Array:
        return self.layer.forward(x)

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(dout)


class Sigmoid:
    """y = 1 / (1 + exp(-x))."""

    def __init__(self) -> None:
        self.layer = nn.Sigmoid()

    def forward(self, x: Array) -> Array:
        return self.layer.forward(x)

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(dout)


class Affine:
    """y = x W + b; W and b are not copied, so changing them in place changes the layer.

    Shapes: x (N, D), (N, ...) whose samples are flattened, or one sample (D,); W (D, M), b (M,).

    >>> layer = Affine(np.ones((2, 3)), np.zeros(3))
    >>> layer.forward(np.array([[1.0, 2.0]])), layer.backward(np.ones((1, 3))), layer.db
    (array([[3., 3., 3.]]), array([[3., 3.]]), array([1., 1., 1.]))
    """

    def __init__(self, W: Array, b: Array) -> None:
        self.layer = nn.Affine(*np.shape(W))
        self.W, self.b = W, b
        self.dW: Any = None
        self.db: Any = None

    def bind(self, layer: nn.Affine) -> None:
        """Use a layer of a `zerokara.nn.Network`: W and b become views into the network's one array."""
        self.layer = layer
        self.W, self.b = self.layer.W[0], self.layer.b[0, 0]

    def forward(self, x: Array) -> Array:
        x = np.asarray(x)
        self.original_x_shape = x.shape
        inputs = len(self.W)
        if prod(x.shape if x.ndim == 1 else x.shape[1:]) != inputs:
            raise InputError(f"this layer expects {inputs} inputs per sample, got x of the shape {x.shape}")
        # Set at each call: the caller may have replaced W and b.
        self.layer.W, self.layer.b = self.W[None], np.reshape(self.b, (1, 1, -1))
        y = self.layer.forward(x.reshape(1, -1, inputs))
        return y.reshape(*x.shape[: x.ndim > 1], -1)

    def backward(self, dout: Array) -> Array:
        _provide(self.layer, "dW", "db")
        dx = self.layer.backward(dout.reshape(1, -1, dout.shape[-1]))
        assert dx is not None
        # Copies: the gradients of one batch must remain valid after the next.
        self.dW, self.db = self.layer.dW[0].copy(), self.layer.db[0, 0].copy()
        return dx.reshape(self.original_x_shape)


def _provide(layer: nn.Layer, *names: str) -> None:
    """Allocate the gradient arrays of a layer that belongs to no network."""
    for name in names:
        value = getattr(layer, name[1:])
        if getattr(layer, name, np.empty(0)).shape != value.shape:
            setattr(layer, name, np.empty_like(value))


class SoftmaxWithLoss:
    """loss = mean of -log(softmax(x)[t] + 1e-7); dx = (y - t) / N.

    The gradient ignores the 1e-7, as in the book. `zerokara.nn.SoftmaxCrossEntropy` does not need it: its loss is exact
    even where y is 0. Shapes: x (N, C) or (C,), t one-hot or labels.
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Array = np.empty((0, 0))
        self.t: Array = np.empty(0)

    def forward(self, x: Array, t: Array) -> Any:
        self.t, self.y = np.asarray(t), softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

    def backward(self, dout: float = 1) -> Array:
        n = self.y.size // self.y.shape[-1]
        t = self.t if self.t.size == self.y.size else np.eye(self.y.shape[-1])[self.t]
        dx: Array = dout * (self.y - t.reshape(self.y.shape)) / n
        return dx


class CourseDropout(nn.Layer):
    """In training y = x * mask, mask = rand > rate; in evaluation y = x * (1 - rate), for a population of one."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def forward(self, x: Array, step: int | None = None) -> Array:
        if step is None:
            y: Array = x * (1.0 - self.rate)
            return y
        self.mask = np.random.rand(*x.shape) > self.rate  # noqa: NPY002  the course's draws
        return x * self.mask

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        return dout * self.mask


class Dropout:
    """In training y = x * mask; in evaluation y = x * (1 - dropout_ratio).

    zerokara instead divides by (1 - rate) in training: a trained network is then evaluated, saved and deployed as if it
    had no dropout.
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.layer = CourseDropout(dropout_ratio)

    @property
    def dropout_ratio(self) -> float:
        """The fraction of units that are dropped."""
        return self.layer.rate

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        return self.layer.forward(x, 0 if train_flg else None)

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(dout)


class CourseBatchNorm(nn.BatchNorm):
    """zerokara's, but with the book's epsilon, 10e-7, and a running variance that starts at 0."""

    epsilon: ClassVar[float] = 10e-7

    def __init__(self, features: int, momentum: float = 0.9) -> None:
        super().__init__(features, momentum)
        self.running_var = np.zeros((1, 1, features))


class BatchNormalization:
    """y = gamma (x - mean) / sqrt(var + 10e-7) + beta, over the samples of the batch.

    zerokara instead adds 1e-5, so that a nearly constant feature is not blown up, and starts the running variance at 1,
    so that an untrained network can be evaluated. Shapes: x (N, D), (N, C, H, W) flattened.
    """

    def __init__(
        self,
        gamma: Array,
        beta: Array,
        momentum: float = 0.9,
        running_mean: Array | None = None,
        running_var: Array | None = None,
    ) -> None:
        self.layer = CourseBatchNorm(len(gamma), momentum)
        self.gamma, self.beta = gamma, beta
        if running_mean is not None:
            self.layer.running_mean = np.reshape(running_mean, (1, 1, -1))
        if running_var is not None:
            self.layer.running_var = np.reshape(running_var, (1, 1, -1))
        self.dgamma: Any = None
        self.dbeta: Any = None

    def bind(self, layer: CourseBatchNorm) -> None:
        """Use a layer of a `zerokara.nn.Network`: gamma and beta become views into the network's one array."""
        self.layer = layer
        self.gamma, self.beta = self.layer.gamma[0, 0], self.layer.beta[0, 0]

    @property
    def running_mean(self) -> Array:
        """The mean of each feature over the batches so far, (D,)."""
        mean: Array = self.layer.running_mean[0, 0]
        return mean

    @property
    def running_var(self) -> Array:
        """The variance of each feature over the batches so far, (D,)."""
        var: Array = self.layer.running_var[0, 0]
        return var

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        self.layer.gamma, self.layer.beta = self.gamma[None, None], self.beta[None, None]
        y = self.layer.forward(x.reshape(1, -1, self.layer.features), 0 if train_flg else None)
        return y.reshape(x.shape)

    def backward(self, dout: Array) -> Array:
        _provide(self.layer, "dgamma", "dbeta")
        dx = self.layer.backward(dout.reshape(1, -1, self.layer.features))
        assert dx is not None
        self.dgamma, self.dbeta = self.layer.dgamma[0, 0].copy(), self.layer.dbeta[0, 0].copy()
        return dx.reshape(dout.shape)
