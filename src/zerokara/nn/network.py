"""A population of networks of one structure: its layers, and one flat array of all parameters."""

import copy
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array, as_index
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import FixedEncoding, InputEncoding
from zerokara.nn.layers.layer import Layer
from zerokara.notebooks import html_table


class Network:
    """P networks with the same layers, each with its own parameters. A single network is P = 1.

    The array ``params`` (P, K) holds all parameters, ``grads`` (P, K) all gradients; weight decay applies to the first
    ``decayed`` columns. A layer's W and dW are views into these arrays, so an optimizer updates one array and `take`
    indexes one.

    >>> from zerokara.nn import mlp
    >>> net = mlp(4, (8,), 3, population=5)
    >>> net
    Network(Affine(4, 8), ReLU(), Affine(8, 3); population 5, 67 parameters each, float32)
    >>> net.forward(np.ones((1, 2, 4), np.float32)).shape
    (5, 2, 3)
    >>> net.take([0, 3]).population
    2
    """

    def __init__(self, layers: Sequence[Layer], population: int = 1, dtype: npt.DTypeLike = np.float32) -> None:
        if population < 1:
            raise InputError(f"a population must have at least 1 network, got {population}: pass population=1 or more")
        self.layers = list(layers)
        _check_widths(self.layers)
        for before, layer in itertools.pairwise(self.layers):
            layer.in_place = before.output_reusable
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise InputError(f"dtype must be float32 or float64, got {self.dtype}: choose one of them")
        self.size = sum(rows * columns for _, _, (rows, columns) in self.slots())
        self._bind(np.zeros((population, self.size), self.dtype))
        for layer in self.layers:
            layer.populate(population, self.dtype)
            for name in layer.parameters:
                getattr(layer, name)[:] = layer.initial(name)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network({layers}; population {self.population}, {self.size:,} parameters each, {self.dtype})"

    def _repr_html_(self) -> str:
        sizes = [sum(map(math.prod, layer.shapes().values())) for layer in self.layers]
        layers = [(repr(layer), f"{size:,}") for layer, size in zip(self.layers, sizes, strict=True)]
        size = f"{self.size:,} parameters" + (" each" if self.population > 1 else "")
        title = f"{self.population} networks" if self.population > 1 else "Network"
        return html_table(f"{title}, {size}, {self.dtype}", [("layer", "parameters"), *layers])

    @property
    def population(self) -> int:
        """The number of networks, P."""
        return len(self.params)

    @property
    def inputs(self) -> int | None:
        """The number of features of a sample, or None if the layers do not say."""
        return _width(next((layer for layer in self.layers if not _is_elementwise(layer)), None), "inputs")

    @property
    def encodings(self) -> list[FixedEncoding]:
        """The layers before the first that learns or differs between networks: they can be applied beforehand."""
        return list(itertools.takewhile(lambda layer: isinstance(layer, FixedEncoding), self.layers))  # type: ignore[arg-type]

    @property
    def encoding_text(self) -> str:
        """What the networks do with their inputs first, as shown to users; empty if they take them as they are."""
        return "; ".join(layer.text for layer in self.layers if isinstance(layer, InputEncoding))

    def forward(self, x: Array, step: int | None = None, *, encoded: bool = False) -> Array:
        """Return the scores (P, N, C) of x (P or 1, N, D).

        ``step`` is the training step, None when evaluating. ``encoded`` samples have passed the `encodings`.
        """
        y = x
        try:
            for layer in self.layers[len(self.encodings) if encoded else 0 :]:
                y = layer.forward(y, step)
        except Exception:
            # Checked only here: before each step of training it would take time. A layer may take other axes.
            if not encoded and self.inputs is not None:
                self.require_samples(x)
            raise
        return y

    def require_samples(self, x: Array) -> None:
        """Raise InputError unless x is (P or 1, N, D), with the D that the networks take."""
        if not isinstance(x, np.ndarray) or x.ndim != 3 or len(x) not in (1, self.population):
            got = f"the shape {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
            raise InputError(
                f"x must be an array (1, N, D), or ({self.population}, N, D) with samples for each network, got {got}: "
                "pass x.reshape(1, N, D) of N samples"
            )
        width = self.inputs
        if width is not None and x.shape[2] != width:
            raise InputError(
                f"x must have {width} inputs per sample, got {x.shape[2]}: pass such samples, or build a network with "
                f"{x.shape[2]} inputs"
            )

    def backward(self, dout: Array, need_dx: bool = False) -> Array | None:
        """Set every gradient from dout = d loss / d scores of the last forward pass.

        The gradient of the data is computed only on request, since it needs the largest product of all layers.
        """
        first = next((i for i, layer in enumerate(self.layers) if layer.parameters), 0)
        for i in range(len(self.layers) - 1, -1 if need_dx else first - 1, -1):
            wanted = need_dx or i > first
            dx = self.layers[i].backward(dout, wanted)
            if dx is None:
                if wanted:
                    raise InputError(
                        f"backward of layer {i}, {self.layers[i]!r}, must return the gradient of x, got None: return dx"
                    )
                return None
            dout = dx
        return dout

    def parameters(self) -> Iterator[tuple[str, Array, Array]]:
        """Yield each parameter's name, such as ``"0.W"``, with its values and its gradients."""
        for i, layer in enumerate(self.layers):
            for name in layer.parameters:
                yield f"{i}.{name}", getattr(layer, name), getattr(layer, "d" + name)

    def arrays(self) -> dict[str, Array]:
        """Return all arrays of the networks: parameters, running statistics and rates, each with P first."""
        named = {name: value for name, value, _ in self.parameters()}
        rows = {
            f"{i}.{name}": getattr(layer, name) for i, layer in enumerate(self.layers) for name in layer.per_network
        }
        return named | rows

    def structure(self) -> list[tuple[Any, ...]]:
        """Return what networks of one population have in common: the kind, shapes and settings of every layer."""
        return [
            (
                type(layer).__name__,
                {n: getattr(layer, n).shape[1:] for n in (*layer.parameters, *layer.per_network)},
                {n: getattr(layer, n) for n in (*layer.settings, *layer.shared)},
                self.dtype.name,
            )
            for layer in self.layers
        ]

    def load(self, arrays: dict[str, Array]) -> None:
        """Overwrite every array with the one of the same name, as returned by `arrays`."""
        for name, value in self.arrays().items():
            value[...] = arrays[name]

    def take(self, index: npt.ArrayLike) -> Self:
        """Return the networks ``index`` (an integer, integers or a mask) as a new population."""
        rows = as_index(index, self.population)
        return self._with(self.params[rows], [layer.take(rows) for layer in self.layers])

    def put(self, index: npt.ArrayLike, other: "Network") -> None:
        """Overwrite the networks ``index`` with those of ``other``, in the order of ``other``."""
        rows, new = as_index(index, self.population), other.arrays()
        for name, value in self.arrays().items():
            value[rows] = new[name]

    def copy(self) -> Self:
        """Return a copy of the networks that shares no arrays with them."""
        return self.take(np.arange(self.population))

    def astype(self, dtype: npt.DTypeLike) -> Self:
        """Return a copy of the networks in another precision.

        >>> from zerokara.nn import mlp
        >>> mlp(4, (), 3).astype("float64")
        Network(Affine(4, 3); population 1, 15 parameters each, float64)
        """
        other = self.copy()
        other.dtype = np.dtype(dtype)
        other._bind(self.params.astype(dtype))
        for layer in other.layers:
            for name in layer.per_network:
                setattr(layer, name, getattr(layer, name).astype(dtype))
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle: no views into the flat arrays, no gradients, no caches."""
        copied = self.copy()
        for layer in copied.layers:
            for name in layer.parameters:
                del layer.__dict__[name], layer.__dict__["d" + name]
        return {name: value for name, value in copied.__dict__.items() if name != "grads"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._bind(self.params)

    def _with(self, params: Array, layers: list[Layer]) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.layers = layers
        other._bind(params)
        return other

    def slots(self) -> Iterator[tuple[Layer, str, tuple[int, int]]]:
        """Yield every parameter in the order of the flat array: parameters with weight decay first."""
        for decayed in (True, False):
            for layer in self.layers:
                for name, shape in layer.shapes().items():
                    if (name in layer.decayed) == decayed:
                        yield layer, name, shape

    def _bind(self, params: Array) -> None:
        """Use ``params`` as the flat array, and make the parameters and gradients of every layer views."""
        # Zeros take no memory until they are written, and most copies are never trained.
        self.params, self.grads = params, np.zeros(params.shape, params.dtype)
        self.decayed = start = 0
        for layer, name, shape in self.slots():
            columns = slice(start, start + shape[0] * shape[1])
            setattr(layer, name, self.params[:, columns].reshape(len(params), *shape))
            setattr(layer, "d" + name, self.grads[:, columns].reshape(len(params), *shape))
            start = columns.stop
            if name in layer.decayed:
                self.decayed = start


def _width(layer: Layer | None, name: str) -> int | None:
    """Return a layer's number of inputs or outputs; a layer of the user's may have something else by this name."""
    value = getattr(layer, name, None)
    return int(value) if isinstance(value, int | np.integer) else None


def _is_elementwise(layer: Layer) -> bool:
    """Return whether a layer keeps the number of features; a class derived from one that does may not."""
    return bool(vars(type(layer)).get("elementwise"))


def _check_widths(layers: Sequence[Layer]) -> None:
    """Raise InputError for a layer that does not take what the one before it gives, where both are known."""
    width = None
    for number, layer in enumerate(layers):
        takes = _width(layer, "inputs")
        if width is not None and takes is not None and takes != width:
            raise InputError(
                f"layer {number}, {layer!r}, must take the {width} outputs of the layers before it, got {takes}: build "
                f"it with {width} inputs"
            )
        width = width if _is_elementwise(layer) else _width(layer, "outputs")


def concat_networks(networks: Sequence[Network]) -> Network:
    """Return the networks of several populations of one structure as one population, in that order.

    >>> from zerokara.nn import mlp
    >>> concat_networks([mlp(4, (8,), 3, seed=0), mlp(4, (8,), 3, seed=1)]).population
    2
    """
    first = networks[0]
    for other in networks[1:]:
        if other.structure() != first.structure():
            raise InputError(
                "networks must have one structure to be concatenated, got different layers, shapes, settings, "
                "precision or seeds: build them alike"
            )
    layers = [copy.copy(layer) for layer in first.layers]
    for i, layer in enumerate(layers):
        for name in layer.per_network:
            setattr(layer, name, np.concatenate([getattr(n.layers[i], name) for n in networks]))
        layer.check()
    return first._with(np.concatenate([n.params for n in networks]), layers)
