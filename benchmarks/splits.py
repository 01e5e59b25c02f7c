"""The data sets of the tuned estimators: scikit-learn's bundled ones and a generated one, each split by a seed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.work import Work

TEST = 0.25


def _bundled(name: str) -> Callable[[], tuple[Any, Any]]:
    def load() -> Any:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(return_X_y=True)

    return load


def _friedman() -> Any:
    """Friedman 1: five of ten numbers count, through a sine, a square and a product; R2 can be 0.96 at most."""
    from sklearn.datasets import make_friedman1

    return make_friedman1(20_000, noise=1.0, random_state=0)


DATA: dict[str, Callable[[], tuple[Any, Any]]] = {
    "digits": _bundled("digits"),
    "breast cancer": _bundled("breast_cancer"),
    "wine": _bundled("wine"),
    "diabetes": _bundled("diabetes"),
    "Friedman 1": _friedman,
}


def split(name: str, seed: int, epochs: int) -> Work:
    """Return one split of a data set, in float32, a quarter held out, with the batch size that ours would choose."""
    from sklearn.model_selection import train_test_split

    from zerokara.estimators.arguments import batch_size

    X, y = DATA[name]()
    classes = y.dtype.kind == "i"
    x_train, x_val, t_train, t_val = train_test_split(
        X.astype(np.float32), y, test_size=TEST, random_state=seed, stratify=y if classes else None
    )
    return Work(
        name=f"{name}, split {seed}",
        x_train=x_train,
        t_train=t_train,
        x_val=x_val,
        t_val=t_val,
        sizes=(X.shape[1], len(np.unique(y)) if classes else 1),
        optimizer="adam",
        batch=batch_size(len(x_train)),
        epochs=epochs,
        lrs=np.zeros(0),
        decays=np.zeros(0),
    )
