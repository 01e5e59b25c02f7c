"""Gradient descent, plain and with momentum."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.optim.optimizer import Optimizer, Tile


class SGD(Optimizer):
    """W -= lr dW. Source: Deep Learning from Scratch, section 6.1.2."""

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        weight_decay: float | npt.ArrayLike = 0.0,
        clip_norm: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay, clip_norm=clip_norm)

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        dW *= tile.lr
        W -= dW


class Momentum(Optimizer):
    """v = momentum v - lr dW; W += v. Source: Deep Learning from Scratch, section 6.1.4."""

    hyperparameters: ClassVar = ("lr", "weight_decay", "momentum", "clip_norm")
    state: ClassVar = ("v",)

    def __init__(
        self,
        lr: float | npt.ArrayLike = 0.01,
        momentum: float | npt.ArrayLike = 0.9,
        weight_decay: float | npt.ArrayLike = 0.0,
        clip_norm: float | npt.ArrayLike = 0.0,
    ) -> None:
        super().__init__(lr=lr, momentum=momentum, weight_decay=weight_decay, clip_norm=clip_norm)

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        tile.v *= tile.momentum
        dW *= tile.lr
        tile.v -= dW
        W += tile.v


class Nesterov(Momentum):
    """v = momentum v - lr dW; W += momentum v - lr dW, with the new v.

    Bengio's form, in which W is the look-ahead point. It equals the book's
    W += momentum^2 v - (1 + momentum) lr dW with the old v.
    Source: Bengio et al. 2012, "Advances in optimizing recurrent networks", section 3.5.
    """

    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        tile.v *= tile.momentum
        dW *= tile.lr
        tile.v -= dW
        np.multiply(tile.v, tile.momentum, out=scratch)
        scratch -= dW
        W += scratch
