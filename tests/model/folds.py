"""Models of the folds of a dataset, each with its own scaling and encoder, for tests of their mean."""

from typing import Any

import numpy as np
import pandas as pd

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
