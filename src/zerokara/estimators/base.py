"""The base class of the classifier and the regressor: the way from arrays to a trained network."""

import copy
import math
import threading
import warnings
from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted, validate_data

from zerokara.arrays import Array
from zerokara.checks import is_sparse
from zerokara.data import Dataset, Encoder, Part, Preprocess
from zerokara.data.counts import as_counts
from zerokara.data.sparse import as_rows
from zerokara.engine.workers import interruptible
from zerokara.errors import InputError, warn
from zerokara.estimators import samples
from zerokara.estimators.fit_state import FitState, Objective
from zerokara.estimators.reading import FLOATS, Reader
from zerokara.model import Ensemble, Model, ModelMember
from zerokara.nn import Network
from zerokara.nn.encodings import without_effect
from zerokara.nn.regression_losses import POISSON
from zerokara.space.defaults import FOLDED, table_search
from zerokara.study.study import Study
from zerokara.train import EarlyStopping, Epoch
from zerokara.train.build import build
from zerokara.train.history import CURVES
from zerokara.train.metrics import CHUNK
from zerokara.tuning import tune

STOPPED_BY_USER = "training was interrupted after epoch"
"""The beginning of the warning after Ctrl-C, by which a search knows that it should end too."""


@dataclass(eq=False, repr=False)
class NetworkEstimator(Reader):
    """The base of the classifier and the regressor: see `NetworkArguments`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train the network, or the default networks; Ctrl-C ends training, and keeps the best epoch until then.

        It keeps nothing of default networks before one of them has begun on all folds.

        With ``warm_start`` a further call trains for ``epochs`` more epochs: 30 and then 30 equal 60; with a schedule,
        only if ``schedule_epochs`` is 60.

        Args:
            X, y: the samples (N, D), and their targets.
            sample_weight: (N,), zero or above.
            X_val, y_val: validation samples, in place of those that ``validation`` holds out.
        """
        if self._averages and X_val is None and y_val is None and self._fit_default(X, y, sample_weight):
            return self
        state = self._fit_state if self.warm_start and hasattr(self, "_fit_state") else None
        train, held_out, seed = self._cut(X, y, sample_weight, X_val=X_val, y_val=y_val, state=state)
        self._learn(train, held_out, self.epochs, state, seed)
        return self

    def _cut(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, state: Any = None
    ) -> tuple[Part, Part | None, int]:
        """Return the training part, the validation part and the seed: all that `fit` does before it trains."""
        self._check()
        read = self._read(X, y, reset=state is None)
        if state:
            self._check_continued(read.t)
        part = samples.weighted(read, self._weights(read, sample_weight))
        seed = state.seed if state else self._seed()
        if (held_out := self._own_validation(X_val, y_val, read.t)) is not None:
            return part, held_out, seed
        return *samples.hold_out(part, self.validation, seed, self._outputs()), seed

    def _own_validation(self, X: Any, y: Any, everything: Array) -> Part | None:
        """Return the validation samples that were passed to `fit`, if any."""
        if (X is None) != (y is None):
            raise InputError("X_val and y_val must be passed together, got one of them: pass both or neither")
        if X is None:
            return None
        part = self._read(X, y, reset=False)
        return samples.weighted(part, self._class_weights(part.t, everything))

    def _fit_default(self, X: Any, y: Any, sample_weight: Any) -> bool:
        """Train the default networks, and return True, if there are enough samples for them."""
        self._check()
        part = self._read(X, y, reset=True)
        part = samples.weighted(part, self._weights(part, sample_weight))
        if len(part) < FOLDED.start or (self._task == "classification" and (part.t == part.t[0]).all()):
            return False
        data = samples.whole(self._task, part, self._outputs())
        how: dict[str, Any] = {"dtype": self.dtype, "engine": self.engine, "workers": self.threads}
        how |= {"progress": self.progress, "seed": self._tune_seed(), "on_epoch": _show if self.verbose else None}
        trials = len(table_search(data)["first"])
        self._keep_study(tune(samples.scaled(data), trials=trials, race="none", **how))
        return True

    def _keep_study(self, study: Study) -> None:
        """Set the attributes of an estimator that was fitted by a search."""
        warn_of_interruption(study)
        best = study.best.trial
        self.model_, self.history_ = study.model, {name: best.curves[name] for name in CURVES}
        # The mean curves end with the first network that stopped.
        self.best_epoch_, self.n_iter_ = min(best.epoch, len(self.history_["val_loss"])), best.epochs
        self._searched = True
        self.__dict__.pop("_fit_state", None)

    def _warn_of_restart(self) -> None:
        """Warn that networks of a search do not continue."""
        if self._searched:
            warn(
                f"partial_fit trains one network from the start, and drops the {self.model_.population} of fit: "
                "a mean does not continue"
            )

    def _continue(self, read: Part, sample_weight: Any) -> None:
        """Train for one more epoch, on these samples only."""
        state: FitState | None = getattr(self, "_fit_state", None)
        if state:
            state.settle()
        part = samples.weighted(read, self._weights(read, sample_weight))
        self._learn(part, None, 1, state, state.seed if state else self._seed(), stops=False)

    def _learn(
        self, train: Part, held_out: Part | None, epochs: int, state: FitState | None, seed: int, stops: bool = True
    ) -> None:
        scaling = state.preprocess if state else self.scaling
        encoder = state.encoder if state else None
        data = samples.dataset(self._task, train, held_out, self._outputs(), scaling, encoder)
        loss = getattr(self, "loss", None)
        data = as_counts(data) if loss == POISSON and state is None else data
        state = state or FitState(seed, data.preprocess, self.networks, data.encoder)
        if state.networks != self.networks:
            got = f"{state.networks}, got {self.networks}: start again with warm_start=False"
            raise InputError(f"training continues only with as many networks as before, {got}")
        patience = self.patience if stops else None
        params = self._params(len(train))
        objective = None if held_out is None else self._objective(data, held_out)
        interrupted = threading.Event()
        if stopped := state.stopped(patience):
            _warn(f"training stopped early in epoch {state.epoch} and does not continue: increase patience")
        else:
            values = {} if state.epoch else {name: (value,) for name, value in params.items()}
            for report in without_effect(values, data):
                warn(report)
            state.keep_encodings(params["numeric_encoding"], data)
            run = build(
                params,
                data,
                self.networks,
                seed=seed,
                same_start=False,
                dtype=self.dtype,
                engine=self.engine,
                shuffle=self.shuffle,
                keep_best=True,
                early_stopping=None if patience is None else EarlyStopping(patience, self.tol),
                schedule_epochs=self.schedule_epochs or self.epochs,
                threads=self.threads,
                loss=loss,
                objective=partial(state.objective, objective),
            )
            with interruptible() as interrupted:
                run.stop = interrupted.is_set
                state.train(run, epochs, _show if self.verbose else self.progress and epochs > 1)
            if interrupted.is_set():
                if not state.epoch:
                    raise KeyboardInterrupt
                warn(f"{STOPPED_BY_USER} {state.epoch}, and the networks trained so far are kept")
        self._keep(state)
        if state.network is None:
            _warn(f"the loss stopped being finite in epoch {state.epoch}; the best epoch was kept: decrease lr")
        elif not (stopped or interrupted.is_set()) and state.improves(patience, params["schedule"]):
            what = "training loss" if held_out is None else "validation loss" if self.scoring == "loss" else "score"
            _warn(
                f"epochs={epochs} ran out while the {what} still improved: increase epochs, or set patience=None to "
                "train for so many on purpose"
            )

    def _keep(self, state: FitState) -> None:
        """Set the attributes of a fitted estimator."""
        self.model_ = self._model(state.chosen(), state.preprocess, state.encoder)
        self._fit_state, self._searched = state, False
        self.best_epoch_, self.n_iter_ = int(state.best_epoch[0]) or state.epoch, state.epoch
        self.history_ = {name: state.history[name].mean(axis=0) for name in CURVES}
        if self.scoring != "loss":
            self.history_["val_scoring"] = -np.array(state.values)

    def _objective(self, data: Dataset, held_out: Part) -> Objective:
        """Return the function that evaluates ``scoring`` on the validation samples."""
        if self.scoring == "loss":
            return lambda network, epoch: float(epoch.objective.mean())
        scorer, blank = check_scoring(self, scoring=self.scoring), self._of_arrays()
        x, y = samples.as_passed(held_out), self._labels(samples.targets(held_out))

        def objective(network: Network, epoch: Epoch) -> float:
            score = float(scorer(blank._having(network, data.preprocess, data.encoder), x, y))
            if math.isnan(score):
                raise InputError(
                    f"scoring={self.scoring!r} must give a number, got nan for {len(y)} validation samples: hold out "
                    "more samples, or choose another score"
                )
            return -score

        return objective

    def _of_arrays(self) -> Self:
        """Return a copy for validation samples: arrays without feature names, and float32 whatever was passed."""
        blank = copy.copy(self)
        blank.__dict__.pop("feature_names_in_", None)
        blank.__dict__["_validates"] = True
        return blank

    def _having(self, network: Network, preprocess: Preprocess, encoder: Encoder | None = None) -> Self:
        """Return a copy that predicts with a network."""
        other = copy.copy(self)
        other.model_ = self._model(network, preprocess, encoder)
        return other

    def _model(self, network: Network, preprocess: Preprocess, encoder: Encoder | None = None) -> Model:
        member = ModelMember(Ensemble.of(network), preprocess, encoder)
        return Model((member,), self._task, self._outputs(), (len(preprocess.shift),))

    def _scores(self, X: Any) -> Array:
        """Return the network's outputs (N, C), float64, for samples in the data's own units; of a search as its model.

        The order in which BLAS adds depends on the number of rows. Rows are padded to a fixed number, so that the
        prediction for a sample does not depend on the other samples; with OpenBLAS's kernels for AVX2, where the order
        depends on the place of a row too, its last bits may.
        """
        check_is_fitted(self, "model_")
        if self._reader is not None:
            scores = self.model_.scores(self._as_table(X))
        else:
            kinds: Any = FLOATS if is_sparse(X) else np.float32
            x = validate_data(self, X, reset=False, dtype=kinds, order="C", accept_sparse="csr")
            rows = as_rows(x, "X") if is_sparse(x) else x
            scores = np.concatenate([self._padded_scores(rows[k : k + CHUNK]) for k in range(0, len(rows), CHUNK)])
        return scores if self._searched else scores.astype(np.float64)

    def _padded_scores(self, x: Array) -> Array:
        padded = np.concatenate([x, np.broadcast_to(x[-1], (-len(x) % CHUNK, x.shape[1]))])
        return self.model_.scores(padded)[: len(x)]

    def _as_given(self, X: Any, values: Array) -> Array:
        """Return predictions in the precision of the samples: float32 for float32, else float64."""
        single = samples.single(X) and not self._validates and not self._searched
        return values.astype(np.float32) if single else values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    _searched = False
    """Whether the networks come from a search, so that predictions are those of its model."""

    @abstractmethod
    def _labels(self, t: Array) -> Array:
        """Return targets in the user's format: the inverse of `_targets`."""

    def _check_continued(self, t: Array) -> None:
        """Raise InputError unless training can continue on these targets, with ``warm_start``."""

    @abstractmethod
    def _outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs."""


def warn_of_interruption(study: Study) -> None:
    """Warn that a search was interrupted; raise KeyboardInterrupt if it found nothing."""
    if study.interrupted:
        if not study.candidates:
            raise KeyboardInterrupt
        warn("the search was interrupted, and the best trial so far is the result")


def _warn(text: str) -> None:
    warnings.warn(text, ConvergenceWarning, stacklevel=4)


def _show(epoch: Epoch) -> None:
    facts = [f"{name} {float(getattr(epoch, name).mean()):.4f}" for name in CURVES[:4]]
    print(f"epoch {epoch.number}: {', '.join(fact for fact in facts if not fact.endswith('nan'))}")
