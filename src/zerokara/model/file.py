"""The model file: a safetensors file whose metadata hold one JSON text, and a hash over all of it.

Nothing in it can run code. The arrays are those of one network, without the population axis.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError, OutsideError
from zerokara.files import write

FORMAT = 2
"""The highest version of what stands in the file that this package reads; a file names the lowest that holds it."""
LARGEST = 1 << 32
"""Bytes that a model file may have."""
KEY = "zerokara"
"""The one entry of the metadata. With several, safetensors would write them in another order each time."""


def write_model(path: str | Path, description: Mapping[str, Any], arrays: Mapping[str, Array]) -> Path:
    """Write a model file whole or not at all; see `pack`."""
    return write(path, pack(description, arrays))


def read_model(path: str | Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays of a model file; see `unpack`."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"a model is a file, got the folder {path}: name the .safetensors file in it")
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(f"a model file has {LARGEST:,} bytes at most, got {path} with {size:,}")
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"there is no model file {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return unpack(raw)
    except InputError as error:
        raise InputError(f"{path} {error}") from error


def pack(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the bytes of a model file: the same model, the same bytes.

    Raises:
        InputError: the description holds what JSON cannot.
    """
    from safetensors.numpy import save

    # Version 0.8.0 of safetensors writes other numbers, without a word, for an array that is not contiguous.
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    try:
        text = json.dumps({"format": FORMAT, **description}, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(f"what a model says about itself must be JSON, got: {error}") from error
    content = json.loads(text)
    content["sha256"] = _digest(content, whole)
    packed: bytes = save(whole, {KEY: json.dumps(content)})
    return packed


def unpack(raw: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays from the bytes of a model file.

    Raises:
        InputError: the file is empty, foreign, cut short, damaged, or of a newer format. The message goes on
            from the name of the file.
    """
    header = _header(raw)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise InputError("is a safetensors file, but no model of zerokara: name one that Model.save has written")
    arrays = _arrays(raw)
    try:
        content = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise InputError(f"is damaged: its description is not JSON ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise InputError("is damaged: its description does not name a format")
    if content["format"] > FORMAT:
        raise InputError(
            f"is of the model format {content['format']}, written by zerokara "
            f"{content.get('zerokara', 'unknown')}; this older version reads up to {FORMAT}: upgrade zerokara"
        )
    if content.pop("sha256", None) != _digest(content, arrays):
        raise InputError("is damaged: its content does not have the hash it was written with; copy it again")
    return content, arrays


def _header(raw: bytes) -> dict[str, Any]:
    """Return the header; unlike safetensors, tell a foreign file from one that was cut short."""
    if not raw:
        raise InputError("is empty: copy it again")
    length = int.from_bytes(raw[:8], "little")
    if raw[8:9] not in (b"{", b"") or not 2 <= length <= LARGEST:
        raise InputError("is no model: it does not begin as a safetensors file does")
    if 8 + length > len(raw):
        raise InputError(
            f"is cut short, or no model: it has {len(raw):,} bytes, its header alone asks for {8 + length:,}"
        )
    try:
        header = json.loads(raw[8 : 8 + length])
        entries = [entry for name, entry in header.items() if name != "__metadata__"]
        promised = 8 + length + max((int(entry["data_offsets"][1]) for entry in entries), default=0)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise InputError(f"is damaged: its header cannot be read ({error})") from error
    if promised > len(raw):
        raise InputError(f"is cut short: it has {len(raw):,} of {promised:,} bytes; copy it again")
    return dict(header)


def _arrays(raw: bytes) -> dict[str, Array]:
    from safetensors import SafetensorError, deserialize

    try:
        tensors = deserialize(raw)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InputError(f"is damaged: {error}") from error
    arrays = {}
    for name, tensor in tensors:
        kind = {"F32": "<f4", "F64": "<f8"}.get(tensor["dtype"])
        if kind is None:
            raise InputError(f"must hold float32 or float64 numbers, got {tensor['dtype']} in {name!r}")
        arrays[name] = np.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
    return arrays


def _digest(content: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """Return a SHA-256 over the description and the arrays with their names, types and shapes."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        little = arrays[name].astype(arrays[name].dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name} {little.dtype.str} {little.shape}".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _plain(value: object) -> Any:
    """Return NumPy's numbers and arrays as Python's own, which JSON takes."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r}, a {type(value).__name__}")
