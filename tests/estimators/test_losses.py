"""The losses and the clipping of the estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_poisson_deviance

from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, NetworkRegressor


def test_counts() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (400, 2))
    y = rng.poisson(np.exp(1.5 * x[:, 0])).astype(float)
    net = NetworkRegressor((8,), loss="poisson", epochs=40, lr=0.02, random_state=0, warm_start=True).fit(x, y)
    assert (net.predict(x) > 0).all()
    assert mean_poisson_deviance(y, net.predict(x)) < 0.7 * mean_poisson_deviance(y, np.full(400, y.mean()))
    before = net.n_iter_
    net.set_params(patience=None, epochs=1).fit(x, y)  # In the same units.
    assert net.n_iter_ == before + 1
    assert mean_poisson_deviance(y, net.predict(x)) < 0.7 * mean_poisson_deviance(y, np.full(400, y.mean()))
    assert clone(net).loss == "poisson"
    with pytest.raises(InputError, match="needs targets of 0 or above, got -1"):
        NetworkRegressor(loss="poisson").fit(x, y - 1)


def test_a_robust_loss() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 1))
    y = 10 * x[:, 0]
    y[::10] += 400
    nets = [NetworkRegressor((8,), loss=loss, epochs=60, lr=0.02, random_state=0) for loss in ("huber:0.1", "squared")]
    robust, plain = (np.abs(net.fit(x, y).predict(x) - 10 * x[:, 0]).mean() for net in nets)
    assert robust < 8 < 20 < plain
    with pytest.raises(InputError, match="unknown loss 'hubert': did you mean 'huber'"):
        NetworkRegressor(loss="hubert").fit(x, y)


def test_clipping() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 3)), rng.integers(0, 2, 60)
    nets = [NetworkClassifier((4,), epochs=2, clip_norm=limit, random_state=0).fit(x, y) for limit in (0, 1e-6, 1e6)]
    none, tight, loose = (net.history_["train_loss"].tolist() for net in nets)
    assert none == loose != tight
