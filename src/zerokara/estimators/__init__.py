"""Networks as scikit-learn estimators (extra ``sklearn``): a classifier and a regressor."""

from zerokara.estimators import door as door
from zerokara.estimators.network import NetworkClassifier, NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
