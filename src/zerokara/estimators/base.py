"""What the classifier and the regressor share: arguments, and the way from arrays to a trained network."""

import copy
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from zerokara.arrays import Array
from zerokara.checks import check_counts
from zerokara.data import Part, Preprocess
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.learner import Judge, Learner
from zerokara.model import Ensemble, Model
from zerokara.nn import Network
from zerokara.space.hyperparameters import HYPERPARAMETERS, complete
from zerokara.train import Epoch, Patience
from zerokara.train.build import build
from zerokara.train.history import CURVES
from zerokara.train.metrics import CHUNK


@dataclass(eq=False, repr=False)
class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """One fully connected network; arguments are only stored, `fit` checks them.

    Args:
        hidden, activation, dropout, batch_norm, init_scale: the network, as in `zerokara.nn.mlp`.
        optimizer, lr, weight_decay, momentum, beta1, beta2: how it learns, as in `zerokara.optim`.
        schedule: "constant", "exponential:RATE", "step:EPOCHS:RATE", "cosine" or "cosine:WARMUP_EPOCHS".
        span: the epochs that the schedule spans; None: ``epochs``.
        batch_size: samples a step; "auto" makes it a twentieth of them, 16 to 200.
        epochs: how long to train, at most.
        validation: the share of the samples, or their number, to hold out and judge by; None holds out nothing.
        patience: epochs without an improvement of more than ``tol`` after which training stops; None: never.
        scoring: what is judged: "loss", or a score of scikit-learn's by name or as a function.
        scaling: of the inputs: "standard", "range", "center" or "none"; targets are standardized unless "none".
        networks: how many learn side by side, from different initial weights; their mean is the answer, and better
            than the answer of one by itself.
        warm_start: a further `fit` trains the same network for longer.
        threads: BLAS threads; more than 1 gives up identical bits.
        verbose: print a line an epoch.
        random_state: None draws anew in every `fit`.

    Attributes:
        model_: the network of the best epoch as a `zerokara.Model`, which can be saved.
        history_: curves over the epochs: train_loss, train_score, val_loss, val_score and lr, each (n_iter_,); with
            ``scoring`` also val_scoring.
        best_epoch_, n_iter_: the epoch whose weights were kept, and how many were trained.
    """

    hidden: Sequence[int] = (100,)
    _: KW_ONLY
    activation: str = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    init_scale: float = 0.5
    optimizer: str = "adam"
    lr: float = 0.001
    weight_decay: float = 0.001
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    schedule: str = "constant"
    span: int | None = None
    batch_size: int | str = "auto"
    epochs: int = 200
    validation: float | None = 0.1
    patience: int | None = 20
    tol: float = 0.0
    scoring: str | Callable[..., float] = "loss"
    scaling: str = "standard"
    networks: int = 1
    warm_start: bool = False
    threads: int = 1
    verbose: bool = False
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train the network and keep its best epoch.

        With ``warm_start`` a further call trains for ``epochs`` more epochs: 30 and then 30 are the same as 60,
        if ``span`` says 60 where the schedule looks to the end.

        Args:
            X, y: the samples (N, D), and their targets.
            sample_weight: how much each sample counts, (N,), zero or above.
            X_val, y_val: judge by these; else by the share of X that ``validation`` says.
        """
        goes_on = self.warm_start and hasattr(self, "_learner")
        learner = self._learner if goes_on else None
        train, held_out, seed = self._cut(X, y, sample_weight, X_val=X_val, y_val=y_val, learner=learner)
        self._learn(train, held_out, self.epochs, learner, seed)
        return self

    def _cut(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, learner: Any = None
    ) -> tuple[Part, Part | None, int]:
        """Return what to learn from, what to judge by, and the seed: all that `fit` does before it trains."""
        self._check()
        x, t = self._arrays(X, y, reset=learner is None)
        whole = samples.part(x, t, self._weights(x, t, sample_weight))
        seed = learner.seed if learner else self._seed()
        if (held_out := self._own_validation(X_val, y_val, t)) is not None:
            return whole, held_out, seed
        return *samples.hold_out(whole, self.validation, seed), seed

    def _own_validation(self, X: Any, y: Any, everything: Array) -> Part | None:
        """Return the samples that were given to judge by, if any were."""
        if (X is None) != (y is None):
            raise InputError("X_val and y_val come together: give both or neither")
        if X is None:
            return None
        x, t = self._arrays(X, y, reset=False)
        return samples.part(x, t, self._class_weights(t, everything))

    def _continue(self, x: Array, t: Array, sample_weight: Any) -> None:
        """Train for one more epoch, on these samples alone."""
        learner: Learner | None = getattr(self, "_learner", None)
        if learner:
            learner.settle()
        part = samples.part(x, t, self._weights(x, t, sample_weight))
        self._learn(part, None, 1, learner, learner.seed if learner else self._seed())

    def _learn(self, train: Part, held_out: Part | None, epochs: int, learner: Learner | None, seed: int) -> None:
        scaling = learner.preprocess if learner else self.scaling
        data = samples.dataset(self._task, train, held_out, self._outputs(), scaling)
        learner = learner or Learner(seed, data.preprocess, self.networks)
        if learner.networks != self.networks:
            raise InputError(
                f"training goes on with as many networks as before, {learner.networks}, got networks={self.networks}: "
                "fit anew with warm_start=False"
            )
        patience = None if self.patience is None else Patience(self.patience, self.tol)
        if learner.waits(patience):
            _warn(f"training stopped early in epoch {learner.epoch} and does not go on: raise patience")
        settings = self._settings(len(train))
        judge = None if held_out is None else self._judge(data.preprocess, held_out)
        if not learner.waits(patience):
            run = build(
                settings,
                data,
                self.networks,
                seed=seed,
                same_start=False,
                keep_best=True,
                patience=patience,
                span=self.span or self.epochs,
                threads=self.threads,
                objective=partial(learner.objective, judge),
            )
            learner.train(run, epochs, _show if self.verbose else None)
        self._keep(learner)

    def _keep(self, learner: Learner) -> None:
        """Set what a fitted estimator has."""
        self.model_ = self._model(learner.chosen(), learner.preprocess)
        if learner.network is None:
            _warn(f"the loss stopped being finite in epoch {learner.epoch}; the best epoch was kept: lower lr")
        self._learner = learner
        self.best_epoch_, self.n_iter_ = learner.chosen_epoch, learner.epoch
        self.history_ = {name: learner.history[name].mean(axis=0) for name in CURVES}
        if self.scoring != "loss":
            self.history_["val_scoring"] = -np.array(learner.values)

    def _check(self) -> None:
        """Raise for the first argument that breaks its rule, those of the search's own table aside."""
        check_counts(epochs=self.epochs, networks=self.networks, threads=self.threads)
        check_counts(**{n: getattr(self, n) for n in ("span", "patience") if getattr(self, n) is not None})
        if isinstance(self.batch_size, str) and self.batch_size != "auto":
            raise InputError(f"batch_size must be a whole number or 'auto', got {self.batch_size!r}")

    def _settings(self, n: int) -> dict[str, Any]:
        """Return a value for every hyperparameter of a search, checked."""
        given = {name: getattr(self, name) for name in HYPERPARAMETERS if hasattr(self, name)}
        if self.batch_size == "auto":
            given["batch_size"] = batch_size(n)
        return complete(given)

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _arrays(self, X: Any, y: Any, reset: bool, known: bool = False) -> tuple[Array, Array]:
        """Return samples (N, D), float32, and targets as a loss takes them; ``reset`` learns what both are like."""
        kinds = (np.float64, np.float32)
        x, y = validate_data(self, X, y, reset=reset, dtype=kinds, order="C", multi_output=True, **self._accepts)
        return samples.single(x, "X"), self._targets(y, reset and not known)

    def _weights(self, x: Array, t: Array, sample_weight: Any) -> Array | None:
        own = self._class_weights(t, t)
        if sample_weight is None:
            return own
        given: Array = _check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True)
        return given if own is None else given * own

    def _judge(self, preprocess: Preprocess, held_out: Part) -> Judge:
        """Return how a network is judged by ``scoring`` on what is held out."""
        if self.scoring == "loss":
            return _mean_loss
        scorer, y = check_scoring(self, scoring=self.scoring), self._labels(held_out.t)
        blank = self._of_arrays()

        def judge(network: Network, epoch: Epoch) -> float:
            return -float(scorer(blank._having(network, preprocess), held_out.x, y))

        return judge

    def _of_arrays(self) -> Self:
        """Return a copy that knows no feature names, since the samples held out are arrays."""
        blank = copy.copy(self)
        blank.__dict__.pop("feature_names_in_", None)
        return blank

    def _having(self, network: Network, preprocess: Preprocess) -> Self:
        """Return a copy that answers with a network."""
        other = copy.copy(self)
        other.model_ = self._model(network, preprocess)
        return other

    def _model(self, network: Network, preprocess: Preprocess) -> Model:
        return Model(Ensemble.of(network), preprocess, self._task, self._outputs(), (len(preprocess.shift),))

    def _scores(self, X: Any) -> Array:
        """Return the network's outputs (N, C), float64, for samples in the data's own units.

        BLAS adds up in an order that depends on how many rows there are: so there are always as many, and what is
        said of a sample does not depend on its company.
        """
        check_is_fitted(self, "model_")
        x = validate_data(self, X, reset=False, dtype=np.float32, order="C")
        padded = np.concatenate([x, np.broadcast_to(x[-1], (-len(x) % CHUNK, x.shape[1]))])
        return self.model_.scores(padded)[: len(x)].astype(np.float64)

    _task: ClassVar[Task]
    _accepts: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def _targets(self, y: Array, learn: bool) -> Array:
        """Return targets as a loss takes them; ``learn`` what they are like, or hold them against what is known."""

    @abstractmethod
    def _labels(self, t: Array) -> Array:
        """Return targets as they were given: the inverse of `_targets`."""

    @abstractmethod
    def _outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs."""

    def _class_weights(self, t: Array, everything: Array) -> Array | None:
        """Return how much each sample counts for its class; ``everything`` are the targets that are learned from."""
        return None


def batch_size(n: int) -> int:
    """Return how many of n samples make a step: enough steps on small data, enough samples a step on large."""
    return max(16, min(200, n // 20))


def _mean_loss(network: Network, epoch: Epoch) -> float:
    return float(epoch.objective.mean())


def _warn(text: str) -> None:
    warnings.warn(text, ConvergenceWarning, stacklevel=5)


def _show(epoch: Epoch) -> None:
    facts = [f"{name} {float(getattr(epoch, name).mean()):.4f}" for name in CURVES[:4]]
    print(f"epoch {epoch.number}: {', '.join(fact for fact in facts if not fact.endswith('nan'))}")
