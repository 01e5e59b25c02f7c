"""The page for those who come from MLPClassifier: it leaves nothing out."""

import re
from pathlib import Path

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from zerokara.estimators import NetworkClassifier, NetworkSearchCV

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "scikit-learn.md"
TEXT = PAGE.read_text(encoding="utf-8")


def named() -> set[str]:
    return set(re.findall(r"`(\w+)(?==|`)", TEXT))


@pytest.mark.parametrize("rival", [MLPClassifier, MLPRegressor])
def test_every_argument_and_attribute_has_its_line(rival: type) -> None:
    with pytest.warns(ConvergenceWarning):
        fitted = rival(hidden_layer_sizes=(2,), max_iter=2, early_stopping=True).fit([[0.0], [1.0]] * 20, [0, 1] * 20)
    attributes = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    assert rival().get_params().keys() | attributes <= named() | {"feature_names_in_"}


def test_every_argument_of_the_searches_has_its_line() -> None:
    options = {"n_candidates": 2, "cv": 2, "min_resources": 4, "max_resources": 8}
    halved = HalvingRandomSearchCV(MLPClassifier((2,), max_iter=2), {"alpha": [0.1, 1]}, **options)
    with pytest.warns(ConvergenceWarning):
        halved.fit([[0.0], [1.0]] * 20, [0, 1] * 20)
    attributes = {name for name in vars(halved) if name.endswith("_") and not name.startswith("_")}
    params = halved.get_params(deep=False).keys() | RandomizedSearchCV(None, {}).get_params(deep=False).keys()
    assert params | attributes <= named()
    ours = NetworkSearchCV(None, {}).get_params(deep=False)
    assert ours.keys() <= named()
    for name in ("n_iter", "n_jobs", "sampler"):
        assert f"`{name}={ours[name]!r}`".replace("'", '"') in TEXT


def test_every_argument_of_ours_is_named() -> None:
    params = NetworkClassifier().get_params()
    assert params.keys() <= named()
    for name, value in re.findall(r"^\| `\w+[^|]*\| `(\w+)=([^`]+)`", TEXT, flags=re.MULTILINE):
        if name in params and name != "optimizer":
            assert eval(value) == params[name], name
