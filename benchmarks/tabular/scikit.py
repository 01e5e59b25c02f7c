"""scikit-learn on tables: a linear model, a forest, boosting, and a random search over its networks."""

import time
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import ParameterSampler, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.tabular.task import Answer, Predict, Task

EPOCHS = 100


def dense(task: Task) -> ColumnTransformer:
    """Return the usual encoding: numbers standardized, gaps filled and marked; texts one-hot."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, task.numbers), (texts, task.texts))


def linear(task: Task) -> Predict:
    """Fit a logistic or a ridge regression, its penalty chosen by cross-validation."""
    if not task.classes:
        return _fitted(task, RidgeCV(np.logspace(-3, 3, 13)))
    return _fitted(task, LogisticRegressionCV(Cs=10, cv=5, max_iter=1000, scoring="neg_log_loss"))


def forest(task: Task) -> Predict:
    kind = RandomForestClassifier if task.classes else RandomForestRegressor
    return _fitted(task, kind(random_state=task.seed, n_jobs=1))


def boosting(task: Task) -> Predict:
    """Fit boosted trees, which take gaps and categories as they are."""
    levels = categories(task)
    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    fitted = kind(categorical_features="from_dtype", random_state=task.seed).fit(task.x.astype(levels), task.y)
    return lambda x: fitted.predict(x.astype(levels))


def categories(task: Task) -> dict[str, Any]:
    """Return a categorical dtype for each column of text; values that training lacks become gaps."""
    import pandas as pd

    return {name: pd.CategoricalDtype(sorted(task.x[name].dropna().unique())) for name in task.texts}


def mlp_search(task: Task, *, budget: float) -> list[Answer]:
    """Search over MLP at random, by five folds, until ``budget`` CPU seconds are spent.

    There is an answer after each candidate: the best until then, refitted, at the seconds of the candidates and of
    its refit alone.
    """
    answers: list[Answer] = []
    spent, best, predict, refit = 0.0, -np.inf, None, 0.0
    size = max(16, min(200, len(task.frame) // 20))
    estimator, prefix = _mlp(task, size)
    space = {
        f"{prefix}learning_rate_init": loguniform(3e-4, 3e-2),
        f"{prefix}alpha": loguniform(1e-5 * size, 1e-1 * size),  # MLP divides it by the size of a batch.
        f"{prefix}hidden_layer_sizes": [(32,), (128,), (64, 64)],
    }
    for params in ParameterSampler(space, 10_000, random_state=task.seed):
        start = time.process_time()
        found = float(np.mean(cross_val_score(estimator.set_params(**params), task.x, task.y, cv=5)))
        spent += time.process_time() - start
        if not answers or found > best:
            start, best = time.process_time(), found
            predict = _mlp(task, size)[0].set_params(**params).fit(task.x, task.y).predict
            refit = time.process_time() - start
        answers.append(Answer(spent + refit, predict))
        if answers[-1].seconds >= budget:
            return answers
    raise RuntimeError("the search ran out of candidates")


def _mlp(task: Task, size: int) -> tuple[BaseEstimator, str]:
    """Return the estimator that is searched over, and what stands before the names of its network's arguments."""
    settings = {"batch_size": size, "max_iter": EPOCHS, "random_state": task.seed}
    if task.classes:
        return make_pipeline(dense(task), MLPClassifier(**settings)), "mlpclassifier__"
    inner = make_pipeline(dense(task), MLPRegressor(**settings))
    return TransformedTargetRegressor(inner, transformer=StandardScaler()), "regressor__mlpregressor__"


def _fitted(task: Task, estimator: BaseEstimator) -> Predict:
    predict: Predict = make_pipeline(dense(task), estimator).fit(task.x, task.y).predict
    return predict
