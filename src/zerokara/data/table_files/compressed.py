"""Compressed files: what they contain, up to a limit."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import IO, Any

from zerokara.data.limits import max_bytes, read_limited
from zerokara.errors import InputError


def _zstd(file: IO[bytes]) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(file, "zstd")


STREAMS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstd,
}


def unpacked(raw: bytes, suffix: str, is_table: Callable[[str], bool]) -> tuple[bytes, str]:
    """Return the content of a compressed file, and for a zip file the name of its only table.

    Raises:
        InputError: the file is damaged, encrypted or too large, or a zip file has no table or several.
    """
    try:
        if suffix != ".zip":
            with STREAMS[suffix](io.BytesIO(raw)) as stream:
                return read_limited(stream, max_bytes(len(raw)), "a compressed table"), ""
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [name for name in archive.namelist() if is_table(name) and not _clutter(name)]
            if len(names) != 1:
                shown = ", ".join(names[:5]) or ", ".join(archive.namelist()[:5]) or "an empty one"
                raise InputError(f"a zip file must hold one table, got {shown}: unpack it and name the table's file")
            with archive.open(names[0]) as stream:
                return read_limited(stream, max_bytes(len(raw)), "a compressed table"), names[0]
    except InputError:
        raise
    except Exception as error:  # A damaged file makes zipfile raise nearly anything.
        if type(error) is RuntimeError:
            raise InputError(f"a zip file must be readable without a password, got {error}: unpack it") from error
        raise InputError(f"a compressed file must be complete, got {error}: download or compress it again") from error


def _clutter(name: str) -> bool:
    """Return whether a member is of the system that packed it, such as ``__MACOSX/._a.csv``."""
    return any(part == "__MACOSX" or part.startswith(".") for part in PurePosixPath(name).parts)
