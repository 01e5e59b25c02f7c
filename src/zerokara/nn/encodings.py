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
from zerokara.nn.layers.encoding import Encoding
from zerokara.nn.layers.layer import Layer
from zerokara.nn.layers.piecewise import Piecewise

STANDARD = "standard"
FITTED: dict[str, type[Encoding]] = {"piecewise": Piecewise}
"""The fixed encodings of numbers."""
NUMERIC_ENCODINGS = (STANDARD, *FITTED)
ROWS = 4096
"""Samples that are compared at once."""
_fitted: "WeakKeyDictionary[Dataset, dict[str, Encoding | None]]" = WeakKeyDictionary()
"""The fixed encodings of each dataset: many populations are trained on one."""


def encoding_layers(params: Mapping[str, Any], data: Dataset) -> list[Layer]:
    """Return the layers that encode the inputs of ``data``, fitted to its training part; often none.

    Raises:
        InputError: sparse samples cannot be encoded.
    """
    kind = params["numeric_encoding"]
    if kind == STANDARD:
        return []
    if isinstance(data.train.x, SparseRows):
        raise InputError(
            f"numeric_encoding={kind} needs dense samples, got sparse ones of {data.name}: use numeric_encoding=standard, "
            "or pass x.toarray()"
        )
    fitted = _fitted.setdefault(data, {})
    if kind not in fitted:
        fitted[kind] = FITTED[kind].fit(data.n_inputs, numbers(data))
    layer = fitted[kind]
    return [] if layer is None else [copy.copy(layer)]


def numbers(data: Dataset) -> dict[int, Array]:
    """Return the training values of each input that is a number, without missing ones, by its place.

    In a table these are the columns of numbers; in arrays all features with more than two different values.
    """
    x = data.train.x
    if data.encoder is None or data.was_scaled:  # Scaled one-hot codes and indicators are features like others.
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
