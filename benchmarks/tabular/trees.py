"""Boosted trees of other libraries on tables, with their defaults, on one thread."""

from typing import Any

import numpy as np

from benchmarks.tabular.scikit import categories
from benchmarks.tabular.task import Predict, Task, filled


def catboost(task: Task) -> Predict:
    """Fit CatBoost, which encodes the categories itself."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if task.classes else CatBoostRegressor
    fitted = kind(random_seed=task.seed, thread_count=1, verbose=False, allow_writing_files=False)
    fitted.fit(filled(task.x, task.texts), task.y, cat_features=task.texts)
    return lambda x: np.ravel(fitted.predict(filled(x, task.texts)))


def xgboost(task: Task) -> Predict:
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBClassifier if task.classes else XGBRegressor
    return _coded(task, kind(random_state=task.seed, n_jobs=1, enable_categorical=True))


def lightgbm(task: Task) -> Predict:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if task.classes else LGBMRegressor
    return _coded(task, kind(random_state=task.seed, n_jobs=1, verbose=-1))


def _coded(task: Task, estimator: Any) -> Predict:
    """Fit with classes as whole numbers, texts as categories, and names that every library takes."""
    levels = categories(task)
    names, t = (np.unique(task.y, return_inverse=True)) if task.classes else (None, task.y)

    def inputs(x: Any) -> Any:
        return x.astype(levels).set_axis([f"x{k}" for k in range(x.shape[1])], axis=1)

    fitted = estimator.fit(inputs(task.x), t)
    return lambda x: fitted.predict(inputs(x)) if names is None else names[fitted.predict(inputs(x))]
