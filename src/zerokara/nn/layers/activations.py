"""Activations: elementwise functions and their derivatives."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.layer import Layer


class ReLU(Layer):
    """y = max(x, 0); dy/dx = 1 where x > 0, else 0. Source: Deep Learning from Scratch, section 5.5.1."""

    elementwise: ClassVar = True
    cache: ClassVar = ("y",)

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.y: Array = np.maximum(x, 0, out=x if self.in_place else None)
        return self.y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        # A product with a boolean mask converts it in small chunks; converting it first is a third faster.
        dx: Array = (self.y > 0).astype(dout.dtype)
        dx *= dout
        return dx


class LeakyReLU(Layer):
    """y = max(x, slope x); dy/dx = 1 where x > 0, else slope. Source: Maas et al. 2013."""

    settings: ClassVar = ("slope",)
    elementwise: ClassVar = True
    cache: ClassVar = ("y",)

    def __init__(self, slope: float = 0.01) -> None:
        if not 0 <= slope < 1:
            raise InputError(f"0 <= slope < 1 must hold for a leaky ReLU, got {slope}: try 0.01")
        self.slope = slope

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.y: Array = np.maximum(x, x * self.slope)
        return self.y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        return np.where(self.y > 0, dout, dout * self.slope)


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)); dy/dx = y (1 - y). Source: Deep Learning from Scratch, section 5.5.2."""

    elementwise: ClassVar = True
    cache: ClassVar = ("y",)

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.y = sigmoid(x)
        return self.y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        dx: Array = dout * (self.y * (1 - self.y))
        return dx


class Tanh(Layer):
    """y = tanh(x); dy/dx = 1 - y^2. Source: LeCun et al. 1998, section 4.4."""

    elementwise: ClassVar = True
    cache: ClassVar = ("y",)

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.y: Array = np.tanh(x)
        return self.y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        dx: Array = dout * (1 - self.y * self.y)
        return dx


class GELU(Layer):
    """y = x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form of x Phi(x).

    dy/dx = (1 + tanh u)/2 + x/2 (1 - tanh^2 u) sqrt(2/pi) (1 + 0.134145 x^2).
    The tanh form, because NumPy has no erf. Source: Hendrycks and Gimpel 2016, section 2.
    """

    elementwise: ClassVar = True
    cache: ClassVar = ("x", "tanh")

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.x = x
        self.tanh: Array = np.tanh(ROOT * (x + CUBIC * (x * x * x)))
        y: Array = 0.5 * x * (1 + self.tanh)
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        x, tanh = self.x, self.tanh
        du = ROOT * (1 + 3 * CUBIC * (x * x))
        dx: Array = dout * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * du)
        return dx


ROOT = (2 / np.pi) ** 0.5
CUBIC = 0.044715


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) by the identity (1 + tanh(x/2)) / 2, which never overflows.

    >>> float(sigmoid(np.array(-1000.0)))
    0.0
    """
    y: Array = np.tanh(0.5 * x)
    y += 1
    y *= 0.5
    return y


ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "gelu": GELU,
}
