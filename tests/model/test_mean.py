"""The weighted mean of models, each with its own scaling and encoder, is a model."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import zerokara as zk
from tests.marks import NEW_VALUES
from tests.model.folds import CASES, TASKS, WEIGHTS, answers, of_folds, rows, samples, table
from zerokara.data import Dataset, from_table
from zerokara.data.counts import as_counts
from zerokara.errors import InputError
from zerokara.model import Model
from zerokara.model.file import unpack
from zerokara.nn import mlp
from zerokara.rng import stream
from zerokara.study.views import evaluation

pytestmark = NEW_VALUES


@pytest.fixture(scope="module", params=CASES)
def case(request) -> tuple[Dataset, Any, list[Model], Model]:
    data, x = CASES[request.param]()
    models = of_folds(data, 2)
    return data, x, models, Model.mean(models, WEIGHTS)


def test_a_mean_predicts_the_weighted_mean_of_the_models(case) -> None:
    _, x, models, mean = case
    expected = np.average([answers(model, x) for model in models], axis=0, weights=WEIGHTS)
    scale = np.abs(expected).max()
    assert np.allclose(answers(mean, x), expected, rtol=0, atol=1e-6 * scale)
    assert len(mean.members) == 5
    if mean.task != "regression":
        decided = expected.argmax(axis=1) if mean.task == "classification" else expected > 0.5
        assert np.array_equal(mean.predict(x), mean.labels[decided] if mean.task == "classification" else decided)


def test_a_mean_evaluates_as_it_predicts(case) -> None:
    data, _, models, mean = case
    loss, score = mean.evaluate(data)
    part, scores = mean.outputs(data)
    assert mean.evaluate(data.original or data) == (loss, score)
    if mean.task == "regression":
        scaling = models[0].preprocess
        y = scaling.restore_target(scores)
        t = data.test.table.t if data.test.table else data.original.test.t
        assert loss == pytest.approx(0.5 * (((y - t) / scaling.target_scale) ** 2).sum(axis=1).mean(), rel=1e-4)
        assert score == pytest.approx((1 - ((y - t) ** 2).mean(axis=0) / t.var(axis=0)).mean(), abs=1e-4)
        assert np.allclose(mean.error(data), np.sqrt(((y - t) ** 2).mean(axis=0)), rtol=1e-4)
        assert np.allclose(mean.absolute_error(data), np.abs(y - t).mean(axis=0), rtol=1e-4)
        assert mean.score("rmse", data) == pytest.approx(float(mean.error(data).mean()), rel=1e-5)
        return
    p = zk.model.ensemble.probabilities(scores, mean.task)
    if mean.task == "classification":
        assert loss == pytest.approx(-np.log(p[np.arange(len(p)), part.t]).mean(), rel=1e-5)
        assert score == pytest.approx((p.argmax(axis=1) == part.t).mean())
    else:
        assert loss == pytest.approx(-np.log(np.where(part.t > 0, p, 1 - p)).sum(axis=1).mean(), rel=1e-5)
    assert mean.score("loss", data) == loss


def test_a_mean_is_the_same_from_its_file(case, tmp_path) -> None:
    data, x, _, mean = case
    path = mean.save(tmp_path / "mean.safetensors")
    again = Model.load(path)
    assert np.array_equal(again.scores(x), mean.scores(x))
    assert again.evaluate(data) == mean.evaluate(data)
    assert (again.about, again.classes, again.sample_shape) == (mean.about, mean.classes, mean.sample_shape)
    assert again.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_predictions_are_the_same_alone_and_in_chunks(case) -> None:
    _, x, _, mean = case
    scores = mean.scores(x)
    for start, stop in ((0, 1), (7, 8), (13, 250)):
        part = x[start:stop] if isinstance(x, np.ndarray) else x.iloc[start:stop]
        assert np.array_equal(mean.scores(part), scores[start:stop])


def same(one: Model, other: Model, x: Any) -> bool:
    return np.allclose(one.scores(x), other.scores(x), rtol=1e-5, atol=1e-5)


def test_the_mean_of_equal_models_is_the_model(case) -> None:
    _, x, models, mean = case
    assert Model.mean([models[0]]) is models[0]
    assert Model.mean(models, [0, 0, 3, 0, 0]) is models[2]
    again = Model.mean([models[0]] * 3, [1, 2, 3])
    assert len(again.members) == 1
    assert same(again, models[0], x)
    assert same(Model.mean([mean, mean]), mean, x)


def test_the_order_and_the_grouping_of_models_do_not_matter(case) -> None:
    _, x, models, mean = case
    turned = Model.mean(models[::-1], WEIGHTS[::-1])
    scale = np.abs(answers(mean, x)).max()
    assert np.allclose(answers(turned, x), answers(mean, x), rtol=0, atol=1e-6 * scale)
    halves = [Model.mean(models[:2], WEIGHTS[:2]), Model.mean(models[2:], WEIGHTS[2:])]
    nested = Model.mean(halves, [sum(WEIGHTS[:2]), sum(WEIGHTS[2:])])
    assert same(nested, mean, x)
    assert same(Model.mean(models, np.array(WEIGHTS) * 1e300), mean, x)


def test_models_with_the_same_inputs_are_encoded_once(case, tmp_path, monkeypatch) -> None:
    """Models of several searches on the same folds, two of them read from files."""
    data, x, models, mean = case
    others = of_folds(data)
    saved = [Model.load(each.save(tmp_path / f"{k}.safetensors")) for k, each in enumerate(others)]
    both = Model.mean([*models, *saved], [*WEIGHTS, *WEIGHTS])
    assert len(both.members) == 5
    assert both.population == 15
    expected = (answers(mean, x) + answers(Model.mean(others, WEIGHTS), x)) / 2
    assert np.allclose(answers(both, x), expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    again = Model.load(both.save(tmp_path / "both.safetensors"))
    assert np.array_equal(again.scores(x), both.scores(x))
    calls = []
    transform = type(data.preprocess).transform
    monkeypatch.setattr(type(data.preprocess), "transform", lambda *of: calls.append(of) or transform(*of))
    both.predict(x)
    assert len(calls) == 5


def test_weights_within_one_member_are_written_in_format_3(tmp_path) -> None:
    data = samples("regression")
    models = [Model.of(mlp(4, (6,), 3, seed=k, init_scale=2), data) for k in range(3)]
    mean = Model.mean(models, [0.3, 0.1, 0.6])
    x = data.original.train.x
    expected = np.average([model.predict(x) for model in models], axis=0, weights=[0.3, 0.1, 0.6])
    assert np.allclose(mean.predict(x), expected, rtol=1e-5)
    path = mean.save(tmp_path / "mean.safetensors")
    assert unpack(path.read_bytes())[0]["format"] == 3
    assert np.array_equal(Model.load(path).scores(x), mean.scores(x))
    assert mean.ensemble.weights == pytest.approx([0.3, 0.1, 0.6])


def test_an_older_version_refuses_the_file_and_says_what_to_do(case, tmp_path, monkeypatch) -> None:
    data, _, models, mean = case
    if data.encoder is None:
        assert unpack(models[0].save(tmp_path / "one.safetensors").read_bytes())[0]["format"] == 2
    path = mean.save(tmp_path / "mean.safetensors")
    monkeypatch.setattr("zerokara.model.file.FORMAT", 2)
    with pytest.raises(InputError, match="has the model format 3.* reads up to 2: upgrade zerokara"):
        Model.load(path)


def test_a_mean_shows_what_it_is(case) -> None:
    data, _, models, mean = case
    assert re.fullmatch(r"Model\(\w+, \d+ to \d, mean of 5 members, 10 networks\)", repr(mean))
    html = mean._repr_html_()
    assert "5 members, each with its own scaling" in html
    assert (">columns<" if data.encoder else ">inputs<") in html
    for name in ("ensemble", "preprocess", "encoder", "network"):
        with pytest.raises(InputError, match="the mean of 5 members, .*: see model.members"):
            getattr(mean, name)
    assert mean.first.preprocess is models[0].preprocess
    for k, (model, row) in enumerate((model, row) for model in models for row in range(2)):
        assert mean.layers(k) == model.layers(row)
        arrays = model.arrays(row)
        assert all(np.array_equal(array, arrays[name]) for name, array in mean.arrays(k).items())
    with pytest.raises(InputError, match="the networks are 0 to 9, got 10"):
        mean.arrays(10)
    assert mean.sample_shape == ((3,) if data.encoder else (4,))
    assert list(mean.labels) == list(models[0].labels)


def test_a_mean_says_what_its_models_have_in_common(case) -> None:
    data, _, models, mean = case
    assert mean.about["trial"] == 7
    assert mean.about["dataset"] == data.name
    assert "fold" not in mean.about
    assert "data_sha256" not in mean.about
    named = Model.mean(models, data=data, about={"trial": 3})
    assert (named.about["trial"], named.about["data_sha256"]) == (3, data.fingerprint())


def test_the_table_of_a_mean_has_the_values_that_any_member_knows() -> None:
    models = of_folds(table("regression"))
    mean = Model.mean(models)
    known = [{*model.encoder.codings[1].levels} for model in models]
    assert len({frozenset(levels) for levels in known}) > 1, "the folds must differ"
    assert {*mean.table.codings[1].levels} == set.union(*known)
    assert models[0].table is models[0].encoder
    assert Model.mean(of_folds(samples("regression"))).table is None


def test_the_networks_of_one_scaling_are_those_of_an_ensemble() -> None:
    """Numbers alone, and equal columns: members of one shape of inputs."""
    data = from_table(rows()[["garden", "price"]], "price").split(0.2, 0.2)
    assert Model.mean(of_folds(data)).sample_shape == (1,)


def test_pictures_of_predictions_are_in_the_units_of_the_target() -> None:
    data = table("regression")
    mean = Model.mean(of_folds(data))
    shown = evaluation.residuals(mean, data, "test")
    assert np.allclose(shown.truth, data.test.table.t[:, 0], rtol=1e-6)
    assert np.sqrt(np.mean((shown.prediction - shown.truth) ** 2)) == pytest.approx(mean.error(data)[0], rel=1e-6)
    assert len(evaluation.mistakes(mean, data, "test", 3).texts) == 3
    classes = table("classification")
    mean = Model.mean(of_folds(classes))
    counts = evaluation.confusion(mean, classes, "test").counts
    assert counts.trace() / counts.sum() == pytest.approx(mean.evaluate(classes)[1])
    assert evaluation.calibration(mean, classes, "test").counts.sum() == len(classes.test)


KINDS = ("none", "standard", "range", "whiten:3")


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_members_may_be_scaled_in_different_ways(task, tmp_path) -> None:
    raw = samples(task).original
    datasets = [raw if kind == "none" else raw.scaled(kind) for kind in KINDS]
    if task == "regression":
        datasets.append(as_counts(raw.scaled("standard")))
    models = [Model.of(mlp(data.n_inputs, (5,), 3, seed=k), data) for k, data in enumerate(datasets)]
    mean = Model.mean(models)
    x = raw.test.x
    expected = np.mean([answers(model, x) for model in models], axis=0)
    assert np.allclose(answers(mean, x), expected, rtol=1e-5 if task == "classification" else 1e-12)
    assert np.array_equal(mean.scores(csr_array(x)), mean.scores(x))
    measured = mean.evaluate(raw)
    assert measured[1] == pytest.approx(score_of(task, expected, raw.test.t), abs=1e-5)
    assert all(mean.evaluate(data) == pytest.approx(measured, rel=1e-5) for data in datasets)
    assert np.array_equal(Model.load(mean.save(tmp_path / "mean.safetensors")).scores(x), mean.scores(x))


def score_of(task: str, predicted: np.ndarray, t: np.ndarray) -> float:
    if task == "classification":
        return float((predicted.argmax(axis=1) == t).mean())
    return float((1 - ((predicted - t) ** 2).mean(axis=0) / t.var(axis=0)).mean())


MODELS = {task: of_folds(samples(task), count=3) for task in TASKS}
X = stream(4, "test").normal(3, 2, (20, 4))


@given(st.sampled_from(TASKS), st.lists(st.floats(0, 1e300), min_size=3, max_size=3).filter(any))
@settings(max_examples=60, deadline=None)
def test_any_weights_give_their_weighted_mean(task, weights) -> None:
    mean = Model.mean(MODELS[task], weights)
    parts = np.array(weights) / max(weights)
    expected = np.average([answers(model, X) for model in MODELS[task]], axis=0, weights=parts)
    assert np.allclose(answers(mean, X), expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
