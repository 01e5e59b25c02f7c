"""Estimators that search for their own hyperparameters."""

import copy
import pickle

import numpy as np
import pandas
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import zerokara as zk
from tests.estimators.conftest import Arrays
from zerokara.errors import InputError
from zerokara.estimators import NetworkClassifier, TunedNetworkClassifier, TunedNetworkRegressor

SPACE = {"lr": zk.log(1e-4, 1e-1), "hidden": zk.choice([(8,), (16, 8)]), "dropout": stats.uniform(0, 0.5)}
QUICK = {"trials": 6, "epochs": 8, "race": "halving", "workers": 1, "random_state": 0}


@pytest.fixture(scope="module")
def tuned(digits: Arrays) -> TunedNetworkClassifier:
    return TunedNetworkClassifier(SPACE, cv=3, **QUICK).fit(*digits)


def test_the_winner_is_an_estimator_of_its_own(tuned: TunedNetworkClassifier, digits: Arrays) -> None:
    again = clone(tuned.best_estimator_).fit(*digits)
    assert np.array_equal(again.predict_proba(digits[0]), tuned.predict_proba(digits[0]))
    assert isinstance(again, NetworkClassifier)
    params = again.get_params()
    assert tuned.best_params_ == {name: params[name] for name in SPACE}
    assert params["optimizer"] == "adam"
    assert params["weight_decay"] == NetworkClassifier().weight_decay
    assert params["epochs"] == tuned.search_results_["epoch"][tuned.best_index_]
    assert tuned.score(*digits) > 0.9
    assert params["networks"] == tuned.best_estimator_.model_.ensemble.population == 5


def test_search_results_are_those_of_the_study(tuned: TunedNetworkClassifier) -> None:
    results, study = tuned.search_results_, tuned.study_
    frame = pandas.DataFrame(results)
    assert len(frame) == 6
    assert set(frame.columns) >= {"param_lr", "param_hidden", "params", "std_test_score", "split2_test_score"}
    splits = np.array([results[f"split{k}_test_score"] for k in range(3)])
    assert results["mean_test_score"] == pytest.approx(splits.mean(axis=0))
    for trial, epoch, loss, state in zip(
        study.trials, results["epoch"], results["mean_test_loss"], results["state"], strict=True
    ):
        losses = np.mean([row.curves["val_loss"][: trial.epochs] for row in trial.rows], axis=0)
        assert (loss, epoch) == (pytest.approx(losses.min()), losses.argmin() + 1)
        assert splits[:, trial.number].tolist() == [row.curves["val_score"][epoch - 1] for row in trial.rows]
        assert state == trial.state
    complete = results["state"] == "complete"
    assert results["rank_test_score"][complete].max() < results["rank_test_score"][~complete].min()
    assert (np.diff(results["mean_test_loss"][np.argsort(results["rank_test_score"])][: complete.sum()]) >= 0).all()
    assert sorted(results["rank_test_score"]) == [1, 2, 3, 4, 5, 6]
    assert results["rank_test_score"][tuned.best_index_] == 1
    assert results["params"][tuned.best_index_] == tuned.best_params_
    assert results["mean_test_score"][tuned.best_index_] == tuned.best_score_
    total = (results["mean_fit_time"] * 3).sum()
    assert total == pytest.approx(study.train_seconds)
    assert "pruned" in results["state"]


def test_a_trial_is_judged_where_its_losses_are_low_for_a_while_not_by_a_lucky_epoch(digits: Arrays) -> None:
    settings = QUICK | {"epochs": 30, "trials": 3, "race": "none"}
    tuned = TunedNetworkClassifier({"lr": zk.log(3e-3, 3e-2)}, cv=2, refit=False, **settings).fit(*digits)
    lucky = 0
    for trial, epoch, loss in zip(
        tuned.study_.trials, tuned.search_results_["epoch"], tuned.search_results_["mean_test_loss"], strict=True
    ):
        losses = trial.curves["val_loss"]
        around = [losses[max(0, k - 2) : k + 3].mean() for k in range(30)]
        assert (epoch, loss) == (np.argmin(around) + 1, pytest.approx(min(around)))
        lucky += np.argmin(losses) + 1 != epoch
    assert lucky


def test_folds_keep_the_classes(tuned: TunedNetworkClassifier, digits: Arrays) -> None:
    counts = [np.bincount(part.validation.t) for part in tuned.study_.plan.parts]
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.sum(counts) == 400


def test_a_part_held_out_or_given(digits: Arrays) -> None:
    X, y = digits
    held = TunedNetworkClassifier(SPACE, cv=None, validation=0.25, refit=False, **QUICK).fit(X, y)
    assert len(held.study_.plan.data.validation) == 100
    data, model = held.study_.plan.data, held.best_estimator_.model_
    assert model.evaluate(data, "validation") == (
        pytest.approx(held.search_results_["mean_test_loss"][held.best_index_]),
        held.best_score_,
    )
    assert held.best_score_ == held.search_results_["split0_test_score"][held.best_index_]
    assert held.best_estimator_.n_iter_ == held.search_results_["epoch"][held.best_index_]
    assert held.best_estimator_.partial_fit(X, y).n_iter_ > 0
    own = TunedNetworkClassifier(SPACE, refit=False, **QUICK).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert own.score(X[300:], y[300:]) == pytest.approx(own.best_score_)


def test_it_is_the_same_again_with_any_workers_and_without_neighbors(digits: Arrays) -> None:
    one = TunedNetworkClassifier(SPACE, cv=2, **QUICK).fit(*digits)
    two = TunedNetworkClassifier(SPACE, cv=2, **QUICK | {"workers": 2}).fit(*digits)
    assert np.array_equal(one.predict_proba(digits[0]), two.predict_proba(digits[0]))


def test_a_pickle_has_no_training_data(tuned: TunedNetworkClassifier, digits: Arrays) -> None:
    tuned = clone(tuned).set_params(networks=1).fit(*digits)
    text = pickle.dumps(tuned)
    assert len(text) < 60_000 < digits[0].astype(np.float32).nbytes
    other = pickle.loads(text)
    assert not hasattr(other, "study_")
    assert np.array_equal(other.predict_proba(digits[0]), tuned.predict_proba(digits[0]))
    assert copy.deepcopy(tuned.study_.best).number == tuned.best_index_
    assert hasattr(tuned, "study_")


def test_tasks_and_company(labels: Arrays, diabetes: Arrays) -> None:
    X, Y = labels
    several = TunedNetworkClassifier(SPACE, cv=2, **QUICK).fit(X, Y)
    assert several.predict(X).shape == Y.shape
    numbers = TunedNetworkRegressor({"lr": zk.log(1e-3, 1e-1)}, cv=2, **QUICK)
    assert cross_val_score(make_pipeline(StandardScaler(), numbers), *diabetes, cv=2).mean() > 0.2
    two = TunedNetworkRegressor({"lr": 0.01}, cv=None, **QUICK | {"trials": 1}).fit(
        diabetes[0], np.c_[[diabetes[1]] * 2].T
    )
    assert two.predict(diabetes[0]).shape == (442, 2)
    assert two.best_params_ == {}


def test_weights_count_in_the_search(digits: Arrays) -> None:
    X, y = digits
    none = TunedNetworkClassifier(SPACE, cv=2, **QUICK).fit(X, y, sample_weight=(y != 3).astype(float))
    assert (none.predict(X) != 3).all()
    assert sum(len(part.validation) for part in none.study_.plan.parts) == (y != 3).sum()
    by_class = TunedNetworkClassifier(SPACE, cv=2, class_weight={3: 100}, **QUICK).fit(X, y)
    by_sample = TunedNetworkClassifier(SPACE, cv=2, **QUICK).fit(X, y, sample_weight=np.where(y == 3, 100, 1))
    assert by_class.best_score_ == by_sample.best_score_
    assert np.array_equal(by_class.search_results_["mean_test_loss"], by_sample.search_results_["mean_test_loss"])
    assert not np.array_equal(by_class.search_results_["mean_test_loss"], none.search_results_["mean_test_loss"])


def test_splits_of_ones_own(digits: Arrays) -> None:
    X, y = digits
    groups = np.arange(400) % 7
    halves = [(np.arange(0, 400, 2), np.arange(1, 400, 2)), (np.arange(300), np.arange(290, 400))]
    for cv in (KFold(3, shuffle=True, random_state=1), GroupKFold(3), PredefinedSplit(np.arange(400) % 3 - 1), halves):
        given = {"groups": groups} if isinstance(cv, GroupKFold) else {}
        tuned = TunedNetworkClassifier({"lr": zk.log(1e-3, 1e-1)}, cv=cv, **QUICK).fit(X, y, **given)
        splits = cv if isinstance(cv, list) else list(cv.split(X, y, **given))
        assert len(splits) == len(tuned.study_.plan.parts)
        for part, (train, test) in zip(tuned.study_.plan.parts, splits, strict=True):
            assert np.array_equal(part.original.train.x, X[train].astype(np.float32))
            assert np.array_equal(part.original.validation.x, X[test].astype(np.float32))
    weight = (y != 3).astype(float)
    tuned = TunedNetworkClassifier({"lr": 0.1}, cv=KFold(2), **QUICK | {"trials": 1})
    parts = tuned.fit(X, y, sample_weight=weight).study_.plan.parts
    assert [len(part.validation) for part in parts] == [int(weight[test].sum()) for _, test in KFold(2).split(X)]
    with pytest.raises(ValueError, match="groups"):
        TunedNetworkClassifier(SPACE, cv=GroupKFold(3), **QUICK).fit(X, y)


def mine(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> float:
    return -float((estimator.predict(X) == y).mean())


@pytest.mark.parametrize("scoring", ["balanced_accuracy", mine, "neg_log_loss"])
def test_own_scores_are_those_of_each_network_at_its_best_epoch(digits: Arrays, scoring: object) -> None:
    X, y = digits
    cv = KFold(2)
    tuned = TunedNetworkClassifier(SPACE, cv=cv, scoring=scoring, **QUICK | {"race": "halving:2:4"}).fit(X, y)
    results = tuned.search_results_
    scorer = scoring if callable(scoring) else get_scorer(scoring)
    for i, trial in enumerate(tuned.study_.trials):
        net = NetworkClassifier(**trial.params, patience=None, random_state=0)
        net.set_params(epochs=trial.epochs, schedule_epochs=QUICK["epochs"])
        for k, (train, test) in enumerate(cv.split(X)):
            alone = clone(net).fit(X[train], y[train], X_val=X[test], y_val=y[test])
            assert results[f"split{k}_test_score"][i] == scorer(alone, X[test], y[test])
    complete = results["state"] == "complete"
    assert tuned.best_score_ == results["mean_test_score"][complete].max()
    assert results["rank_test_score"][tuned.best_index_] == 1
    assert 0 < complete.sum() < 6
    # The rung of 4 epochs was won by the scores there.
    assert tuned.best_estimator_.epochs == results["epoch"][tuned.best_index_]


def test_own_scores_with_seeds_numbers_and_a_part_held_out(diabetes: Arrays, digits: Arrays) -> None:
    settings = QUICK | {"scoring": "neg_median_absolute_error", "epochs": 30}
    numbers = TunedNetworkRegressor({"lr": zk.log(1e-3, 1e-1)}, cv=2, seeds=2, **settings).fit(*diabetes)
    splits = np.array([numbers.search_results_[f"split{k}_test_score"] for k in range(4)])
    assert splits.shape == (4, 6)
    assert (splits < -10).all()  # In the targets' own units.
    assert len(np.unique(splits)) == 24
    frame = pandas.DataFrame(digits[0]).add_prefix("x")
    held = TunedNetworkClassifier(SPACE, cv=None, scoring="accuracy", refit=False, **QUICK).fit(frame, digits[1])
    assert held.best_score_ == held.study_.trials[held.best_index_].at("val_score")
    data = held.study_.plan.data
    assert held.best_estimator_.model_.evaluate(data, "validation")[1] == held.best_score_
    with pytest.raises(InputError, match="no trial has a finite score"):
        TunedNetworkClassifier(SPACE, cv=2, scoring=lambda *_: np.nan, **QUICK).fit(*digits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cv": 1}, "a number of folds"),
        ({"cv": "loo"}, "a number of folds"),
        ({"cv": []}, "a number of folds"),
        ({"scoring": "speed"}, "scoring"),
        ({"scoring": ["accuracy"]}, "scoring must be one scorer"),
        ({"scoring": lambda *_: {"a": 1.0}}, "scoring must return one number"),
        ({"cv": 500}, "needs at least 500 samples"),
        ({"cv": None, "validation": None}, "validation must have samples"),
        ({"space": {"learning_rate": zk.log(1, 2)}}, "unknown hyperparameter 'learning_rate'"),
        ({"space": {"lr": [0.1, 0.2]}}, "zk.choice"),
        ({"trials": 0}, "trials must be"),
        ({"sampler": "bayes"}, "sampler"),
        ({"race": "fast"}, "race"),
        ({"space": {"lr": zk.log(1e20, 1e30)}}, "a winner needs a finite validation loss"),
        ({"space": {"lr": zk.log(1e20, 1e30)}, "cv": 2}, "no trial has a finite validation loss"),
    ],
)
def test_what_is_refused(digits: Arrays, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TunedNetworkClassifier(**QUICK | settings).fit(*digits)


def test_what_the_refit_would_refuse_is_refused_before_the_search(digits: Arrays) -> None:
    tuned = TunedNetworkClassifier(**QUICK, networks=0)
    with pytest.raises(InputError, match="networks must be"):
        tuned.fit(*digits)
    assert not hasattr(tuned, "study_")
