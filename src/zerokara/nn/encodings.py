"""The encodings of inputs: the first layers of a network, fitted to the training samples of a dataset."""

import copy
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.data.sparse import SparseRows
from zerokara.errors import InputError
from zerokara.nn.layers.embedding import Embedding
from zerokara.nn.layers.encoding import FixedEncoding, InputEncoding
from zerokara.nn.layers.periodic import Periodic
from zerokara.nn.layers.piecewise import Piecewise
from zerokara.nn.layers.robust import Robust

STANDARD, PERIODIC = "standard", "periodic"
FITTED: dict[str, type[Piecewise] | type[Robust]] = {"piecewise": Piecewise, "robust": Robust}
"""The encodings of numbers that are only fitted, not trained."""
NUMERIC_ENCODINGS = (STANDARD, *FITTED, PERIODIC)
ONE_HOT, EMBEDDING = "one-hot", "embedding"
CATEGORY_ENCODINGS = (ONE_HOT, EMBEDDING)
FEW = 9
"""Categories of up to so many values are not embedded."""
ROWS = 4096
"""Samples that are compared at once."""
_fitted: "WeakKeyDictionary[Dataset, dict[str, FixedEncoding | None]]" = WeakKeyDictionary()
"""The fitted encodings of each dataset: many populations are trained on one."""


def encoding_layers(params: Mapping[str, Any], data: Dataset, seed: int = 0, replicate: int = 0) -> list[InputEncoding]:
    """Return the layers that encode the inputs of ``data``, fitted to its training part; often none.

    Args:
        params: ``numeric_encoding`` and ``category_encoding``.
        seed, replicate: seeds of the initial values.

    Raises:
        InputError: sparse samples cannot be encoded.
    """
    kind, layers, width = params["numeric_encoding"], list[InputEncoding](), data.n_inputs
    if kind != STANDARD and isinstance(data.train.x, SparseRows):
        raise InputError(
            f"numeric_encoding={kind} needs dense samples, got sparse ones of {data.name}: use standard, or pass them "
            "with toarray()"
        )
    if kind in FITTED and (layer := _fit(kind, data)) is not None:
        layers.append(layer)
        width = layer.outputs
    groups = _groups(data) if params["category_encoding"] == EMBEDDING else {}
    places = np.array(sorted(numbers(data)) if kind == PERIODIC else [], int)
    if groups:
        feature, levels = (np.array(each, float) for each in (list(groups), list(groups.values())))
        embedding = Embedding(
            *(width, len(groups), sum(groups.values())), feature=feature, levels=levels, seed=seed, replicate=replicate
        )
        layers.append(embedding)
        width, places = embedding.outputs, np.searchsorted(embedding.others, places)
    if len(places):
        layers.append(Periodic(width, len(places), feature=places, seed=seed, replicate=replicate))
    return layers


def _fit(kind: str, data: Dataset) -> FixedEncoding | None:
    fitted = _fitted.setdefault(data, {})
    if kind not in fitted:
        fitted[kind] = FITTED[kind].fit(data.n_inputs, numbers(data))
    return copy.copy(fitted[kind])


def _groups(data: Dataset) -> dict[int, int]:
    """Return the first input of each category that is embedded, with the number of its inputs."""
    if data.encoder is None or data.was_scaled:  # Scaled codes are features like others.
        return {}
    return {
        place: coding.width
        for place, coding in data.encoder.places()
        if coding.kind == "category" and len(coding.levels) > FEW
    }


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
    for start in range(0, len(x), ROWS):
        rows = x[start : start + ROWS]
        varied |= ((rows != low) & (rows != high)).any(axis=0)
    return varied
