import numpy as np
import pytest

from zerokara.checks import as_float32
from zerokara.errors import InputError

REFUSED = [
    # what is given, what the message must say
    ([[1.0, np.nan]], r"x must be finite, got nan in row 0, column 1"),
    ([[1.0], [np.inf]], r"got inf in row 1, column 0"),
    ([[1.0], [-np.inf]], r"got -inf in row 1, column 0"),
    ([1.0, np.nan], r"got nan in row 1 \("),
    (np.full((2, 2, 2), np.nan), r"got nan in row 0, axis 1 0, axis 2 0"),
    ([[1.0, 1e39]], r"must fit into float32 .*got 1e\+39 in row 0, column 1"),
    ([[1.0, -1e39]], r"got -1e\+39"),
    ([["a"]], r"numbers only, got dtype <U1"),
    (np.array([[None]]), r"numbers only, got dtype object"),
    ([[1j]], r"numbers only, got dtype complex128"),
    (np.array([["2020-01-01"]], "datetime64[D]"), r"numbers only"),
    ([[1.0], [1.0, 2.0]], r"rectangular"),
    (np.ma.masked_array([[1.0, 2.0]], [[True, False]]), r"no masked values"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_what_is_no_finite_float32(values, message):
    with pytest.raises(InputError, match=message):
        as_float32(values, "x")


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64, ">f4"])
def test_any_numbers_become_float32(dtype):
    out = as_float32(np.array([[0, 1], [1, 0]], dtype), "x")
    assert out.dtype == np.float32
    assert out.tolist() == [[0, 1], [1, 0]]


def test_contiguous_float32_is_shared_and_other_layouts_are_copied():
    x = np.ones((3, 2), np.float32)
    assert as_float32(x, "x") is x
    assert as_float32(x.T, "x").flags.c_contiguous


def test_the_largest_float32_passes():
    largest = np.finfo(np.float32).max
    assert as_float32([largest, -largest], "x").tolist() == [largest, -largest]


def test_a_masked_array_without_a_mask_passes():
    assert as_float32(np.ma.masked_array([1.0, 2.0]), "x").tolist() == [1, 2]
