"""Old pickles: what plain data become, and that nothing else is read, let alone run."""

import builtins
import contextlib
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.errors import InputError
from zerokara.unpickle import load_pickle

RNG = np.random.default_rng(0)

PLAIN = {
    "weights of a network": {"W1": RNG.standard_normal((3, 4)), "b1": np.zeros(4)},
    "column by column": np.asfortranarray(RNG.standard_normal((3, 4))),
    "every second row": RNG.standard_normal((6, 4))[::2],
    "big endian": np.arange(4, dtype=">i4"),
    "small numbers": np.arange(256, dtype=np.uint8),
    "bool": np.array([True, False]),
    "complex": np.ones((2, 3, 4), np.complex64),
    "text": np.array(["a", "日本"]),
    "bytes": np.array([b"x", b"yy"]),
    "an array without axes": np.array(3.5),
    "a number of NumPy's": np.float32(2),
    "an empty array": np.zeros((0, 3)),
    "one array twice": [np.ones(2)] * 2,
    "containers": [
        1,
        (2, 3.5),
        {"é\n": None},
        {4, 5},
        [frozenset([6]), frozenset()],
        b"\xff\x00",
        bytearray(b"zz"),
        "",
    ],
    "large numbers": [1 << 100, -(1 << 40), True, False],
    "pairs of arrays": (np.ones(3), (np.arange(3), "t")),
    "an ordered dict": OrderedDict(W1=np.eye(2), b1=np.zeros(2)),
}


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    return bool(a == b)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file.pkl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", PLAIN.values(), ids=list(PLAIN))
def test_plain_data_come_back(value: Any, protocol: int, tmp_path: Path) -> None:
    assert same(value, load_pickle(written(tmp_path, pickle.dumps(value, protocol))))


def test_arrays_can_be_written_to_and_share_no_bytes(tmp_path: Path) -> None:
    array = load_pickle(written(tmp_path, pickle.dumps(np.zeros(3))))
    array += 1
    assert array.tolist() == [1, 1, 1]


ARRAY_OF_PYTHON_2 = (
    b"cnumpy.core.multiarray\n_reconstruct\nq\x01(cnumpy\nndarray\nq\x02K\x00\x85q\x03U\x01btq\x04Rq\x05("
    b"K\x01K\x02K\x02\x86q\x06cnumpy\ndtype\nq\x07(U\x02u1K\x00K\x01tq\x08Rq\x09("
    b"K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0ab\x89U\x04\x00\x7f\x80\xfftq\x0bb"
)
"""The array [[0, 127], [128, 255]] as Python 2's cPickle writes it in protocol 2."""
BATCH = b"\x80\x02}q\x0c(U\x04data" + ARRAY_OF_PYTHON_2 + b"U\x06labels]q\x0d(K\x03K\x04eu."


@pytest.mark.parametrize(("encoding", "key"), [("latin1", "data"), ("bytes", b"data")])
def test_a_batch_of_python_2(encoding: str, key: str | bytes, tmp_path: Path) -> None:
    path = written(tmp_path, BATCH)
    batch = load_pickle(path, encoding=encoding)
    assert batch[key].tolist() == [[0, 127], [128, 255]]
    with path.open("rb") as file:
        assert same(batch, pickle.load(file, encoding=encoding))


def test_the_text_protocol_of_python_2(tmp_path: Path) -> None:
    content = (
        b"(dp1\nS'b1'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\nS'b'\np6\ntp7\nRp8\n"
        b"(I1\n(I1\ntp9\ncnumpy\ndtype\np10\n(S'f4'\np11\nI0\nI1\ntp12\nRp13\n(I3\nS'<'\np14\nNNNI-1\nI-1\nI0\ntp15\nb"
        b"I00\nS'\\x00\\x00\\x80\\xbf'\np16\ntp17\nbsS'n'\nL7L\ns."
    )
    assert same(load_pickle(written(tmp_path, content)), {"b1": np.array([-1], np.float32), "n": 7})


class Asks:
    """Pickled, it asks for a call of any function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, f"{os.system.__module__}.system"),
        (builtins.eval, "eval"),
        (builtins.exec, "exec"),
        (builtins.getattr, "getattr"),
        (np.load, "numpy.load"),
        (np.fromfile, "fromfile"),
        (np.save, "numpy.save"),
        (np.matrix, "matrix"),
        (np.random.default_rng, "default_rng"),
        (Path, "Path"),
        (struct.pack, "_struct.pack"),
    ],
)
def test_what_is_no_array_is_refused_by_name(function: Any, name: str, protocol: int, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    argument = f"open({str(trace)!r}, 'w')" if function in (eval, exec) else f"touch {trace}"
    content = pickle.dumps({"W1": np.eye(2), "b1": Asks(function, argument)}, protocol)
    with pytest.raises(InputError, match=name):
        load_pickle(written(tmp_path, content))
    assert not trace.exists()


def test_the_attacks_would_work_on_a_plain_unpickler(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    pickle.loads(pickle.dumps(Asks(os.system, f"touch {trace}")))
    assert trace.exists()


NESTED = b"]q\x00" + b"".join(b"]q%c(%be" % (n, b"h%c" % (n - 1) * 10) for n in range(1, 40)) + b"."
"""Forty lists, each holding the one before ten times."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(np.array([object], object)), "object array"),
        (pickle.dumps(np.array([1, "a", None], object)), "object array"),
        (pickle.dumps(np.zeros(2, [("a", "f8"), ("b", "O")])), "dtype 'V16'"),
        (pickle.dumps(np.zeros(2, "M8[s]")), "dtype 'M8'"),
        (pickle.dumps(np.ma.array([1, 2], mask=[0, 1])), "numpy.ma"),
        (pickle.dumps(Path("a")), "Path"),
        (b"(ios\nsystem\n.", "os.system"),
        (b"Pabc\n.", "PERSID"),
        (b"\x82\x01.", "EXT1"),
        (b"cnumpy\nndarray\n)\x81.", "NEWOBJ"),
        (b"(cnumpy\nndarray\no.", "OBJ"),
        (b"cnumpy\nndarray\n.", "numpy.ndarray"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR.", "not whole"),
        (b"cnumpy\ndtype\nU\x02f8\x85R.", "dtype"),
        (b"]q\x00h\x00a.", "in themselves"),
        (NESTED, "too often repeated"),
        (b"]" * 5000 + b"a" * 4999 + b".", "too deep"),
        (b"X\xff\xff\xff\x7fab.", "cut short"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab.", "cut short|damaged"),
        (b"\x96\xff\xff\xff\xff\xff\xff\xff\x7fab.", "cut short|damaged"),
        (b"\x8b\xff\xff\xff\x7fab.", "cut short"),
        (b"\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "cut short|damaged"),
        (b"L" + b"9" * 5000 + b"L\n.", "damaged"),
        (b"}" + b")" + b"\x85" * 1000 + b"Ns.", "damaged"),
        (b"\x80\x09N.", "damaged"),
        (b"\xff.", "damaged"),
        (b"a.", "damaged"),
        (b"hello\n", "no pickle"),
        (b"\x89HDF\r\n\x1a\n", "damaged"),
        (b"", "empty"),
    ],
)
def test_what_else_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load_pickle(written(tmp_path, content))


def test_an_array_with_other_bytes_than_its_shape(tmp_path: Path) -> None:
    for wrong in (b"K\x01K\x02K\x03\x86", b"K\x01J\xff\xff\xff\xffK\xfc\x86", b"K\x01J\xff\xff\xff\x7fK\x02\x86"):
        content = BATCH.replace(b"K\x01K\x02K\x02\x86", wrong)
        with pytest.raises(InputError, match="of the shape"):
            load_pickle(written(tmp_path, content))


def test_bytes_repeated_in_many_arrays(tmp_path: Path) -> None:
    data = b"\x00" * 100_000
    begin = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01J\xa0\x86\x01\x00\x85"
    dtype = b"cnumpy\ndtype\nU\x02u1\x85R\x89"
    content = (
        b"\x80\x02B" + struct.pack("<I", len(data)) + data + b"q\x000](" + (begin + dtype + b"h\x00tb") * 100 + b"e."
    )
    with pytest.raises(InputError, match="repeating"):
        load_pickle(written(tmp_path, content))


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, pickle.dumps(np.zeros(1000)))
    with pytest.raises(InputError, match=r"8,000 bytes here.* with 8,1"):
        load_pickle(path, max_bytes=8_000)
    load_pickle(path, max_bytes=9_000)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        load_pickle(tmp_path / "none.pkl")
    with pytest.raises(InputError, match="folder"):
        load_pickle(tmp_path)
    with pytest.raises(InputError, match="encoding"):
        load_pickle(tmp_path / "none.pkl", encoding="rot13")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_cut_short_at_any_place(protocol: int, tmp_path: Path) -> None:
    content = pickle.dumps({"W1": np.eye(2), "b1": [1, "two"]}, protocol)
    for end in range(len(content)):
        with pytest.raises(InputError):
            load_pickle(written(tmp_path, content[:end]))


@given(st.data())
def test_a_damaged_file_never_leads_to_anything_but_an_input_error(tmp_path_factory: Any, data: st.DataObject) -> None:
    content = bytearray(BATCH if data.draw(st.booleans()) else pickle.dumps(PLAIN, data.draw(st.integers(0, 5))))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        load_pickle(path)
