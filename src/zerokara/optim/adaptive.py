"""Optimizers that give each weight a step of its own, from the gradients that it has seen."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.optim.optimizer import Numbers, Optimizer

EPSILON = 1e-8
"""Keeps the divisions finite. 1e-8 as in the Adam paper and PyTorch; the book has 1e-7."""


class AdaGrad(Optimizer):
    """h += dW^2; W -= lr dW / (sqrt(h) + 1e-8). Source: Deep Learning from Scratch, section 6.1.5."""

    state: ClassVar = ("h",)
    epsilon: ClassVar[float] = EPSILON

    def __init__(self, lr: float | npt.ArrayLike = 0.01, weight_decay: float | npt.ArrayLike = 0.0) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        np.multiply(dW, dW, out=spare)
        n.h += spare
        np.sqrt(n.h, out=spare)
        spare += self.epsilon
        dW *= n.lr
        dW /= spare
        W -= dW


class RMSprop(Optimizer):
    """h = decay_rate h + (1 - decay_rate) dW^2; W -= lr dW / (sqrt(h) + 1e-8).

    Decay rate 0.99, as in the book and PyTorch (Keras: 0.9). Source: Hinton 2012, CSC321 lecture 6e.
    """

    numbers: ClassVar = ("lr", "weight_decay", "decay_rate")
    state: ClassVar = ("h",)
    epsilon: ClassVar[float] = EPSILON
    decay_rate: Array

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        decay_rate: float | npt.ArrayLike = 0.99,
        weight_decay: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, decay_rate=decay_rate, weight_decay=weight_decay)

    def derived(self, factor: float) -> dict[str, Array]:
        return super().derived(factor) | {"gain": 1 - self.decay_rate}

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        np.multiply(dW, dW, out=spare)
        spare *= n.gain
        n.h *= n.decay_rate
        n.h += spare
        np.sqrt(n.h, out=spare)
        spare += self.epsilon
        dW *= n.lr
        dW /= spare
        W -= dW


class Adam(Optimizer):
    """m = beta1 m + dW; v = beta2 v + dW^2; W -= lr m^ / (sqrt(v^) + 1e-8).

    m^ = m (1 - beta1) / (1 - beta1^t) and v^ = v (1 - beta2) / (1 - beta2^t) are the paper's averages, which it
    keeps in place of these sums. All such factors, and epsilon's, are folded into two numbers a step, so that
    fewer passes over the arrays are needed; W is the same. Epsilon stands beside the corrected sqrt(v^), as in the
    paper's algorithm 1 and PyTorch; the book puts it beside the uncorrected one.
    Source: Kingma and Ba 2015, algorithm 1.
    """

    numbers: ClassVar = ("lr", "weight_decay", "beta1", "beta2")
    state: ClassVar = ("m", "v")
    beta1: Array
    beta2: Array

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.001,
        beta1: float | npt.ArrayLike = 0.9,
        beta2: float | npt.ArrayLike = 0.999,
        weight_decay: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay)

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

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        n.m *= n.beta1
        n.m += dW
        n.v *= n.beta2
        dW *= dW
        n.v += dW
        np.sqrt(n.v, out=spare)
        spare += n.epsilon
        np.divide(n.m, spare, out=spare)
        spare *= n.lr
        W -= spare


class AdamW(Adam):
    """Adam with decoupled decay: W -= lr weight_decay W, then Adam's step on the bare gradient.

    The decay is times the learning rate, as in PyTorch and optax. Source: Loshchilov and Hutter 2019, algorithm 2.
    """

    def decay(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        W *= n.shrink
