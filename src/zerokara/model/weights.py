"""A model from plain weights: a dict W1, b1, W2, b2, ... as courses pickle it."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset, Preprocess
from zerokara.errors import InputError, unknown
from zerokara.model.ensemble import Ensemble, ModelMember
from zerokara.model.model import Model
from zerokara.nn import ACTIVATIONS, Affine, mlp
from zerokara.unpickle import text_keys


def from_weights(
    params: Any, activation: str, data: Dataset | None = None, about: Mapping[str, Any] | None = None
) -> Model:
    """Return the classifier y = f(... f(x W1 + b1) ...) Wn + bn of a dict with W1, b1, ..., Wn, bn.

    Args:
        params: arrays W (n_in, n_out) and b (n_out,), numbered from 1 without a gap.
        activation: f, which such a dict does not contain.
        data: the training data, for class names and the shape of a sample; by default classes are named 0, 1, ... and
            samples are rows. The weights must expect the data in their own units, pixels from 0 to 1.
        about: more entries for the model's ``about``.

    Raises:
        InputError: a wrong name or shape, or NaN or infinity.

    >>> model = from_weights({"W1": np.eye(2), "b1": np.zeros(2), "W2": np.eye(2), "b2": np.ones(2)}, "relu")
    >>> model.predict([[3.0, 1.0], [-1.0, 2.0]])
    array([0, 1])
    """
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    weights = _weights(params)
    sizes = [weights[0][0].shape[0], *(W.shape[1] for W, _ in weights)]
    network = mlp(sizes[0], sizes[1:-1], sizes[-1], activation, dtype=np.result_type(*(W for W, _ in weights)))
    layers = [layer for layer in network.layers if isinstance(layer, Affine)]
    for layer, (W, b) in zip(layers, weights, strict=True):
        layer.W[0], layer.b[0] = W, b
    if data is not None:
        if (data.task, data.n_inputs, data.n_outputs) != ("classification", sizes[0], sizes[-1]):
            raise InputError(
                f"the weights expect {sizes[0]} inputs and {sizes[-1]} classes; {data.name} is {data.task} with "
                f"{data.n_inputs} inputs and {data.n_outputs} outputs: name the data that they were trained on"
            )
        return Model.of(network, data, about)
    classes = tuple(map(str, range(sizes[-1])))
    preprocess = Preprocess.identity(sizes[0], sizes[-1])
    return Model(
        (ModelMember(Ensemble.of(network), preprocess),), "classification", classes, (sizes[0],), dict(about or {})
    )


def _weights(params: Any) -> list[tuple[Array, Array]]:
    """Return the pairs W (n_in, n_out), b (n_out,) in the order of the layers, as float32 or float64."""
    if not isinstance(params, Mapping):
        raise InputError(f"weights must be a dict of arrays W1, b1, W2, b2, ..., got a {type(params).__name__}")
    named = text_keys(params)
    depth = sum(bool(re.fullmatch(r"W\d+", name)) for name in named)
    expected = [f"{kind}{k}" for k in range(1, depth + 1) for kind in "Wb"]
    if sorted(named) != sorted(expected) or not depth:
        raise InputError(
            f"weights must be W1, b1, W2, b2, ... and nothing else, got {', '.join(named)[:200] or 'none'}"
        )
    pairs, width = [], None
    for k in range(1, depth + 1):
        W, b = _floats(named, f"W{k}"), _floats(named, f"b{k}").reshape(-1)
        if W.ndim != 2 or 0 in W.shape or b.shape != W.shape[1:] or width not in (None, W.shape[0]):
            takes = "n_in" if width is None else str(width)
            raise InputError(
                f"W{k} must have the shape ({takes}, n_out) and b{k} (n_out,), got {W.shape} and {b.shape}"
            )
        pairs.append((W, b))
        width = W.shape[1]
    return pairs


def _floats(named: Mapping[str, Any], name: str) -> Array:
    array = named[name]
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        raise InputError(f"{name} must be an array of numbers, got {getattr(array, 'dtype', type(array).__name__)}")
    return array.astype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64)
