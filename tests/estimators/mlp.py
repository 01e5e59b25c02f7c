"""MLPClassifier and MLPRegressor in name: scikit-learn's arguments and attributes, zerokara's networks."""

import math
from typing import Any, ClassVar

import numpy as np

from zerokara.estimators import NetworkClassifier, NetworkRegressor

WITHOUT_LBFGS: dict[str, Any] = {"optimizer": "adam", "lr": 0.01, "batch_size": 16, "scaling": "standard"}
"""There is no lbfgs. Adam is almost as good in as many passes, with a higher rate, small batches and scaled inputs."""


class MLP:
    """The translation that docs/tutorials/scikit-learn.md describes, argument by argument."""

    network: ClassVar[type]
    scoring: ClassVar[str]
    loss = "squared_error"

    def __init__(self, hidden_layer_sizes: Any = (100,), activation: str = "relu", **params: Any) -> None:
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.solver, self.alpha, self.batch_size = "adam", 0.0001, "auto"
        self.learning_rate, self.learning_rate_init, self.power_t = "constant", 0.001, 0.5
        self.max_iter, self.max_fun, self.shuffle, self.random_state = 200, 15000, True, None
        self.tol, self.n_iter_no_change, self.verbose, self.warm_start = 1e-4, 10, False, False
        self.momentum, self.nesterovs_momentum, self.beta_1, self.beta_2 = 0.9, True, 0.9, 0.999
        self.early_stopping, self.validation_fraction, self.epsilon = False, 0.1, 1e-8
        self.set_params(**params)

    def set_params(self, **params: Any) -> "MLP":
        for name, value in params.items():
            getattr(self, name)
            setattr(self, name, value)
        return self

    def translated(self, X: np.ndarray) -> dict[str, Any]:
        """Return the arguments here."""
        hidden = self.hidden_layer_sizes if np.ndim(self.hidden_layer_sizes) else (self.hidden_layer_sizes,)
        batch_size = min(200, X.shape[0]) if self.batch_size == "auto" else self.batch_size
        momentum = "nesterov" if self.nesterovs_momentum else "momentum"
        params = {
            "hidden": () if self.activation == "identity" else tuple(hidden),
            "activation": {"identity": "relu", "logistic": "sigmoid"}.get(self.activation, self.activation),
            "optimizer": (momentum if self.momentum else "sgd") if self.solver == "sgd" else "adam",
            "weight_decay": self.alpha / batch_size,
            "batch_size": batch_size,
            "lr": self.learning_rate_init,
            "epochs": self.max_iter,
            "shuffle": self.shuffle,
            "tol": self.tol,
            # Without end, and yet with a warning after the last epoch.
            "patience": 10**9 if math.isinf(self.n_iter_no_change) else self.n_iter_no_change,
            "validation": math.ceil(self.validation_fraction * X.shape[0]) if self.early_stopping else None,
            "scoring": self.scoring if self.early_stopping else "loss",
            "momentum": self.momentum,
            "beta1": self.beta_1,
            "beta2": self.beta_2,
            "init_scale": 1.0,
            "scaling": "none",
            "dtype": "float32" if getattr(X, "dtype", None) == np.float32 else "float64",
            "random_state": self.random_state,
            "verbose": bool(self.verbose),
            "warm_start": self.warm_start,
        }
        if self.solver == "lbfgs":
            params |= WITHOUT_LBFGS | {"epochs": min(self.max_iter, self.max_fun), "patience": 3 * params["patience"]}
        return params

    def _ready(self, X: Any) -> Any:
        if not hasattr(self, "net"):
            self.net = self.network()
        self.before = getattr(self.net, "n_iter_", 0) if self.warm_start else 0
        return self.net.set_params(**self.translated(X if hasattr(X, "shape") else np.asarray(X)))

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLP":
        self._ready(X).fit(X, y, sample_weight)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> "MLP":
        self._ready(X).partial_fit(X, y, **({} if classes is None else {"classes": classes}))
        return self

    def __getattr__(self, name: str) -> Any:
        """Return a method or an attribute of a fitted network of the same name."""
        if name == "net" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["net"], name)

    @property
    def coefs_(self) -> list[np.ndarray]:
        arrays = self.net.model_.network.arrays()
        return [array[0] for name, array in arrays.items() if name.endswith(".W")]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        arrays = self.net.model_.network.arrays()
        return [array[0, 0] for name, array in arrays.items() if name.endswith(".b")]

    @property
    def n_iter_(self) -> int:
        """The epochs of the last call; there, a warm start counts from 0."""
        return self.net.n_iter_ - self.before

    @property
    def validation_scores_(self) -> list[float] | None:
        return self.net.history_["val_score"].tolist() if self.early_stopping else None

    @property
    def best_validation_score_(self) -> float | None:
        return self.validation_scores_[self.net.best_epoch_ - 1] if self.early_stopping else None

    @property
    def best_loss_(self) -> float | None:
        return None if self.early_stopping else self.net.history_["train_loss"].min()


class MLPClassifier(MLP):
    network, scoring = NetworkClassifier, "accuracy"


class MLPRegressor(MLP):
    network, scoring = NetworkRegressor, "r2"

    def __init__(self, loss: str = "squared_error", **params: Any) -> None:
        super().__init__(**params)
        self.loss = loss

    def translated(self, X: np.ndarray) -> dict[str, Any]:
        return super().translated(X) | {"loss": self.loss.removesuffix("_error")}
