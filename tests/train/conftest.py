"""Data and trainers that the tests of this room share."""

from collections.abc import Callable

import numpy as np
import pytest

from zerokara import data, nn, optim
from zerokara.data import Dataset
from zerokara.rng import stream
from zerokara.train import Trainer


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The first 300 digits, 240 to train and 60 to validate."""
    return data.load("digits").first(300).split(validation=0.2, seed=0)


@pytest.fixture(scope="session")
def curve() -> Dataset:
    """A regression with two outputs."""
    rng = stream(0, "curve")
    x = rng.standard_normal((400, 3))
    t = np.stack([x[:, 0] * x[:, 1], np.sin(2 * x[:, 2]) + 5], axis=1)
    return data.from_arrays(x, t + 0.1 * rng.standard_normal(t.shape)).split(validation=0.25, seed=0)


@pytest.fixture(scope="session")
def labels() -> Dataset:
    """A multilabel task with three labels."""
    x = stream(0, "labels").standard_normal((120, 4))
    t = (np.stack([x[:, 0], x[:, 1] + x[:, 2], x[:, 3] ** 2 - 1], axis=1) > 0).astype(int)
    return data.from_arrays(x, t, task="multilabel").split(validation=0.25, seed=0)


@pytest.fixture
def trainer(digits: Dataset) -> Callable[..., Trainer]:
    """A function that makes a trainer of three networks, the last of which diverges where asked."""

    def make(diverging: bool = False, dropout: float | None = None, **options: object) -> Trainer:
        network = nn.mlp(64, (16,), 10, population=3, dropout=dropout)
        rule = optim.Momentum(lr=[0.05, 0.2, 1e30 if diverging else 0.5])
        given = {"network": network, "optimizer": rule, "data": digits, "batch_size": 50}
        return Trainer(**(given | options))

    return make
