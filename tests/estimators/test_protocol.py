"""One protocol: the estimators without arguments are the search of `zerokara.tune`, and its default networks."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import zerokara as zk
from tests.marks import NEW_VALUES
from zerokara.cli import main
from zerokara.data import Dataset, from_arrays
from zerokara.data.part import mean_one
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.estimators import (
    NetworkClassifier,
    NetworkRegressor,
    NetworkSearchCV,
    TunedNetworkClassifier,
    TunedNetworkRegressor,
)
from zerokara.native.library import why_numpy
from zerokara.space.defaults import table_search
from zerokara.study import defaults

RNG = np.random.default_rng(0)
N = 60
FRAME = pandas.DataFrame(
    {
        "city": RNG.choice(["Bern", "Basel", "Chur"], N),
        "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(40, 9, N)),
        "size": RNG.normal(size=N),
    }
)
PRICE = 1e3 * FRAME["size"] + np.where(FRAME["city"] == "Bern", 900, 0)
SOLD = np.where(PRICE > 100, "yes", "no")
X = RNG.normal(size=(N, 4))
Y = X[:, 0] + 0.3 * X[:, 1] ** 2
CLASSES = np.digitize(Y, [-0.3, 0.6])
LABELS = np.stack([Y > 0, X[:, 2] > 0.5], axis=1).astype(int)
SHORT: dict[str, Any] = {"trials": 5, "epochs": 6}

TABLES: dict[str, tuple[Any, Any, bool]] = {
    "frame, classes": (FRAME, SOLD, True),
    "frame, numbers": (FRAME, PRICE.rename("price"), False),
    "frame, names": (FRAME, pandas.DataFrame({"name": SOLD}), True),
    "array, classes": (X, CLASSES, True),
    "array, labels": (X, LABELS, True),
    "array, numbers": (X, Y, False),
    "array, two numbers": (X, np.stack([Y, 5 - Y], axis=1), False),
    "sparse": (sparse.csr_array(np.where(X > 0.5, X, 0)), SOLD, True),
}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default networks train for fewer epochs."""
    monkeypatch.setattr(defaults, "table_search", lambda *given: {**table_search(*given), "epochs": 6})


def answers(fitted: Any, x: Any) -> np.ndarray:
    """Return the predictions of an estimator or a model, without the axis of a single output."""
    numbers = fitted.task == "regression" if isinstance(fitted, zk.Model) else not hasattr(fitted, "predict_proba")
    found = fitted.predict(x) if numbers else fitted.predict_proba(x)
    return found.reshape(N, -1)


def assert_same(estimator: Any, study: zk.Study, x: Any) -> None:
    mine, theirs = answers(estimator, x), answers(study.model, x)
    if why_numpy("auto"):  # NumPy adds in an order that depends on the number of rows.
        assert mine == pytest.approx(theirs, abs=1e-5)
    else:
        assert np.array_equal(mine, theirs)


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_tuned_estimator_is_tune(table: str) -> None:
    x, y, classes = TABLES[table]
    study = zk.tune((x, y), seed=3, **SHORT)
    kind = TunedNetworkClassifier if classes else TunedNetworkRegressor
    tuned = kind(random_state=3, **SHORT).fit(x, y)
    assert [trial.params for trial in tuned.study_.trials] == [trial.params for trial in study.trials]
    assert [trial.value for trial in tuned.study_.trials] == [trial.value for trial in study.trials]
    assert_same(tuned, study, x)
    assert tuned.best_index_ == study.best.number
    assert tuned.best_score_ == pytest.approx(study.best.val_score)
    assert tuned.best_params_ == {name: study.best.params[name] for name in study.space.searched}
    assert tuned.search_results_["rank_test_score"][tuned.best_index_] == 1
    assert len(tuned.search_results_["split4_test_score"]) == 5
    assert tuned.best_estimator_.model_.classes == study.model.classes
    assert tuned.best_estimator_.model_.about["data_sha256"] == study.model.about["data_sha256"]
    again = pickle.loads(pickle.dumps(tuned))
    assert np.array_equal(answers(again, x), answers(tuned, x))
    assert not hasattr(again, "study_")


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.usefixtures("short")
def test_a_network_without_arguments_is_the_default_networks(table: str) -> None:
    x, y, classes = TABLES[table]
    first = 3 if table == "sparse" else 4
    study = zk.tune((x, y), trials=first, race="none", seed=3)
    net = (NetworkClassifier if classes else NetworkRegressor)(random_state=3).fit(x, y)
    assert_same(net, study, x)
    best = study.best.trial
    assert (net.n_iter_, net.best_epoch_) == (best.epochs, best.epoch)
    assert {name: len(curve) for name, curve in net.history_.items()} == dict.fromkeys(net.history_, net.n_iter_)
    assert np.array_equal(answers(pickle.loads(pickle.dumps(net)), x), answers(net, x))
    assert np.array_equal(answers(clone(net).fit(x, y), x), answers(net, x))
    assert not np.array_equal(answers(clone(net).set_params(random_state=4).fit(x, y), x), answers(net, x))


@pytest.mark.usefixtures("short")
def test_settings_and_weights_go_to_the_search() -> None:
    weights = np.arange(N) % 3 + 0.5
    data = from_arrays(X, CLASSES, weights=weights).scaled("standard")
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (8, 4)])}
    more: dict[str, Any] = {"sampler": "tpe", "seeds": 2, "validation": 0.3, "race": "halving:2:2"}
    tuned = TunedNetworkClassifier(space, networks=2, workers=1, random_state=1, **SHORT, **more)
    study = zk.tune(data, space, refit=2, seed=1, **SHORT, **more)
    assert_same(tuned.fit(X, CLASSES, sample_weight=weights), study, X)
    assert tuned.best_estimator_.model_.population == 2
    by_class = TunedNetworkClassifier(class_weight={0: 5, 1: 1, 2: 1}, random_state=0, **SHORT).fit(X, CLASSES)
    assert_same(by_class, zk.tune((X, CLASSES), class_weight={"0": 5, "1": 1, "2": 1}, **SHORT), X)
    for given in ({"engine": "numpy"}, {"dtype": "float64"}):
        net = NetworkRegressor(random_state=0, **given).fit(X, Y)  # type: ignore[arg-type]
        assert_same(net, zk.tune((X, Y), trials=4, race="none", **given), X)
    part = zk.data.as_dataset((FRAME, SOLD), validation=None)
    weighted = zk.tune(_weighted(part, weights), trials=4, race="none")
    assert_same(NetworkClassifier(random_state=0).fit(FRAME, SOLD, sample_weight=weights), weighted, FRAME)


def _weighted(data: Dataset, weights: np.ndarray) -> Dataset:
    return replace(data, train=replace(data.train, weights=mean_one(weights)))


def test_the_command_line_gives_the_same_model(tmp_path: Path) -> None:
    rows = FRAME.round(3)
    rows.assign(price=PRICE.round(1)).to_csv(tmp_path / "rows.csv", index=False)
    given = ["--target", "price", "--trials", "5", "--epochs", "6", "--seed", "3", "--test", "0"]
    with pytest.raises(SystemExit) as ended:
        main(["tune", str(tmp_path / "rows.csv"), *given, "--out", str(tmp_path / "run")])
    assert not ended.value.code
    tuned = TunedNetworkRegressor(random_state=3, **SHORT).fit(rows, PRICE.round(1).rename("price"))
    model = zk.Model.load(tmp_path / "run" / "model.safetensors")
    assert np.array_equal(answers(tuned, rows), answers(model, rows))


ONE: dict[str, Any] = {"hidden": (8,), "epochs": 15, "patience": None, "random_state": 0}


def fitted() -> list[Any]:
    tuned = TunedNetworkClassifier(trials=1, epochs=3, random_state=0)
    return [each.fit(FRAME, SOLD) for each in (NetworkClassifier(**ONE), tuned)]


@NEW_VALUES
def test_rows_of_a_table_may_be_new_missing_and_in_any_order() -> None:
    rows = FRAME[:6].assign(city=["Genf", None, "Bern", "Bern", "Chur", ""], size=[np.nan, 1, 2, 1e9, -3, 0])
    for net in fitted():
        p = net.predict_proba(rows)
        assert np.isfinite(p).all()
        assert np.array_equal(p, net.predict_proba(rows[["size", "city", "age"]]))
        assert np.array_equal(p, net.predict_proba(rows.to_dict("list")))
        assert net.feature_names_in_.tolist() == ["city", "age", "size"]
        with pytest.warns(UserWarning, match="valid feature names"):
            assert np.array_equal(p, net.predict_proba(rows.to_numpy()))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (FRAME.assign(color="red"), "columns of fit only, got also 'color'"),
        (FRAME.drop(columns="age"), "columns of fit, got no 'age'"),
        (FRAME.assign(age="old"), "column 'age' must hold numbers, as in training, got 'old'"),
        (FRAME.to_numpy()[:, :2], "2 features"),
    ],
    ids=["unknown", "missing", "text", "narrow"],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_other_rows_are_refused(rows: Any, message: str) -> None:
    for net in fitted():
        with pytest.raises(ValueError, match=message):
            net.predict(rows)


def test_one_network_takes_tables_wherever_it_takes_arrays() -> None:
    two = NetworkRegressor(**ONE).fit(FRAME, np.stack([PRICE, -PRICE], axis=1))
    assert np.corrcoef(two.predict(FRAME).T)[0, 1] < -0.5
    assert NetworkClassifier(**ONE).fit(FRAME, LABELS).predict(FRAME).shape == (N, 2)
    for how in ({"X_val": FRAME[40:], "y_val": SOLD[40:]}, {"sample_weight": np.arange(40) % 2}):
        own = NetworkClassifier(**ONE).set_params(scoring="accuracy").fit(FRAME[:40], SOLD[:40], **how)
        assert own.history_["val_scoring"] == pytest.approx(own.history_["val_score"])
    whole = NetworkClassifier(**ONE).fit(FRAME, SOLD)
    parts = NetworkClassifier(**ONE | {"epochs": 6}, warm_start=True).fit(FRAME, SOLD)
    parts.set_params(epochs=9).fit(FRAME[["size", "age", "city"]], SOLD)
    assert np.array_equal(whole.predict_proba(FRAME), parts.predict_proba(FRAME))
    step = NetworkClassifier((8,), random_state=0).partial_fit(FRAME[:40], SOLD[:40], classes=["no", "yes"])
    assert step.partial_fit(FRAME[40:].assign(city="Bern"), SOLD[40:]).n_iter_ == 2
    with pytest.raises(InputError, match="60 rows and 59 targets"):
        NetworkClassifier(**ONE).fit(FRAME, SOLD[:-1])


def test_searches_take_tables() -> None:
    net = NetworkClassifier(epochs=4, patience=None, random_state=0)
    search = NetworkSearchCV(net, {"lr": [1e-3, 1e-1]}, n_iter=2, cv=2).fit(FRAME, SOLD)
    alone = clone(net).set_params(**search.best_params_)
    halves = search.cv_results_["split0_test_score"][search.best_index_]

    assert halves == cross_val_score(alone, FRAME, SOLD, cv=2)[0]
    for how in ({"cv": 2}, {"cv": None, "scoring": "accuracy", "refit": False}):
        tuned = TunedNetworkClassifier({"lr": 0.05}, trials=1, epochs=8, random_state=0, **how).fit(FRAME, SOLD)
        assert tuned.score(FRAME, SOLD) > 0.5


def test_frames_of_numbers_are_arrays() -> None:
    frame = pandas.DataFrame(X, columns=list("abcd"))
    for net in (NetworkRegressor(**ONE), TunedNetworkRegressor(trials=1, epochs=3, random_state=0)):
        assert np.array_equal(clone(net).fit(frame, Y).predict(frame), clone(net).fit(X, Y).predict(X))


def test_a_search_over_an_argument_compares_single_networks() -> None:
    grid = {"networkclassifier__lr": [0.001, 0.01]}  # One of them is the default.
    search = GridSearchCV(make_pipeline("passthrough", NetworkClassifier(random_state=0)), grid, cv=2)
    assert search.fit(X, CLASSES).best_estimator_[-1].model_.population == 1
    net = NetworkClassifier()
    assert net.set_params(random_state=1, threads=2, verbose=True).hidden is None
    assert net.set_params(lr=0.001).hidden == (100,)
    assert NetworkClassifier(lr=0.01, epochs=2).fit(X, CLASSES).model_.population == 1


@pytest.mark.usefixtures("short")
@pytest.mark.filterwarnings("ignore:no validation samples of")
def test_one_network_where_there_can_be_no_mean() -> None:
    net = NetworkClassifier(random_state=0)
    assert clone(net).fit(X[:19], CLASSES[:19]).model_.population == 1
    assert (clone(net).fit(X, np.ones(N)).predict(X) == 1).all()
    assert clone(net).fit(X[:40], CLASSES[:40], X_val=X[40:], y_val=CLASSES[40:]).model_.population == 1
    mean = net.fit(X, CLASSES).model_.population
    assert mean > 4
    with pytest.warns(ZerokaraWarning, match=f"one network from the start, and drops the {mean} of fit"):
        net.partial_fit(X[:9], CLASSES[:9])
    assert net.n_iter_ == net.model_.population == 1
    assert net.predict_proba(X).shape == (N, 3)
