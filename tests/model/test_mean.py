"""The weighted mean of models, each with its own scaling and encoder, is a model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import zerokara as zk
from zerokara.data import Dataset, from_arrays, from_table
from zerokara.model import Ensemble, Model
from zerokara.nn import mlp
from zerokara.rng import stream

N = 150
TASKS = ("classification", "multilabel", "regression")


def rows(seed: int = 0, count: int = N) -> pd.DataFrame:
    """Return rows with gaps, and a category with values that some folds lack."""
    rng = np.random.default_rng(seed)
    towns = [f"town {k}" for k in range(20)]
    frame = pd.DataFrame({"size": rng.gamma(5, 20, count), "town": rng.choice(towns, count)})
    frame["garden"] = rng.random(count) < 0.3
    frame["price"] = 1e6 + 1000 * frame["size"] * (1 + frame["garden"])
    frame.loc[rng.random(count) < 0.02, "size"] = None
    return frame


def new_rows(count: int = 300) -> pd.DataFrame:
    """Return other rows, with missing and unknown values."""
    frame = rows(1, count)
    frame.loc[::7, "town"] = "elsewhere"
    frame.loc[::11, "town"] = None
    frame["garden"] = frame["garden"].astype(object)
    frame.loc[::9, "garden"] = None
    return frame.drop(columns="price")


def table(task: str) -> Dataset:
    frame = rows()
    if task == "classification":
        frame["price"] = pd.cut(frame["price"], 3, labels=["low", "middle", "high"]).astype(str)
    return from_table(frame, "price").split(0.2, 0.2)


def samples(task: str) -> Dataset:
    x = stream(0, "test").normal(3, 2, (N, 4)).astype(np.float32)
    t = {"classification": np.array(["a", "b", "c"])[np.abs(x[:, :3]).argmax(axis=1)], "multilabel": x[:, :3] > 3}
    names = ["a", "b", "c"]
    data = from_arrays(x, t.get(task, 50 + 7 * x[:, :3] ** 2), task=task, classes=names).split(0.2, 0.2)
    return data.scaled("standard")


def of_folds(data: Dataset, population: int = 1, count: int = 5) -> list[Model]:
    """Return a model of each fold, with its own scaling and encoder."""
    models = []
    for k, fold in enumerate(data.folds(count)):
        network = mlp(fold.n_inputs, (6,), fold.n_outputs, "tanh", seed=k, population=population, init_scale=2)
        about = {"trial": 7, "fold": k}
        models.append(Model.of(Ensemble.of(network, [3, 1][:population]), fold, about))
    return models


def answers(model: Model, x: Any) -> np.ndarray:
    return model.predict(x) if model.task == "regression" else model.predict_proba(x)


CASES = {
    "table of classes": lambda: (table("classification"), new_rows()),
    "table of numbers": lambda: (table("regression"), new_rows()),
    **{task: lambda task=task: (samples(task), stream(1, "test").normal(3, 2, (300, 4))) for task in TASKS},
}
WEIGHTS = [0.5, 2.0, 1.0, 0.25, 4.0]


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
        assert np.allclose(
            zk.nn.softmax(mean.scores(x)) if mean.task == "classification" else 0, expected, atol=1e-6
        ) or (mean.task == "multilabel")


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
