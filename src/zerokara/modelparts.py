"""One network as plain data and arrays, for a model file; and back, with nothing taken on trust."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn import LAYERS, Layer, Network, build, describe


def disassemble(network: Network) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Return the layers of one network, and its arrays without the axis P: W (D_in, D_out), all others (D,).

    >>> from zerokara.nn import mlp
    >>> layers, arrays = disassemble(mlp(4, (), 3))
    >>> layers, {name: array.shape for name, array in arrays.items()}
    ([{'layer': 'affine', 'inputs': 4, 'outputs': 3}], {'0.W': (4, 3), '0.b': (3,)})
    """
    shapes = _shapes(network.layers)
    return describe(network), {name: a.reshape(shapes[name]) for name, a in network.arrays().items()}


def assemble(layers: Any, arrays: Mapping[str, Array]) -> Network:
    """Return the network that `disassemble` took apart.

    Every size is held against the arrays before anything of that size is made.

    Raises:
        InputError: an unknown layer or setting, or arrays that are not those of the layers.
    """
    if not isinstance(layers, list) or not layers:
        raise InputError("a network has a list of layers, got none")
    largest = sum(array.size for array in arrays.values())
    shapes = _shapes([_layer(settings, largest) for settings in layers])
    for name in sorted(shapes.keys() | arrays.keys()):
        got = arrays[name].shape if name in arrays else None
        if got != shapes.get(name):
            raise InputError(f"the array {name!r} must have the shape {shapes.get(name)} by the layers, got {got}")
    if len({array.dtype for array in arrays.values()}) != 1:
        raise InputError("a network must have arrays of one precision, got several")
    return build(layers, {name: a.reshape(1, -1, a.shape[-1]) for name, a in arrays.items()})


def width(network: Network, inputs: int) -> int:
    """Return how many outputs the network has for so many inputs.

    Raises:
        InputError: a layer does not take what the one before it gives.
    """
    for i, layer in enumerate(network.layers):
        takes = getattr(layer, "inputs", getattr(layer, "features", inputs))
        if takes != inputs:
            raise InputError(f"layer {i} ({type(layer).__name__}) takes {takes} numbers, and is given {inputs}")
        inputs = getattr(layer, "outputs", inputs)
    return inputs


def _shapes(layers: list[Layer]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each stored array: that of a decayed parameter is (rows, columns), others have one row."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i, layer in enumerate(layers):
        rows = layer.shapes()
        for name in (*layer.parameters, *layer.per_network):
            shape = rows.get(name) or np.shape(getattr(layer, name))[-2:] or (1, 1)
            shapes[f"{i}.{name}"] = shape if name in layer.decayed else shape[-1:]
    return shapes


def _layer(settings: Any, largest: int) -> Layer:
    """Return a layer from a description that may be anything; no size may be above ``largest``."""
    name = settings.get("layer") if isinstance(settings, dict) else None
    if not isinstance(name, str) or name not in LAYERS:
        raise InputError(f"a layer must be one of {', '.join(LAYERS)}, got {str(name)[:80]!r}")
    kind, values = LAYERS[name], {key: value for key, value in settings.items() if key != "layer"}
    if values.keys() != set(kind.settings):
        raise InputError(f"the layer {name} must have the settings {list(kind.settings)}, got {list(values)[:8]}")
    for key, value in values.items():
        whole = inspect.signature(kind).parameters[key].annotation is int
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise InputError(f"{key} of the layer {name} must be a number, got {str(value)[:80]!r}")
        if whole and not 1 <= value <= largest:
            raise InputError(f"{key} of the layer {name} must be 1 to {largest:,}, as the arrays allow, got {value:.6g}")
        if not abs(value) < 1e30:
            raise InputError(f"{key} of the layer {name} must be finite, got {value}")
    return kind(**values)
