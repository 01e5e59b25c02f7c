"""The base class of layers: forward and backward passes for all networks at once."""

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from zerokara.arrays import Array, Index, spread
from zerokara.errors import InputError


class Layer(ABC):
    """One layer of every network in a population.

    Axes: x and y are (P, N, D): networks, samples, features. Data that all networks share are (1, N, D).
    The gradient of a parameter ``W`` is ``dW``; both are views into the flat arrays of the `Network`.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    """Names of the learned arrays."""
    decayed: ClassVar[tuple[str, ...]] = ()
    """The parameters that weight decay applies to."""
    per_network: ClassVar[tuple[str, ...]] = ()
    """Names of the other arrays with P first: hyperparameters and running statistics."""
    hyperparameters: ClassVar[tuple[str, ...]] = ()
    """Those of ``per_network`` that are hyperparameters."""
    fixed: ClassVar[tuple[str, ...]] = ()
    """Those of ``per_network`` that were learned from the data before training: equal in all networks of a
    population."""
    settings: ClassVar[tuple[str, ...]] = ()
    """Names of the constructor arguments that a model file stores."""
    shared: ClassVar[tuple[str, ...]] = ()
    """Names of other attributes that are equal in all networks of a population."""
    cache: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that the forward pass stores for the backward pass."""
    elementwise: ClassVar[bool] = False
    """Whether y has the features of x, whatever their number."""
    output_reusable: ClassVar[bool] = False
    """Whether the next layer may overwrite y: this layer allocated it and does not read it again."""
    in_place: bool = False
    """Whether this layer may write y into x; the network sets it from the previous layer's ``output_reusable``."""

    def __repr__(self) -> str:
        given = [str(getattr(self, name)) for name in self.settings]
        rates = [f"{name}={spread(getattr(self, name))}" for name in self.hyperparameters]
        return f"{type(self).__name__}({', '.join(given + rates)})"

    def shapes(self) -> dict[str, tuple[int, int]]:
        """Return the shape of each parameter in one network, as (rows, columns)."""
        return {}

    def initial(self, name: str) -> Array:
        """Return the initial value of a parameter, (1, rows, columns) or (P, rows, columns)."""
        return np.zeros((1, *self.shapes()[name]))

    def populate(self, population: int, dtype: np.dtype[Any]) -> None:
        """Expand every array in ``per_network`` to one row per network, of shape (P, 1, D or 1)."""
        for name in self.per_network:
            value = np.asarray(getattr(self, name), dtype)
            value = value if value.ndim == 3 else value.reshape(-1, 1, 1)
            setattr(self, name, np.repeat(value, population, axis=0) if len(value) == 1 else value)

    @abstractmethod
    def forward(self, x: Array, step: int | None = None) -> Array:
        """Return y. ``step`` is the training step, which seeds random draws; None when evaluating."""

    @abstractmethod
    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        """Set the gradients from dout = d loss / dy of the last forward pass; return dx if ``need_dx``."""

    def take(self, index: Index) -> Self:
        """Return a copy with the rows ``index`` only; the network binds its parameters."""
        layer = copy.copy(self)
        for name in self.cache:
            layer.__dict__.pop(name, None)
        for name in self.per_network:
            setattr(layer, name, getattr(self, name)[index])
        return layer

    def check(self) -> None:
        """Raise InputError for arrays that only a damaged file can have."""
        for name in self.fixed:
            array = getattr(self, name)
            if not np.isfinite(array).all() or (array != array[:1]).any():
                raise InputError(
                    f"{name} of the layer {type(self).__name__} must be finite and equal in all networks, got others"
                )
