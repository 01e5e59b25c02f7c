"""The book's six optimizers, on dicts of arrays or floats. Source: Deep Learning from Scratch, section 6.1.

The formulas are those of `zerokara.optim`, which updates populations; where the constants differ, the book's are used
and the difference is noted.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

import numpy as np

from zerokara import optim
from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.optim.optimizer import Tile

__all__ = ["SGD", "AdaGrad", "Adam", "Momentum", "Nesterov", "RMSprop", "np"]

EPSILON = 1e-7
"""Added to the square roots. zerokara uses 1e-8, like the papers and PyTorch."""


class _Optimizer:
    """Updates ``params[key]`` by ``grads[key]``: an array in place, since layers may share it; else it is replaced.

    The hyperparameters are attributes, read at each step; the state is a dict like ``params``, None before the first.
    """

    rule: ClassVar[optim.Optimizer]
    hyperparameters: ClassVar[tuple[str, ...]] = ("lr",)
    state: ClassVar[tuple[str, ...]] = ()

    def update(self, params: MutableMapping[str, Any], grads: Mapping[str, Any]) -> None:
        """Take one step.

        Raises:
            InputError: an array of integers, which a small step cannot change.
        """
        for name in self.state:
            if getattr(self, name, None) is None:
                setattr(self, name, {key: np.zeros_like(_array(key, value)) for key, value in params.items()})
        hyperparameters = self.derived()
        for key, value in params.items():
            W = _array(key, value)
            # A copy, since zerokara's formulas overwrite the gradient.
            dW = np.array(np.broadcast_to(grads[key], W.shape), W.dtype)
            self.step(W, dW, Tile(**hyperparameters, **{name: getattr(self, name)[key] for name in self.state}))
            if W is not value:
                params[key] = W if W.ndim else float(W)

    def derived(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.hyperparameters}

    def step(self, W: Array, dW: Array, tile: Tile) -> None:
        self.rule.update(W, dW, tile, np.empty_like(W))


class SGD(_Optimizer):
    """W -= lr dW.

    >>> params = {"x": -7.0}
    >>> SGD(lr=0.1).update(params, {"x": 10.0})
    >>> params
    {'x': -8.0}
    """

    rule = optim.SGD()

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr


class Momentum(_Optimizer):
    """v = momentum v - lr dW; W += v."""

    rule: ClassVar[optim.Optimizer] = optim.Momentum()
    hyperparameters = ("lr", "momentum")
    state = ("v",)

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr, self.momentum = lr, momentum
        self.v: dict[str, Array] | None = None


class Nesterov(Momentum):
    """W += momentum^2 v - (1 + momentum) lr dW; v = momentum v - lr dW."""

    rule = optim.Nesterov()


class _AdaGrad(optim.AdaGrad):
    epsilon = EPSILON


class AdaGrad(_Optimizer):
    """h += dW^2; W -= lr dW / (sqrt(h) + 1e-7)."""

    rule = _AdaGrad()
    state = ("h",)

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr
        self.h: dict[str, Array] | None = None


class _RMSprop(optim.RMSprop):
    epsilon = EPSILON


class RMSprop(_Optimizer):
    """h = decay_rate h + (1 - decay_rate) dW^2; W -= lr dW / (sqrt(h) + 1e-7)."""

    rule = _RMSprop()
    hyperparameters = ("lr", "decay_rate")
    state = ("h",)

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        self.lr, self.decay_rate = lr, decay_rate
        self.h: dict[str, Array] | None = None

    def derived(self) -> dict[str, float]:
        return super().derived() | {"gain": 1 - self.decay_rate}


class Adam(_Optimizer):
    """m += (1 - beta1) (dW - m); v += (1 - beta2) (dW^2 - v); W -= lr_t m / (sqrt(v) + 1e-7).

    lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t). The 1e-7 is added to the uncorrected sqrt(v), and so matters most in
    the first steps; zerokara adds its 1e-8 to the corrected one, as in the paper's algorithm 1.
    """

    hyperparameters = ("lr", "beta1", "beta2")
    state = ("m", "v")

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.iter = 0
        self.m: dict[str, Array] | None = None
        self.v: dict[str, Array] | None = None

    def derived(self) -> dict[str, float]:
        self.iter += 1
        rate = self.lr * (1 - self.beta2**self.iter) ** 0.5 / (1 - self.beta1**self.iter)
        return {"lr": rate, "gain1": 1 - self.beta1, "gain2": 1 - self.beta2}

    def step(self, W: Array, dW: Array, tile: Tile) -> None:
        tile.m += tile.gain1 * (dW - tile.m)
        tile.v += tile.gain2 * (dW * dW - tile.v)
        W -= tile.lr * tile.m / (np.sqrt(tile.v) + EPSILON)


OPTIMIZERS: dict[str, type[Any]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
}


def _array(key: str, value: Any) -> Array:
    """Return a parameter as an array: itself, or a new one of a number or a list."""
    W = value if isinstance(value, np.ndarray) else np.array(value, float)
    if W.dtype.kind != "f":
        raise InputError(f"parameters must be floats, got {W.dtype} in {key!r}: use np.array({key}, float)")
    return W
