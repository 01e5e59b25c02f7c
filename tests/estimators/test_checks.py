"""What scikit-learn checks of every estimator."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from zerokara import log
from zerokara.estimators import (
    NetworkClassifier,
    NetworkRegressor,
    NetworkSearchCV,
    TunedNetworkClassifier,
    TunedNetworkRegressor,
)
from zerokara.space import defaults as space_defaults
from zerokara.space.defaults import table_search
from zerokara.study import defaults as study_defaults

REPEATED = "a repeated sample falls into other mini-batches than a weight"
EXPECTED = {f"check_sample_weight_equivalence_on_{kind}_data": REPEATED for kind in ("dense", "sparse")}


SHORT = {"trials": 3, "epochs": 20, "workers": 1}
EVERY = [
    NetworkClassifier(),
    NetworkRegressor(),
    NetworkClassifier(hidden=(100,)),
    NetworkRegressor(hidden=(100,)),
    TunedNetworkClassifier(trials=1, workers=1),
    TunedNetworkClassifier(cv=2, **SHORT),
    TunedNetworkRegressor(cv=None, **SHORT),
    NetworkSearchCV(NetworkClassifier(epochs=20), {"lr": log(1e-3, 1e-1)}, n_iter=2, cv=2),
    NetworkSearchCV(NetworkRegressor(epochs=20), {"lr": [0.01, 0.1]}, n_iter=2, cv=2, race="halving"),
]


def expected(estimator: Any) -> dict[str, str]:
    # scikit-learn does not ask a search whether weights are as good as repetitions.
    return {} if isinstance(estimator, NetworkSearchCV) else EXPECTED


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default search is a short one: one network in both encodings, on two folds, for a few epochs."""
    monkeypatch.setattr(space_defaults, "DEFAULT_NETWORKS", ({"lr": 5e-3, "hidden": (100,)},))
    monkeypatch.setattr(space_defaults, "FOLDS", 2)
    monkeypatch.setattr(study_defaults, "table_search", lambda *given: {**table_search(*given), "epochs": 8})


# The checks fit samples so few that those for validation lack a class.
@pytest.mark.filterwarnings("ignore::zerokara.errors.ZerokaraWarning")
@parametrize_with_checks(EVERY, expected_failed_checks=expected)
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)
