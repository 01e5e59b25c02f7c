"""Loading one pickle file as plain data."""

import mmap
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zerokara.errors import InputError, OutsideError
from zerokara.unpickle.machine import Content, Unpickler
from zerokara.unpickle.values import RefusedError

LARGEST_PICKLE = 1 << 30
"""The default limit on the size of a pickle, in bytes."""
ENCODINGS = ("latin1", "bytes", "ascii", "utf-8")
DAMAGED = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, AssertionError, struct.error)
"""The errors that a damaged file can cause."""


def load_pickle(path: str | Path, max_bytes: int = LARGEST_PICKLE, encoding: str = "latin1") -> Any:
    """Return the content of a pickle, NumPy arrays in plain containers; no code in the file is run.

    Allowed are arrays of numbers or text; None, booleans, numbers, text and bytes; and lists, tuples, dicts and
    sets of them, as protocols 0 to 5 and Python 2 write them. An OrderedDict becomes a dict.

    Args:
        path: the file.
        max_bytes: a larger file is rejected before reading it.
        encoding: what the plain strings of Python 2 become: latin1, ascii or utf-8 text, or ``bytes``.

    Raises:
        InputError: the file is missing, too large, cut short, damaged, or contains anything else, which is named.
        OutsideError: the file cannot be read.

    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "params.pkl"
    ...     size = path.write_bytes(pickle.dumps({"W1": np.eye(2)}))
    ...     load_pickle(path)
    {'W1': array([[1., 0.],
           [0., 1.]])}
    """
    path = Path(path)
    if encoding not in ENCODINGS:
        raise InputError(f"the encoding must be one of {', '.join(ENCODINGS)}, got {encoding!r}")
    if path.is_dir():
        raise InputError(f"a pickle is a file, got the folder {path}: name the file in it")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size > max_bytes:
                raise InputError(f"a pickle may have {max_bytes:,} bytes here, got {path} with {size:,}")
            if size == 0:
                raise InputError(f"{path} is empty: copy it again")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return Unpickler(Content(content), encoding, size).load()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"there is no file {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    except RefusedError as error:
        raise InputError(f"{path} {error}") from None
    except (*DAMAGED, pickle.UnpicklingError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no pickle, or damaged ({type(error).__name__}: {error}): copy it again") from error


def text_keys(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the dict of a pickle with text as keys: Python 2 wrote them as bytes, and others may be anything.

    Raises:
        InputError: two keys become one.

    >>> text_keys({b"W1": 1, "b1": 2, 3: 4})
    {'W1': 1, 'b1': 2, '3': 4}
    """
    named: dict[str, Any] = {}
    for key, value in values.items():
        name = key.decode("latin1") if isinstance(key, bytes) else str(key)
        name = name.encode(errors="backslashreplace").decode()  # Surrogates cannot be printed.
        if name in named:
            raise InputError(f"a dict of arrays must have each name once, got {name[:80]!r} twice: rename one")
        named[name] = value
    return named
