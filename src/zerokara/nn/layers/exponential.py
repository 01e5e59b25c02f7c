"""The exponential: positive outputs, such as expected counts."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.nn.layers.layer import Layer

LIMIT = 30.0
"""The largest exponent: beyond it an expected count is 10^13 times the mean, and soon not finite in float32."""


class Exp(Layer):
    """y = exp(x), with x limited to [-30, 30]; dy/dx = y.

    The last layer of networks that predict counts: their scores x are the logarithms of the expected counts.
    """

    elementwise: ClassVar = True
    cache: ClassVar = ("y",)

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.y: Array = np.asarray(np.exp(np.clip(x, -LIMIT, LIMIT)))
        return self.y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        # At a limit too: a network that is beyond it finds back.
        dx: Array = self.y * dout
        return dx
