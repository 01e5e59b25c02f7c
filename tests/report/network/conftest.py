"""Small studies for the tests of what a page shows of a network."""

import numpy as np
import pytest

import zerokara as zk
from zerokara.data import from_arrays, from_table
from zerokara.study.study import Study


@pytest.fixture(scope="session")
def digits() -> Study:
    data = zk.data.load("digits").split(validation=0.3, seed=0)
    space = {"lr": 0.01, "hidden": (40, 20), "optimizer": "adam", "batch_size": 50, "batch_norm": True, "dropout": 0.1}
    return zk.tune(data, space, trials=1, epochs=12, refit=0, progress=None)


@pytest.fixture(scope="session")
def pictures() -> Study:
    """28 x 28 pixels in 256 grays, standardized, as MNIST's are."""
    rng = np.random.default_rng(0)
    t = rng.integers(0, 4, 240)
    x = np.zeros((240, 28, 28), np.float32)
    for image, label in zip(x, t, strict=True):
        image[4 + 5 * label : 8 + 5 * label, 6:22] = rng.integers(60, 256, (4, 16)) / np.float32(255)
    data = from_arrays(x, t, name="bars").split(0.3).scaled("standard")
    return zk.tune(data, {"hidden": (10,), "activation": "gelu"}, trials=1, epochs=3, refit=0, progress=None)


@pytest.fixture(scope="session")
def colors() -> Study:
    """Twelve by twelve pixels in color: a red, a green or a blue patch somewhere on gray noise."""
    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, 300)
    x = rng.integers(90, 130, (300, 12, 12, 3))
    for image, label in zip(x, t, strict=True):
        row, column = rng.integers(0, 6, 2)
        image[row : row + 6, column : column + 6] = 0
        image[row : row + 6, column : column + 6, label] = 255
    data = from_arrays(x.astype(np.float32) / np.float32(255), t, name="patches").split(0.3).scaled("standard")
    return zk.tune(data, {"hidden": (20,), "lr": 0.002}, trials=1, epochs=4, refit=0, progress=None)


def rows(count: int = 160) -> dict[str, list[object]]:
    """A table with numbers, a category and yes or no, each with missing cells."""
    rng = np.random.default_rng(1)
    size = rng.lognormal(4, 0.5, count)
    city = rng.choice(["Bern", "Basel", "Genf"], count)
    garden = rng.random(count) < 0.4
    price = 3000 * size + 50_000 * garden + 40_000 * (city == "Bern") + rng.normal(0, 5000, count)
    gaps = rng.random((3, count)) < 0.1
    return {
        "size": [None if gap else float(value) for value, gap in zip(size, gaps[0], strict=True)],
        "city": [None if gap else str(value) for value, gap in zip(city, gaps[1], strict=True)],
        "garden": [None if gap else bool(value) for value, gap in zip(garden, gaps[2], strict=True)],
        "price": price.tolist(),
        "dear": ["yes" if value > 200_000 else "no" for value in price],
    }


@pytest.fixture(scope="session")
def table() -> Study:
    content = {name: cells for name, cells in rows().items() if name != "price"}
    data = from_table(content, "dear").split(0.3)
    return zk.tune(data, {"hidden": (8,)}, trials=1, epochs=5, refit=0, progress=None)


@pytest.fixture(scope="session")
def prices() -> Study:
    content = {name: cells for name, cells in rows().items() if name != "dear"}
    data = from_table(content, "price").split(0.3)
    return zk.tune(data, {"hidden": (8,), "activation": "tanh"}, trials=1, epochs=5, refit=0, progress=None)
