"""A trained model for the tests of this room."""

import pytest

import zerokara as zk
from zerokara.data import Dataset
from zerokara.model import Model


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)


@pytest.fixture(scope="session")
def model(digits: Dataset) -> Model:
    data = digits.scaled("standard")
    network = zk.nn.mlp(64, (16,), 10, batch_norm=True, dropout=0.1)
    run = zk.Trainer(network, zk.optim.Adam(lr=0.01), data)
    run.fit(3)
    return Model.of(run.trained(), data, {"epoch": 3, "params": {"lr": 0.01, "hidden": (16,)}})
