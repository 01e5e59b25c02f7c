"""When training ends: by the training loss, at the last epoch with a warning, or as often as was asked."""

import warnings

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from tests.estimators.conftest import Arrays
from tests.estimators.test_network import weights
from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, NetworkRegressor, TunedNetworkClassifier

NET = NetworkClassifier((8,), batch_size=50, random_state=0)


@pytest.fixture(autouse=True)
def few_epochs() -> None:
    """All warnings count here."""


def said(net: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.fit(X, y)
    assert all(warning.category is ConvergenceWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def test_epochs_that_run_out_while_training_improves(digits: Arrays) -> None:
    for settings, what in (
        ({}, "validation loss"),
        ({"validation": None}, "training loss"),
        ({"scoring": "accuracy"}, "score"),
        ({"warm_start": True, "schedule": "exponential:0.9"}, "validation loss"),
        ({"networks": 2}, "validation loss"),
    ):
        [warning] = said(clone(NET).set_params(epochs=3, **settings), *digits)
        assert warning.startswith(f"epochs=3 ran out while the {what} still improved: increase epochs, or set patience")
    for settings in ({"patience": None}, {"schedule": "cosine"}, {"lr": 0.1, "patience": 1, "epochs": 200}):
        assert said(clone(NET).set_params(**{"epochs": 3, **settings}), *digits) == []
    clone(NET).partial_fit(*digits, classes=range(10))
    options = {"trials": 2, "epochs": 3, "cv": 2, "workers": 1, "random_state": 0}
    TunedNetworkClassifier(**options).fit(*digits)


def test_without_held_out_samples_the_training_loss_decides(digits: Arrays) -> None:
    settings = {"validation": None, "epochs": 400, "lr": 0.02, "patience": 3, "tol": 0.01}
    net = clone(NET).set_params(**settings).fit(*digits)
    losses = net.history_["train_loss"]
    assert 5 < net.n_iter_ == net.best_epoch_ == len(losses) < 100
    assert losses[-4:-1].min() > losses[:-3].min() - 0.02
    # The weights are those of the last epoch, as without a rule.
    plain = clone(net).set_params(patience=None, epochs=net.n_iter_).fit(*digits)
    assert np.array_equal(weights(net), weights(plain))
    three = clone(net).set_params(networks=3).fit(*digits)
    assert three.model_.ensemble.population == 3
    assert three.n_iter_ < 100
    parts = clone(net).set_params(warm_start=True, epochs=net.n_iter_ // 2)
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts.fit(*digits)
    assert np.array_equal(weights(parts), weights(net))


def test_a_regression_stops_by_its_training_loss_too(diabetes: Arrays) -> None:
    for loss in ("squared", "absolute", "poisson"):
        settings = {"validation": None, "epochs": 1000, "lr": 0.01, "patience": 3, "tol": 0.01}
        net = NetworkRegressor((8,), loss=loss, random_state=0, **settings).fit(*diabetes)
        assert net.n_iter_ < 200
        assert net.score(*diabetes) > 0.3


def test_a_score_that_is_no_number_is_refused(diabetes: Arrays) -> None:
    net = NetworkRegressor(validation=1, scoring="r2", epochs=2, patience=None)
    with pytest.warns(UserWarning, match="R.2 score"), pytest.raises(InputError, match="nan for 1 validation samples"):
        net.fit(*diabetes)


def test_the_order_of_the_samples(digits: Arrays) -> None:
    X, y = digits
    net = clone(NET).set_params(shuffle=False, validation=None, patience=None, epochs=2)
    one, drawn = clone(net).fit(X, y), clone(net).set_params(shuffle=True).fit(X, y)
    assert not np.array_equal(weights(one), weights(drawn))
    assert not np.array_equal(weights(one), weights(clone(net).fit(X[::-1], y[::-1])))
    # Within a batch the order does not matter.
    within = np.concatenate([np.arange(start, start + 50)[::-1] for start in range(0, 400, 50)])
    np.testing.assert_allclose(weights(one), weights(clone(net).fit(X[within], y[within])), rtol=1e-4, atol=1e-6)


def test_predictions_have_the_precision_of_the_samples(digits: Arrays, diabetes: Arrays) -> None:
    X, y = digits
    net = clone(NET).set_params(epochs=2, patience=None).fit(X, y)
    single, frame = X.astype(np.float32), pandas.DataFrame(X.astype(np.float32))
    for method in ("predict_proba", "predict_log_proba"):
        double = getattr(net, method)(X)
        assert double.dtype == np.float64
        for given in (single, frame):
            assert getattr(net, method)(given).dtype == np.float32
            np.testing.assert_allclose(getattr(net, method)(given), double, rtol=1e-6, atol=1e-7)
        assert getattr(net, method)(frame.astype({3: np.float64})).dtype == np.float64
    assert net.predict(single).dtype == y.dtype
    several = NetworkRegressor((4,), epochs=2, patience=None).fit(diabetes[0], np.stack([diabetes[1]] * 2, axis=1))
    assert several.predict(diabetes[0].astype(np.float32)).dtype == np.float32
    assert several.predict(diabetes[0]).dtype == several.predict(diabetes[0].tolist()).dtype == np.float64
    # Scores of validation samples have all digits.
    held_out = {"X_val": X[:99], "y_val": y[:99]}
    scored = clone(NET).set_params(epochs=2, patience=None, scoring="neg_log_loss").fit(X, y, **held_out)
    assert -scored.history_["val_scoring"] == pytest.approx(scored.history_["val_loss"], rel=1e-6)


def test_double_precision(digits: Arrays) -> None:
    net = clone(NET).set_params(dtype="float64", epochs=2, patience=None, warm_start=True).fit(*digits)
    assert {array.dtype for array in net.model_.network.arrays().values()} == {np.dtype(np.float64)}
    single = clone(net).set_params(dtype="float32").fit(*digits)
    assert 0 < np.abs(net.predict_proba(digits[0]) - single.predict_proba(digits[0])).max() < 1e-3
    with pytest.raises(InputError, match="the same hidden, activation, encodings, batch_norm and dtype"):
        net.set_params(dtype="float32").fit(*digits)
    with pytest.raises(InputError, match="unknown dtype 'float16'"):
        clone(NET).set_params(dtype="float16").fit(*digits)


def test_classes_of_later_calls(digits: Arrays) -> None:
    X, y = digits
    net = clone(NET).partial_fit(X, y, classes=range(10)).partial_fit(X, y, classes=np.arange(10)[::-1])
    for other in (range(9), range(11), ["a"]):
        with pytest.raises(InputError, match="classes must be those of the first call"):
            net.partial_fit(X[y < 9], y[y < 9], classes=other)
    assert net.n_iter_ == 2
    with pytest.raises(InputError, match=r"those of the first call, \[0 1 2 .* got \[0 1\]"):
        clone(NET).set_params(epochs=2, patience=None).fit(X, y).partial_fit(X, y, classes=[0, 1])
    again = clone(NET).set_params(epochs=1, patience=None, warm_start=True).fit(X, y)
    with pytest.raises(InputError, match=r"the same classes as before, .* got only \[0 1 2 3 4\]: use partial_fit"):
        again.fit(X[y < 5], y[y < 5])


def test_in_a_pipeline_and_in_folds(digits: Arrays) -> None:
    with pytest.warns(ConvergenceWarning, match="ran out") as caught:
        cross_val_score(make_pipeline(clone(NET).set_params(epochs=2)), *digits, cv=2)
    assert len(caught) == 2
