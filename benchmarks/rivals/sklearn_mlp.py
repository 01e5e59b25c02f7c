"""scikit-learn's MLPClassifier, one network after another, in float32 as the data are."""

import warnings
from typing import Any

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.work import Scores, Work

# The data are known to be finite and the arguments to be right: no time goes into checking them at each epoch.
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the work's, not a failure


class HeMLP(MLPClassifier):  # type: ignore[misc]
    """Glorot's weights, which are scikit-learn's only ones, scaled to the variance of He's.

    Six layers do not come off the ground otherwise (best validation accuracy 0.33 in W1).
    """

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Any, Any]:
        W, b = super()._init_coef(fan_in, fan_out, dtype)
        W *= ((fan_in + fan_out) / fan_in) ** 0.5
        return W, b


def network(work: Work, lr: float, decay: float) -> MLPClassifier:
    return HeMLP(
        hidden_layer_sizes=work.sizes[1:-1],
        solver=work.optimizer,
        momentum=0.0,
        alpha=decay * work.batch,  # scikit-learn divides it by the batch's size
        batch_size=work.batch,
        learning_rate_init=lr,
        max_iter=work.epochs,
        tol=0.0,
        n_iter_no_change=work.epochs,
        random_state=0,
    )


def fit(work: Work) -> Scores:
    """One `fit` a trial. The accuracies are taken once, at the end: this does less than the work asks for."""
    scores: Scores = []
    for lr, decay in zip(work.lrs, work.decays, strict=True):
        model = network(work, lr, decay).fit(work.x_train, work.t_train)
        model.score(work.x_train, work.t_train)
        scores.append((lr, model.score(work.x_val, work.t_val)))
    return scores


def partial_fit(work: Work) -> Scores:
    """One `partial_fit` an epoch, and both accuracies after it."""
    classes = np.unique(work.t_train)
    scores: Scores = []
    for lr, decay in zip(work.lrs, work.decays, strict=True):
        model = network(work, lr, decay)
        for _ in range(work.epochs):
            model.partial_fit(work.x_train, work.t_train, classes=classes)
            model.score(work.x_train, work.t_train)
            score = model.score(work.x_val, work.t_val)
        scores.append((lr, score))
    return scores
