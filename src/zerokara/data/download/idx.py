"""A strict reader of IDX, the file format of the MNIST family."""

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np

from zerokara.arrays import Array
from zerokara.data.limits import max_bytes, read_limited
from zerokara.errors import InputError, OutsideError

_UINT8 = 0x08


def read_content(path: Path, most: int | None = None) -> bytes:
    """Return the content of a file, decompressed if it is gzipped; its name does not matter.

    Args:
        most: the bytes that it may unpack to; None takes those of `max_bytes`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OutsideError(
            f"{path} must be readable, got: {error.strerror or error}; check the path and its permissions"
        ) from error
    try:
        return decompressed(content, max_bytes(len(content)) if most is None else most, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} must hold complete gzip data, got: {error}; download it again") from error


def decompressed(content: bytes, most: int, what: object) -> bytes:
    """Return gzipped content decompressed, with length and CRC checked; return other content unchanged."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return read_limited(stream, most, str(what))


def parse_idx(content: bytes, dimensions: int, what: object) -> Array:
    """Return the uint8 array in IDX content; it is read-only and shares the memory.

    Layout: two zero bytes, 8 for uint8, the number of dimensions; each dimension as a big-endian uint32; the
    values, the last dimension varying fastest. Source: Y. LeCun, "The MNIST database", "File formats".

    Args:
        content: the decompressed file.
        dimensions: the expected number of dimensions, 3 for images and 1 for labels.
        what: the name of the file in error messages.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), 1, "labels")
    array([7, 8, 9], dtype=uint8)
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), 3, "x")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: x: the IDX magic must be 0x00000803 (3 dimensions of uint8), got 0x00000801
    """
    start = 4 + 4 * dimensions
    expected = _UINT8 << 8 | dimensions
    if len(content) < 4 or (magic := int.from_bytes(content[:4], "big")) != expected:
        plural = "dimension" if dimensions == 1 else "dimensions"
        got = f"0x{magic:08x}" if len(content) >= 4 else f"a file of {len(content)} bytes"
        raise InputError(f"{what}: the IDX magic must be 0x{expected:08x} ({dimensions} {plural} of uint8), got {got}")
    if len(content) < start:
        raise InputError(f"{what}: the IDX header must have {start} bytes, got {len(content)}: download the file again")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dimensions, offset=4))
    if 0 in shape:
        raise InputError(f"{what}: every IDX dimension must be above 0, got {shape}: download the file again")
    if len(content) - start != math.prod(shape):
        raise InputError(
            f"{what}: {' x '.join(map(str, shape))} values must have {math.prod(shape):,} bytes, got "
            f"{len(content) - start:,}: the file is damaged, download it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
