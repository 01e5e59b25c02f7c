import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.bounds import bounds
from zerokara.data.download.idx import parse_idx, read_content
from zerokara.errors import InputError, OutsideError


@given(array=arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_what_is_written_is_read(idx, array):
    assert np.array_equal(parse_idx(idx(array), array.ndim, "x"), array)


GOOD = bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])
REFUSED = [
    (b"", r"magic must be 0x00000801 \(1 dimension of uint8\), got a file of 0 bytes"),
    (GOOD[:3], "got a file of 3 bytes"),
    (b"<html>..", "magic must be 0x00000801 .*, got 0x3c68746d"),
    (bytes([0, 0, 8, 3]) + GOOD[4:], "magic must be 0x00000801 .*, got 0x00000803"),
    (bytes([0, 0, 13, 1]) + GOOD[4:], "got 0x00000d01"),
    (bytes([1, 0, 8, 1]) + GOOD[4:], "got 0x01000801"),
    (GOOD[:6], "header must have 8 bytes, got 6"),
    (GOOD[:-1], "3 values must have 3 bytes, got 2"),
    (GOOD + b"\0", "3 values must have 3 bytes, got 4"),
    (GOOD[:8], "3 values must have 3 bytes, got 0"),
    (bytes([0, 0, 8, 1, 0, 0, 0, 0]), r"every IDX dimension must be above 0, got \(0,\)"),
    (bytes([0, 0, 8, 1, 255, 255, 255, 255, 7]), "4294967295 values must have 4,294,967,295 bytes, got 1"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_whatever_is_not_exactly_idx(content, message):
    with pytest.raises(InputError, match="labels-file.*" + message):
        parse_idx(content, 1, "labels-file")


@given(place=st.integers(0, 7), value=st.integers(0, 255))
def test_no_damaged_header_is_accepted(place, value):
    damaged = bytearray(GOOD)
    damaged[place] = value
    if damaged == GOOD:
        return
    with pytest.raises(InputError):
        parse_idx(bytes(damaged), 1, "x")


def test_gzip_is_known_by_content_not_by_name(tmp_path):
    for name in ("plain", "plain.gz"):
        (tmp_path / name).write_bytes(GOOD)
        assert read_content(tmp_path / name) == GOOD
        (tmp_path / name).write_bytes(gzip.compress(GOOD))
        assert read_content(tmp_path / name) == GOOD


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-4], lambda b: b[:12], lambda b: b[:-6] + b"\0\0" + b[-4:], lambda b: b + b"x"]
)
def test_damaged_gzip_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "t10k.gz"
    path.write_bytes(damage(gzip.compress(GOOD)))
    with pytest.raises(InputError, match=r"t10k.gz must hold complete gzip data"):
        read_content(path)


def test_a_file_that_cannot_be_read_is_a_failure_outside(tmp_path):
    with pytest.raises(OutsideError, match=r"must be readable, got: Is a directory"):
        read_content(tmp_path)


def test_gzip_unpacks_up_to_a_limit_that_can_be_set(tmp_path, monkeypatch):
    path = tmp_path / "train.gz"
    path.write_bytes(gzip.compress(bytes(50_000_000), 1))
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "1000000")
    with (
        bounds(5, 1 << 25),
        pytest.raises(InputError, match=r"train.gz may unpack to 1,000,000 bytes.* set ZEROKARA_MAX"),
    ):
        read_content(path)
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "50000000")
    assert len(read_content(path)) == 50_000_000
    for wrong in ("2GB", "-1", "1e9", "9" * 30):
        monkeypatch.setenv("ZEROKARA_MAX_BYTES", wrong)
        with pytest.raises(InputError, match=f"ZEROKARA_MAX_BYTES must be a number of bytes, .* got '{wrong}'"):
            read_content(path)
