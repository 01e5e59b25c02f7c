"""The encodings of inputs: the first layers of a network, fitted to the training samples of a dataset."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.data.sparse import SparseRows
from zerokara.errors import InputError
from zerokara.nn.layers.embedding import Embedding
from zerokara.nn.layers.encoding import FixedEncoding, InputEncoding
from zerokara.nn.layers.periodic import PERIODIC_FUNCTIONS, Periodic
from zerokara.nn.layers.piecewise import QUANTILE_BINS, Piecewise
from zerokara.nn.layers.scaling import Robust, Scaled
from zerokara.nn.network import Network

STANDARD = "standard"
NUMERIC_ENCODINGS = (STANDARD, "piecewise", "robust", "periodic")
ONE_HOT, SCALED, EMBEDDING = "one-hot", "scaled", "embedding"
CATEGORY_ENCODINGS = (ONE_HOT, SCALED, EMBEDDING)
FITTED: dict[str, type[Piecewise] | type[Robust] | type[Periodic] | type[Scaled]] = {
    "piecewise": Piecewise,
    "robust": Robust,
    "periodic": Periodic,
    SCALED: Scaled,
}
"""The layers that are fitted to the training samples before training."""
FEW_LEVELS = 9
"""Categories of up to so many values are not embedded."""
ROWS_COMPARED = 4096
"""Samples that are compared at once."""
_fitted: "WeakKeyDictionary[Dataset, dict[str, InputEncoding | None]]" = WeakKeyDictionary()
"""What was fitted to each dataset, by name: many populations are trained on one."""


def encoding_layers(params: Mapping[str, Any], data: Dataset, seed: int = 0, replicate: int = 0) -> list[InputEncoding]:
    """Return the layers that encode the inputs of ``data``, fitted to its training part; often none.

    Args:
        params: ``numeric_encoding`` and ``category_encoding``.
        seed, replicate: seeds of the initial values.

    Raises:
        InputError: sparse samples cannot be encoded.
    """
    kind, layers = params["numeric_encoding"], list[InputEncoding]()
    if kind != STANDARD and isinstance(data.train.x, SparseRows):
        raise InputError(
            f"numeric_encoding={kind} needs dense samples, got sparse ones of {data.name}: use standard, or pass them "
            "with toarray()"
        )
    scaled = _fitted_layer(SCALED, data) if params["category_encoding"] == SCALED else None
    fitted = None if kind == STANDARD else _fitted_layer(kind, data)
    layers += [copy.copy(layer) for layer in (scaled, fitted) if isinstance(layer, FixedEncoding)]
    width = layers[-1].outputs if layers else data.n_inputs
    places = fitted.columns if isinstance(fitted, Periodic) else np.empty(0, np.intp)
    if groups := _groups(data) if params["category_encoding"] == EMBEDDING else {}:
        feature, levels = (np.array(each, float) for each in (list(groups), list(groups.values())))
        rows = sum(groups.values())
        embedding = Embedding(width, len(groups), rows, seed=seed, replicate=replicate, feature=feature, levels=levels)
        layers.append(embedding)
        width, places = embedding.outputs, np.searchsorted(embedding.others, places)
    if len(places):
        layers.append(Periodic(width, len(places), seed=seed, replicate=replicate, feature=places))
    return layers


def keep_encodings(network: Network, data: Dataset) -> None:
    """Let networks that are built for ``data`` have the fixed encodings that this network has, as they were fitted."""
    of = {type(layer): layer.take(np.array([0])) for layer in network.layers if isinstance(layer, InputEncoding)}
    _fitted[data] = {kind: of.get(layer) for kind, layer in FITTED.items()}


def learned_encodings(params: Mapping[str, Any], data: Dataset) -> list[str]:
    """Return the settings in ``params`` that give networks for ``data`` a learned encoding, which only NumPy computes.

    >>> from zerokara.data import load
    >>> learned_encodings({"numeric_encoding": "periodic", "category_encoding": "embedding"}, load("digits"))
    ['numeric_encoding=periodic']
    """
    numeric, category = params.get("numeric_encoding", STANDARD), params.get("category_encoding", ONE_HOT)
    learned = {"numeric_encoding": numeric == "periodic", "category_encoding": category == EMBEDDING and _groups(data)}
    return [f"{name}={params[name]}" for name, holds in learned.items() if holds]


def without_effect(values: Mapping[str, Iterable[Any]], data: Dataset) -> list[str]:
    """Return a sentence for each encoding among these values that leaves all inputs of ``data`` as they are.

    Args:
        values: those that the settings may have, by name.

    >>> from zerokara.data import load
    >>> without_effect({"numeric_encoding": ["robust"], "category_encoding": ["one-hot", "scaled"]}, load("digits"))
    ['category_encoding=scaled has no effect: digits has no categories']
    """
    found: list[tuple[str, str]] = []
    numeric = [kind for kind in values.get("numeric_encoding", ()) if kind != STANDARD]
    # Of sparse samples, an error says that they cannot be encoded.
    if numeric and not isinstance(data.train.x, SparseRows) and not numbers(data):
        found += [(f"numeric_encoding={kind}", "no numbers") for kind in numeric]
    few = f"no categories of more than {FEW_LEVELS} values" if categories(data) else "no categories"
    for kind, of in ((SCALED, categories), (EMBEDDING, _groups)):
        if kind in values.get("category_encoding", ()) and not of(data):
            found.append((f"category_encoding={kind}", few))
    return [f"{encoding} has no effect: {data.name} has {lacks}" for encoding, lacks in found]


def width_limit(params: Mapping[str, Any], data: Dataset) -> int:
    """Return how many inputs the first affine map has at most."""
    factors = {"piecewise": 1 + QUANTILE_BINS, "periodic": 1 + PERIODIC_FUNCTIONS}
    return data.n_inputs * factors.get(params["numeric_encoding"], 1)


def _fitted_layer(kind: str, data: Dataset) -> InputEncoding | None:
    fitted = _fitted.setdefault(data, {})
    if kind not in fitted:
        fitted[kind] = FITTED[kind].fit(data.n_inputs, (categories if kind == SCALED else numbers)(data))
    return fitted[kind]


def _groups(data: Dataset) -> dict[int, int]:
    """Return the first input of each category that is embedded, with the number of its inputs."""
    if data.encoder is None or data.was_scaled:  # Scaled codes are features like others.
        return {}
    return {
        place: coding.width
        for place, coding in data.encoder.places()
        if coding.kind == "category" and len(coding.levels) > FEW_LEVELS
    }


def categories(data: Dataset) -> dict[int, Array]:
    """Return the training values of each input that stands for a value of a category, by its place."""
    if data.encoder is None or data.was_scaled:
        return {}
    of = [(place, coding.width) for place, coding in data.encoder.places() if coding.kind == "category"]
    return {j: data.train.x[:, j] for place, width in of for j in range(place, place + width)}


def numbers(data: Dataset) -> dict[int, Array]:
    """Return the training values of each input that is a number, without missing ones, by its place.

    In a table these are the columns of numbers; in arrays all features with more than two different values.
    """
    x = data.train.x
    if data.encoder is None or data.was_scaled:
        return {j: x[:, j] for j in np.flatnonzero(_varied(x)).tolist()}
    values = {}
    for place, coding in data.encoder.places():
        if coding.kind == "number":
            column = x[:, place]
            values[place] = column[x[:, place + 1] == 0] if coding.width == 2 else column
    return values


def _varied(x: Array) -> Array:
    """Return whether each feature has more than two values, (D,)."""
    low, high, varied = x.min(axis=0), x.max(axis=0), np.zeros(x.shape[1], bool)
    for start in range(0, len(x), ROWS_COMPARED):
        rows = x[start : start + ROWS_COMPARED]
        varied |= ((rows != low) & (rows != high)).any(axis=0)
    return varied
