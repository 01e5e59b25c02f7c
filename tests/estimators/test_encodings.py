"""Encodings of numbers in estimators: arguments like others, and kept while training continues on other samples."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_friedman1

import zerokara as zk
from tests.estimators.conftest import Arrays
from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, NetworkRegressor, TunedNetworkRegressor


def test_bins_find_steps_and_waves_that_plain_numbers_miss() -> None:
    X, y = make_friedman1(800, random_state=0)
    y = np.floor(10 * X[:, 0]) % 2 + np.sign(X[:, 1] - 0.2)
    scores = {}
    for kind in ("standard", "piecewise"):
        net = NetworkRegressor((16,), numeric_encoding=kind, lr=0.01, epochs=25, random_state=0)
        scores[kind] = net.fit(X[:600], y[:600]).score(X[600:], y[600:])
    assert scores["piecewise"] > scores["standard"] + 0.05


@pytest.mark.parametrize("kind", ["piecewise", "robust", "periodic"])
def test_partial_fit_keeps_the_encoding_of_the_first_samples(digits: Arrays, kind: str) -> None:
    X, y = digits
    net = NetworkClassifier((8,), numeric_encoding=kind, random_state=0)
    net.partial_fit(X[:200], y[:200], classes=np.arange(10))
    before = net.model_.ensemble.groups[0].layers[0]
    other = X[200:] * (np.arange(X.shape[1]) % 3 > 0)  # A third of the features is constant now.
    net.partial_fit(other, y[200:])
    after = net.model_.ensemble.groups[0].layers[0]
    assert type(before) is type(after)
    assert all(np.array_equal(getattr(before, name), getattr(after, name)) for name in before.fixed)
    assert net.predict(X[:5]).shape == (5,)


def test_features_without_numbers_may_get_some_later(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier((8,), numeric_encoding="piecewise", random_state=0)
    with pytest.warns(UserWarning, match="numeric_encoding=piecewise has no effect: .* has no numbers"):
        net.partial_fit((X > 8).astype(float), y, classes=np.arange(10))
    net.partial_fit(X, y)
    assert net.model_.layers()[0]["layer"] == "affine"


def test_another_encoding_does_not_continue(digits: Arrays) -> None:
    net = NetworkClassifier((8,), epochs=1, warm_start=True, random_state=0).fit(*digits)
    with pytest.raises(InputError, match="only with the same hidden, activation, encodings"):
        net.set_params(numeric_encoding="robust").fit(*digits)


def test_sparse_samples_and_unknown_names_are_refused(digits: Arrays) -> None:
    X, y = digits
    with pytest.raises(InputError, match="numeric_encoding=piecewise needs dense samples"):
        NetworkClassifier((8,), numeric_encoding="piecewise").fit(csr_array(X), y)
    with pytest.raises(InputError, match="unknown numeric_encoding 'quantile'"):
        NetworkClassifier((8,), numeric_encoding="quantile").fit(X, y)
    with pytest.warns(UserWarning, match="category_encoding=embedding has no effect: .* has no categories"):
        assert NetworkClassifier((8,), category_encoding="embedding", epochs=1).fit(csr_array(X), y).n_iter_ == 1


def test_a_tuned_estimator_searches_encodings() -> None:
    X, y = make_friedman1(200, random_state=0)
    space = {"numeric_encoding": zk.choice(["standard", "piecewise", "robust"]), "hidden": (8,)}
    tuned = TunedNetworkRegressor(space, trials=3, sampler="grid", epochs=2, random_state=0).fit(X, y)
    assert {trial.params["numeric_encoding"] for trial in tuned.study_.trials} == {"standard", "piecewise", "robust"}
