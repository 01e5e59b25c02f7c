"""The values that a pickle may create by name: arrays, dtypes, bytes, sets and ordered dicts.

Python's own ``pickle.load`` imports and calls the names in a file. Here a name stays a text: the names that pickled
arrays and plain containers need have a method below, which is called instead; any other is rejected.
"""

import math
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.arrays import Array


class RefusedError(Exception):
    """Why a file is rejected; the message is the rest of a sentence that begins with its path."""


class Name:
    """A name in the file."""

    def __init__(self, module: str, name: str) -> None:
        self.text = f"{module}.{name}"
        if self.text not in CALLS and self.text != "numpy.ndarray":
            raise RefusedError(
                f"asks for {self.text[:200]!r}, and may ask for NumPy arrays only: nothing of it was run"
            )


class Pending:
    """A dtype or array that is not complete: a later opcode sets its state, and others may refer to it."""

    text = "a dtype, or an array that is not whole"

    def __init__(self, value: Any = None) -> None:
        self.value = value


MOST_AXES = 64
"""The maximum number of axes of an array, as in NumPy."""
MOST_TUPLES = 1000
"""The maximum number of tuples as keys: their hashes can be made equal, and each is compared with all before it."""
LARGEST_HASHED = sys.hash_info.modulus
"""Whole numbers below it differ in their hashes; with equal hashes, a dict of n keys takes n² steps."""


class Builder:
    """Creates the values, with at most ``budget`` bytes and half as many steps in total."""

    def __init__(self, budget: int) -> None:
        self.budget, self.steps, self.tuples = budget, budget // 2, MOST_TUPLES

    def spend(self, count: int) -> None:
        self.budget -= count
        if self.budget < 0:
            raise RefusedError("makes more arrays than it has bytes for, by repeating them: save plain arrays")

    def step(self, values: Any) -> Any:
        """Count a step for each of the values that a call reads, and return them."""
        if not isinstance(values, list | tuple):
            raise ValueError(f"a list is needed, got a {type(values).__name__}")
        self.steps -= len(values)
        if self.steps < 0:
            raise RefusedError("reads the same values again and again: save plain arrays")
        return values

    def array(self, data: Any, dtype: Any, shape: Any, order: Any) -> Array:
        """Return an array from its bytes, whose number must match its shape and dtype."""
        if isinstance(data, list):
            raise RefusedError("holds an object array, which may be anything: save numbers or text")
        if not isinstance(data, str | bytes | bytearray):
            raise ValueError(f"an array is made of bytes, got a {type(data).__name__}")
        kind = dtype.value
        if len(self.step(shape)) > MOST_AXES or not all(type(n) is int and 0 <= n < LARGEST_HASHED for n in shape):
            raise ValueError(f"{MOST_AXES} sizes of the shape of an array at most, each 0 or above")
        if math.prod(shape) * kind.itemsize != len(data):
            raise ValueError(f"an array of the shape {str(shape)[:80]} and dtype {kind} has {len(data)} bytes")
        self.spend(len(data))
        data = data.encode("latin1") if isinstance(data, str) else data
        array: Array = np.ndarray(shape, kind, bytearray(data), order="F" if order == "F" else "C")
        return array

    def scalar(self, dtype: Any, data: Any) -> Any:
        return self.array(data, dtype, (), "C")[()]

    def dtype_of(self, spelling: Any, *_: Any) -> Pending:
        spelling = as_text(spelling)
        if spelling.lstrip("<>|=").startswith("O"):
            raise RefusedError("holds an object array, which may be anything: save numbers or text")
        if not re.fullmatch(r"[<>|=]?([biufc]\d{1,2}|[SU][1-9]\d{0,8})", spelling):
            raise RefusedError(f"asks for an array of dtype {spelling[:80]!r}, and may ask for numbers or text only")
        return Pending(np.dtype(spelling))

    def encode(self, text: Any, encoding: Any) -> bytes:
        if as_text(encoding) not in ("latin1", "latin-1", "iso-8859-1"):
            raise ValueError(f"bytes are written as latin1, got {encoding[:80]!r}")
        latin = as_text(text)
        self.spend(len(latin))
        return latin.encode("latin1")

    def byte_array(self, data: Any = b"", *encoding: Any) -> bytearray:
        data = self.encode(data, *encoding) if encoding else data
        self.spend(len(data))
        return bytearray(data if isinstance(data, bytes) else self.step(data))

    def set_of(self, values: Any = ()) -> set[Any]:
        return set(map(self.as_key, self.step(values)))

    def frozenset_of(self, values: Any = ()) -> frozenset[Any]:
        return frozenset(map(self.as_key, self.step(values)))

    def dict_of(self, pairs: Any = ()) -> dict[Any, Any]:
        return {self.as_key(key): value for key, value in map(self.step, self.step(pairs))}

    def as_key(self, value: Any) -> Any:
        """Return a key of a dict. A tuple of tuples is rejected: its hash may take forever, or overflow the stack."""
        if isinstance(value, tuple):
            self.tuples -= 1
            if self.tuples < 0:
                raise RefusedError(f"has more than {MOST_TUPLES:,} tuples as keys: save plain arrays")
        for part in self.step(value) if isinstance(value, tuple) else (value,):
            if not isinstance(part, str | bytes | int | float | None):
                raise ValueError(f"a key must be text or a number, got a {type(part).__name__}")
            if isinstance(part, int) and not -LARGEST_HASHED < part < LARGEST_HASHED:
                raise RefusedError("has a key of more than 60 bits, and may have smaller numbers and text only")
        return value


def as_text(text: Any) -> str:
    """Return the name of a dtype or an encoding as text; Python 2 writes bytes."""
    if not isinstance(text, str | bytes):
        raise ValueError(f"a text is needed, got a {type(text).__name__}")
    return text.decode("latin1") if isinstance(text, bytes) else text


CALLS: dict[str, Callable[..., Any]] = {
    "numpy.dtype": Builder.dtype_of,
    "_codecs.encode": Builder.encode,
    "collections.OrderedDict": Builder.dict_of,
}
for _module in ("numpy.core", "numpy._core"):
    CALLS[f"{_module}.multiarray._reconstruct"] = lambda builder, kind, *_: Pending()
    CALLS[f"{_module}.multiarray.scalar"] = Builder.scalar
    CALLS[f"{_module}.numeric._frombuffer"] = Builder.array
for _module in ("builtins", "__builtin__"):
    CALLS[f"{_module}.bytes"] = lambda builder: b""
    CALLS[f"{_module}.bytearray"] = Builder.byte_array
    CALLS[f"{_module}.set"] = Builder.set_of
    CALLS[f"{_module}.frozenset"] = Builder.frozenset_of
