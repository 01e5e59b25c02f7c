"""The affine map, which does nearly all of the arithmetic."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array, ones
from zerokara.nn.init import standard_deviation
from zerokara.nn.layers.layer import Layer
from zerokara.nn.products import product
from zerokara.rng import stream


class Affine(Layer):
    """Every network's affine map, y = x W + b.

    Shapes: x (P or 1, N, D_in), W (P, D_in, D_out), b (P, 1, D_out), y (P, N, D_out).
    The initial W is normal with the standard deviation of ``init``, times ``scale``, which may differ between networks.
    All networks scale the same draw, so that a search compares scales and not draws. The initial b is 0.
    Source: Deep Learning from Scratch, section 5.6; initial values, section 6.2.
    """

    parameters: ClassVar = ("W", "b")
    decayed: ClassVar = ("W",)
    settings: ClassVar = ("inputs", "outputs")
    cache: ClassVar = ("x",)
    output_reusable: ClassVar = True
    W: Array
    b: Array
    dW: Array
    db: Array

    def __init__(
        self,
        inputs: int,
        outputs: int,
        init: str | float = "he",
        scale: float | Array = 1.0,
        *,
        seed: int = 0,
        number: int = 0,
        replicate: int = 0,
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.init, self.scale = init, scale
        self.stream = (seed, "weights", number, replicate)

    def shapes(self) -> dict[str, tuple[int, int]]:
        return {"W": (self.inputs, self.outputs), "b": (1, self.outputs)}

    def initial(self, name: str) -> Array:
        if name == "b":
            return np.zeros((1, 1, self.outputs))
        draw: Array = stream(*self.stream).standard_normal((1, self.inputs, self.outputs))
        deviation = standard_deviation(self.init, self.inputs, self.outputs)
        return draw * (deviation * np.reshape(np.asarray(self.scale, float), (-1, 1, 1)))

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.x = x
        y = product(x, self.W)
        y += self.b
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        product(self.x.mT, dout, out=self.dW)
        np.matmul(ones(1, dout.shape[1], dout.dtype), dout, out=self.db)
        return product(dout, self.W.mT) if need_dx else None
