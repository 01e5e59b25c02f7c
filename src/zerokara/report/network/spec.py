"""A model as plain data from which a page computes the same predictions: codings, scaling, layers."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Encoder
from zerokara.model import Model
from zerokara.nn import LAYERS, Network

LARGEST = 8_000_000
"""The most bytes of weights that a page contains."""


def forward_spec(model: Model, network: Network) -> dict[str, Any]:
    """Return what a page needs to predict with one network of a model, whose arrays lack the axis P.

    A page that does not know a kind of layer, of scaling or of column says so.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> model = zk.Model.of(zk.nn.mlp(64, (8,), 10), data)
    >>> [layer["layer"] for layer in forward_spec(model, model.network)["layers"]]
    ['affine', 'relu', 'affine']
    """
    preprocess = model.preprocess
    scaling: dict[str, Any] = {"kind": preprocess.kind.partition(":")[0]}
    if scaling["kind"] not in ("none", "target"):
        scaling |= {"shift": preprocess.shift, "scale": preprocess.scale, "basis": preprocess.basis}
    regression = model.task == "regression"
    return {
        "task": model.task,
        "classes": list(model.classes),
        "sample_shape": list(model.sample_shape),
        "layers": layers_of(network),
        "scaling": scaling,
        "columns": None if model.encoder is None else column_specs(model.encoder),
        "target": {"shift": preprocess.target_shift, "scale": preprocess.target_scale} if regression else None,
    }


def layers_of(network: Network) -> list[dict[str, Any]]:
    """Return each layer's kind, settings and arrays; layers of the user's have the name of their class."""
    names = {kind: name for name, kind in LAYERS.items()}
    return [
        {
            "layer": names.get(type(layer), type(layer).__name__),
            "kind": type(layer).__name__,
            "settings": {name: getattr(layer, name) for name in layer.settings} | _epsilon(layer),
            "arrays": {
                name: np.array(getattr(layer, name)[0] if name != "rate" else getattr(layer, name)[0].ravel())
                for name in (*layer.parameters, *layer.per_network)
            },
        }
        for layer in network.layers
    ]


def _epsilon(layer: Any) -> dict[str, float]:
    return {"epsilon": layer.epsilon} if hasattr(layer, "epsilon") else {}


def column_specs(encoder: Encoder) -> list[dict[str, Any]]:
    """Return each column's name, kind, statistics and levels, and for a category the inputs of each level."""
    return [
        {
            "name": coding.name,
            "kind": coding.kind,
            "statistics": [float(value) for value in coding.statistics],
            "levels": list(coding.levels),
            "width": coding.width,
            "clipped": coding.clipped,
            "codes": coding.codes if coding.kind == "category" else None,
        }
        for coding in encoder.codings
    ]


def beyond_limit(network: Network) -> bool:
    """Return whether a network has more weights than a page contains."""
    return int(network.params[0].nbytes) > LARGEST


def by_name(network: Network) -> dict[str, Array]:
    """Return the parameters of one network, by names such as "0.W", without the axis P."""
    return {name: value[0].copy() for name, value, _ in network.parameters()}
