"""Arrays as text within JSON: base64 of little-endian numbers."""

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

BLOB_TYPES = {"f": ("float32", "float64"), "i": ("uint8", "int32"), "u": ("uint8", "int32"), "b": ("uint8",)}
"""For each kind of array the types that it may be written in, the smallest first."""


def blob(array: npt.ArrayLike) -> dict[str, Any]:
    """Return an array as a dict for JSON, in the smallest type that keeps every value: ``dtype, shape, data``.

    The page reads it with ``decode`` of ``blobs.js``.

    >>> blob(np.array([[1.0, 2.0]]))
    {'dtype': 'float32', 'shape': [1, 2], 'data': 'AACAPwAAAEA='}
    >>> unblob(blob([1, 300]))
    array([  1, 300], dtype=int32)
    """
    values = np.asarray(array)
    for name in BLOB_TYPES[values.dtype.kind]:
        with np.errstate(over="ignore"):
            small = values.astype(np.dtype(name).newbyteorder("<"))
        if np.array_equal(small, values, equal_nan=values.dtype.kind == "f"):
            break
    text = base64.b64encode(np.ascontiguousarray(small).tobytes()).decode()
    return {"dtype": small.dtype.name, "shape": list(values.shape), "data": text}


def unblob(content: dict[str, Any]) -> npt.NDArray[Any]:
    """Return the array of a `blob`."""
    kind = np.dtype(content["dtype"]).newbyteorder("<")
    return np.frombuffer(base64.b64decode(content["data"]), kind).reshape(content["shape"])
