"""Figures of a model's predictions: plain data that agree with scikit-learn, and pictures of them."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn import metrics

import zerokara as zk
from zerokara import figures
from zerokara.data import from_arrays
from zerokara.errors import InputError
from zerokara.study.views import evaluation


def drawn(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png")


@pytest.fixture(scope="module")
def digits() -> tuple[zk.Model, zk.data.Dataset]:
    data = zk.data.load("digits").first(500).split(validation=0.3, test=0.2, seed=0)
    return zk.tune(data, {"hidden": (8,)}, trials=1, epochs=6).best.model, data


@pytest.fixture(scope="module")
def price() -> tuple[zk.Model, zk.data.Dataset]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    t = 50_000 * (x[:, :1] + 0.3 * rng.normal(size=(200, 1))) + 200_000
    data = from_arrays(x, t, name="houses", classes=("price",)).split(validation=0.3, seed=0).scaled("standard")
    return zk.tune(data, {"hidden": (8,)}, trials=1, epochs=6).best.model, data


@pytest.fixture(scope="module")
def two() -> tuple[zk.Model, zk.data.Dataset]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    t = (x[:, 0] + rng.normal(size=300) > 0).astype(int)
    weights = rng.integers(1, 4, 300).astype(float)
    data = from_arrays(x, t, name="two", weights=weights, classes=("no", "yes")).split(validation=0.3, seed=0)
    return zk.tune(data, {"hidden": (8,)}, trials=1, epochs=6).best.model, data


@pytest.mark.parametrize("name", ["digits", "two"])
def test_the_confusion_is_that_of_scikit_learn(name, request) -> None:
    model, data = request.getfixturevalue(name)
    found = evaluation.confusion(model, data)
    part = data.validation
    t, y, w = part.t, model.scores(part.x).argmax(axis=1), part.weights
    labels = range(len(data.classes))
    np.testing.assert_allclose(found.counts, metrics.confusion_matrix(t, y, labels=labels, sample_weight=w))
    shares = metrics.precision_recall_fscore_support(t, y, labels=labels, sample_weight=w, zero_division=np.nan)
    np.testing.assert_allclose(found.precision, shares[0])
    np.testing.assert_allclose(found.recall, shares[1])
    assert f"{metrics.accuracy_score(t, y, sample_weight=w):.1%} of {len(t)} validation samples right" in found.title
    figure = figures.draw_confusion(found)
    cells = [text.get_text() for text in figure.axes[0].texts]
    assert f"{found.counts.max():g}" in cells
    assert f"{found.recall[0]:.2f}" in cells
    drawn(figure)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_every_part_can_be_looked_at(digits, part) -> None:
    model, data = digits
    assert evaluation.confusion(model, data, part).counts.sum() == len(getattr(data, part).t)
    assert ("training" if part == "train" else part) in evaluation.calibration(model, data, part).title


def test_residuals_are_in_the_units_of_the_target(price) -> None:
    model, data = price
    found = evaluation.residuals(model, data)
    assert 150_000 < found.truth.mean() < 250_000
    assert np.sqrt(np.mean((found.prediction - found.truth) ** 2)) == pytest.approx(model.error(data, "validation")[0])
    figure = figures.draw_residuals(found)
    left, right = figure.axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("price, true", "price, predicted")
    assert right.get_lines()[1].get_ydata() == pytest.approx(found.prediction - found.truth)
    drawn(figure)


@pytest.mark.parametrize("name", ["digits", "two"])
def test_the_calibration_has_every_sample_in_one_bin(name, request) -> None:
    model, data = request.getfixturevalue(name)
    found = evaluation.calibration(model, data)
    part = data.validation
    chances = model.predict_proba(part.x)
    right = part.t == 1 if name == "two" else chances.argmax(axis=1) == part.t
    confidence = chances[:, 1] if name == "two" else chances.max(axis=1)
    assert found.counts.sum() == len(part.t)
    weights = np.ones(len(right)) if part.weights is None else part.weights
    bins = np.split(np.argsort(confidence, kind="stable"), np.cumsum(found.counts)[:-1])
    for values, shown in ((right, found.right), (confidence, found.confidence)):
        assert shown == pytest.approx([np.average(values[k], weights=weights[k]) for k in bins], rel=1e-4)
    assert (np.diff(found.confidence) >= 0).all()
    assert found.event == ("the class is yes" if name == "two" else "the predicted class is right")
    drawn(figures.draw_calibration(found))


def test_the_worst_mistakes_are_those_with_the_least_probability(digits) -> None:
    model, data = digits
    found = evaluation.mistakes(model, data, count=3)
    part = data.validation
    chances = model.predict_proba(part.x)
    of_truth = np.where(chances.argmax(axis=1) == part.t, 1, chances[np.arange(len(part.t)), part.t])
    worst = np.argsort(of_truth)[:3]
    assert [int(text.split()[1].rstrip(":")) for text in found.texts] == worst.tolist()
    k = worst[0]
    assert found.texts[0].startswith(f"sample {k}: true {part.t[k]} ({chances[k, part.t[k]]:.2g})\npredicted ")
    assert found.images is not None
    np.testing.assert_allclose(found.images[0], part.x[k].reshape(8, 8))
    drawn(figures.draw_mistakes(found))


def test_the_worst_mistakes_of_a_table_are_a_list(price, two) -> None:
    found = evaluation.mistakes(*price)
    assert found.images is None
    truth = evaluation.residuals(*price)
    worst = np.abs(truth.prediction - truth.truth).argmax()
    t, y = truth.truth[worst], truth.prediction[worst]
    assert found.texts[0] == f"sample {worst}: price {t:,.0f}, predicted {y:,.0f}"
    drawn(figures.draw_mistakes(found))
    listed = evaluation.mistakes(*two)
    assert len(listed.texts) == 20
    assert all("true" in text and ", predicted" in text for text in listed.texts)
    drawn(figures.draw_mistakes(listed))


def test_no_mistakes_and_absent_classes_are_drawn() -> None:
    x = np.repeat(np.eye(3), 40, axis=0).astype(np.float32)
    data = from_arrays(x, np.repeat(range(3), 40), name="easy", classes=("a", "b", "c" * 40)).split(0.2, seed=0)
    model = zk.tune(data, {"hidden": (8,), "lr": 0.05}, trials=1, epochs=30).best.model
    found = evaluation.mistakes(model, data)
    assert (found.texts, found.title) == ((), "easy: the 0 worst of 0 mistakes on 24 validation samples")
    drawn(figures.draw_mistakes(found))
    only = from_arrays(x[:60], np.repeat([0, 1], [40, 20]), name="two", classes=("a", "b", "c" * 40))
    table = evaluation.confusion(model, only.split(0.2, seed=0))
    assert np.isnan(table.recall[2])
    drawn(figures.draw_confusion(table))
    many = evaluation.ConfusionTable(np.eye(40), tuple(map(str, range(40))))
    assert not figures.draw_confusion(many).axes[0].texts
    drawn(figures.draw_confusion(many))


@pytest.mark.parametrize(("what", "name"), [("confusion", "price"), ("calibration", "price"), ("residuals", "digits")])
def test_a_figure_of_another_task_is_refused(what, name, request) -> None:
    with pytest.raises(InputError, match=f"{what} needs a"):
        getattr(evaluation, what)(*request.getfixturevalue(name))
