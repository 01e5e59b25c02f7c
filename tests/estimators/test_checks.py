"""What scikit-learn checks of every estimator."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from zerokara.estimators import (
    NetworkClassifier,
    NetworkRegressor,
    TunedNetworkClassifier,
    TunedNetworkRegressor,
)

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "a repeated sample falls into other mini-batches than a weight"
}


SHORT = {"trials": 3, "epochs": 20, "workers": 1}
EVERY = [
    NetworkClassifier(),
    NetworkRegressor(),
    TunedNetworkClassifier(cv=2, **SHORT),
    TunedNetworkRegressor(cv=None, **SHORT),
]


@parametrize_with_checks(EVERY, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)
