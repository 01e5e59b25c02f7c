"""Nested plain data with arrays in it: as the arrays of one NPZ file, and as JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.report.blobs import blob

LAYOUT = "layout"
PLACE = "array"


def pack_arrays(content: Any) -> dict[str, Array]:
    """Return nested data as named arrays; ``layout`` is the JSON of everything else, as bytes.

    >>> packed = pack_arrays({"x": np.arange(3), "name": "a"})
    >>> packed["layout"].tobytes()
    b'{"x":{"array":"0"},"name":"a"}'
    >>> unpack_arrays(packed)
    {'x': array([0, 1, 2]), 'name': 'a'}
    """
    arrays: dict[str, Array] = {}

    def store(array: Array) -> dict[str, str]:
        arrays[str(len(arrays))] = array
        return {PLACE: str(len(arrays) - 1)}

    text = json.dumps(walk(content, store), separators=(",", ":"))
    return {LAYOUT: np.frombuffer(text.encode(), np.uint8)} | arrays


def unpack_arrays(arrays: Mapping[str, Array]) -> Any:
    """Return the nested data of a `pack_arrays`."""

    def load(content: Any) -> Any:
        if isinstance(content, dict):
            return arrays[content[PLACE]] if content.keys() == {PLACE} else {k: load(v) for k, v in content.items()}
        return [load(value) for value in content] if isinstance(content, list) else content

    return load(json.loads(arrays[LAYOUT].tobytes()))


def as_blobs(content: Any) -> Any:
    """Return nested data for JSON, with a `blob` in place of each array."""
    return walk(content, blob)


def walk(content: Any, convert: Callable[[Array], Any]) -> Any:
    """Return nested data with another value in place of each array, and NumPy's numbers as Python's."""
    if isinstance(content, np.ndarray):
        return convert(content)
    if isinstance(content, np.generic):
        return content.item()
    if isinstance(content, Mapping):
        return {str(name): walk(value, convert) for name, value in content.items()}
    return [walk(value, convert) for value in content] if isinstance(content, list | tuple) else content
