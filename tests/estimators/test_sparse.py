"""Sparse samples in the estimators and the search: the numbers of dense samples."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import zerokara as zk
from zerokara.estimators import (
    NetworkClassifier,
    NetworkRegressor,
    NetworkSearchCV,
    TunedNetworkClassifier,
    TunedNetworkRegressor,
)

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(90, 12)) * (RNG.random((90, 12)) < 0.3), 2)
SCORE = X[:, 0] - X[:, 1] + 0.5 * X[:, 2] + RNG.normal(size=90) * 0.1
Y = np.where(SCORE > 0, "yes", "no")
WEIGHTS = np.arange(90) % 3
SPACE = {"lr": zk.log(1e-3, 1e-1), "dropout": zk.uniform(0, 0.5)}

FITS: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("classifier", lambda: NetworkClassifier((8,), epochs=4, random_state=0), Y, {}),
    ("weights", lambda: NetworkClassifier((8,), epochs=4, random_state=0), Y, {"sample_weight": WEIGHTS}),
    ("labels", lambda: NetworkClassifier((8,), epochs=4, random_state=0), (X[:, :3] > 0).astype(int), {}),
    ("scorer", lambda: NetworkClassifier((8,), epochs=4, scoring="roc_auc", random_state=0), Y, {}),
    ("regressor", lambda: NetworkRegressor((8,), epochs=4, networks=2, random_state=0), SCORE, {}),
    ("poisson", lambda: NetworkRegressor((8,), epochs=4, loss="poisson", random_state=0), np.exp(SCORE), {}),
    ("tuned", lambda: TunedNetworkClassifier(SPACE, trials=3, epochs=3, cv=3, random_state=0), Y, {}),
    (
        "scored",
        lambda: TunedNetworkClassifier(SPACE, trials=3, epochs=3, cv=None, scoring="f1_macro", random_state=0),
        Y,
        {},
    ),
    ("tuned regressor", lambda: TunedNetworkRegressor(SPACE, trials=3, epochs=3, cv=3, random_state=0), SCORE, {}),
    ("search", lambda: NetworkSearchCV(NetworkClassifier(epochs=3), SPACE, n_iter=3, cv=3, random_state=0), Y, {}),
]


@pytest.mark.parametrize(("make", "y", "params"), [fit[1:] for fit in FITS], ids=[fit[0] for fit in FITS])
def test_a_fit_to_sparse_samples_has_the_bits_of_a_dense_one(make: Any, y: Any, params: dict[str, Any]) -> None:
    dense = make().fit(X, y, **params)
    for thin in (sparse.csr_matrix(X), sparse.csc_array(X)):
        fitted = make().fit(thin, y, **params)
        of = "predict_proba" if hasattr(dense, "predict_proba") else "predict"
        assert np.array_equal(getattr(dense, of)(X), getattr(fitted, of)(X))
        assert np.array_equal(getattr(dense, of)(X), getattr(fitted, of)(thin))
        assert np.array_equal(getattr(dense, of)(thin[:3]), getattr(dense, of)(X[:3]))


def test_partial_fit_and_own_validation_samples_may_be_sparse() -> None:
    thin, predictions = sparse.coo_array(X), []
    for x in (X, thin):
        net = NetworkClassifier((8,), epochs=3, random_state=0).fit(x, Y, X_val=x, y_val=Y)
        predictions.append(net.partial_fit(x, Y, classes=["no", "yes"]).predict_proba(x))
    assert np.array_equal(*predictions)


def test_pipelines_with_sparse_steps_fit() -> None:
    cities = np.array(["Bern", "Basel", "Chur"])[np.arange(90) % 3]
    frame = np.column_stack([cities, cities])
    net = NetworkClassifier((8,), epochs=30, random_state=0)
    coded = make_pipeline(OneHotEncoder(), net).fit(frame, cities)
    assert sparse.issparse(coded[:-1].transform(frame))
    assert coded.score(frame, cities) == 1
    columns = ColumnTransformer([("city", OneHotEncoder(), [0])], sparse_threshold=1.0)
    assert make_pipeline(columns, net).fit(frame, cities).score(frame, cities) == 1
    texts = [f"we met in {city} at noon" for city in cities]
    search = NetworkSearchCV(
        make_pipeline(TfidfVectorizer(), net), {"networkclassifier__lr": [0.01, 0.03]}, n_iter=2, cv=3
    )
    assert search.fit(texts, cities).score(texts, cities) == 1


def test_samples_are_not_dense_at_once() -> None:
    """Of 4,000 samples of 5,000 features (80 MB), a batch or a block of rows is dense."""
    import tracemalloc

    x = sparse.random_array((4_000, 5_000), density=0.001, rng=np.random.default_rng(0), format="csr")
    y = np.arange(4_000) % 2
    tracemalloc.start()
    net = NetworkClassifier((2,), epochs=1, scoring="accuracy", random_state=0).fit(x, y)
    net.predict(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 45e6
