"""Pickles made to take long, or much memory, and odd ones of weights: an error of ours, at once."""

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bounds import bounds
from tests.fuzz import damaged, seeds
from tests.test_unpickle import BATCH, PLAIN, same, written
from zerokara.cli import main
from zerokara.data.loaders.cifar import read_batch
from zerokara.errors import InputError
from zerokara.model.weights import from_weights
from zerokara.unpickle import load_pickle

PRIME = (1 << 61) - 1
"""The hashes of whole numbers are their remainders by it."""


def long1(number: int) -> bytes:
    return b"\x8a\x10" + number.to_bytes(16, "little", signed=True)


def pair_keys(count: int, after_each: bytes = b"") -> bytes:
    """Return pairs of numbers whose hashes are equal, as tuples hash: lanes are added, rotated and multiplied."""
    mask, keys = (1 << 64) - 1, []
    first, second, fifth = 11400714785074694791, 14029467366897019727, 2870177450012600261
    inverse = pow(second, -1, 1 << 64)

    def after(lane: int) -> int:
        accumulated = (fifth + lane * second) & mask
        return ((accumulated << 31 | accumulated >> 33) & mask) * first & mask

    target, a = 12345, 1
    while len(keys) < count:
        a += 1
        b = (target - after(a)) * inverse & mask
        if b < PRIME:
            keys.append((a, b))
    assert len(set(map(hash, keys[:100]))) == 1
    return b"".join(long1(a) + long1(b) + b"\x86" + after_each for a, b in keys)


def many_elements(call: bytes, element: bytes) -> bytes:
    """Return a list in the memo of which the call makes a thousand copies."""
    return b"(" + element * 20_000 + b"lq\x010](" + (call + b"h\x01\x85R") * 20_000 + b"e."


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01"
DTYPE = b"cnumpy\ndtype\nU\x02u1\x85R\x89"
HUGE = b"\x8b" + struct.pack("<I", 50_000) + b"\x01" * 50_000
TWICE = b"K\x01q\x01" + b"".join(b"0h%ch%c\x86q%c" % (n, n, n + 1) for n in range(1, 60))
"""A tuple that holds another twice, and so on."""
STATE = b"cnumpy\ndtype\nU\x02u1\x85Rh\x01b"
SLOW = {
    "colliding numbers as keys": b"}(" + b"".join(long1(k * PRIME) + b"N" for k in range(20_000)) + b"u.",
    "colliding numbers in a set": b"\x8f(" + b"".join(long1(k * PRIME) for k in range(20_000)) + b"\x90.",
    "colliding pairs as keys": b"}(" + pair_keys(20_000, b"N") + b"u.",
    "colliding pairs in a set": b"(" + pair_keys(20_000) + b"\x91.",
    "colliding numbers in the memo": b"N" + b"".join(b"p%d\n" % (k * PRIME) for k in range(20_000)) + b".",
    "sets of the memo": many_elements(b"c__builtin__\nset\n", b"K\x07"),
    "frozen sets of the memo": many_elements(b"c__builtin__\nfrozenset\n", b"K\x07"),
    "dicts of the memo": many_elements(b"ccollections\nOrderedDict\n", b"NN\x86"),
    "bytes of the memo": many_elements(b"c__builtin__\nbytearray\n", b"K\x07"),
    "arguments of the memo": b"(U\x02u1" + b"N" * 20_000 + b"tq\x010](" + b"cnumpy\ndtype\nh\x01R" * 20_000 + b"e.",
    "huge numbers as a shape": HUGE + b"q\x010" + ARRAY + b"(" + b"h\x01" * 60 + b"t" + DTYPE + b"U\x01ztb.",
    "a shape of doubled tuples": ARRAY + TWICE + b"\x85" + DTYPE + b"U\x01ztb.",
    "a shape of many axes": ARRAY + b"(" + b"K\x01" * 200_000 + b"t" + DTYPE + b"U\x01ztb.",
    "a long state of the memo": b"(NU\x01<" + b"N" * 20_000 + b"tq\x010](" + STATE * 20_000 + b"e.",
    "one array many times": b"("
    + ARRAY
    + b"J\xa0\x86\x01\x00\x85"
    + DTYPE
    + b"T"
    + struct.pack("<I", 100_000)
    + bytes(100_000)
    + b"tbq\x01"
    + b"h\x01" * 100_000
    + b"l.",
}


@pytest.mark.parametrize("name", SLOW)
def test_a_pickle_that_would_take_long_is_refused_at_once(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, b"\x80\x04" + SLOW[name])
    with bounds(1, 1 << 28), pytest.raises(InputError, match="file.pkl"):
        load_pickle(path)


def test_large_sets_and_dicts_are_read(tmp_path: Path) -> None:
    value = [set(range(20_000)), dict.fromkeys(range(-1000, 1000)), {0.5, 2.0**80, (1, "a")}, {"x": np.ones(3)}]
    for protocol in (0, 2, 5):
        assert same(value, load_pickle(written(tmp_path, pickle.dumps(value, protocol))))


W = {"W1": np.eye(2), "b1": np.zeros(2)}
ODD_WEIGHTS: list[Any] = [
    W | {10**5000: np.eye(2)},
    W | {b"W1": np.ones((2, 2))},
    W | {("W", 1): np.eye(2)},
    W | {"W\udcff": np.eye(2)},
    W | {"W" + "9" * 5000: np.eye(2)},
    W | {"W²": np.eye(2)},
    W | {None: 1},
    {"W1": np.eye(2), "b1": np.array("a")},
    {"W1": np.eye(2), "b1": None},
    {"W1": np.ones((2, 0)), "b1": np.zeros(0)},
    {"W1": np.full((2, 2), 1e39, np.longdouble), "b1": np.full(2, np.inf, np.float16)},
    [W],
    "W1",
    None,
]


@pytest.mark.parametrize("params", ODD_WEIGHTS, ids=range(len(ODD_WEIGHTS)))
def test_odd_weights_are_an_input_error(params: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, pickle.dumps(params))
    with pytest.raises(SystemExit) as ended:
        main(["import", str(path), "--activation", "relu"])
    assert ended.value.code == 2
    assert capsys.readouterr().out.count("\n") <= 3


IMAGE = np.zeros((2, 3072), np.uint8)
ODD_BATCHES: list[Any] = [
    {"data": IMAGE, "labels": [1, [2, 3]]},
    {"data": IMAGE, "labels": [10**5000, 1]},
    {"data": IMAGE, "labels": [1, 1 << 63]},
    {"data": IMAGE, "labels": [1, None]},
    {"data": IMAGE, "labels": [np.ones(3), np.ones(2)]},
    {"data": IMAGE, "labels": [True, False]},
    {"data": IMAGE, "labels": {1, 2}},
    {"data": IMAGE, "labels": "ab"},
    {"data": IMAGE, "labels": np.array([1.0, np.nan])},
    {"data": IMAGE, "labels": np.array(["a", "b"])},
    {"data": IMAGE, b"data": IMAGE, "labels": [1, 2]},
    {"data": None, "labels": [1, 2]},
    {"data": [IMAGE], "labels": [1, 2]},
    {10**5000: IMAGE, "labels": [1, 2]},
]


@pytest.mark.parametrize("batch", ODD_BATCHES, ids=range(len(ODD_BATCHES)))
def test_odd_batches_are_an_input_error(batch: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file.pkl"):
        read_batch(written(tmp_path, pickle.dumps(batch)))


def test_damaged_pickles_are_read_or_refused(tmp_path: Path) -> None:
    """And what is read is taken for weights and for a batch, or refused."""
    network = {"W1": np.eye(3, 4), "b1": np.zeros(4), "W2": np.ones((4, 2)), "b2": np.zeros(2)}
    batch = {"data": IMAGE[:, :300], "labels": [3, 7], "batch_label": "one", "filenames": ["a", "b"]}
    contents = [pickle.dumps(value, k) for value in (PLAIN, network, batch) for k in range(6)] + [BATCH]
    for seed in seeds(150):
        path = written(tmp_path, damaged(contents[seed % len(contents)], seed))
        for read in (lambda path: from_weights(load_pickle(path), "relu"), read_batch):
            try:
                with bounds():
                    read(path)
            except InputError:
                pass
            except BaseException as error:
                raise AssertionError(f"seed {seed}") from error
