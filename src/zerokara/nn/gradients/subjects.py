"""What a gradient check moves and measures: the networks of a population, or a network of one's own as in the book."""

import inspect
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import InputEncoding
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network

TOLERANCE = 1e-6
"""The relative error below which a gradient is right."""


class Subject(ABC):
    """A loss as a function of arrays that can be changed in place, and its analytic gradient by each.

    ``arrays`` has for each name the values (P, ...), and the gradients of the same shape.
    """

    tolerance: ClassVar[float] = TOLERANCE
    title: str
    samples: int
    arrays: dict[str, tuple[Array, Array]]

    @abstractmethod
    def losses(self) -> Array:
        """Return the loss of each network with the arrays as they are, (P,)."""


class PopulationSubject(Subject):
    """P networks, as a copy in float64, with the loss plus weight_decay / 2 * sum W^2; ``x`` is one of the arrays."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        x: Array,
        t: Array,
        weights: Array | None,
        weight_decay: float,
        step: int | None,
    ) -> None:
        self.title = f"{network!r}, checked in float64" if network.dtype != np.float64 else repr(network)
        self.network = network = network.astype(np.float64)
        self.x = np.repeat(x, network.population, axis=0) if len(x) == 1 else x.copy()
        self.loss, self.t, self.weights, self.weight_decay, self.step = loss, t, weights, weight_decay, step
        self.samples = x.shape[1]
        with np.errstate(all="ignore"):  # A loss that is not finite is reported as an error.
            scores = network.forward(self.x, step)
            dx = network.backward(loss.backward(scores, t, weights), need_dx=True)
        assert dx is not None  # The network refuses a layer that returns None.
        decayed = slice(0, network.decayed)
        network.grads[:, decayed] += weight_decay * network.params[:, decayed]
        named = zip(book_names(network), network.parameters(), strict=True)
        self.arrays = {name: (_as_row(value), _as_row(gradient.copy())) for name, (_, value, gradient) in named}
        self.arrays["x"] = self.x, dx

    def losses(self) -> Array:
        network = self.network
        with np.errstate(all="ignore"):
            value = self.loss.forward(network.forward(self.x, self.step), self.t, self.weights)
            penalty: Array = value + 0.5 * self.weight_decay * np.sum(network.params[:, : network.decayed] ** 2, axis=1)
        return penalty


class OwnSubject(Subject):
    """A network with arrays in ``params``, a method ``loss(x, t)``, and ``gradient(x, t)`` as in the book.

    As in CS231n, ``loss`` may return the gradients too. The arrays are changed in place, and changed back.
    """

    # The gradient of the book's loss leaves out the 1e-7 in its logarithm, a part of 1e-7 / p.
    tolerance: ClassVar[float] = 1e-4

    def __init__(self, net: Any, x: Any, t: Any) -> None:
        self.title, self.samples = type(net).__name__, len(x)
        training = {"train_flg": True} if "train_flg" in inspect.signature(net.loss).parameters else {}
        self._loss: Callable[[], Any] = lambda: net.loss(x, t, **training)
        if not net.params:
            raise InputError("params must have an array or more, got an empty dict: put the parameters into it")
        result = self._loss()
        if not isinstance(result, tuple) and not callable(getattr(net, "gradient", None)):
            raise InputError(
                f"{self.title} must have a method gradient(x, t), as its loss returns one number: add the method"
            )
        gradients = result[1] if isinstance(result, tuple) else net.gradient(x, t)
        if not isinstance(gradients, dict):
            got = type(gradients).__name__
            raise InputError(f"the gradients must be a dict by the names in params, got {got}: return one")
        self.losses()
        self.arrays = {}
        for name, value in net.params.items():
            if not isinstance(value, np.ndarray) or value.dtype != np.float64:
                got = getattr(value, "dtype", type(value).__name__)
                raise InputError(f"params[{name!r}] must be a float64 array, got {got}: use astype(float)")
            if name not in gradients or np.size(gradients[name]) != value.size:
                got = str(np.shape(gradients[name])) if name in gradients else "none"
                raise InputError(
                    f"the gradient of {name} must have its shape {value.shape}, got {got}: return one for each array"
                )
            self.arrays[name] = value[None], np.array(gradients[name], float).reshape(1, *value.shape)

    def losses(self) -> Array:
        result = self._loss()
        loss = result[0] if isinstance(result, tuple) else result
        if np.size(loss) != 1 or np.asarray(loss).dtype.kind not in "biuf":
            got = f"the shape {np.shape(loss)}" if np.ndim(loss) else type(loss).__name__
            raise InputError(f"the loss must be one number, got {got}: return the mean over the samples")
        return np.array(loss, float).reshape(1)


def is_own(net: Any) -> bool:
    """Return whether a network can be an `OwnSubject`."""
    return isinstance(getattr(net, "params", None), dict) and callable(getattr(net, "loss", None))


def book_names(network: Network) -> list[str]:
    """Return the names of the parameters as the book has them, in the order of `Network.parameters`.

    Those of encodings have the name of their layer.

    >>> from zerokara.nn import mlp
    >>> book_names(mlp(3, (5,), 2, batch_norm=True))
    ['W1', 'b1', 'gamma1', 'beta1', 'W2', 'b2']
    """
    seen: Counter[str] = Counter()
    names = []
    for layer in network.layers:
        for name in layer.parameters:
            encoding = isinstance(layer, InputEncoding)
            name = f"{type(layer).__name__}.{name}" if encoding else name
            seen[name] += 1
            names.append(name if encoding and seen[name] == 1 else f"{name}{seen[name]}")
    return names


def _as_row(array: Array) -> Array:
    """Return a view of a parameter (P, 1, D) without the axis of rows, as the book has b."""
    return array[:, 0] if array.shape[1] == 1 else array
