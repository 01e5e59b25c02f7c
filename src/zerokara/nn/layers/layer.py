"""What every layer is: a forward pass with its backward pass right below, for all networks at once."""

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from zerokara.arrays import Array, Index, spread


class Layer(ABC):
    """One layer of every network in a population.

    Axes: x and y are (P, N, D): networks, samples, features. The data, which all networks share, come as (1, N, D).
    A parameter ``W`` has its gradient in ``dW``; both are views into the two flat arrays of the `Network`.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    """Names of what is learned."""
    decayed: ClassVar[tuple[str, ...]] = ()
    """Those among the parameters that weight decay shrinks."""
    per_network: ClassVar[tuple[str, ...]] = ()
    """Names of the other arrays with the axis P first: hyperparameters and running statistics."""
    numbers: ClassVar[tuple[str, ...]] = ()
    """Those among them that are hyperparameters."""
    settings: ClassVar[tuple[str, ...]] = ()
    """Names of the constructor arguments, as they stand in a model file."""
    shared: ClassVar[tuple[str, ...]] = ()
    """Names of what else, besides the settings, all networks of a population have in common."""
    cache: ClassVar[tuple[str, ...]] = ()
    """Names of what the forward pass leaves for the backward pass."""
    passes_on: ClassVar[bool] = False
    """Whether y is an array that this layer made and needs no more: the next layer may overwrite it."""
    overwrites: bool = False
    """Whether this layer may put y where x was; the network says so, by the layer before."""

    def __repr__(self) -> str:
        given = [str(getattr(self, name)) for name in self.settings]
        rates = [f"{name}={spread(getattr(self, name))}" for name in self.numbers]
        return f"{type(self).__name__}({', '.join(given + rates)})"

    def shapes(self) -> dict[str, tuple[int, int]]:
        """Return the shape of each parameter in one network, as (rows, columns)."""
        return {}

    def initial(self, name: str) -> Array:
        """Return the first value of a parameter, one for all networks (1, rows, columns) or one for each."""
        return np.zeros((1, *self.shapes()[name]))

    def populate(self, population: int, dtype: np.dtype[Any]) -> None:
        """Give every array in ``per_network`` one row a network, of shape (P, 1, D or 1)."""
        for name in self.per_network:
            value = np.asarray(getattr(self, name), dtype)
            value = value if value.ndim == 3 else value.reshape(-1, 1, 1)
            setattr(self, name, np.repeat(value, population, axis=0) if len(value) == 1 else value)

    @abstractmethod
    def forward(self, x: Array, step: int | None = None) -> Array:
        """Return y. ``step`` is the training step, whose random numbers are drawn; None when evaluating."""

    @abstractmethod
    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        """Return dx, if asked for, from dout = d loss / dy of the last forward pass; set the gradients."""

    def take(self, index: Index) -> Self:
        """Return a copy that holds the rows ``index`` alone; its parameters are bound by the network."""
        layer = copy.copy(self)
        for name in self.cache:
            layer.__dict__.pop(name, None)
        for name in self.per_network:
            setattr(layer, name, getattr(self, name)[index])
        return layer
