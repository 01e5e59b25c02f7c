"""Gradient descent, plain and with momentum."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.optim.optimizer import Numbers, Optimizer


class SGD(Optimizer):
    """W -= lr dW. Source: Deep Learning from Scratch, section 6.1.2."""

    def __init__(self, lr: float | npt.ArrayLike = 0.01, weight_decay: float | npt.ArrayLike = 0.0) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        dW *= n.lr
        W -= dW


class Momentum(Optimizer):
    """v = momentum v - lr dW; W += v. Source: Deep Learning from Scratch, section 6.1.4."""

    numbers: ClassVar = ("lr", "weight_decay", "momentum")
    state: ClassVar = ("v",)

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        momentum: float | npt.ArrayLike = 0.9,
        weight_decay: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, momentum=momentum, weight_decay=weight_decay)

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        n.v *= n.momentum
        dW *= n.lr
        n.v -= dW
        W += n.v


class Nesterov(Momentum):
    """v = momentum v - lr dW; W += momentum v - lr dW, with the new v.

    Bengio's form, in which W stands at the point looked ahead to. It equals the book's
    W += momentum^2 v - (1 + momentum) lr dW with the old v.
    Source: Bengio et al. 2012, "Advances in optimizing recurrent networks", section 3.5.
    """

    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        n.v *= n.momentum
        dW *= n.lr
        n.v -= dW
        np.multiply(n.v, n.momentum, out=spare)
        spare -= dW
        W += spare
