"""Fully connected networks: building them, and their description in model files."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.checks import require_flag
from zerokara.errors import InputError, unknown
from zerokara.nn.init import UNKNOWN_INIT, default_init
from zerokara.nn.layers.activations import ACTIVATIONS
from zerokara.nn.layers.affine import Affine
from zerokara.nn.layers.batchnorm import BatchNorm
from zerokara.nn.layers.dropout import Dropout
from zerokara.nn.layers.embedding import Embedding
from zerokara.nn.layers.exponential import Exp
from zerokara.nn.layers.layer import Layer
from zerokara.nn.layers.periodic import Periodic
from zerokara.nn.layers.piecewise import Piecewise
from zerokara.nn.layers.scaling import Robust, Scaled
from zerokara.nn.network import Network

LAYERS: dict[str, type[Layer]] = {
    "affine": Affine,
    "batch_norm": BatchNorm,
    "dropout": Dropout,
    "exponential": Exp,
    "piecewise": Piecewise,
    "robust": Robust,
    "scaled": Scaled,
    "periodic": Periodic,
    "embedding": Embedding,
    **ACTIVATIONS,
}
"""Every kind of layer, by its name in model files."""


def mlp(
    inputs: int,
    hidden: Sequence[int],
    outputs: int,
    activation: str = "relu",
    *,
    dropout: float | npt.ArrayLike | None = None,
    batch_norm: bool = False,
    init: str | float | None = None,
    init_scale: float | npt.ArrayLike = 1.0,
    population: int = 1,
    seed: int = 0,
    replicate: int = 0,
    dtype: npt.DTypeLike = np.float32,
) -> Network:
    """Build P fully connected networks: for each hidden size Affine, BatchNorm, activation, Dropout; then Affine.

    Args:
        inputs, hidden, outputs: layer sizes; an empty ``hidden`` gives a linear model.
        activation: "relu", "leaky_relu", "sigmoid", "tanh" or "gelu".
        dropout: the rate, 0 <= rate < 1, or one rate per network (P,); None adds no dropout layers.
        init: "he", "xavier", "lecun" or a standard deviation; default: xavier for sigmoid and tanh, otherwise he.
        init_scale: a factor on the initial weights, or one factor per network (P,).
        seed, replicate: seeds of the initial weights and dropout masks; all P networks share them.

    >>> mlp(64, (100, 100), 10, dropout=[0.0, 0.2], population=2).size
    17610
    """
    sizes = [inputs, *hidden, outputs]
    if any(not isinstance(n, int | np.integer) or n < 1 for n in sizes):
        raise InputError(
            f"layer sizes must be whole numbers, 1 or above, got {inputs}-{tuple(hidden)}-{outputs}: correct them"
        )
    require_flag("batch_norm", batch_norm)
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    rates = per_network("dropout", dropout, population) if dropout is not None else None
    scale = per_network("init_scale", init_scale, population)
    init = init if init is not None else default_init(activation)

    layers: list[Layer] = []
    for number, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        layers.append(Affine(n_in, n_out, init, scale, seed=seed, number=number, replicate=replicate))
        if number < len(hidden):
            if batch_norm:
                layers.append(BatchNorm(n_out))
            layers.append(ACTIVATIONS[activation]())
            if rates is not None:
                layers.append(Dropout(rates, seed=seed, number=number, replicate=replicate))
    return Network(layers, population, dtype)


def per_network(name: str, value: npt.ArrayLike, population: int) -> Array:
    """Return a hyperparameter as an array (P,), from one number or one number per network.

    >>> per_network("lr", 0.1, 2)
    array([0.1, 0.1])
    """
    array = np.asarray(value, float)
    if array.shape not in ((), (1,), (population,)):
        raise InputError(
            f"{name} must be one number, or one for each of the {population} networks, got the shape {array.shape}: "
            "correct its length"
        )
    return np.broadcast_to(array, (population,)).copy()


def describe_layers(network: Network) -> list[dict[str, Any]]:
    """Return the layers as plain data; a model file stores it together with the arrays.

    >>> describe_layers(mlp(4, (), 3))
    [{'layer': 'affine', 'inputs': 4, 'outputs': 3}]
    """
    names = {kind: name for name, kind in LAYERS.items()}
    own = next((layer for layer in network.layers if type(layer) not in names), None)
    if own is not None:
        raise InputError(
            f"a model must have layers of zerokara alone, got {type(own).__name__}: keep the network itself, with "
            "pickle, and predict with its forward"
        )
    return [
        {"layer": names[type(layer)], **{name: getattr(layer, name) for name in layer.settings}}
        for layer in network.layers
    ]


def build_network(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array]) -> Network:
    """Return the networks from the results of `describe_layers` and `Network.arrays`; the arrays set P."""
    built = []
    for settings in layers:
        kind = settings["layer"]
        if kind not in LAYERS:
            raise unknown("layer", kind, LAYERS)
        built.append(LAYERS[kind](**{name: v for name, v in settings.items() if name != "layer"}))
    first = next(iter(arrays.values()))
    network = Network(built, len(first), first.dtype)
    for layer in built:
        if isinstance(layer, Affine):
            layer.init = UNKNOWN_INIT
    expected = {name: value.shape for name, value in network.arrays().items()}
    got = {name: value.shape for name, value in arrays.items()}
    if expected != got:
        raise InputError(f"the arrays must match the layers, {expected}, got {got}: save the model again")
    network.load(dict(arrays))
    return network
