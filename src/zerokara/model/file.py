"""The model file: a safetensors file with one JSON text in its metadata, and a hash over all of it.

Nothing in it can run code. The arrays are those of one network, without the population axis, since format 2 also those
of an ensemble, and since format 3 those of several members with a scaling each.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import is_of
from zerokara.errors import InputError, OutsideError
from zerokara.files import write

FORMAT = 3
"""The highest format version that this package reads; a file names the lowest that can express it."""
LARGEST_FILE = 1 << 32
"""Bytes that a model file may have."""
LARGEST_HEADER = 100_000_000
"""Bytes that its header may have, as in safetensors."""
KEY = "zerokara"
"""The only entry of the metadata. With several, safetensors would write them in a different order each time."""


def write_model(path: str | Path, description: Mapping[str, Any], arrays: Mapping[str, Array]) -> Path:
    """Write a model file in one step; see `pack`."""
    return write(path, pack(description, arrays))


def read_model(path: str | Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays of a model file; see `unpack`."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"a model is a file, got the folder {path}: name the .safetensors file in it")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InputError(f"may have {LARGEST_FILE:,} bytes as a model file, got {size:,}: name another file")
        with path.open("rb") as file:
            _header_length(file.read(9))  # Before the rest is read.
            file.seek(0)
            raw = file.read()
    except InputError as error:
        raise InputError(f"{path} {error}") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"there is no model file {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return unpack(raw)
    except InputError as error:
        raise InputError(f"{path} {error}") from error


def pack(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the bytes of a model file; equal models give equal bytes.

    Raises:
        InputError: the description holds what JSON cannot.
    """
    from safetensors.numpy import save

    # Version 0.8.0 of safetensors silently writes wrong numbers for an array that is not contiguous.
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content = json.loads(to_json({"format": FORMAT, **description}))
    content["sha256"] = _digest(content, contiguous)
    packed: bytes = save(contiguous, {KEY: json.dumps(content)})
    return packed


def to_json(value: object) -> str:
    """Return a model's description as one JSON text, NumPy's numbers and arrays included."""
    try:
        return json.dumps(value, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(f"a model's description must be JSON, got: {error}") from error


def unpack(raw: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays from the bytes of a model file.

    Raises:
        InputError: the file is empty, not a model, truncated, damaged, or of a newer format. The message is the
            rest of a sentence that begins with the path.
    """
    header = _header(raw)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise InputError("is a safetensors file, but not a zerokara model: name a file written by Model.save")
    arrays = _arrays(raw)
    try:
        content = json.loads(metadata[KEY], parse_constant=_refuse_constant)
        digest = _digest({name: value for name, value in content.items() if name != "sha256"}, arrays)
    except (ValueError, RecursionError, AttributeError) as error:
        raise InputError(f"is damaged: its description is not JSON ({error})") from error
    if not is_of(content.get("format"), int):
        raise InputError("is damaged: its description does not name a format")
    if content["format"] > FORMAT:
        raise InputError(
            f"has the model format {content['format']}, written by zerokara "
            f"{content.get('zerokara', 'unknown')}; this older version reads up to {FORMAT}: upgrade zerokara"
        )
    if content.pop("sha256", None) != digest:
        raise InputError("is damaged: its content does not match its hash; copy it again")
    return content, arrays


def _header_length(start: bytes) -> int:
    """Return the length of the header from the first 9 bytes of a file."""
    if not start:
        raise InputError("is empty: copy it again")
    length = int.from_bytes(start[:8], "little")
    if start[8:9] not in (b"{", b"") or not 2 <= length <= LARGEST_FILE:
        raise InputError("is not a model file: it does not begin like a safetensors file")
    if length > LARGEST_HEADER:
        raise InputError(f"is damaged: its header may have {LARGEST_HEADER:,} bytes, got {length:,}; copy it again")
    return length


def _header(raw: bytes) -> dict[str, Any]:
    """Return the header; unlike safetensors, distinguish another kind of file from a truncated one."""
    length = _header_length(raw[:9])
    if 8 + length > len(raw):
        raise InputError(
            f"is truncated, or not a model file: it has {len(raw):,} bytes, its header alone has {8 + length:,}"
        )
    try:
        header = json.loads(raw[8 : 8 + length])
        entries = [entry for name, entry in header.items() if name != "__metadata__"]
        expected = 8 + length + max((int(entry["data_offsets"][1]) for entry in entries), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(f"is damaged: its header cannot be read ({error})") from error
    if expected > len(raw):
        raise InputError(f"is truncated: it has {len(raw):,} of {expected:,} bytes; copy it again")
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
            raise InputError(f"must contain float32 or float64 numbers, got {tensor['dtype']} in {name!r}")
        try:
            arrays[name] = np.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
        except (ValueError, OverflowError) as error:
            shape = str(tensor["shape"])[:80]
            raise InputError(f"is damaged: no array has the shape {shape} of {name!r} ({error})") from error
    return arrays


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _digest(content: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """Return a SHA-256 over the description and the arrays with their names, types and shapes."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        little_endian = arrays[name].astype(arrays[name].dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name} {little_endian.dtype.str} {little_endian.shape}".encode())
        digest.update(little_endian.tobytes())
    return digest.hexdigest()


def _plain(value: object) -> Any:
    """Return NumPy's numbers and arrays as Python's own, which JSON can hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r}, a {type(value).__name__}")
