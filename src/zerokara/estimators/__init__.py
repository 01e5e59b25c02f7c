"""Networks as scikit-learn estimators (extra ``sklearn``), with given hyperparameters or tuned within `fit`."""

from zerokara.estimators.arguments import NetworkArguments as NetworkArguments  # Says what is missing without sklearn.
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
