"""A limit on what compressed files unpack to, since some kilobytes can become gigabytes."""

import os
from typing import Any

from zerokara.errors import InputError

VARIABLE = "ZEROKARA_MAX_BYTES"
"""The environment variable with another limit."""
MAX_BYTES = 2**31
"""The default limit."""
READ_SIZE = 1 << 20
"""Bytes to read at a time."""


def max_bytes(size: int = 0) -> int:
    """Return the bytes that a file of this size may unpack to: those in ZEROKARA_MAX_BYTES, or as many as it has.

    >>> max_bytes(), max_bytes(10**12)
    (2147483648, 1000000000000)
    """
    setting = os.environ.get(VARIABLE) or str(MAX_BYTES)
    if not (setting.isascii() and setting.isdigit() and len(setting) < 20):
        raise InputError(
            f"{VARIABLE} must be a number of bytes, such as {MAX_BYTES}, got {setting!r}: correct or unset it"
        )
    return max(int(setting), size)


def read_limited(stream: Any, most: int, what: str) -> bytes:
    """Return the content of a stream; raise if it has more bytes than this."""
    content = bytearray()
    while block := stream.read(min(READ_SIZE, most + 1 - len(content))):
        content += block
        if len(content) > most:
            raise too_large(what, most)
    return bytes(content)


def too_large(what: str, most: int, got: str = "more") -> InputError:
    """Return the error for a file that would unpack to more bytes than these."""
    return InputError(
        f"{what} may unpack to {most:,} bytes, got {got}: if it comes from a source that you trust, set {VARIABLE} to "
        "a larger number"
    )
