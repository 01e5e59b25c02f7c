"""What people ask of an estimator of networks."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_info

from tests.estimators.conftest import Arrays
from zerokara import Model
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.estimators import NetworkClassifier, NetworkRegressor
from zerokara.optim import OPTIMIZERS
from zerokara.rng import stream

WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""OpenBLAS's kernels for AVX-512."""


def weights(estimator: NetworkClassifier | NetworkRegressor) -> np.ndarray:
    return estimator.model_.ensemble.groups[0].params


def test_defaults_learn_small_and_large_data() -> None:
    for load, least in ((load_iris, 0.9), (load_wine, 0.93), (load_breast_cancer, 0.94), (load_digits, 0.95)):
        X, X_test, y, y_test = train_test_split(*load(return_X_y=True), random_state=0)
        assert NetworkClassifier((100,), random_state=0).fit(X, y).score(X_test, y_test) > least, load.__name__
    for load, least in ((load_diabetes, 0.3), (lambda return_X_y: make_friedman1(3000, random_state=0), 0.95)):
        X, X_test, y, y_test = train_test_split(*load(return_X_y=True), random_state=0)
        assert NetworkRegressor((100,), random_state=0).fit(X, 1e4 * y + 1e6).score(X_test, 1e4 * y_test + 1e6) > least
    X, X_test, y, y_test = train_test_split(*load_wine(return_X_y=True), random_state=0)
    assert NetworkClassifier(random_state=0).fit(X, y).score(X_test, y_test) > 0.93
    X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    one = NetworkRegressor((100,), random_state=0).fit(X, y).score(X_test, y_test)
    assert NetworkRegressor(random_state=0).fit(X, 1e4 * y + 1e6).score(X_test, 1e4 * y_test + 1e6) > max(one, 0.3)


CONTINUED = (
    {},
    {"dropout": 0.3, "batch_norm": True, "optimizer": "nesterov", "lr": 0.05, "momentum": 0.8},
    {"schedule": "cosine:2", "schedule_epochs": 12, "activation": "gelu", "validation": None},
    {"scoring": "accuracy", "class_weight": "balanced", "label_smoothing": 0.1, "batch_size": 50},
    {"patience": 1, "lr": 0.03},
    {"networks": 3, "dropout": 0.3, "batch_norm": True},
    *({"numeric_encoding": name, "networks": 2} for name in ("piecewise", "robust", "periodic")),
    *({"optimizer": name, "schedule": "step:4:0.3"} for name in OPTIMIZERS),
)


@pytest.mark.parametrize("settings", CONTINUED, ids=str)
@pytest.mark.filterwarnings("ignore:training stopped early")
def test_six_epochs_and_six_more_are_twelve_to_the_bit(digits: Arrays, settings: dict[str, object]) -> None:
    whole = NetworkClassifier((16,), epochs=12, random_state=3, **settings).fit(*digits)
    parts = NetworkClassifier((16,), epochs=6, random_state=3, warm_start=True, **settings).fit(*digits)
    parts = pickle.loads(pickle.dumps(parts)).fit(*digits)
    assert np.array_equal(weights(whole), weights(parts))
    assert parts.n_iter_ == whole.n_iter_
    assert parts.best_epoch_ == whole.best_epoch_
    for name, curve in whole.history_.items():
        assert np.array_equal(curve, parts.history_[name], equal_nan=True), name
    assert np.array_equal(whole.predict_proba(digits[0]), parts.predict_proba(digits[0]))
    if settings.get("validation", 1):
        assert whole.n_iter_ < 12 or "patience" not in settings


def test_networks_side_by_side_answer_with_their_mean(digits: Arrays) -> None:
    X, y = digits
    settings = {"dropout": 0.2, "batch_norm": True, "epochs": 8, "patience": None, "random_state": 3}
    several = NetworkClassifier((16,), networks=3, validation=None, **settings).fit(X[:300], y[:300])
    alone = NetworkClassifier((16,), validation=None, **settings).fit(X[:300], y[:300])
    assert several.model_.ensemble.population == 3
    rows = weights(several)
    assert np.array_equal(rows[0], weights(alone)[0])
    assert not np.array_equal(rows[1], rows[2])
    each = [alone._having(several._fit_state.network.take(k), several.model_.preprocess) for k in range(3)]
    found = [one.predict_proba(X) for one in each]
    assert several.predict_proba(X) == pytest.approx(np.mean(found, axis=0), abs=1e-6)
    losses = [log_loss(y[300:], p[300:]) for p in found]
    assert log_loss(y[300:], several.predict_proba(X[300:])) < np.mean(losses)
    assert several.history_["train_loss"].shape == (8,)
    assert several.history_["train_loss"][0] != alone.history_["train_loss"][0]


def test_networks_side_by_side_keep_the_epoch_of_their_lowest_mean_loss(digits: Arrays) -> None:
    X, y = digits
    held_out = {"X_val": X[300:], "y_val": y[300:]}
    net = NetworkClassifier((16,), networks=3, lr=0.05, epochs=15, random_state=0).fit(X[:300], y[:300], **held_out)
    losses = net._fit_state.history["val_loss"]
    assert losses.shape == (3, 15)
    assert np.array_equal(net.history_["val_loss"], losses.mean(axis=0))
    assert net.best_epoch_ == losses.mean(axis=0).argmin() + 1 < 15
    own = [net._having(net.model_.ensemble.groups[0].take(k), net.model_.preprocess) for k in range(3)]
    assert [log_loss(y[300:], one.predict_proba(X[300:])) for one in own] == pytest.approx(
        losses[:, net.best_epoch_ - 1], rel=1e-4
    )


def test_networks_side_by_side_score_and_diverge_together(digits: Arrays, diabetes: Arrays) -> None:
    settings = {"networks": 2, "epochs": 5, "random_state": 0}
    scored = NetworkClassifier((8,), scoring="accuracy", **settings).fit(*digits)
    assert scored.best_epoch_ == scored.history_["val_scoring"].argmax() + 1
    with np.errstate(all="ignore"), pytest.raises(InputError, match="stopped being finite"):
        NetworkRegressor((8,), optimizer="sgd", lr=1e6, validation=None, **settings).fit(*diabetes)
    assert NetworkRegressor((8,), **settings).fit(*diabetes).partial_fit(*diabetes).n_iter_ == 6


def test_going_on_takes_the_arguments_of_now(digits: Arrays) -> None:
    net = NetworkClassifier((16,), epochs=3, warm_start=True, dropout=0.2, random_state=0).fit(*digits)
    net.set_params(lr=0.1, optimizer="sgd", dropout=0.5).fit(*digits)
    assert net.history_["lr"].tolist() == [0.001] * 3 + [0.1] * 3
    assert net.model_.network.arrays()["2.rate"].ravel() == [0.5]
    with pytest.raises(InputError, match="continues only with the same hidden"):
        net.set_params(hidden=(8,)).fit(*digits)
    with pytest.raises(InputError, match="as many networks as before, 1, got 2"):
        net.set_params(hidden=(16,), networks=2).fit(*digits)
    assert net.set_params(warm_start=False).fit(*digits).n_iter_ == 3


def test_who_stopped_early_says_so_and_goes_on_with_more_patience(digits: Arrays) -> None:
    net = NetworkClassifier((16,), lr=0.1, patience=1, warm_start=True, random_state=0).fit(*digits)
    stopped = net.n_iter_
    with pytest.warns(ConvergenceWarning, match=f"stopped early in epoch {stopped}"):
        net.fit(*digits)
    assert net.n_iter_ == stopped
    assert net.set_params(patience=3).fit(*digits).n_iter_ > stopped


def test_the_best_epoch_is_the_one_that_counts(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier((32,), lr=0.02, epochs=40, patience=None, random_state=0)
    net.fit(X[:150], y[:150], X_val=X[150:250], y_val=y[150:250])
    history = net.history_
    assert net.n_iter_ == 40 == len(history["train_loss"]) == len(history["val_score"])
    assert net.best_epoch_ == history["val_loss"].argmin() + 1 < 40
    assert net.score(X[150:250], y[150:250]) == pytest.approx(history["val_score"][net.best_epoch_ - 1])
    assert log_loss(y[:150], net.predict_proba(X[:150])) == pytest.approx(
        history["train_loss"][net.best_epoch_ - 1], rel=1e-4
    )


def test_own_scoring(digits: Arrays) -> None:
    X, y = digits

    def mine(estimator: NetworkClassifier, X: np.ndarray, y: np.ndarray) -> float:
        assert estimator.predict_proba(X).shape == (len(y), 10)
        return balanced_accuracy_score(y, estimator.predict(X))

    named, own = (
        NetworkClassifier((16,), epochs=15, scoring=scoring, random_state=0).fit(X, y, X_val=X[:55], y_val=y[:55])
        for scoring in ("balanced_accuracy", mine)
    )
    assert np.array_equal(weights(named), weights(own))
    assert named.best_epoch_ == named.history_["val_scoring"].argmax() + 1
    assert not np.array_equal(named.history_["val_scoring"], named.history_["val_score"])
    r2 = NetworkRegressor((8,), epochs=5, scoring="r2", random_state=0).fit(X, y)
    assert r2.history_["val_scoring"] == pytest.approx(r2.history_["val_score"], abs=1e-5)


def test_a_weight_of_zero_is_a_sample_that_is_not_there(digits: Arrays) -> None:
    X, y = digits
    weight = (np.arange(len(y)) % 3 > 0) * 2.0
    net = NetworkClassifier((16,), epochs=5, random_state=0)
    one = clone(net).fit(X, y, sample_weight=weight)
    other = clone(net).fit(X[weight > 0], y[weight > 0])
    assert np.array_equal(weights(one), weights(other))


def test_weights_move_the_answers() -> None:
    x = stream(0, "x").standard_normal((300, 2))
    y = (x[:, 0] + 2 * stream(0, "noise").standard_normal(300) > 1.5).astype(int)
    share = {}
    for name, weight in {"none": None, "balanced": "balanced", "given": {1: 50.0}}.items():
        share[name] = NetworkClassifier((8,), class_weight=weight, random_state=0).fit(x, y).predict(x).mean()
    assert share["none"] < share["balanced"] < share["given"]
    by_sample = NetworkClassifier((8,), random_state=0).fit(x, y, sample_weight=np.where(y, 50.0, 1.0))
    by_class = NetworkClassifier((8,), class_weight={1: 50.0}, random_state=0).fit(x, y)
    assert np.array_equal(weights(by_sample), weights(by_class))
    heavy = NetworkRegressor((8,), random_state=0).fit(x, y, sample_weight=np.where(y, 50.0, 1.0))
    assert heavy.predict(x).mean() > NetworkRegressor((8,), random_state=0).fit(x, y).predict(x).mean() + 0.2


def test_labels_of_which_a_sample_has_several(labels: Arrays) -> None:
    X, Y = labels
    net = NetworkClassifier((32,), random_state=0).fit(X, Y)
    assert net.predict(X).shape == net.predict_proba(X).shape == Y.shape
    assert ((net.predict_proba(X) > 0.5) == net.predict(X)).all()
    assert (net.predict(X) == Y).mean() > 0.8
    assert np.exp(net.predict_log_proba(X)) == pytest.approx(net.predict_proba(X))
    step = NetworkClassifier((32,), lr=0.01, random_state=0)
    for start in range(0, 1500, 50):
        rows = np.arange(start, start + 50) % 300
        step.partial_fit(X[rows], Y[rows])
    assert (step.predict(X) == Y).mean() > 0.7
    with pytest.raises(InputError, match="must be labels"):
        step.partial_fit(X, Y[:, 0])
    with pytest.raises(InputError, match="must have 4 labels"):
        step.partial_fit(X, Y[:, :3])
    with pytest.raises(InputError, match="class_weight does not apply to several labels"):
        NetworkClassifier(class_weight="balanced").fit(X, Y)


def test_partial_fit_is_one_epoch_and_knows_classes_to_come(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier((32,), random_state=0)
    with pytest.raises(InputError, match="first call"):
        net.partial_fit(X, y)
    for _ in range(10):
        for start in range(0, 400, 100):
            net.partial_fit(X[start : start + 100], y[start : start + 100], classes=range(10))
    assert net.n_iter_ == 40
    assert net.score(X, y) > 0.9
    with pytest.raises(InputError, match=r"known classes only, .*, got also \[11\]"):
        net.partial_fit(X, y + (y == 9) * 2)
    late = NetworkClassifier((8,), random_state=0).partial_fit(X[y < 5], y[y < 5], classes=np.arange(10))
    assert late.predict_proba(X).shape == (400, 10)
    with pytest.raises(InputError, match="balanced"):
        NetworkClassifier(class_weight="balanced").partial_fit(X, y, classes=range(10))


def test_partial_fit_after_fit_goes_on_from_the_best_epoch(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier((16,), lr=0.05, epochs=30, patience=None, random_state=0).fit(X, y)
    before = net.predict_proba(X)
    net.set_params(lr=1e-9).partial_fit(X, y)
    assert net.n_iter_ == 31
    assert np.abs(net.predict_proba(X) - before).max() < 1e-3


def test_a_diverging_network_is_an_error_or_a_warning(diabetes: Arrays) -> None:
    with pytest.raises(InputError, match="lower the learning rate"):
        NetworkRegressor(optimizer="sgd", lr=1e6, random_state=0).fit(*diabetes)
    net = NetworkRegressor(optimizer="sgd", epochs=3, lr=1e-3, warm_start=True, random_state=0).fit(*diabetes)
    best = weights(net).copy()
    with pytest.warns(ConvergenceWarning, match="best epoch was kept"):
        net.set_params(lr=1e6).fit(*diabetes)
    assert np.array_equal(weights(net), best)
    with pytest.raises(InputError, match="start again"):
        net.fit(*diabetes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": (0,)}, "layer sizes"),
        ({"hidden": 100}, "layer sizes"),
        ({"lr": -1}, "lr > 0"),
        ({"lr": "fast"}, "lr > 0"),
        ({"optimizer": "lbfgs"}, "unknown optimizer 'lbfgs'"),
        ({"activation": "rely"}, "did you mean 'relu'"),
        ({"dropout": 1.0}, "0 <= dropout < 1"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"patience": 0}, "patience must be a whole number"),
        ({"threads": 1.5}, "threads must be a whole number"),
        ({"validation": 1.5}, "validation must be a fraction"),
        ({"validation": 400}, "must leave samples for training"),
        ({"scaling": "robust"}, "unknown scaling"),
        ({"batch_size": "large"}, "a whole number or 'auto'"),
        ({"schedule": "linear"}, "cosine"),
        ({"tol": -1.0}, "min_delta >= 0"),
        ({"scoring": "speed"}, "scoring"),
        ({"class_weight": {11: 2}}, "class"),
        ({"class_weight": {3: -1}}, "a weight of 0 or above by class"),
        ({"class_weight": {3: float("nan")}}, "a weight of 0 or above by class"),
        ({"class_weight": {3: float("inf")}}, "a weight of 0 or above by class"),
        ({"class_weight": "balance"}, "must be 'balanced' or weights by label"),
    ],
    ids=str,
)
def test_arguments_are_checked_in_fit_and_not_before(digits: Arrays, settings: dict, message: str) -> None:
    net = NetworkClassifier().set_params(**settings)
    with pytest.raises(ValueError, match=message):
        net.fit(*digits)


def test_validation_data_come_in_pairs_and_alike(digits: Arrays) -> None:
    X, y = digits
    for given, message in (
        ({"X_val": X}, "passed together"),
        ({"X_val": X[:, :5], "y_val": y}, "5 features"),
        ({"X_val": X, "y_val": y + 5}, "known classes only"),
        ({"X_val": X, "y_val": y[:-1]}, "inconsistent"),
    ):
        with pytest.raises(ValueError, match=message):
            NetworkClassifier().fit(X, y, **given)


def test_random_state(digits: Arrays) -> None:
    net = NetworkClassifier((8,), epochs=2)
    one, two = (clone(net).set_params(random_state=5).fit(*digits) for _ in range(2))
    assert np.array_equal(weights(one), weights(two))
    shared = np.random.RandomState(0)
    three, four = (clone(net).set_params(random_state=shared).fit(*digits) for _ in range(2))
    assert not np.array_equal(weights(three), weights(four))
    five, six = (clone(three).fit(*digits) for _ in range(2))
    assert np.array_equal(weights(five), weights(six))
    np.random.seed(1)
    five = clone(net).fit(*digits)
    np.random.seed(1)
    assert np.array_equal(weights(five), weights(clone(net).fit(*digits)))


def test_what_is_said_of_a_sample_does_not_depend_on_its_company(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier(epochs=3, random_state=0).fit(X, y)
    whole = net.predict_proba(X)
    # In OpenBLAS's kernels for AVX2 the last bits depend on a sample's place among the rows of a product.
    tolerance = 0.0 if WIDE & {each.get("architecture") for each in threadpool_info()} else 1e-6
    for rows in (slice(0, 1), slice(7, 10), slice(300, 400), np.arange(399, -1, -1)):
        np.testing.assert_allclose(net.predict_proba(X[rows]), whole[rows], rtol=tolerance, atol=0)


def test_a_pickle_holds_no_training_data_and_the_model_can_be_saved(digits: Arrays, tmp_path) -> None:
    X, y = digits
    net = NetworkClassifier((16,), epochs=2, random_state=0).fit(X, y)
    more = NetworkClassifier((16,), epochs=2, random_state=0).fit(np.repeat(X, 10, axis=0), np.repeat(y, 10))
    assert abs(len(pickle.dumps(net)) - len(pickle.dumps(more))) < 100
    assert len(pickle.dumps(net)) < 8 * weights(net).nbytes
    model = Model.load(net.model_.save(tmp_path / "digits.safetensors"))
    assert (model.predict(X) == net.predict(X)).all()


def test_few_samples_are_all_learned_from(diabetes: Arrays) -> None:
    X, y = diabetes
    few = NetworkRegressor((4,), epochs=3, random_state=0).fit(X[:9], y[:9])
    assert np.isnan(few.history_["val_loss"]).all()
    with pytest.warns(ZerokaraWarning, match=r"no validation samples of class '2' \(1 in all\)"):
        single = NetworkClassifier((4,), epochs=3, random_state=0).fit(X[:20], [0] * 9 + [1] * 10 + [2])
    assert not np.isnan(single.history_["val_loss"]).any()
    assert single.predict_proba(X).shape == (442, 3)


def test_verbose_prints_a_line_an_epoch(digits: Arrays, capsys) -> None:
    NetworkClassifier((8,), epochs=3, verbose=True, random_state=0).fit(*digits)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("epoch 3: train_loss ")
    assert "val_score 0." in lines[2]


def test_without_scikit_learn_the_remedy_is_told() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import zerokara.estimators"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "python -m pip install scikit-learn" in done.stderr


def test_what_single_precision_would_blur_is_refused(diabetes: Arrays) -> None:
    X, y = diabetes
    whole = np.arange(442.0)[:, None] % 7
    for X_far, y_far in ((X + 1e6, y), (np.hstack([X, 1.7e9 + whole]), y), (X, y + 1e9), (1_700_000_000 + whole, y)):
        with pytest.raises(InputError, match="float32 cannot tell apart"):
            NetworkRegressor(epochs=1).fit(X_far, y_far)
    for X_near in (X + 10, 1e6 + whole, np.full((442, 1), 0.1), X.astype(np.float32)):
        NetworkRegressor(epochs=1, random_state=0).fit(X_near, y + 1e4)


def test_the_curves_of_the_default_networks_have_their_best_epoch(digits: Arrays) -> None:
    X, y = digits
    net = NetworkClassifier(random_state=0).fit(X[:, :3], y > 4)
    assert 0 < net.best_epoch_ <= len(net.history_["val_loss"]) <= net.n_iter_
