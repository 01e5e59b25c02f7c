"""zerokara on tables as it was at the commit 9309380: that commit's encoding and settings, written out.

Later defaults do not change these contestants. tests/test_benchmark_tables.py holds the encoding to numbers.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

import zerokara as zk
from benchmarks.tabular.task import Predict, Task, numeric
from zerokara.space.hyperparameters import HYPERPARAMETERS

Encode = Callable[[Any], npt.NDArray[np.float32]]

NETWORK: dict[str, Any] = {
    "hidden": (100,),
    "activation": "relu",
    "dropout": 0.0,
    "batch_norm": False,
    "init_scale": 0.5,
    "optimizer": "adam",
    "lr": 0.001,
    "weight_decay": 0.001,
    "beta1": 0.9,
    "beta2": 0.999,
    "schedule": "constant",
    "epochs": 200,
    "validation": 0.1,
    "patience": 20,
    "tol": 0.0,
    "scoring": "loss",
    "scaling": "standard",
}
"""The defaults of that commit's `NetworkClassifier` and `NetworkRegressor`; a batch is a twentieth of the rest."""

SPACE = {
    "lr": zk.log(1e-4, 1e-1),
    "weight_decay": zk.log(1e-6, 1e-2),
    "dropout": zk.uniform(0.0, 0.5),
    "hidden": (100, 100),
    "activation": "relu",
    "batch_norm": False,
    "init_scale": 1.0,
    "optimizer": "adam",
    "beta1": 0.9,
    "beta2": 0.999,
    "batch_size": 100,
}
SEARCH = {"trials": 100, "epochs": 50, "sampler": "random", "race": "halving", "rank": "loss", "seeds": 1, "folds": 1}
"""The defaults of that commit's `zerokara.tune`."""

SINCE = {"numeric_encoding": "standard", "category_encoding": "one-hot"}
"""What arguments that came later must be for the networks to stay as they were."""


def five(task: Task) -> Predict:
    """Fit five networks with default settings, from different initial weights; the answer is their mean."""
    from zerokara.estimators import NetworkClassifier, NetworkRegressor

    kind = NetworkClassifier if task.classes else NetworkRegressor
    rows = len(task.frame) - int(len(task.frame) * NETWORK["validation"])
    encode, batch = encoder(task), max(16, min(200, rows // 20))
    later = {name: value for name, value in SINCE.items() if name in inspect.signature(kind).parameters}
    model = kind(networks=5, batch_size=batch, random_state=task.seed, progress=False, **NETWORK, **later)
    model.fit(encode(task.x), task.y)
    return lambda x: model.predict(encode(x))


def tune(task: Task) -> Predict:
    """Search 100 trials; the answer is the winner after its last epoch."""
    return _search(task, schedule="constant", keep_best=False, refit=0)


def tune_with_refit(task: Task) -> Predict:
    """Search as `tune` did in 0.1: trials keep their best epoch, and the winner is trained again five times."""
    return _search(task, schedule="auto", keep_best=True, refit=5)


def _search(task: Task, *, schedule: str, **settings: Any) -> Predict:
    from sklearn.model_selection import train_test_split

    stratify = task.y if task.classes and min(np.unique(task.y, return_counts=True)[1]) > 1 else None
    train, held_out = train_test_split(
        np.arange(len(task.frame)), test_size=0.2, random_state=task.seed, stratify=stratify
    )
    encode = encoder(replace(task, frame=task.frame.iloc[train]))
    middle, spread = (0.0, 1.0) if task.classes else (task.y[train].mean(), task.y[train].std())
    x, t = encode(task.x), task.y if task.classes else (task.y - middle) / spread
    kind = "classification" if task.classes else "regression"
    data = zk.data.from_arrays(x[train], t[train], x_val=x[held_out], t_val=t[held_out], task=kind)
    later = {name: value for name, value in SINCE.items() if name in HYPERPARAMETERS}
    study = zk.tune(
        data, SPACE | {"schedule": schedule} | later, seed=task.seed, workers=1, progress=False, **SEARCH, **settings
    )

    def predict(x: Any) -> Any:
        found = np.asarray(study.model.predict(encode(x)))
        return found if task.classes else found[:, 0] * spread + middle

    return predict


def encoder(task: Task) -> Encode:
    """Return the encoding that is fitted to a training part.

    Numbers: (v - median) / (interquartile range), clipped smoothly within ±3, with an indicator of gaps if training
    has some. Texts: one-hot over the values that occur twice or more, gaps being one, and the rest. Constant columns
    are left out.
    """
    parts: list[Encode] = []
    for name in task.x.columns:
        column = task.x[name]
        if not (column.notna().all() and column.nunique() == 1):
            parts.append(_number(name, column) if numeric(column) else _category(name, column))
    return lambda x: np.concatenate([part(x) for part in parts], axis=1)


def _number(name: str, column: Any) -> Encode:
    values = column.to_numpy(dtype=float)
    present = values[~np.isnan(values)]
    low, lower, median, upper, high = np.quantile(present, [0, 0.25, 0.5, 0.75, 1]) if len(present) else (0,) * 5
    spread, gaps = (upper - lower) or (high - low) / 2 or 1.0, len(present) < len(values)

    def encode(x: Any) -> Any:
        values = x[name].to_numpy(dtype=float)
        missing = np.isnan(values)
        z = np.clip((np.where(missing, median, values) - median) / spread, -1e6, 1e6)
        return np.stack([z / np.sqrt(1 + (z / 3) ** 2), missing][: 1 + gaps], axis=1).astype(np.float32)

    return encode


def _category(name: str, column: Any) -> Encode:
    def cells(column: Any) -> list[str | None]:
        return column.astype(object).where(column.notna(), None).tolist()

    training = cells(column)
    present = [cell for cell in training if cell is not None]
    counts = {level: training.count(level) for level in (*sorted(set(present)), None)}
    levels = {level: k for k, level in enumerate(level for level, count in counts.items() if count > 1)}
    shares = np.array([*(counts[level] for level in levels), 0], float)
    shares[-1] = len(training) - shares.sum()
    codes = np.eye(len(shares), dtype=np.float32)
    if shares[-1] == 0:
        codes[-1] = shares / len(training)
    return lambda x: codes[[levels.get(cell, len(levels)) for cell in cells(x[name])]]
