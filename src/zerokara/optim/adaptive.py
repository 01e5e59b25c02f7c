"""Adaptive optimizers: the step of each weight is scaled by its past gradients."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.optim.optimizer import Optimizer, Tile

EPSILON = 1e-8
"""Avoids division by zero. 1e-8 as in the Adam paper and PyTorch; the book uses 1e-7."""


class AdaGrad(Optimizer):
    """h += dW^2; W -= lr dW / (sqrt(h) + 1e-8). Source: Deep Learning from Scratch, section 6.1.5."""

    state: ClassVar = ("h",)
    epsilon: ClassVar[float] = EPSILON

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        weight_decay: float | npt.ArrayLike = 0.0,
        clip_norm: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay, clip_norm=clip_norm)

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        np.multiply(dW, dW, out=scratch)
        tile.h += scratch
        np.sqrt(tile.h, out=scratch)
        scratch += self.epsilon
        dW *= tile.lr
        dW /= scratch
        W -= dW


class RMSprop(Optimizer):
    """h = decay_rate h + (1 - decay_rate) dW^2; W -= lr dW / (sqrt(h) + 1e-8).

    The default decay rate of 0.99 follows the book and PyTorch (Keras: 0.9). Source: Hinton 2012, CSC321 lecture 6e.
    """

    hyperparameters: ClassVar = ("lr", "weight_decay", "decay_rate", "clip_norm")
    state: ClassVar = ("h",)
    epsilon: ClassVar[float] = EPSILON
    decay_rate: Array

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        decay_rate: float | npt.ArrayLike = 0.99,
        weight_decay: float | npt.ArrayLike = 0.0,
        clip_norm: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, decay_rate=decay_rate, weight_decay=weight_decay, clip_norm=clip_norm)

    def derived(self, factor: float) -> dict[str, Array]:
        return super().derived(factor) | {"gain": 1 - self.decay_rate}

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        np.multiply(dW, dW, out=scratch)
        scratch *= tile.gain
        tile.h *= tile.decay_rate
        tile.h += scratch
        np.sqrt(tile.h, out=scratch)
        scratch += self.epsilon
        dW *= tile.lr
        dW /= scratch
        W -= dW


class Adam(Optimizer):
    """m = beta1 m + dW; v = beta2 v + dW^2; W -= lr m^ / (sqrt(v^) + 1e-8).

    m^ = m (1 - beta1) / (1 - beta1^t) and v^ = v (1 - beta2) / (1 - beta2^t) are the bias-corrected averages of the
    paper, which keeps averages in place of these sums. All these factors and epsilon are folded into two numbers per
    step, which saves passes over the arrays; W is the same. Epsilon is added to the corrected sqrt(v^), as in the
    paper's algorithm 1 and PyTorch; the book adds it to the uncorrected one.
    Source: Kingma and Ba 2015, algorithm 1.
    """

    hyperparameters: ClassVar = ("lr", "weight_decay", "beta1", "beta2", "clip_norm")
    state: ClassVar = ("m", "v")
    beta1: Array
    beta2: Array

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.001,
        beta1: float | npt.ArrayLike = 0.9,
        beta2: float | npt.ArrayLike = 0.999,
        weight_decay: float | npt.ArrayLike = 0.0,
        clip_norm: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, clip_norm=clip_norm)

    def derived(self, factor: float) -> dict[str, Array]:
        root = np.sqrt((1 - self.beta2) / (1 - self.beta2**self.t))
        lr = self.lr * factor
        return {
            "lr": lr * (1 - self.beta1) / (1 - self.beta1**self.t) / root,
            "epsilon": EPSILON / root,
            "beta1": self.beta1,
            "beta2": self.beta2,
            "weight_decay": self.weight_decay,
            "shrink": 1 - lr * self.weight_decay,
        }

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        tile.m *= tile.beta1
        tile.m += dW
        tile.v *= tile.beta2
        dW *= dW
        tile.v += dW
        np.sqrt(tile.v, out=scratch)
        scratch += tile.epsilon
        np.divide(tile.m, scratch, out=scratch)
        scratch *= tile.lr
        W -= scratch


class AdamW(Adam):
    """Adam with decoupled decay: W -= lr weight_decay W, then Adam's step without weight decay.

    The decay is multiplied by the learning rate, as in PyTorch and optax.
    Source: Loshchilov and Hutter 2019, algorithm 2.
    """

    def decay(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        W *= tile.shrink
