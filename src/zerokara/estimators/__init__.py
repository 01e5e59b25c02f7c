"""Networks as scikit-learn estimators (extra ``sklearn``), with given hyperparameters or tuned within `fit`."""

from zerokara.estimators import import_guard as import_guard
from zerokara.estimators.network import NetworkClassifier, NetworkRegressor
from zerokara.estimators.searchcv import NetworkSearchCV
from zerokara.estimators.tuned import TunedNetworkClassifier, TunedNetworkRegressor

__all__ = [
    "NetworkClassifier",
    "NetworkRegressor",
    "NetworkSearchCV",
    "TunedNetworkClassifier",
    "TunedNetworkRegressor",
]
