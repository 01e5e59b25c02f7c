"""Every metric against scikit-learn: ties, absent classes and weights included."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sklearn
from sklearn import metrics as reference

from zerokara.arrays import Array
from zerokara.data import Part, Preprocess
from zerokara.errors import InputError
from zerokara.nn import softmax
from zerokara.train.ranking import RANKS, Metric, name_of, rank_text, ranking

CASES = 100
P = 2
"""Two networks in each case: 200 values of each metric."""
Want = Callable[[Array, Array, Array], float]
"""From targets, predictions of one network and weights to scikit-learn's value."""


@pytest.fixture(autouse=True)
def quick_and_quiet() -> Iterator[None]:
    """scikit-learn warns of every absent class, and checks each array several times."""
    with warnings.catch_warnings(), sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        warnings.simplefilter("ignore")
        yield


def decided(score: Callable[..., float], **options: object) -> Want:
    return lambda t, p, w: score(t, p.argmax(axis=1), sample_weight=w, **options)


def of_classes(score: Callable[..., float]) -> Want:
    """Return the value of a curve: of the second class, or the mean over the classes that have samples."""

    def mean(t: Array, p: Array, w: Array) -> float:
        if p.shape[1] == 2:
            return score(t == 1, p[:, 1], sample_weight=w)
        values = [score(t == c, p[:, c], sample_weight=w) for c in np.unique(t)]
        known = [value for value in values if not np.isnan(value)]
        return float(np.mean(known)) if known else np.nan

    return mean


WANTED: dict[str, Want] = {
    "balanced_accuracy": decided(reference.balanced_accuracy_score),
    "f1": decided(reference.f1_score, zero_division=0),
    "f1_macro": decided(reference.f1_score, average="macro", zero_division=0),
    "mcc": decided(reference.matthews_corrcoef),
    "roc_auc": of_classes(reference.roc_auc_score),
    "average_precision": of_classes(reference.average_precision_score),
}


def check(got: Array, wanted: list[float], what: str) -> None:
    assert np.allclose(got, wanted, rtol=0, atol=1e-6, equal_nan=True), f"{what}: {got} and {wanted}"


@pytest.mark.parametrize("name", WANTED)
def test_of_classes(name: str) -> None:
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        n, classes = int(rng.integers(1, 30)), 2 if name == "f1" else int(rng.integers(2, 6))
        t = rng.integers(0, rng.integers(1, classes + 1), n)
        # Few different scores, so that many are equal.
        scores = rng.integers(-2, 3, (P, n, classes)).astype(np.float32)
        w = None if seed % 2 else rng.random(n).astype(np.float32) + 0.1
        metric, nothing = ranking(name, "classification", classes), Preprocess.identity(1, classes)
        part = Part(np.zeros((n, 1)), t, w)
        got = metric.evaluate(metric.predictions(scores, nothing), part, nothing)
        p = softmax(scores.astype(float))
        check(got, [WANTED[name](t, row, np.ones(n) if w is None else w.astype(float)) for row in p], f"case {seed}")
        if seed < 20:
            again = metric.evaluate(metric.of_probabilities(p, nothing), part, nothing)
            assert np.array_equal(again, got, equal_nan=True)


@pytest.mark.parametrize("name", WANTED)
def test_of_labels_is_the_mean(name: str) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, labels = int(rng.integers(2, 30)), int(rng.integers(1, 4))
        t = rng.integers(0, 2, (n, labels)).astype(np.float32)
        scores = rng.integers(-2, 3, (P, n, labels)).astype(np.float32)
        w = None if seed % 2 else rng.random(n).astype(np.float32) + 0.1
        metric, nothing = ranking(name, "multilabel", labels), Preprocess.identity(1, labels)
        got = metric.evaluate(metric.predictions(scores, nothing), Part(np.zeros((n, 1)), t, w), nothing)
        weights = np.ones(n) if w is None else w.astype(float)
        wanted = []
        for row in 1 / (1 + np.exp(-scores.astype(float))):
            pairs = np.stack([1 - row, row], axis=-1)
            of_each = [WANTED[name](t[:, c].astype(int), pairs[:, c], weights) for c in range(labels)]
            known = [value for value in of_each if not np.isnan(value)]
            wanted.append(np.mean(known) if known else np.nan)
        check(got, wanted, f"case {seed}")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("rmse", reference.root_mean_squared_error), ("mae", reference.mean_absolute_error)],
)
def test_errors_are_in_the_units_of_the_target(name: str, wanted: Callable[..., float]) -> None:
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        n, outputs = int(rng.integers(1, 30)), int(rng.integers(1, 4))
        nothing = Preprocess.identity(1, outputs)
        shift, scale = rng.normal(size=outputs) * 100, np.arange(outputs) + 7.0
        units = Preprocess("target", nothing.shift, nothing.scale, shift, scale)
        t, y = (rng.standard_normal((*shape, outputs)).astype(np.float32) for shape in ((n,), (P, n)))
        w = None if seed % 2 else rng.random(n).astype(np.float32) + 0.1
        metric = ranking(name, "regression")
        got = metric.evaluate(metric.predictions(y, units), Part(np.zeros((n, 1)), t, w), units)
        truth = units.restore_target(t)
        check(got, [wanted(truth, units.restore_target(row), sample_weight=w) for row in y], f"case {seed}")


def test_networks_that_are_not_finite_have_no_score() -> None:
    scores = np.array([[[np.nan, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])
    nothing, part = Preprocess.identity(1, 2), Part(np.zeros((2, 1)), np.array([1, 0]))
    metric = ranking("roc_auc", "classification", 2)
    values = metric.evaluate(metric.predictions(scores, nothing), part, nothing)
    assert np.isnan(values).tolist() == [True, False]
    assert metric.objective(values).tolist() == [np.inf, -1.0]


@pytest.mark.parametrize("name", [name for name, tasks in RANKS.items() if "classification" in tasks][2:])
def test_a_network_scores_the_same_in_any_company(name: str) -> None:
    rng = np.random.default_rng(0)
    scores, t = rng.standard_normal((9, 57, 11)).astype(np.float32), rng.integers(0, 11, 57)
    if name == "f1":
        scores, t = scores[:, :, :2], t % 2
    metric, nothing = ranking(name, "classification", scores.shape[-1]), Preprocess.identity(1, 1)
    part = Part(np.zeros((57, 1)), t, rng.random(57).astype(np.float32))
    together = metric.evaluate(metric.predictions(scores, nothing), part, nothing)
    alone = [metric.evaluate(metric.predictions(scores[[k]], nothing), part, nothing)[0] for k in range(9)]
    assert together.tolist() == alone


def value(t: Array, p: Array) -> float:
    """Return the mean probability of the right class."""
    return float(p[np.arange(len(t)), t].mean())


def test_a_function_is_called_with_targets_and_probabilities() -> None:
    scores = np.log(np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.5, 0.5], [0.5, 0.5]]]))
    nothing, part = Preprocess.identity(1, 2), Part(np.zeros((2, 1)), np.array([0, 1]))
    metric = ranking(value, "classification", 2)
    assert metric.evaluate(metric.predictions(scores, nothing), part, nothing) == pytest.approx([0.85, 0.5])
    assert (metric.name, metric.label, metric.direction) == (f"{__name__}.value", "val_value", "maximize")
    lower = ranking((value, "minimize"), "classification", 2)
    assert lower.objective(np.array([0.85, np.nan])).tolist() == [0.85, np.inf]
    assert rank_text((value, "minimize")) == f"{__name__}.value:minimize"
    assert name_of(np.add) == "numpy.add"
    assert ranking(reference.accuracy_score, "classification").curve == "val_accuracy_score"
    bad = ranking(lambda t, p: p, "classification", 2)
    with pytest.raises(InputError, match="the function of rank must return one number"):
        bad.evaluate(bad.predictions(scores, nothing), part, nothing)


@pytest.mark.parametrize(
    ("rank", "task", "classes", "message"),
    [
        ("f2", "classification", 2, "unknown rank 'f2': did you mean 'r2' or 'f1'"),
        ("f1", "classification", 3, "needs two classes, got 3: use f1_macro"),
        ("rmse", "classification", 2, "a metric of the task classification, got 'rmse': use one of loss"),
        ("roc_auc", "regression", 1, "a metric of the task regression, got 'roc_auc': use one of loss"),
        ((value, "down"), "classification", 2, "a function of targets and predictions, or"),
        (3, "classification", 2, "a function of targets and predictions, or"),
    ],
)
def test_a_rank_has_rules(rank: object, task: str, classes: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ranking(rank, task, classes)  # type: ignore[arg-type]


def test_directions() -> None:
    lower = {name for name, tasks in RANKS.items() if not ranking(name, tasks[-1]).maximize}
    assert lower == {"loss", "rmse", "mae"}
    assert isinstance(ranking("accuracy", "regression"), Metric)
    assert ranking("accuracy", "regression").label == "val_r2"
