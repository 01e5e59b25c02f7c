"""What NetworkSearchCV searches beside hyperparameters, and around which estimators."""

import signal
import threading
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

import zerokara as zk
from tests.estimators.conftest import Arrays
from tests.estimators.test_searchcv import assert_as_alone
from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, NetworkRegressor, NetworkSearchCV

NET = NetworkClassifier((8,), epochs=3, batch_size=25, random_state=0)
VALUE = NetworkRegressor((8,), epochs=4, batch_size=64, random_state=0)
QUICK: dict[str, Any] = {"cv": 2, "random_state": 0}


@pytest.fixture(scope="module")
def iris() -> Arrays:
    return load_iris(return_X_y=True)


def test_a_list_of_spaces(iris: Arrays) -> None:
    space = [
        {"optimizer": ["momentum"], "momentum": zk.uniform(0.5, 0.95), "lr": zk.log(1e-3, 1e-1)},
        {"hidden": [(), (4,)], "lr": stats.loguniform(1e-3, 1e-2)},
    ]
    search = NetworkSearchCV(NET, space, n_iter=9, return_train_score=True, **QUICK).fit(*iris)
    assert_as_alone(search, *iris)
    results = search.cv_results_
    first = ~np.ma.getmaskarray(results["param_momentum"])
    assert 1 < first.sum() < 8
    assert (np.ma.getmaskarray(results["param_hidden"]) == first).all()
    assert {frozenset(params) for params in results["params"]} == {frozenset(each) for each in space}
    assert len(search.studies_) == 2
    assert search.study_ in search.studies_
    assert search.best_params_ == results["params"][search.best_index_]
    raced = NetworkSearchCV(clone(NET).set_params(epochs=9), space, n_iter=12, race="halving:3:1", **QUICK).fit(*iris)
    assert_as_alone(raced, *iris)
    assert (raced.cv_results_["state"] == "pruned").any()


def test_lists_in_lists_are_tried_once_each(iris: Arrays) -> None:
    space = [
        {"lr": [0.1, 0.2], "class_weight": [None, "balanced"]},
        {"hidden": [(2,), (3,), (4,)]},
        {"scaling": ["none"]},
    ]
    net = clone(NET).set_params(epochs=1)
    with pytest.warns(UserWarning, match="the space has 8 points, fewer than n_iter=20"):
        everything = NetworkSearchCV(net, space, n_iter=20, **QUICK).fit(*iris).cv_results_["params"]
    assert len(everything) == len({str(params) for params in everything}) == 8
    five = NetworkSearchCV(net, space, n_iter=5, **QUICK).fit(*iris).cv_results_["params"]
    assert len({str(params) for params in five}) == 5


SETTINGS = {
    "class_weight": [None, {0: 5.0, 1: 1.0, 2: 1.0}],
    "validation": [None, 20],
    "scaling": ["none", "range"],
    "patience": [1, None],
    "networks": [1, 3],
    "epochs": [1, 6],
    "tol": [0.0, 0.1],
    "scoring": ["loss", "accuracy"],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_any_argument_can_be_searched(iris: Arrays, name: str) -> None:
    space = {name: SETTINGS[name], "lr": [0.01, 0.1]}
    search = NetworkSearchCV(NET, space, n_iter=2 * len(SETTINGS[name]), **QUICK).fit(*iris)
    assert_as_alone(search, *iris)
    tried = [str(params) for params in search.cv_results_["params"]]
    assert len(set(tried)) == len(tried) == 2 * len(SETTINGS[name])
    assert set(search.best_params_) == {name, "lr"}
    assert search.best_estimator_.get_params()[name] == search.best_params_[name]
    if name == "epochs":
        assert set(search.cv_results_["epochs"]) == {1, 6}


def test_ranges_of_arguments(iris: Arrays) -> None:
    space = {"validation": zk.uniform(0.1, 0.4), "patience": stats.randint(1, 4), "lr": zk.log(1e-2, 1e-1)}
    search = NetworkSearchCV(NET, space, n_iter=3, **QUICK).fit(*iris)
    assert_as_alone(search, *iris)
    fractions = search.cv_results_["param_validation"].astype(float)
    assert len(set(fractions)) == 3
    assert ((fractions > 0.1) & (fractions < 0.4)).all()
    assert {type(params["patience"]) for params in search.cv_results_["params"]} == {int}
    again = NetworkSearchCV(NET, space, n_iter=3, **QUICK).fit(*iris)
    assert again.cv_results_["params"] == search.cv_results_["params"]


def test_without_validation_samples_trials_stop_by_their_training_loss(iris: Arrays) -> None:
    net = clone(NET).set_params(validation=None, patience=2, tol=0.01, epochs=60)
    search = NetworkSearchCV(net, {"lr": [1e-6, 0.02, 0.1]}, n_iter=3, **QUICK).fit(*iris)
    assert_as_alone(search, *iris)
    assert search.cv_results_["epochs"].max() < 60


def test_other_steps_of_a_pipeline(iris: Arrays) -> None:
    pipe = make_pipeline(StandardScaler(), PCA(2), NET)
    space = {"pca__n_components": [1, 3], "standardscaler": ["passthrough"], "networkclassifier__lr": [0.01, 0.1]}
    search = NetworkSearchCV(pipe, space, n_iter=4, **QUICK).fit(*iris)
    assert_as_alone(search, *iris)
    assert {study.plan.data.n_inputs for study in search.studies_} == {1, 3}


AROUND = {
    "functions": TransformedTargetRegressor(VALUE, func=np.log, inverse_func=np.exp),
    "a transformer": TransformedTargetRegressor(VALUE, transformer=QuantileTransformer(n_quantiles=50)),
    "around a pipeline": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), VALUE), func=np.log, inverse_func=np.exp
    ),
    "in a pipeline": make_pipeline(PCA(5), TransformedTargetRegressor(VALUE, func=np.log, inverse_func=np.exp)),
}


@pytest.mark.parametrize("name", AROUND)
def test_transformed_targets(diabetes: Arrays, name: str) -> None:
    prefix = next(key for key in AROUND[name].get_params() if key.endswith("__lr")).removesuffix("lr")
    space = {f"{prefix}lr": zk.log(1e-3, 1e-1), f"{prefix}hidden": [(4,), (8,)]}
    search = NetworkSearchCV(AROUND[name], space, n_iter=4, race="halving:2:2", return_train_score=True, **QUICK)
    search.fit(*diabetes)
    assert_as_alone(search, *diabetes)
    assert len(search.studies_) == 1
    assert (search.predict(diabetes[0]) > 0).all()


def test_a_network_for_each_class(iris: Arrays) -> None:
    X, y = iris
    space = {"estimator__lr": [0.1], "estimator__scaling": ["none", "standard"]}
    search = NetworkSearchCV(OneVsRestClassifier(NET), space, n_iter=2, return_train_score=True, **QUICK).fit(X, y)
    assert_as_alone(search, X, y)
    assert search.studies_ == []
    assert search.cv_results_["epochs"].tolist() == [3, 3]
    assert search.predict_proba(X).shape == (150, 3)
    other = CalibratedClassifierCV(NET, cv=2, ensemble=False)
    learning = NetworkSearchCV(other, {"estimator__lr": zk.log(1e-3, 1e-1)}, n_iter=2, sampler="tpe", **QUICK)
    assert_as_alone(learning.fit(X, y), X, y)
    assert learning.cv_results_["epochs"].tolist() == [3, 3]


def test_control_c_ends_trials_that_are_fitted_alone(iris: Arrays) -> None:
    net = NetworkClassifier(networks=2, epochs=100_000, patience=None, random_state=0)
    timer = threading.Timer(0.8, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        NetworkSearchCV(net, {"lr": [0.001, 0.01]}, n_iter=2, **QUICK).fit(*iris)
    timer.join()


def test_trials_that_are_fitted_alone_may_fail(iris: Arrays) -> None:
    net = clone(NET).set_params(networks=2, optimizer="sgd")
    search = NetworkSearchCV(net, {"lr": [0.1, 1e30]}, n_iter=2, error_score=-1.0, **QUICK)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search.fit(*iris)
    assert sorted(search.cv_results_["state"]) == ["complete", "diverged"]
    assert search.best_params_ == {"lr": 0.1}
    with pytest.raises(InputError, match="stopped being finite"):
        search.set_params(error_score="raise").fit(*iris)

    def fails(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> float:
        raise RuntimeError("no score")

    search.set_params(error_score=np.nan, scoring=fails, space={"lr": zk.log(0.01, 0.1)}, sampler="tpe")
    with pytest.warns(UserWarning, match="Scoring failed|non-finite"):
        search.fit(*iris)
    assert np.isnan(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("loss", ["poisson", "absolute", "huber:0.5"])
def test_the_loss_is_that_of_the_estimator(diabetes: Arrays, loss: str) -> None:
    search = NetworkSearchCV(clone(VALUE).set_params(loss=loss), {"lr": [0.01, 0.1]}, n_iter=2, **QUICK).fit(*diabetes)
    assert_as_alone(search, *diabetes)
    other = cross_val_score(clone(VALUE).set_params(lr=0.1), *diabetes, cv=2).mean()
    assert other not in search.cv_results_["mean_test_score"]


def test_double_precision(iris: Arrays) -> None:
    search = NetworkSearchCV(NET, {"dtype": ["float32", "float64"]}, n_iter=2, scoring="neg_log_loss", **QUICK).fit(
        *iris
    )
    assert_as_alone(search, *iris)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
