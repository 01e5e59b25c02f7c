"""One fit of scikit-learn's MLPClassifier as its users write it, as many BLAS threads as asked for."""

import time
import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.work import Work

warnings.simplefilter("ignore", ConvergenceWarning)  # The number of epochs is what was asked for.


def fit(work: Work, *, threads: int, whole: bool, seed: int) -> dict[str, Any]:
    """Fit a network for each learning rate; ``whole``: inputs standardized, a tenth held out to judge epochs by."""
    seconds, scores = 0.0, []
    for lr, decay in zip(work.lrs, work.decays, strict=True):
        model = MLPClassifier(
            work.sizes[1:-1],
            learning_rate_init=lr,
            alpha=decay * work.batch,  # It is divided by the batch's size.
            batch_size=work.batch,
            max_iter=work.epochs,
            n_iter_no_change=work.epochs,
            tol=0.0,
            early_stopping=whole,
            random_state=seed,
        )
        model = make_pipeline(StandardScaler(), model) if whole else model
        with threadpool_limits(threads, user_api="blas"):
            start = time.perf_counter()
            model.fit(work.x_train, work.t_train)
            seconds += time.perf_counter() - start
        scores.append(float(model.score(work.x_val, work.t_val)))
    return {"seconds": seconds, "scores": scores}
