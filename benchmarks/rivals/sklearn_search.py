"""scikit-learn's searches over its own networks, in the space that ours has, and its boosted trees as they come.

Inputs are standardized, and targets of a regression too, as ours are; two processes with one BLAS thread each. What
MLP has not, dropout, is not searched.
"""

import time
import warnings
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.work import Work

warnings.simplefilter("ignore")  # Networks that did not converge, folds of a first rung without some class.


def network(work: Work, seed: int) -> tuple[BaseEstimator, str]:
    """Return the estimator that is searched over, and what stands before the names of its network's arguments."""
    settings = {"batch_size": work.batch, "max_iter": work.epochs, "random_state": seed}
    if work.t_train.dtype.kind == "i":
        return make_pipeline(StandardScaler(), MLPClassifier(**settings)), "mlpclassifier__"
    inner = make_pipeline(StandardScaler(), MLPRegressor(**settings))
    return TransformedTargetRegressor(inner, transformer=StandardScaler()), "regressor__mlpregressor__"


def search(work: Work, *, kind: str, count: int, seed: int) -> dict[str, Any]:
    """Search with ``count`` candidates; return the seconds of `fit`, the score on what is held out, and the count."""
    estimator, prefix = network(work, seed)
    space = {
        f"{prefix}learning_rate_init": loguniform(3e-4, 3e-2),
        # MLP divides it by the size of a batch.
        f"{prefix}alpha": loguniform(1e-5 * work.batch, 1e-1 * work.batch),
        f"{prefix}hidden_layer_sizes": [(32,), (128,), (64, 64)],
    }
    common = {"cv": 5, "n_jobs": 2, "random_state": seed}
    if kind == "random":
        found = RandomizedSearchCV(estimator, space, n_iter=count, **common)
    else:
        found = HalvingRandomSearchCV(estimator, space, n_candidates=count, min_resources="exhaust", **common)
    return timed(found, work) | {"count": count}


def boosted(work: Work, *, seed: int) -> dict[str, Any]:
    """Fit boosted trees with their default settings."""
    kind = HistGradientBoostingClassifier if work.t_train.dtype.kind == "i" else HistGradientBoostingRegressor
    return timed(kind(random_state=seed), work)


def timed(estimator: Any, work: Work) -> dict[str, Any]:
    """Return the seconds of `fit`, and the accuracy or R2 on what is held out."""
    start = time.perf_counter()
    estimator.fit(work.x_train, work.t_train)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "score": float(np.asarray(estimator.score(work.x_val, work.t_val)))}
