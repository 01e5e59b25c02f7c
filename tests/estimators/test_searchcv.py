"""The search that stands where RandomizedSearchCV stood: the same numbers, attributes and meanings."""

import pickle
import signal
import threading

import joblib
import numpy as np
import pandas
import pytest
import sklearn
from scipy import stats
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.metrics import make_scorer, recall_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.fixes import parse_version

import zerokara as zk
from tests.estimators.conftest import Arrays
from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, NetworkRegressor, NetworkSearchCV

SPACE = {"lr": zk.log(1e-3, 1e-1), "dropout": stats.uniform(0, 0.5), "hidden": [(8,), (16, 8)]}
NET = NetworkClassifier((16,), epochs=12, random_state=0)
QUICK = {"n_iter": 4, "cv": 2, "random_state": 0}


@pytest.fixture(scope="module")
def iris() -> Arrays:
    return load_iris(return_X_y=True)


def assert_as_alone(search: NetworkSearchCV, X: object, y: object, **params: object) -> None:
    """Each trial has the scores that scikit-learn finds for it alone, to the bit; a pruned one at its last rung."""
    results = search.cv_results_
    name = "__" if any("__" in key for key in results["params"][0]) else ""
    prefix = next(iter(results["params"][0])).rpartition("__")[0] + name
    whole = clone(search.estimator)
    for i, trial in enumerate(results["params"]):
        alone = clone(whole).set_params(**trial)
        if results["state"][i] == "pruned":
            epochs = whole.get_params()[f"{prefix}epochs"]
            alone.set_params(**{f"{prefix}epochs": results["epochs"][i], f"{prefix}schedule_epochs": epochs})
        options = {"cv": search.cv, "scoring": search.scoring, "return_train_score": search.return_train_score}
        found = cross_validate(alone, X, y, **options, params=params)
        for part in ("test", "train")[: 1 + search.return_train_score]:
            for key in [key for key in found if key.startswith(part)]:
                got = [results[f"split{k}_{key}"][i] for k in range(search.n_splits_)]
                assert got == found[key].tolist(), (i, key)


ESTIMATORS = {
    "as it is": NetworkClassifier(random_state=0, epochs=15),
    "without a held-out part": NetworkClassifier(validation=None, epochs=6, random_state=1),
    "all that a layer may have": NetworkClassifier(
        batch_norm=True, batch_size=30, patience=2, tol=0.01, class_weight="balanced", random_state=2, epochs=15
    ),
    "a schedule": NetworkClassifier(
        schedule="cosine:2", schedule_epochs=10, epochs=8, optimizer="nesterov", random_state=3
    ),
    "unscaled": NetworkClassifier(scaling="none", validation=25, label_smoothing=0.1, epochs=5, random_state=4),
    "random state": NetworkClassifier(epochs=4, random_state=np.random.RandomState(5)),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_score_is_that_of_the_trial_alone_to_the_bit(digits: Arrays, name: str) -> None:
    search = NetworkSearchCV(ESTIMATORS[name], SPACE, return_train_score=True, **QUICK).fit(*digits)
    assert_as_alone(search, *digits)
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_so_it_is_for_numbers_and_for_labels(diabetes: Arrays, labels: Arrays) -> None:
    net = NetworkRegressor(epochs=12, batch_size=32, random_state=0)
    space = {"lr": zk.log(1e-3, 1e-1), "weight_decay": [0.0, 0.1]}
    scoring = ["r2", "neg_mean_absolute_error"]
    search = NetworkSearchCV(net, space, scoring=scoring, refit="r2", **QUICK).fit(*diabetes)
    assert_as_alone(search, *diabetes)
    assert search.predict(diabetes[0]).shape == (442,)
    several = NetworkSearchCV(clone(NET).set_params(batch_size=20), {"lr": [0.01, 0.1]}, n_iter=2, cv=2).fit(*labels)
    assert_as_alone(several, *labels)
    assert several.predict_proba(labels[0]).shape == labels[1].shape


@pytest.mark.parametrize("race", ["halving:2:1", "hyperband:3:2"])
def test_a_trial_that_a_race_ended_has_the_scores_of_so_many_epochs(digits: Arrays, race: str) -> None:
    net = NetworkClassifier(epochs=18, patience=2, schedule="cosine", batch_size=20, random_state=0)
    search = NetworkSearchCV(net, SPACE, race=race, **QUICK | {"n_iter": 9}).fit(*digits)
    assert_as_alone(search, *digits)
    results = search.cv_results_
    ended = results["state"] == "pruned"
    assert 0 < ended.sum() < 9
    assert (results["rank_test_score"][ended].min() > results["rank_test_score"][~ended]).all()
    assert results["rank_test_score"][search.best_index_] == 1
    assert search.best_score_ == results["mean_test_score"][~ended].max()
    # A race goes by the scores themselves: at a rung, the best went on.
    rung = results["epochs"] == results["epochs"].min()
    if race.startswith("halving"):
        assert rung.sum() >= 5


def test_which_trials_go_on_is_what_the_scorer_says(digits: Arrays) -> None:
    def worst(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> float:
        return -estimator.score(X, y)

    options = QUICK | {"n_iter": 8, "race": "halving:8:3"}
    net = NetworkClassifier((16,), epochs=24, random_state=0)
    first = clone(net).set_params(epochs=3, schedule_epochs=24)
    for scoring in (None, worst):
        search = NetworkSearchCV(net, SPACE, scoring=scoring, **options).fit(*digits)
        at_rung = [
            cross_val_score(clone(first).set_params(**trial), *digits, cv=2, scoring=scoring).mean()
            for trial in search.cv_results_["params"]
        ]
        assert search.best_index_ == np.argmax(at_rung)
        assert (search.cv_results_["state"] == "complete").sum() == 1


def attributes(search: object) -> set[str]:
    own = {name for name in vars(search) if name.endswith("_") and not name.startswith("_")}
    return own | {name for name in ("classes_", "n_features_in_") if hasattr(search, name)}


def test_it_has_what_randomized_search_has(iris: Arrays) -> None:
    X, y = iris
    frame = pandas.DataFrame(X, columns=list("abcd"))
    for scoring, refit in ((None, True), (["accuracy", "f1_macro"], "f1_macro"), ("f1_macro", False)):
        options = {"scoring": scoring, "refit": refit, "return_train_score": True, "cv": 3, "random_state": 0}
        ours = NetworkSearchCV(NET, {"lr": stats.loguniform(0.01, 0.1)}, n_iter=3, **options).fit(frame, y)
        numbers = {"min_impurity_decrease": stats.loguniform(0.001, 0.01)}
        theirs = RandomizedSearchCV(DecisionTreeClassifier(), numbers, n_iter=3, **options).fit(frame, y)
        assert attributes(ours) == attributes(theirs) | {"study_", "studies_"}
        columns = {
            name.replace("param_min_impurity_decrease", "param_lr"): column
            for name, column in theirs.cv_results_.items()
        }
        assert set(ours.cv_results_) == set(columns) | {"epochs", "state"}
        for name, column in columns.items():
            got = ours.cv_results_[name]
            assert type(got) is type(column), name
            if name != "params":
                assert (got.shape, got.dtype) == (column.shape, column.dtype), name
        assert type(ours.scorer_) is type(theirs.scorer_)
        for name in ("n_splits_", "multimetric_", "feature_names_in_", "n_features_in_", "classes_"):
            assert str(getattr(ours, name, None)) == str(getattr(theirs, name, None)), name
        assert len(pandas.DataFrame(ours.cv_results_)) == 3
        if refit:
            assert ours.best_params_ == ours.cv_results_["params"][ours.best_index_]
            assert ours.predict(frame).shape == ours.predict_log_proba(frame).argmax(axis=1).shape == (150,)
            assert ours.score(frame, y) == ours.scorer_[refit](ours.best_estimator_, frame, y) if scoring else True
            again = clone(NET).set_params(**ours.best_params_).fit(frame, y)
            assert np.array_equal(again.predict_proba(frame), ours.predict_proba(frame))
        else:
            assert not hasattr(ours, "predict")
            assert ours.best_score_ == ours.cv_results_["mean_test_score"].max()


SPLITTERS = {
    "a number": 3,
    "by default": None,
    "kfold": KFold(3, shuffle=True, random_state=1),
    "stratified": StratifiedKFold(4),
    "repeated": RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0),
    "one split": ShuffleSplit(1, random_state=0),
    "predefined": PredefinedSplit(np.repeat([-1, 0, 1], 50)),
    "iterable": [(np.arange(0, 150, 2), np.arange(1, 150, 2)), (np.arange(100), np.arange(90, 150))],
    "classes that are not there": KFold(3),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_splitters(iris: Arrays, name: str) -> None:
    net = clone(NET).set_params(epochs=4, batch_size=16)
    search = NetworkSearchCV(net, {"lr": [0.01, 0.1]}, n_iter=2, cv=SPLITTERS[name]).fit(*iris)
    assert_as_alone(search, *iris)


def test_groups_stay_together(iris: Arrays) -> None:
    X, y = iris
    groups = np.arange(150) % 7
    search = NetworkSearchCV(NET, {"lr": [0.01, 0.1]}, n_iter=2, cv=GroupKFold(3)).fit(X, y, groups=groups)
    for part, (train, _) in zip(search.study_.plan.parts, GroupKFold(3).split(X, y, groups), strict=True):
        assert len(part.train) + len(part.validation) == len(train)
    with pytest.raises(ValueError, match="groups"):
        clone(search).fit(X, y)


def several(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {"accuracy": estimator.score(X, y), "first": (estimator.predict(X) == y)[:10].mean()}


def test_scoring_and_refit_mean_what_they_mean_elsewhere(iris: Arrays) -> None:
    net = clone(NET).set_params(epochs=3)
    recall = make_scorer(recall_score, average="macro")
    for scoring in ("accuracy", recall, {"mine": recall, "loss": "neg_log_loss"}, ("accuracy", "f1_macro"), several):
        one = not isinstance(scoring, dict | tuple) and scoring is not several
        search = NetworkSearchCV(net, SPACE, scoring=scoring, refit=one, **QUICK).fit(*iris)
        assert_as_alone(search, *iris)
        assert search.multimetric_ == (not one)
    third = NetworkSearchCV(net, SPACE, refit=lambda results: 2, **QUICK).fit(*iris)
    assert third.best_index_ == 2
    assert not hasattr(third, "best_score_")
    assert third.best_params_ == third.cv_results_["params"][2]
    named = NetworkSearchCV(net, SPACE, scoring=several, refit="first", race="halving", **QUICK).fit(*iris)
    assert named.best_score_ == named.cv_results_["mean_test_first"][named.best_index_]
    with pytest.raises(ValueError, match="multi-metric"):
        NetworkSearchCV(net, SPACE, scoring=several, **QUICK).fit(*iris)


def test_a_race_among_several_scores_goes_by_the_one_that_is_named(digits: Arrays) -> None:
    net = clone(NET).set_params(epochs=9)
    scoring = {"worst": lambda e, X, y: -e.score(X, y), "best": lambda e, X, y: e.score(X, y)}
    options = QUICK | {"n_iter": 9, "race": "halving:9:1", "scoring": scoring}
    found = {refit: NetworkSearchCV(net, SPACE, refit=refit, **options).fit(*digits) for refit in (*scoring, False)}
    survivor = {name: list(search.cv_results_["state"]).index("complete") for name, search in found.items()}
    assert survivor["worst"] == survivor[False] != survivor["best"]


@pytest.mark.skipif(parse_version(sklearn.__version__) < parse_version("1.8"), reason="no Pipeline routes to score")
def test_weights_and_metadata(digits: Arrays) -> None:
    X, y = digits
    weight = np.where(y == 3, 0.0, 1.0 + (y == 8))
    plain = NetworkSearchCV(NET, SPACE, **QUICK).fit(X, y, sample_weight=weight)
    assert (plain.predict(X) != 3).all()
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(NET).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = NetworkSearchCV(asked, SPACE, **QUICK).fit(X, y, sample_weight=weight)
        assert_as_alone(search, X, y, sample_weight=weight)
        unweighted = clone(asked).set_score_request(sample_weight=False)
        other = NetworkSearchCV(unweighted, SPACE, **QUICK).fit(X, y, sample_weight=weight)
        assert_as_alone(other, X, y, sample_weight=weight)
        assert (other.cv_results_["mean_test_score"] < search.cv_results_["mean_test_score"]).all()
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), asked)
        piped = {f"networkclassifier__{name}": value for name, value in SPACE.items()}
        assert_as_alone(
            NetworkSearchCV(pipe, piped, **QUICK).fit(X, y, sample_weight=weight), X, y, sample_weight=weight
        )


def test_a_pipeline_is_fitted_once_a_split(digits: Arrays) -> None:
    fitted = []

    class Scaler(StandardScaler):
        def fit(self, X: np.ndarray, y: object = None, sample_weight: object = None) -> "Scaler":
            fitted.append(len(X))
            return super().fit(X, y)

    pipe = make_pipeline(VarianceThreshold(), Scaler(), clone(NET).set_params(batch_size=20))
    space = {f"networkclassifier__{name}": value for name, value in SPACE.items()}
    search = NetworkSearchCV(pipe, space, return_train_score=True, **QUICK).fit(*digits)
    assert fitted == [200, 200, 400]
    # Other pixels are constant in each split.
    assert len({part.n_inputs for part in search.study_.plan.parts}) == 2
    assert_as_alone(search, *digits)
    assert search.best_estimator_["networkclassifier"].lr == search.best_params_["networkclassifier__lr"]
    single = NetworkSearchCV(make_pipeline(NET), space, **QUICK).fit(*digits)
    assert_as_alone(single, *digits)


def test_among_scikit_learns_own(iris: Arrays) -> None:
    X, y = iris
    search = NetworkSearchCV(NET, {"lr": zk.log(1e-3, 1e-1)}, race="halving", **QUICK)
    nested = cross_val_score(make_pipeline(StandardScaler(), search), X, y, cv=3)
    assert nested.mean() > 0.8
    with joblib.parallel_config("threading"):
        again = cross_val_score(make_pipeline(StandardScaler(), clone(search)), X, y, cv=3, n_jobs=2)
    assert np.array_equal(nested, again)
    assert "NetworkSearchCV" in repr(search)
    assert search._repr_html_()
    frame, names = pandas.DataFrame(X, columns=list("abcd")), np.array(["setosa", "versicolor", "virginica"])
    search.fit(frame, pandas.Series(names[y]))
    assert search.classes_.tolist() == names.tolist()
    assert search.feature_names_in_.tolist() == list("abcd")
    text = pickle.dumps(search)
    assert not hasattr(pickle.loads(text), "study_")
    assert np.array_equal(pickle.loads(text).predict(frame), search.predict(frame))


def test_it_is_the_same_with_any_number_of_threads(digits: Arrays) -> None:
    options = QUICK | {"n_iter": 12, "race": "halving:3:2"}
    one, two = (NetworkSearchCV(NET, SPACE, n_jobs=n_jobs, **options).fit(*digits) for n_jobs in (1, 2))
    for name, column in one.cv_results_.items():
        if "time" not in name:
            assert np.array_equal(column, two.cv_results_[name]), name


def test_random_state(iris: Arrays) -> None:
    net = NetworkClassifier((8,), epochs=2)
    one, two = (NetworkSearchCV(net, SPACE, **QUICK).fit(*iris) for _ in range(2))
    assert np.array_equal(one.predict_proba(iris[0]), two.predict_proba(iris[0]))
    assert one.cv_results_["params"] == two.cv_results_["params"]
    fixed = [NetworkSearchCV(NET, SPACE, **QUICK | {"random_state": seed}).fit(*iris) for seed in (1, 2)]
    assert fixed[0].cv_results_["params"] != fixed[1].cv_results_["params"]
    assert fixed[0].best_estimator_.random_state == 0
    assert net.random_state is None


def test_from_lists_alone_no_point_is_tried_twice(iris: Arrays) -> None:
    net = clone(NET).set_params(epochs=1)
    space = {"optimizer": ["adam", "momentum"], "momentum": np.array([0.5, 0.9]), "lr": range(1, 3)}
    with pytest.warns(UserWarning, match="the space has 6 points, fewer than n_iter=20"):
        search = NetworkSearchCV(net, space, n_iter=20, cv=2, random_state=0).fit(*iris)
    tried = search.cv_results_["params"]
    assert len(tried) == len({tuple(sorted(params.items())) for params in tried}) == 6
    assert search.cv_results_["param_momentum"].mask.sum() == 2
    learning = NetworkSearchCV(net, space, n_iter=20, cv=2, sampler="tpe", random_state=0).fit(*iris)
    assert len(learning.cv_results_["params"]) == 20
    assert len(NetworkSearchCV(net, {"lr": [0.1]}, n_iter=1, cv=2).fit(*iris).cv_results_["params"]) == 1


def test_what_diverges_has_failed(digits: Arrays) -> None:
    net = clone(NET).set_params(optimizer="sgd")
    space = {"lr": [0.1, 1e30]}
    for scoring, shown in ((None, "score"), (["accuracy"], "accuracy"), (several, "first")):
        options = {"n_iter": 2, "cv": 2, "scoring": scoring, "refit": "first" if shown == "first" else shown}
        if scoring is None:
            options["refit"] = True
        with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
            search = NetworkSearchCV(net, space, error_score=-1.0, return_train_score=True, **options).fit(*digits)
        failed = search.cv_results_["param_lr"] == 1e30
        assert (search.cv_results_[f"split1_test_{shown}"] == -1).tolist() == failed.tolist()
        assert (search.cv_results_["state"] == "diverged").tolist() == failed.tolist()
        assert search.best_params_ == {"lr": 0.1}
    with pytest.warns((FitFailedWarning, UserWarning)):
        search = NetworkSearchCV(net, space, n_iter=2, cv=2, race="halving:2").fit(*digits)
    assert np.isnan(search.cv_results_["mean_test_score"]).sum() == 1
    with pytest.raises(InputError, match="stopped being finite in epoch 1 of trial .*, split 0: lower lr"):
        NetworkSearchCV(net, space, n_iter=2, cv=2, error_score="raise").fit(*digits)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        NetworkSearchCV(net, {"lr": [1e30]}, n_iter=1, cv=2).fit(*digits)


def test_a_scorer_that_fails(iris: Arrays) -> None:
    def fails(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> float:
        raise RuntimeError("no score")

    search = NetworkSearchCV(NET, SPACE, scoring=fails, error_score=0.25, **QUICK)
    with pytest.warns(UserWarning, match="Scoring failed"):
        search.fit(*iris)
    assert search.best_score_ == 0.25
    with pytest.raises(RuntimeError, match="no score"):
        search.set_params(error_score="raise").fit(*iris)


def test_control_c_ends_it_as_it_ends_others(digits: Arrays) -> None:
    net = NetworkClassifier(epochs=20_000, patience=None, random_state=0)
    timer = threading.Timer(0.8, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        NetworkSearchCV(net, SPACE, **QUICK).fit(*digits)
    timer.join()


def test_verbose(iris: Arrays, capsys) -> None:
    NetworkSearchCV(clone(NET).set_params(epochs=2), {"hidden": [(3,), (4,)]}, n_iter=2, cv=2, verbose=2).fit(*iris)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "Fitting 2 folds for each of 2 candidates, totalling 4 fits"
    assert len(lines) == 2
    assert "hidden=4: score=0." in "".join(lines)
    assert lines[0].endswith(", complete after 2 epochs")


PIPE = make_pipeline(StandardScaler(), NET)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": MLPClassifier()}, "must be a NetworkClassifier or NetworkRegressor, or contain one"),
        ({"estimator": TransformedTargetRegressor()}, "or contain one.*TransformedTargetRegressor"),
        ({"estimator": clone(NET).set_params(epochs=0)}, "epochs must be a whole number"),
        ({"estimator": PIPE}, "lr is not a parameter of the estimator: write networkclassifier__lr"),
        ({"space": {"learning_rate": [0.1]}}, "unknown parameter 'learning_rate'"),
        ({"space": {"epochs": [0]}}, "epochs must be a whole number"),
        ({"estimator": NetworkRegressor(), "space": {"label_smoothing": [0.1]}}, "unknown parameter"),
        ({"space": {"patience": zk.layers((1, 2), (16, 32))}}, "only hidden can be searched with layers"),
        ({"space": {"lr": 0.1}}, r"got 0.1: write \[0.1\]"),
        ({"space": {"hidden": (64, 64)}}, r"write \[\(64, 64\)\]"),
        ({"space": {"lr": []}}, "at least one option"),
        ({"space": {"lr": [-1.0]}}, "lr > 0"),
        ({"space": {"momentum": [0.5, 0.9]}}, "momentum needs the optimizer"),
        ({"space": []}, "space must be a dict .* or a list of such dicts"),
        ({"space": [{"lr": [0.1]}, "hidden"]}, "space must be a dict"),
        ({"n_iter": 0}, "n_iter must be a whole number"),
        ({"cv": 1}, "'cv' parameter"),
        ({"cv": []}, "cv must yield"),
        ({"scoring": "speed"}, "'scoring' parameter"),
        ({"scoring": ["accuracy"], "refit": "f1"}, "multi-metric"),
        ({"race": "fast"}, "unknown race"),
        ({"sampler": "bayes"}, "unknown sampler"),
        ({"refit": lambda results: 17}, "out of range"),
    ],
)
def test_what_is_refused(iris: Arrays, change: dict, message: str) -> None:
    search = NetworkSearchCV(clone(NET).set_params(epochs=1), {"lr": [0.1]}, n_iter=1, cv=2)
    with pytest.raises((ValueError, IndexError), match=message):
        search.set_params(**change).fit(*iris)


def test_what_no_fit_takes_is_refused(iris: Arrays) -> None:
    with pytest.raises(InputError, match="callbacks are not supported"):
        NetworkSearchCV(NET, SPACE).set_callbacks(print)
    with pytest.raises(TypeError, match="unexpected keyword argument 'weight'"):
        NetworkSearchCV(NET, SPACE, **QUICK).fit(*iris, weight=iris[1])
