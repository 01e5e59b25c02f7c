"""zerokara on tables, with its defaults."""

from typing import Any

import numpy as np

import zerokara as zk
from benchmarks.tabular.scikit import dense
from benchmarks.tabular.task import Predict, Task


def tune(task: Task, **settings: Any) -> Predict:
    """Search as a user does who gives a frame and the name of its target, on one thread."""
    study = zk.tune(task.frame, target=task.target, seed=task.seed, workers=1, progress=False, **settings)
    model = study.model

    def predict(x: Any) -> Any:
        found = np.asarray(model.predict(x))
        return found if task.classes else found[:, 0]

    return predict


def network(task: Task) -> Predict:
    """Fit `NetworkClassifier` or `NetworkRegressor` as it is, behind the encoding that users of scikit-learn write."""
    from zerokara.estimators import NetworkClassifier, NetworkRegressor

    return _fitted(task, (NetworkClassifier if task.classes else NetworkRegressor)(random_state=task.seed))


def tuned(task: Task) -> Predict:
    """Fit `TunedNetworkClassifier` or `TunedNetworkRegressor` as it is, on one thread, behind the same encoding."""
    from zerokara.estimators import TunedNetworkClassifier, TunedNetworkRegressor

    kind = TunedNetworkClassifier if task.classes else TunedNetworkRegressor
    return _fitted(task, kind(random_state=task.seed, workers=1, progress=False))


def _fitted(task: Task, estimator: Any) -> Predict:
    from sklearn.pipeline import make_pipeline

    predict: Predict = make_pipeline(dense(task), estimator).fit(task.x, task.y).predict
    return predict
