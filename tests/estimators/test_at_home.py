"""The estimators where scikit-learn's users put them: pipelines, searches, tables."""

import joblib
import numpy as np
import pandas
import polars
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from tests.estimators.conftest import Arrays
from zerokara.estimators import NetworkClassifier, NetworkRegressor

QUICK = NetworkClassifier((16,), lr=0.01, epochs=8, random_state=0)


def test_pipelines_and_cross_validation(digits: Arrays) -> None:
    pipe = make_pipeline(StandardScaler().set_output(transform="pandas"), clone(QUICK))
    assert cross_val_score(pipe, *digits, cv=3).mean() > 0.8
    assert pipe.fit(*digits)[-1].feature_names_in_[1] == "x1"
    assert "NetworkClassifier" in repr(pipe)
    assert "lr=0.01" in repr(QUICK)
    assert QUICK._repr_html_()


def test_a_search_by_others_sees_every_argument(digits: Arrays) -> None:
    grid = {"lr": [0.0001, 0.01], "hidden": [(8,), (16,)]}
    search = GridSearchCV(clone(QUICK).set_params(epochs=4), grid, cv=2).fit(*digits)
    assert search.best_params_["lr"] == 0.01


def test_meta_estimators(digits: Arrays, diabetes: Arrays) -> None:
    X, y = digits
    assert CalibratedClassifierCV(clone(QUICK), cv=2).fit(X, y).score(X, y) > 0.8
    assert BaggingClassifier(clone(QUICK), 3, random_state=0).fit(X, y).score(X, y) > 0.8
    voters = [("net", clone(QUICK)), ("line", LogisticRegression(max_iter=500))]
    assert VotingClassifier(voters, voting="soft").fit(X / 16, y).score(X / 16, y) > 0.9
    target = TransformedTargetRegressor(NetworkRegressor((8,), random_state=0), func=np.log, inverse_func=np.exp)
    assert target.fit(*diabetes).score(*diabetes) > 0.3


def test_more_meta_estimators(digits: Arrays, diabetes: Arrays) -> None:
    X, y, small = *digits, clone(QUICK).set_params(epochs=2, batch_size=50)
    stacked = StackingClassifier([("net", small)], cv=2, final_estimator=clone(small)).fit(X, y)
    assert stacked.predict_proba(X).shape == cross_val_predict(small, X, y, cv=2, method="predict_proba").shape
    value = NetworkRegressor((8,), epochs=2, batch_size=50, random_state=0)
    assert StackingRegressor([("net", value)], cv=2).fit(*diabetes).score(*diabetes) > 0
    assert MultiOutputRegressor(value).fit(diabetes[0], diabetes[0][:, :2]).predict(diabetes[0]).shape == (442, 2)
    assert ClassifierChain(small).fit(X, np.stack([y > 4, y % 2], axis=1)).predict(X).shape == (400, 2)
    assert AdaBoostClassifier(small, n_estimators=2).fit(X, y).score(X, y) > 0.2
    assert TunedThresholdClassifierCV(small, cv=2).fit(X, y > 4).predict(X).dtype == bool
    for incremental in (False, True):
        options = {"cv": 2, "train_sizes": [0.5, 1.0], "exploit_incremental_learning": incremental}
        assert np.isfinite(learning_curve(small, X, y, **options)[2]).all()


def test_permutation_importance_finds_what_matters() -> None:
    x = np.random.default_rng(0).standard_normal((300, 3))
    net = NetworkRegressor((16,), random_state=0).fit(x, x[:, 1] * 3)
    assert permutation_importance(net, x, x[:, 1] * 3, random_state=0).importances_mean.argmax() == 1


@pytest.mark.skipif(parse_version(sklearn.__version__) < parse_version("1.8"), reason="no Pipeline routes to score")
def test_metadata_are_routed(digits: Arrays) -> None:
    X, y = digits
    weight = np.where(y == 3, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(QUICK).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        got = cross_validate(make_pipeline(asked), X, y, params={"sample_weight": weight}, cv=2, return_estimator=True)
        assert all((found.predict(X) != 3).all() for found in got["estimator"])
        own = clone(QUICK).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(StandardScaler(), own, transform_input=["X_val"])
        pipe.fit(X, y, X_val=X[:50], y_val=y[:50])
        assert pipe.score(X[:50], y[:50]) == pytest.approx(pipe[-1].history_["val_score"][pipe[-1].best_epoch_ - 1])


def test_tables_of_any_make(digits: Arrays) -> None:
    X, y = digits
    names = [f"pixel {k}" for k in range(64)]
    text = np.array(list("abcdefghij"))[y]
    frames = (pandas.DataFrame(X, columns=names), polars.DataFrame(X, schema=names))
    columns = (pandas.Series(text), polars.Series(text))
    plain = clone(QUICK).fit(X, text)
    for frame, column in zip(frames, columns, strict=True):
        net = clone(QUICK).fit(frame, column)
        assert net.feature_names_in_.tolist() == names
        assert net.classes_.tolist() == list("abcdefghij")
        assert np.array_equal(net.predict_proba(frame), plain.predict_proba(X))
        reordered = frame[names[::-1]]
        with pytest.raises(ValueError, match="feature names"):
            net.predict(reordered)
        with pytest.warns(UserWarning, match="valid feature names"):
            net.predict(X)
        # Own scoring looks at arrays within, and warns of nothing.
        clone(QUICK).set_params(scoring="accuracy").fit(frame, column, X_val=frame, y_val=column)


def test_joblib(digits: Arrays, tmp_path) -> None:
    net = clone(QUICK).fit(*digits)
    joblib.dump(net, tmp_path / "net.joblib")
    assert np.array_equal(joblib.load(tmp_path / "net.joblib").predict_proba(digits[0]), net.predict_proba(digits[0]))
    with joblib.parallel_config("threading"):
        scores = cross_val_score(clone(QUICK), *digits, cv=2, n_jobs=2)
    assert np.array_equal(scores, cross_val_score(clone(QUICK), *digits, cv=2))
