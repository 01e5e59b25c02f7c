"""Small data that the tests of this room share."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True)
def few_epochs() -> None:
    """Most tests train for a few epochs, and mean to."""
    warnings.filterwarnings("ignore", "epochs=.* ran out", ConvergenceWarning)


@pytest.fixture(scope="session")
def digits() -> Arrays:
    X, y = load_digits(return_X_y=True)
    return X[:400], y[:400]


@pytest.fixture(scope="session")
def diabetes() -> Arrays:
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="session")
def labels() -> Arrays:
    return make_multilabel_classification(300, n_features=8, n_classes=4, random_state=0)
