"""The book's layers: each wraps zerokara's own with a population of one, and adds and removes the axis P.

Source: Deep Learning from Scratch, sections 5.4 to 5.6 and 6.3 to 6.4.
"""

from math import prod
from typing import Any

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic.common.batch_normalization import BatchNormalization
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
from zerokara.classic.common.inputs import array_or_number, floats, row
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
    """y = max(x, 0). ``mask`` is True where x <= 0."""

    def __init__(self) -> None:
        self.layer = nn.ReLU()
        self.mask: Any = None

    def forward(self, x: Array) -> Array:
        y = self.layer.forward(np.asarray(x))
        self.mask = y <= 0
        return y

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(np.asarray(dout))


class Sigmoid:
    """y = 1 / (1 + exp(-x)). ``out`` is y."""

    def __init__(self) -> None:
        self.layer = nn.Sigmoid()
        self.out: Any = None

    def forward(self, x: Array) -> Array:
        self.out = self.layer.forward(floats(x))
        return self.layer.y

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(floats(dout))


class Affine:
    """y = x W + b; W and b are not copied, so changing them in place changes the layer.

    ``x`` is the input of the last forward pass, (N, D). Shapes: x (N, D), (N, ...) whose samples are flattened, or one
    sample (D,); W (D, M), b (M,) or a number. Whole numbers are converted to float64 for each pass.

    >>> layer = Affine(np.ones((2, 3)), np.zeros(3))
    >>> layer.forward(np.array([[1, 2]])), layer.backward(np.ones((1, 3))), layer.db
    (array([[3., 3., 3.]]), array([[3., 3.]]), array([1., 1., 1.]))
    """

    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = np.asarray(W), array_or_number(b)
        if self.W.ndim != 2:
            raise InputError(f"W must be (inputs, outputs), got the shape {self.W.shape}: reshape it to two axes")
        self.layer = nn.Affine(*self.W.shape)
        self.x: Any = None
        self.original_x_shape: Any = None
        self.dW: Any = None
        self.db: Any = None

    def bind(self, layer: nn.Affine) -> None:
        """Use a layer of a `zerokara.nn.Network`: W and b become views into the network's one array."""
        self.layer = layer
        self.W, self.b = self.layer.W[0], self.layer.b[0, 0]

    def forward(self, x: Array) -> Array:
        x = floats(x)
        self.original_x_shape = x.shape
        inputs, outputs = self.W.shape
        if prod(x.shape if x.ndim == 1 else x.shape[1:]) != inputs:
            raise InputError(f"this layer expects {inputs} inputs per sample, got x of the shape {x.shape}")
        self.x = x.reshape(-1, inputs)
        # Set at each call: the caller may have replaced W and b.
        self.layer.W, self.layer.b = floats(self.W)[None], row(self.b, outputs, "outputs")
        y = self.layer.forward(self.x[None])
        return y.reshape(*x.shape[: x.ndim > 1], -1)

    def backward(self, dout: Array) -> Array:
        dout = floats(dout)
        for name, value in {"dW": self.layer.W, "db": self.layer.b}.items():
            if getattr(self.layer, name, np.empty(0)).shape != value.shape:  # It belongs to no network, or W is new.
                setattr(self.layer, name, np.empty(value.shape, value.dtype))
        dx = self.layer.backward(dout.reshape(1, -1, dout.shape[-1]))
        assert dx is not None
        # Copies: the gradients of one batch must remain valid after the next.
        self.dW, self.db = self.layer.dW[0].copy(), self.layer.db[0, 0].copy()
        return dx.reshape(self.original_x_shape)


class SoftmaxWithLoss:
    """loss = mean of -log(softmax(x)[t] + 1e-7); dx = (y - t) / N.

    The gradient ignores the 1e-7, as in the book. `zerokara.nn.SoftmaxCrossEntropy` does not need it: its loss is exact
    even where y is 0. Shapes: x (N, C) or (C,), t one-hot or labels.
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Any = None
        self.t: Any = None

    def forward(self, x: Array, t: Array) -> Any:
        self.t, self.y = np.asarray(t), softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

    def backward(self, dout: float = 1) -> Array:
        classes = self.y.shape[-1]
        t = self.t if self.t.size == self.y.size else np.eye(classes)[self.t.astype(int)]
        dx: Array = dout * (self.y - t.reshape(self.y.shape)) / (self.y.size // classes)
        return dx


class CourseDropout(nn.Layer):
    """In training y = x * mask, mask = rand > rate; in evaluation y = x * (1 - rate), for a population of one."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.mask: Any = None

    def forward(self, x: Array, step: int | None = None) -> Array:
        if step is None:
            scaled: Array = x * (1.0 - self.rate)
            return scaled
        self.mask = np.random.rand(*x.shape) > self.rate  # noqa: NPY002  the course's draws
        y: Array = x * self.mask
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        dx: Array = dout * self.mask
        return dx


class Dropout:
    """In training y = x * mask; in evaluation y = x * (1 - dropout_ratio).

    zerokara instead divides by (1 - rate) in training: a trained network is then evaluated, saved and deployed as if it
    had no dropout.
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.layer = CourseDropout(dropout_ratio)
        self.mask: Any = None

    @property
    def dropout_ratio(self) -> float:
        """The fraction of units that are dropped."""
        return self.layer.rate

    @dropout_ratio.setter
    def dropout_ratio(self, ratio: float) -> None:
        self.layer.rate = ratio

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        y = self.layer.forward(np.asarray(x), 0 if train_flg else None)
        self.mask = self.layer.mask
        return y

    def backward(self, dout: Array) -> Array | None:
        return self.layer.backward(np.asarray(dout))
