"""The opcodes of a pickle: Python's own unpickler, without those that make objects of other classes."""

import mmap
import pickle
import struct
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from zerokara.unpickle.values import CALLS, LARGEST_HASHED, Builder, Name, Pending, RefusedError, as_text

DEEPEST = 100
"""The maximum depth of nested containers."""
CUT = "is cut short, or no pickle: copy it again"


class _Memo(dict[int, Any]):
    """The values that the file may refer to again; for an array that is complete by then, the array."""

    def __getitem__(self, key: int) -> Any:
        value = super().__getitem__(key)
        return value.value if isinstance(value, Pending) and isinstance(value.value, np.ndarray) else value

    def __setitem__(self, key: int, value: Any) -> None:
        if key >= LARGEST_HASHED:
            raise RefusedError("refers to values by numbers of more than 60 bits: save plain arrays")
        super().__setitem__(key, value)


class Content:
    """A file whose reads are complete, or raise."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content

    def read(self, count: int) -> bytes:
        data = self.content.read(count)
        if len(data) < count:
            raise RefusedError(CUT)
        return data

    def readline(self) -> bytes:
        data = self.content.readline()
        if not data.endswith(b"\n"):
            raise RefusedError(CUT)
        return data


class Unpickler(pickle._Unpickler):
    """Python's own unpickler, written in Python, without the opcodes that make objects of other classes.

    Its methods work on `read`, `stack`, `append` and `pop_mark`.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]]
    stack: list[Any]
    read: Callable[[int], bytes]
    readline: Callable[[], bytes]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: Content, encoding: str, size: int) -> None:
        super().__init__(file, encoding=encoding)
        self.memo = _Memo()
        self.size = size
        # An array's bytes are in the file, perhaps as text that becomes bytes; more can only come of repeating them.
        self.builder = Builder(2 * size)

    def load(self) -> Any:
        value = super().load()
        self.require_plain(value)
        return value

    def require_plain(self, value: Any) -> None:
        """Refuse a value that holds anything but data, or whose walk does not end."""
        left, todo = 4 * self.size, [iter([value])]
        while todo:
            child = next(todo[-1], todo)
            if child is todo:
                todo.pop()
                continue
            # What reads the value, such as numpy.asarray of a list of arrays, copies an array each time.
            left -= child.nbytes if isinstance(child, np.ndarray) else 1
            if isinstance(child, Name | Pending):
                raise RefusedError(f"must hold arrays and plain values, got {child.text}")
            if isinstance(child, list | tuple | set | frozenset | dict):
                todo.append(iter(child.values() if isinstance(child, dict) else child))
            if left < 0 or len(todo) > DEEPEST:
                raise RefusedError("has containers too deep, in themselves or too often repeated: save plain arrays")

    def find_class(self, module: str, name: str) -> Any:
        return Name(module, name)

    def load_reduce(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise ValueError("a call needs a name and a tuple")
        self.append(CALLS[name.text](self.builder, *self.builder.step(arguments)))

    def load_build(self) -> None:
        state, pending = self.stack.pop(), self.stack[-1]
        if not isinstance(pending, Pending) or not isinstance(state, tuple):
            raise ValueError("only an array or a dtype has a state")
        self.builder.step(state)
        if isinstance(pending.value, np.dtype):
            _, order, *fields = state
            if fields[:3] != [None, None, None]:
                raise RefusedError("asks for an array of records, and may ask for numbers or text only")
            pending.value = pending.value.newbyteorder(as_text(order).replace("|", "="))  # type: ignore[arg-type]
        else:
            _, shape, dtype, fortran, data = state
            pending.value = self.stack[-1] = self.builder.array(data, dtype, shape, "F" if fortran else "C")

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
            raise ValueError("only a dict has keys")
        self.stack[-1].update(zip(map(self.builder.as_key, pairs[::2]), pairs[1::2], strict=True))

    def load_additems(self) -> None:
        members = self.pop_mark()
        if not isinstance(self.stack[-1], set):
            raise ValueError("only a set has members")
        self.stack[-1].update(map(self.builder.as_key, members))

    def load_frozenset(self) -> None:
        members = self.pop_mark()
        self.append(frozenset(map(self.builder.as_key, members)))

    def load_bytearray8(self) -> None:
        self.append(bytearray(self.read(struct.unpack("<Q", self.read(8))[0])))


_PLAIN = (
    *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP"),
    *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "EMPTY_LIST", "APPEND", "APPENDS", "LIST"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "EMPTY_SET", "GLOBAL", "STACK_GLOBAL"),
)
"""Opcodes that only make numbers, text and containers: Python's own methods run them."""
_OURS = ("REDUCE", "BUILD", "SETITEM", "SETITEMS", "DICT", "ADDITEMS", "FROZENSET", "BYTEARRAY8")
"""Opcodes with a method above."""
_REFUSED = (
    *("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"),
    *("NEXT_BUFFER", "READONLY_BUFFER"),
)


def _refuse(opcode: str) -> Callable[[Any], None]:
    def step(reader: Unpickler) -> None:
        if opcode == "INST":
            reader.find_class(reader.readline()[:-1].decode("latin1"), reader.readline()[:-1].decode("latin1"))
        raise RefusedError(f"makes an object with the opcode {opcode}, and may hold NumPy arrays only")

    return step


_BYTE: dict[str, int] = {opcode: getattr(pickle, opcode)[0] for opcode in (*_REFUSED, *_PLAIN, *_OURS)}
Unpickler.dispatch = {
    **{_BYTE[opcode]: _refuse(opcode) for opcode in _REFUSED},
    **{_BYTE[opcode]: pickle._Unpickler.dispatch[_BYTE[opcode]] for opcode in _PLAIN},
    **{_BYTE[opcode]: getattr(Unpickler, f"load_{opcode.lower()}") for opcode in _OURS},
}
