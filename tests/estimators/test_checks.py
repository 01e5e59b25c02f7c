"""What scikit-learn checks of every estimator."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from zerokara.estimators import NetworkClassifier, NetworkRegressor

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "a repeated sample falls into other mini-batches than a weight"
}


@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()], expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)
