"""Dropout: at each training step a random part of the units is set to 0."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.layer import Layer
from zerokara.rng import stream


class Dropout(Layer):
    """In training y = x * keep / (1 - rate), where keep is 0 with probability rate, otherwise 1; in evaluation y = x.

    This is inverted dropout, as in PyTorch and Keras: evaluation needs no rescaling. The book multiplies by (1 - rate)
    in evaluation instead (section 6.4.3).
    All networks share one draw of uniform numbers (1, N, D) and compare it with their own rates (P, 1, 1).
    Source: Srivastava et al. 2014; CS231n notes, "Neural Networks Part 2".
    """

    per_network: ClassVar = ("rate",)
    hyperparameters: ClassVar = ("rate",)
    shared: ClassVar = ("seed", "number", "replicate")
    elementwise: ClassVar = True
    cache: ClassVar = ("mask",)

    def __init__(self, rate: float | Array = 0.5, *, seed: int = 0, number: int = 0, replicate: int = 0) -> None:
        rates = np.asarray(rate, float)
        if not ((rates >= 0) & (rates < 1)).all():
            raise InputError(f"0 <= dropout < 1 must hold, got {rate}: try 0.2")
        self.rate = rate
        self.seed, self.number, self.replicate = seed, number, replicate

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.mask: Array | None = None
        if step is None:
            return x
        uniforms = self.uniforms(step, (1, *x.shape[1:]))
        self.mask = (uniforms >= self.rate) * (1 / (1 - np.asarray(self.rate, x.dtype)))
        return x * self.mask

    def uniforms(self, step: int, shape: tuple[int, ...]) -> Array:
        """Return the uniform numbers of a training step, which all networks share."""
        return stream(*self.key(step)).random(shape, np.float32)

    def key(self, step: int) -> tuple[int, str, int, int, int]:
        """Return what the random stream of a training step is derived from."""
        return self.seed, "dropout", step, self.number, self.replicate

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        return dout if self.mask is None else dout * self.mask
