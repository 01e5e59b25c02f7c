"""The base class of optimizers: one step for all networks at once, each with its own hyperparameters."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array, as_index, spread
from zerokara.errors import InputError
from zerokara.nn.mlp import per_network
from zerokara.nn.network import Network

TILE_SIZE = 1 << 17
"""Elements updated at once: few enough for a core's cache, many enough that threads rarely wait for each other."""

FLUSH_EVERY = 100
"""Steps between two calls of `flush`."""

Tile = SimpleNamespace
"""An optimizer's arrays for one tile: hyperparameters as columns (rows, 1) and state (rows, columns)."""


class Optimizer(ABC):
    """Updates the parameters of every network from their gradients.

    Every hyperparameter is a number, or an array (P,) with one number per network.

    Weight decay is L2: it adds weight_decay / 2 * sum W^2 to the loss, so weight_decay * W to dW. Biases and batch-norm
    parameters are excluded. Only `AdamW` decays the weights directly.

    ``clip_norm`` limits the norm of each network's gradient, over all its parameters and before weight decay; 0 does
    not limit it.

    >>> from zerokara import nn, optim
    >>> net = nn.mlp(4, (8,), 3, population=2)
    >>> rule = optim.Momentum(lr=[0.1, 0.01]).start(net)
    >>> rule
    Momentum(lr=0.01 to 0.1, weight_decay=0, momentum=0.9)
    >>> rule.step(net)
    >>> rule.take([1]).lr
    array([0.01])
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("lr", "weight_decay", "clip_norm")
    """Names of the hyperparameters."""
    state: ClassVar[tuple[str, ...]] = ()
    """Names of the arrays, of the shape of the parameters, that are kept between steps."""
    initial_state: ClassVar[float] = 0.0
    """The value of all state arrays before the first step."""
    lr: Array
    weight_decay: Array
    clip_norm: Array

    def __init__(self, **hyperparameters: float | npt.ArrayLike) -> None:
        for name, value in hyperparameters.items():
            array = np.asarray(value, float)
            if not (rule := RULES[name])[1](array).all():
                raise InputError(f"{rule[0]} must hold, got {array}: choose values in this range")
            setattr(self, name, array)
        self.t = 0

    def __repr__(self) -> str:
        shown = [name for name in self.hyperparameters if name != "clip_norm" or self.clip_norm.any()]
        values = (f"{name}={spread(getattr(self, name))}" for name in shown)
        return f"{type(self).__name__}({', '.join(values)})"

    def start(self, network: Network) -> Self:
        """Return a copy of this optimizer with a fresh state for ``network``."""
        other = copy.copy(self)
        other.t = 0
        for name in self.hyperparameters:
            setattr(other, name, per_network(name, getattr(self, name), network.population))
        for name in self.state:
            setattr(other, name, np.full_like(network.params, self.initial_state))
        return other

    def step(self, network: Network, factor: float = 1.0) -> None:
        """Update the parameters of ``network`` by one step; its gradients are overwritten.

        Args:
            factor: the factor of the schedule on the learning rate at this step.
        """
        self.t += 1
        if self.clip_norm.any():
            clip(network.grads, self.clip_norm)
        columns = {name: value.astype(network.dtype)[:, None] for name, value in self.derived(factor).items()}
        buffer = np.empty(TILE_SIZE, network.dtype)
        decaying = self.weight_decay.any()
        for rows, cols in tiles(network.population, network.size):
            W, dW = network.params[rows, cols], network.grads[rows, cols]
            tile = Tile(
                **{name: value[rows] for name, value in columns.items()},
                **{name: getattr(self, name)[rows, cols] for name in self.state},
            )
            scratch = buffer[: W.size].reshape(W.shape)
            decayed = max(network.decayed - cols.start, 0)
            if decaying and decayed:
                self.decay(W[:, :decayed], dW[:, :decayed], tile, scratch[:, :decayed])
            self.update(W, dW, tile, scratch)
            if self.t % FLUSH_EVERY == 0:
                for array in (W, *(getattr(tile, name) for name in self.state)):
                    flush(array, scratch)

    def derived(self, factor: float) -> dict[str, Array]:
        """Return the arrays (P,) that `update` reads at this step, computed in float64."""
        return {name: getattr(self, name) for name in self.hyperparameters} | {"lr": self.lr * factor}

    def decay(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        """Add the gradient of the L2 penalty: dW += weight_decay W."""
        decays = tile.weight_decay > 0
        np.multiply(W, tile.weight_decay, out=scratch)
        # Skip networks without decay: 0 times an infinite weight would be NaN, and only beside networks with decay.
        np.add(dW, scratch, out=dW, where=True if decays.all() else decays)

    @abstractmethod
    def update(self, W: Array, dW: Array, tile: Tile, scratch: Array) -> None:
        """Update W and the state in the tile, in place; dW and ``scratch`` may be overwritten."""

    def take(self, index: npt.ArrayLike) -> Self:
        """Return the optimizer of the networks ``index`` only."""
        rows = as_index(index, len(self.lr))
        other = copy.copy(self)
        for name in (*self.hyperparameters, *self.state):
            setattr(other, name, getattr(self, name)[rows])
        return other


def concat_optimizers(optimizers: Sequence[Optimizer]) -> Optimizer:
    """Return the optimizers of several populations as one; all must have one type and be at the same step."""
    first = optimizers[0]
    if any(type(o) is not type(first) or o.t != first.t for o in optimizers):
        kinds = ", ".join(f"{type(o).__name__} at step {o.t}" for o in optimizers)
        raise InputError(f"optimizers must have one type and be at the same step to be concatenated, got {kinds}")
    other = copy.copy(first)
    for name in (*first.hyperparameters, *first.state):
        setattr(other, name, np.concatenate([getattr(o, name) for o in optimizers]))
    return other


def tiles(population: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Yield (rows, columns) slices that cover the array once, each with at most TILE_SIZE elements.

    >>> list(tiles(2, 140000))[:2]
    [(slice(0, 1, None), slice(0, 131072, None)), (slice(1, 2, None), slice(0, 131072, None))]
    """
    width = max(1, min(TILE_SIZE, size))
    height = TILE_SIZE // width
    for left in range(0, size, width):
        for top in range(0, population, height):
            yield slice(top, min(top + height, population)), slice(left, min(left + width, size))


def clip(grads: Array, limits: Array) -> None:
    """Scale each row of gradients (P, K) to a norm of at most its limit (P,), in place; a limit of 0 is none.

    Source: Pascanu et al. 2013, On the difficulty of training recurrent neural networks, algorithm 1.

    >>> grads = np.array([[3.0, 4.0], [3.0, 4.0], [0.3, 0.4]])
    >>> clip(grads, np.array([1.0, 0.0, 1.0]))
    >>> grads
    array([[0.6, 0.8],
           [3. , 4. ],
           [0.3, 0.4]])
    """
    for row, limit in zip(grads, limits, strict=True):
        if limit > 0 and (norm := math.sqrt(np.square(row, dtype=float).sum())) > limit:
            row *= limit / norm


def flush(array: Array, scratch: Array) -> None:
    """Set values that are too small to change a sum to 0, in place: below 1e-31 in float32, 1e-292 in float64.

    Where an input is 0 in nearly every sample, weights and averages shrink step by step to denormal numbers, which make
    processors up to a hundred times slower; an epoch took seven times as long.

    >>> a = np.array([1e-40, -1e-20, 3], np.float32)
    >>> flush(a, np.empty_like(a))
    >>> a
    array([ 0.e+00, -1.e-20,  3.e+00], dtype=float32)
    """
    kind = np.finfo(array.dtype)
    np.abs(array, out=scratch)
    np.copyto(array, 0, where=scratch < kind.tiny / kind.eps)


def _below_one(a: Array) -> Any:
    return (a >= 0) & (a < 1)


RULES: dict[str, tuple[str, Any]] = {
    "lr": ("0 < lr < infinity", lambda a: (a > 0) & (a < math.inf)),
    "weight_decay": ("0 <= weight_decay < infinity", lambda a: (a >= 0) & (a < math.inf)),
    "momentum": ("0 <= momentum < 1", _below_one),
    "beta1": ("0 <= beta1 < 1", _below_one),
    "beta2": ("0 <= beta2 < 1", _below_one),
    "decay_rate": ("0 <= decay_rate < 1", _below_one),
    "clip_norm": ("0 <= clip_norm < infinity", lambda a: (a >= 0) & (a < math.inf)),
}
"""The rule for each hyperparameter, in words and as a test."""
