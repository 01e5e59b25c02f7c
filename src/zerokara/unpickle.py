"""Old pickles of arrays, read without running anything: NumPy arrays, numbers, text and plain containers, no more.

Python's own ``pickle.load`` imports and calls whatever a file names. Here a name stays a text: the few that arrays
and plain containers are pickled with have a function below that is called instead, any other ends the reading.
"""

import math
import mmap
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError, OutsideError

LARGEST = 1 << 30
"""Bytes that a pickle may have, unless the caller says otherwise."""
DEEPEST = 100
"""Containers within containers."""
ENCODINGS = ("latin1", "bytes", "ascii", "utf-8")
CUT = "is cut short, or no pickle: copy it again"


def load_pickle(path: str | Path, max_bytes: int = LARGEST, encoding: str = "latin1") -> Any:
    """Return what a pickle holds, if that is NumPy arrays in plain containers; nothing in the file is run.

    Admitted are arrays of numbers or text; None, booleans, numbers, text and bytes; and lists, tuples, dicts and
    sets of them, as protocols 0 to 5 and Python 2 write them. An OrderedDict becomes a dict.

    Args:
        path: the file.
        max_bytes: a larger file is refused unread.
        encoding: what the plain strings of Python 2 become: latin1, ascii or utf-8 text, or ``bytes``.

    Raises:
        InputError: the file is missing, too large, cut short, damaged, or asks for anything else, which is named.
        OutsideError: it cannot be read.

    >>> import tempfile
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
                return _Reader(_Content(content), encoding, size).load()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"there is no file {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    except _RefusedError as error:
        raise InputError(f"{path} {error}") from None
    except (*_DAMAGED, pickle.UnpicklingError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no pickle, or damaged ({type(error).__name__}: {error}): copy it again") from error


_DAMAGED = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, AssertionError, struct.error)
"""What the opcodes of a damaged file lead to."""


class _RefusedError(Exception):
    """Why a file is not read; the message goes on from its name."""


class _Name:
    """A name that the file asks for."""

    def __init__(self, module: str, name: str) -> None:
        self.text = f"{module}.{name}"
        if self.text not in _CALLS and self.text != "numpy.ndarray":
            raise _RefusedError(
                f"asks for {self.text[:200]!r}, and may ask for NumPy arrays only: nothing of it was run"
            )


class _Pending:
    """A dtype, or an array that the file has begun: a later opcode brings the rest, and others refer to it."""

    text = "a dtype, or an array that is not whole"

    def __init__(self, value: Any = None) -> None:
        self.value = value


class _Memo(dict[int, Any]):
    """What the file may refer to again; of an array that is whole by then, the array."""

    def __getitem__(self, key: int) -> Any:
        value = super().__getitem__(key)
        return value.value if isinstance(value, _Pending) and isinstance(value.value, np.ndarray) else value


class _Content:
    """A file that never reads less than it is asked for."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content

    def read(self, count: int) -> bytes:
        data = self.content.read(count)
        if len(data) < count:
            raise _RefusedError(CUT)
        return data

    def readline(self) -> bytes:
        data = self.content.readline()
        if not data.endswith(b"\n"):
            raise _RefusedError(CUT)
        return data


class _Reader(pickle._Unpickler):
    """Python's own unpickler, written in Python, without the opcodes that make objects of other classes.

    `read`, `stack`, `append` and `pop_mark` are what its methods work on.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]]
    stack: list[Any]
    read: Callable[[int], bytes]
    readline: Callable[[], bytes]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: _Content, encoding: str, size: int) -> None:
        super().__init__(file, encoding=encoding)
        self.memo = _Memo()
        self.size = size
        # An array's bytes stand in the file, as text perhaps that becomes bytes: more comes of repeating them.
        self.budget = 2 * size

    def load(self) -> Any:
        value = super().load()
        self.require_plain(value)
        return value

    def require_plain(self, value: Any) -> None:
        """Refuse what holds other things than data, or has no end when gone through."""
        left, todo = 2 * self.size, [iter([value])]
        while todo:
            child = next(todo[-1], todo)
            if child is todo:
                todo.pop()
                continue
            left -= 1
            if isinstance(child, _Name | _Pending):
                raise _RefusedError(f"must hold arrays and plain values, got {child.text}")
            if isinstance(child, list | tuple | set | frozenset | dict):
                todo.append(iter(child.values() if isinstance(child, dict) else child))
            if left < 0 or len(todo) > DEEPEST:
                raise _RefusedError("has containers too deep, in themselves or too often repeated: save plain arrays")

    def spend(self, count: int) -> None:
        self.budget -= count
        if self.budget < 0:
            raise _RefusedError("makes more arrays than it has bytes for, by repeating them: save plain arrays")

    def find_class(self, module: str, name: str) -> Any:
        return _Name(module, name)

    def load_reduce(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise ValueError("something is called that is no name")
        self.append(_CALLS[name.text](self, *arguments))

    def load_build(self) -> None:
        state, pending = self.stack.pop(), self.stack[-1]
        if not isinstance(pending, _Pending) or not isinstance(state, tuple):
            raise ValueError("something is built that is no array")
        if isinstance(pending.value, np.dtype):
            _, order, *fields = state
            if fields[:3] != [None, None, None]:
                raise _RefusedError("asks for an array of records, and may ask for numbers or text only")
            pending.value = pending.value.newbyteorder(_text(order).replace("|", "="))  # type: ignore[arg-type]
        else:
            _, shape, dtype, fortran, data = state
            pending.value = self.stack[-1] = self.array(data, dtype, shape, "F" if fortran else "C")

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.update([key, value])

    def load_setitems(self) -> None:
        self.update(self.pop_mark())

    def load_dict(self) -> None:
        pairs = self.pop_mark()
        self.append({})
        self.update(pairs)

    def update(self, pairs: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise ValueError("something has keys that is no dict")
        self.stack[-1].update(zip(map(_key, pairs[::2]), pairs[1::2], strict=True))

    def load_additems(self) -> None:
        members = self.pop_mark()
        self.stack[-1].update(map(_key, members))

    def load_frozenset(self) -> None:
        members = self.pop_mark()
        self.append(frozenset(map(_key, members)))

    def load_bytearray8(self) -> None:
        self.append(bytearray(self.read(struct.unpack("<Q", self.read(8))[0])))

    def array(self, data: Any, dtype: Any, shape: Any, order: Any) -> Array:
        """Return an array of its own bytes, which must be as many as its shape and dtype say."""
        if isinstance(data, list):
            raise _RefusedError("holds an object array, which may be anything: save numbers or text")
        data = data.encode("latin1") if isinstance(data, str) else data
        kind = dtype.value
        if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * kind.itemsize != len(data):
            raise ValueError(f"an array of the shape {str(shape)[:80]} and dtype {kind} has {len(data)} bytes")
        self.spend(len(data))
        array: Array = np.ndarray(shape, kind, bytearray(data), order="F" if order == "F" else "C")
        return array

    def scalar(self, dtype: Any, data: Any) -> Any:
        return self.array(data, dtype, (), "C")[()]

    def begun(self, kind: Any, *_: Any) -> _Pending:
        return _Pending()

    def dtype_of(self, spelling: Any, *_: Any) -> _Pending:
        spelling = _text(spelling)
        if spelling.lstrip("<>|=").startswith("O"):
            raise _RefusedError("holds an object array, which may be anything: save numbers or text")
        if not re.fullmatch(r"[<>|=]?([biufc]\d{1,2}|[SU][1-9]\d{0,8})", spelling):
            raise _RefusedError(f"asks for an array of dtype {spelling[:80]!r}, and may ask for numbers or text only")
        return _Pending(np.dtype(spelling))

    def encode(self, text: Any, encoding: Any) -> bytes:
        if _text(encoding) not in ("latin1", "latin-1", "iso-8859-1"):
            raise ValueError(f"bytes are written as latin1, got {encoding!r}")
        self.spend(len(text))
        return _text(text).encode("latin1")

    def no_bytes(self) -> bytes:
        return b""

    def some_bytes(self, data: Any = b"", *encoding: Any) -> bytearray:
        data = self.encode(data, *encoding) if encoding else _bytes(data)
        self.spend(len(data))
        return bytearray(data)

    def members(self, values: Any = ()) -> set[Any]:
        return set(map(_key, _several(values)))

    def frozen(self, values: Any = ()) -> frozenset[Any]:
        return frozenset(map(_key, _several(values)))

    def ordered(self, pairs: Any = ()) -> dict[Any, Any]:
        return {_key(key): value for key, value in map(_several, _several(pairs))}


def _text(text: Any) -> str:
    """Return the text that a name of a dtype or an encoding is, whatever Python wrote it."""
    if not isinstance(text, str | bytes):
        raise ValueError(f"a text is needed, got a {type(text).__name__}")
    return text.decode("latin1") if isinstance(text, bytes) else text


def _bytes(data: Any) -> bytes:
    return data if isinstance(data, bytes) else bytes(_several(data))


def _several(values: Any) -> Any:
    if not isinstance(values, list | tuple):
        raise ValueError(f"a list is needed, got a {type(values).__name__}")
    return values


def _key(value: Any) -> Any:
    """Return a key of a dict. To hash a tuple of tuples could take forever, and more stack than there is."""
    for part in value if isinstance(value, tuple) else (value,):
        if not isinstance(part, str | bytes | int | float | None):
            raise ValueError(f"a key must be text or a number, got a {type(part).__name__}")
    return value


_PLAIN = (
    *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP"),
    *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "EMPTY_LIST", "APPEND", "APPENDS", "LIST"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "EMPTY_SET", "GLOBAL", "STACK_GLOBAL"),
)
"""Opcodes that only make numbers, text and containers: Python's own steps follow them."""

_OURS = {
    "REDUCE": _Reader.load_reduce,
    "BUILD": _Reader.load_build,
    "SETITEM": _Reader.load_setitem,
    "SETITEMS": _Reader.load_setitems,
    "DICT": _Reader.load_dict,
    "ADDITEMS": _Reader.load_additems,
    "FROZENSET": _Reader.load_frozenset,
    "BYTEARRAY8": _Reader.load_bytearray8,
}


def _foreign(opcode: str) -> Callable[[Any], None]:
    def refuse(reader: _Reader) -> None:
        if opcode == "INST":
            reader.find_class(reader.readline()[:-1].decode("latin1"), reader.readline()[:-1].decode("latin1"))
        raise _RefusedError(f"makes an object with the opcode {opcode}, and may hold NumPy arrays only")

    return refuse


_FOREIGN = ("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4")
_Reader.dispatch = {
    **{getattr(pickle, name)[0]: _foreign(name) for name in (*_FOREIGN, "NEXT_BUFFER", "READONLY_BUFFER")},
    **{getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]] for name in _PLAIN},
    **{getattr(pickle, name)[0]: step for name, step in _OURS.items()},
}

_CALLS: dict[str, Callable[..., Any]] = {
    "numpy.dtype": _Reader.dtype_of,
    "_codecs.encode": _Reader.encode,
    "collections.OrderedDict": _Reader.ordered,
}
for _room in ("numpy.core", "numpy._core"):
    _CALLS[f"{_room}.multiarray._reconstruct"] = _Reader.begun
    _CALLS[f"{_room}.multiarray.scalar"] = _Reader.scalar
    _CALLS[f"{_room}.numeric._frombuffer"] = _Reader.array
for _room in ("builtins", "__builtin__"):
    _CALLS[f"{_room}.bytes"] = _Reader.no_bytes
    _CALLS[f"{_room}.bytearray"] = _Reader.some_bytes
    _CALLS[f"{_room}.set"] = _Reader.members
    _CALLS[f"{_room}.frozenset"] = _Reader.frozen
