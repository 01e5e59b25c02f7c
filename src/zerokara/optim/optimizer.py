"""What every optimizer is: one step for all networks at once, each with numbers of its own."""

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

TILE = 1 << 17
"""Numbers updated at once: few enough for a core's own cache, many enough that threads seldom wait for one another."""

EVERY = 100
"""Steps from one look for numbers that are all but 0 to the next."""

Numbers = SimpleNamespace
"""One tile's share of an optimizer: its hyperparameters as columns (rows, 1), its state (rows, columns)."""


class Optimizer(ABC):
    """One step of learning, W <- W - something of dW, for every network with its own numbers.

    Every hyperparameter is a number, or an array (P,) with one number for each network.

    Weight decay is L2: the loss gains weight_decay / 2 * sum W^2, so dW gains weight_decay * W. Biases and
    batch-norm parameters are excluded. (`AdamW` alone decays the weights directly.)

    >>> from zerokara import nn, optim
    >>> net = nn.mlp(4, (8,), 3, population=2)
    >>> rule = optim.Momentum(lr=[0.1, 0.01]).start(net)
    >>> rule
    Momentum(lr=0.01 to 0.1, weight_decay=0, momentum=0.9)
    >>> rule.step(net)
    >>> rule.take([1]).lr
    array([0.01])
    """

    numbers: ClassVar[tuple[str, ...]] = ("lr", "weight_decay")
    """Names of the hyperparameters."""
    state: ClassVar[tuple[str, ...]] = ()
    """Names of the arrays, shaped like the parameters and 0 at first, that are carried from step to step."""
    initial_state: ClassVar[float] = 0.0
    lr: Array
    weight_decay: Array

    def __init__(self, **numbers: float | npt.ArrayLike) -> None:
        for name, value in numbers.items():
            array = np.asarray(value, float)
            if not (rule := RULES[name])[1](array).all():
                raise InputError(f"{rule[0]} must hold for {name}, got {array}")
            setattr(self, name, array)
        self.t = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={spread(getattr(self, name))}' for name in self.numbers)})"

    def start(self, network: Network) -> Self:
        """Return this optimizer with a state for ``network``, ready for its first step."""
        other = copy.copy(self)
        other.t = 0
        for name in self.numbers:
            setattr(other, name, per_network(name, getattr(self, name), network.population))
        for name in self.state:
            setattr(other, name, np.full_like(network.params, self.initial_state))
        return other

    def step(self, network: Network, factor: float = 1.0) -> None:
        """Move the parameters of ``network`` by one step against its gradients; the gradients are used up.

        Args:
            factor: what the schedule makes of the learning rate at this step.
        """
        self.t += 1
        columns = {name: value.astype(network.dtype)[:, None] for name, value in self.derived(factor).items()}
        scratch = np.empty(TILE, network.dtype)
        decaying = self.weight_decay.any()
        for rows, cols in tiles(network.population, network.size):
            W, dW = network.params[rows, cols], network.grads[rows, cols]
            n = Numbers(
                **{name: value[rows] for name, value in columns.items()},
                **{name: getattr(self, name)[rows, cols] for name in self.state},
            )
            spare = scratch[: W.size].reshape(W.shape)
            decayed = max(network.decayed - cols.start, 0)
            if decaying and decayed:
                self.decay(W[:, :decayed], dW[:, :decayed], n, spare[:, :decayed])
            self.update(W, dW, n, spare)
            if self.t % EVERY == 0:
                for array in (W, *(getattr(n, name) for name in self.state)):
                    flush(array, spare)

    def derived(self, factor: float) -> dict[str, Array]:
        """Return the numbers (P,) that `update` reads at this step, computed in float64."""
        return {name: getattr(self, name) for name in self.numbers} | {"lr": self.lr * factor}

    def decay(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        """Add the gradient of the L2 penalty: dW += weight_decay W."""
        decays = n.weight_decay > 0
        np.multiply(W, n.weight_decay, out=spare)
        # A network without decay is left alone: its 0 times an infinite weight would be NaN, in company only.
        np.add(dW, spare, out=dW, where=True if decays.all() else decays)

    @abstractmethod
    def update(self, W: Array, dW: Array, n: Numbers, spare: Array) -> None:
        """Change W, and the state in n, in place; dW and ``spare`` may be overwritten."""

    def take(self, index: npt.ArrayLike) -> Self:
        """Return the optimizer of the networks ``index`` alone."""
        rows = as_index(index, len(self.lr))
        other = copy.copy(self)
        for name in (*self.numbers, *self.state):
            setattr(other, name, getattr(self, name)[rows])
        return other


def concat(optimizers: Sequence[Optimizer]) -> Optimizer:
    """Return the optimizers of several populations as one; all must be of one kind and at the same step."""
    first = optimizers[0]
    if any(type(o) is not type(first) or o.t != first.t for o in optimizers):
        kinds = ", ".join(f"{type(o).__name__} at step {o.t}" for o in optimizers)
        raise InputError(f"only optimizers of one kind and at one step go together; got {kinds}")
    other = copy.copy(first)
    for name in (*first.numbers, *first.state):
        setattr(other, name, np.concatenate([getattr(o, name) for o in optimizers]))
    return other


def tiles(population: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Yield (rows, columns) that cover the array once, each of at most TILE numbers.

    >>> list(tiles(2, 140000))[:2]
    [(slice(0, 1, None), slice(0, 131072, None)), (slice(1, 2, None), slice(0, 131072, None))]
    """
    width = max(1, min(TILE, size))
    height = TILE // width
    for left in range(0, size, width):
        for top in range(0, population, height):
            yield slice(top, min(top + height, population)), slice(left, min(left + width, size))


def flush(array: Array, spare: Array) -> None:
    """Set to 0, in place, what is too small to count in a sum: below 1e-31 in float32, 1e-292 in float64.

    Where an input is 0 in nearly every sample, weights and averages shrink step by step, down to numbers that
    processors are up to a hundred times slower with (denormal ones): an epoch then took seven times as long.

    >>> a = np.array([1e-40, -1e-20, 3], np.float32)
    >>> flush(a, np.empty_like(a))
    >>> a
    array([ 0.e+00, -1.e-20,  3.e+00], dtype=float32)
    """
    kind = np.finfo(array.dtype)
    np.abs(array, out=spare)
    np.copyto(array, 0, where=spare < kind.tiny / kind.eps)


def _below_one(a: Array) -> Any:
    return (a >= 0) & (a < 1)


RULES: dict[str, tuple[str, Any]] = {
    "lr": ("0 < lr < infinity", lambda a: (a > 0) & (a < math.inf)),
    "weight_decay": ("0 <= weight_decay < infinity", lambda a: (a >= 0) & (a < math.inf)),
    "momentum": ("0 <= momentum < 1", _below_one),
    "beta1": ("0 <= beta1 < 1", _below_one),
    "beta2": ("0 <= beta2 < 1", _below_one),
    "decay_rate": ("0 <= decay_rate < 1", _below_one),
}
"""The rule that each hyperparameter obeys, in words and as a test."""
