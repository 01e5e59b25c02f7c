"""Products in blocks: the same values, and the same bits for any population."""

import numpy as np
import pytest

from tests.cases import DTYPES
from zerokara.nn.products import FEWEST, SMALL_PRODUCT, pieces, product
from zerokara.rng import stream

SHAPES = {
    "small": (20, 30, 40),
    "just small": (100, 100, 100),
    "rows in pieces": (200, 100, 100),
    "features in pieces": (784, 100, 30),
    "rows that do not divide": (211, 100, 100),
    "wide": (100, 784, 100),
    "a column": (20_000, 1, 64),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_product_is_the_product_alone_and_in_company(shape: tuple[int, int, int], dtype: str) -> None:
    (n, k, m), rng = shape, stream(0, "product")
    a = {"plain": rng.standard_normal((3, n, k), dtype), "transposed": rng.standard_normal((3, k, n), dtype).mT}
    b = {"plain": rng.standard_normal((3, k, m), dtype), "transposed": rng.standard_normal((3, m, k), dtype).mT}
    for left in (*a.values(), a["plain"][:1], a["transposed"][:1]):
        for right in b.values():
            # The right-hand side of a gradient is a view into rows that are longer.
            out = np.full((3, n * m + 5), np.nan, dtype)[:, : n * m].reshape(3, n, m)
            result = product(left, right)
            assert product(left, right, out=out) is out
            assert np.array_equal(out, result)
            assert np.allclose(result, left @ right, rtol=0, atol=(1e-5 if dtype == "float32" else 1e-14) * k)
            for i in range(3):
                alone = product(left[i : i + 1] if len(left) > 1 else left, right[i : i + 1])
                assert np.array_equal(alone[0], result[i])


def test_pieces_are_equal_and_small_and_not_too_small() -> None:
    for n, k, m in SHAPES.values():
        count = pieces(n, k, m)
        if count:
            assert n % count == 0
            assert n // count * k * m <= SMALL_PRODUCT
            assert count == 1 or n // count >= FEWEST
    assert [pieces(*shape) for shape in SHAPES.values()] == [1, 1, 2, 4, 0, 0, 2]
