"""The arguments that the classifier and the regressor share, and their checks."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Self

import numpy as np

from zerokara.checks import check_counts, require_flag
from zerokara.engine.settings import one_of
from zerokara.errors import InputError, install
from zerokara.space.defaults import batch_size
from zerokara.space.hyperparameters import HYPERPARAMETERS, complete
from zerokara.train import EarlyStopping
from zerokara.train.engine import check_engine

try:
    from sklearn.base import BaseEstimator
    from sklearn.utils import check_random_state
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"zerokara.estimators needs scikit-learn 1.6 or newer: {install('scikit-learn')}", name=error.name
    ) from error


ONE_NETWORK = (100,)
"""The layers of one network, if no others are given."""
COMMON = {"dtype", "engine", "threads", "verbose", "progress", "random_state"}
"""Arguments of one network and of the default networks alike."""


@dataclass(eq=False, repr=False)
class NetworkArguments(BaseEstimator):  # type: ignore[misc]
    """A multi-layer perceptron. Arguments are validated in `fit`.

    Args:
        hidden, activation, dropout, batch_norm, init_scale: the network, as in `zerokara.nn.mlp`. ``hidden=None`` are
            the default networks, see below.
        numeric_encoding, category_encoding: the encoding of inputs in the first layer, as in `zerokara.tune`.
        optimizer, lr, weight_decay, momentum, beta1, beta2, clip_norm: the optimizer, as in `zerokara.optim`.
        schedule: "constant", "exponential:RATE", "step:EPOCHS:RATE", "cosine" or "cosine:WARMUP_EPOCHS".
        schedule_epochs: the epochs that the schedule spans; None: ``epochs``.
        batch_size: samples per step; "auto": a twentieth of the samples, between 16 and 200.
        epochs: the maximum number of epochs.
        shuffle: draw the order of the samples anew in each epoch; False keeps the order given.
        validation: the fraction or number of samples to hold out for validation; None holds out nothing.
        patience: epochs without an improvement of more than ``tol`` after which training stops: of ``scoring`` on the
            validation samples, or without those of the training loss. None: never.
        scoring: the measure of the best epoch: "loss", or a scorer of scikit-learn by name or as a function.
        scaling: of the inputs: "standard", "range", "center" or "none"; targets are standardized unless "none".
        networks: the number of networks, trained together from different initial weights. Predictions are their mean,
            which is better than a single network.
        warm_start: a further `fit` continues training.
        dtype: the precision of the networks, "float32" or "float64"; samples are float32.
        engine: what computes, as in `zerokara.tune`: "native", "numpy", or "auto", the compiled kernel where it can.
        threads: those that train the default networks. Of one network, BLAS threads where NumPy computes; with more
            than 1, its results are not bit-identical.
        verbose: print one line per epoch.
        progress: show a `fit` that lasts more than two seconds, in a notebook or on a terminal.
        random_state: None uses a new seed in every `fit`.

    Attributes:
        model_: the network of the best epoch, as a `zerokara.Model` that can be saved; or the mean of the default ones.
        history_: curves over the epochs: train_loss, train_score, val_loss, val_score and lr, each (n_iter_,); with
            ``scoring`` also val_scoring. Of the default networks those of the best, the mean over its folds, up to
            where the first of them stopped.
        best_epoch_, n_iter_: the epoch whose weights were kept, and the number of epochs trained, in all calls. Of
            the default networks those of the best: the mean over its folds, within the curves, and the most.

    The default networks are the first trials of the default search of `zerokara.tune`, on 5
    folds, and predictions are their weighted mean. They are trained if all arguments have their defaults (except
    ``dtype``, ``engine``, ``threads``, ``verbose``, ``progress`` and ``random_state``) and `fit` gets no ``X_val``;
    otherwise one network is, with ``hidden=(100,)``, and also by `partial_fit`, or with fewer than 20 samples or one
    class. `set_params` of another argument sets ``hidden`` to (100,), so that a search over it compares networks alike.

    Samples are arrays, sparse matrices, or frames with named columns. Texts, categories and missing cells of a frame
    are read and encoded as by `zerokara.tune`, and its columns may have any order. A frame of numbers alone is the same
    as its array, and its columns keep their order; `zerokara.tune` reads it as a table, so that last bits differ.

    A ConvergenceWarning says that ``epochs`` ran out while training still improved; see `FitState.improves`.
    """

    hidden: Sequence[int] | None = None
    _: KW_ONLY
    activation: str = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    init_scale: float = 0.5
    numeric_encoding: str = "standard"
    category_encoding: str = "one-hot"
    optimizer: str = "adam"
    lr: float = 0.001
    weight_decay: float = 0.001
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    clip_norm: float = 0.0
    schedule: str = "constant"
    schedule_epochs: int | None = None
    batch_size: int | str = "auto"
    epochs: int = 200
    shuffle: bool = True
    validation: float | None = 0.1
    patience: int | None = 20
    tol: float = 1e-4
    scoring: str | Callable[..., float] = "loss"
    scaling: str = "standard"
    networks: int = 1
    warm_start: bool = False
    dtype: str = "float32"
    engine: str = "auto"
    threads: int = 1
    verbose: bool = False
    progress: bool = True
    random_state: int | np.random.RandomState | None = None

    def set_params(self, **params: Any) -> Self:
        """Set arguments; one of the network or its training means one network, see `NetworkArguments`."""
        super().set_params(**params)
        if self.hidden is None and "hidden" not in params and params.keys() - COMMON:
            self.hidden = ONE_NETWORK
        return self

    @property
    def _averages(self) -> bool:
        """Whether `fit` trains the default networks."""
        given = [(getattr(self, row.name), row.default) for row in fields(self) if row.name not in COMMON]
        return all(value is default or (type(value) is type(default) and value == default) for value, default in given)

    def _check(self) -> None:
        """Validate the arguments that are not hyperparameters of a search."""
        check_counts(epochs=self.epochs, networks=self.networks, threads=self.threads)
        check_counts(**{n: getattr(self, n) for n in ("schedule_epochs", "patience") if getattr(self, n) is not None})
        require_flag("shuffle", self.shuffle)
        require_flag("warm_start", self.warm_start)
        EarlyStopping(min_delta=self.tol)
        one_of("float32", "float64")("dtype", self.dtype)
        check_engine("engine", self.engine)
        if isinstance(self.batch_size, str) and self.batch_size != "auto":
            raise InputError(f"batch_size must be a whole number or 'auto', got {self.batch_size!r}")

    def _params(self, n: int) -> dict[str, Any]:
        """Return a valid value for every hyperparameter of a search."""
        given = {name: getattr(self, name) for name in HYPERPARAMETERS if hasattr(self, name)}
        if self.hidden is None:
            given["hidden"] = ONE_NETWORK
        if self.batch_size == "auto":
            given["batch_size"] = batch_size(n)
        return complete(given)

    def _tune_seed(self) -> int:
        """Return the seed of a search: ``random_state`` itself, or one drawn from it."""
        given = self.random_state
        return int(given) if isinstance(given, int | np.integer) else self._seed()

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
