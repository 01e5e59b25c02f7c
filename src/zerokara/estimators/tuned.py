"""Two estimators that tune their hyperparameters in `fit`, as `zerokara.tune` does."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from zerokara.arrays import Array, Index
from zerokara.checks import check_counts
from zerokara.data import Part
from zerokara.data.sparse import as_given, take_rows
from zerokara.display import shown
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.shard import retrain
from zerokara.errors import InputError, warn
from zerokara.estimators import samples
from zerokara.estimators.base import NetworkEstimator
from zerokara.estimators.fit_state import FitState
from zerokara.estimators.network import NetworkClassifier, NetworkRegressor
from zerokara.estimators.results import ranked_trials, search_results
from zerokara.estimators.scoring import SplitScorer
from zerokara.estimators.splits import indices, validation_splits
from zerokara.space.space import Space, choice, log, uniform
from zerokara.storage.local import Local
from zerokara.study.loop import search
from zerokara.study.views.progress_table import table_of


def good_space() -> dict[str, Any]:
    """Return the default search space: learning rate, regularization and layers."""
    return {
        "lr": log(3e-4, 3e-2),
        "weight_decay": log(1e-5, 1e-1),
        "dropout": uniform(0.0, 0.4),
        "hidden": choice([(32,), (128,), (64, 64)]),
    }


@dataclass(eq=False, repr=False)
class TunedEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator that searches in `fit` and predicts with the best network. Arguments are validated in `fit`.

    Args:
        space: for each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`, or
            of scipy.stats or Optuna); the defaults of others are those of `NetworkClassifier`. None: `good_space`.
        trials, epochs, sampler, race, seeds: as in `zerokara.tune`; each trial is ranked by its best epoch, the same
            for all folds.
        cv: cross-validation for every trial: the number of folds, a splitter of scikit-learn, or pairs of indices;
            None holds out ``validation``, a fraction or a number.
        scoring: a scorer of scikit-learn by name or as a function, which replaces the loss. Each network is scored at
            the epoch of its lowest validation loss.
        refit: train the best trial again, on all samples; False takes its network from the search.
        networks: the number of networks in the refit, with different initial weights; predictions are their mean.
        scaling: of the inputs: "standard", "range", "center" or "none".
        workers: as in `zerokara.tune`; results do not depend on it.
        progress: show a `fit` that lasts more than two seconds, in a notebook or on a terminal.

    Attributes:
        best_estimator_: a fitted `NetworkClassifier` or `NetworkRegressor`.
        best_params_, best_score_, best_index_: the searched values of the best trial, its score in the search (with
            one network; accuracy or R2 by default), and its number.
        search_results_: one entry per trial, in the columns of ``cv_results_``; see `search_results`.
        study_: the `zerokara.Study`; not pickled, because it contains the training data.
    """

    space: Mapping[str, Any] | None = None
    _: KW_ONLY
    trials: int = 60
    epochs: int = 100
    sampler: str = "random"
    race: str = "halving:3:4"
    cv: Any = 5
    validation: float = 0.2
    scoring: str | Callable[..., float] | None = None
    seeds: int = 1
    refit: bool = True
    networks: int = 5
    scaling: str = "standard"
    workers: int | str | Executor | None = None
    progress: bool = True
    random_state: int | np.random.RandomState | None = None

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, groups: Any = None
    ) -> Self:
        """Search, and train the best trial; Ctrl-C ends the search, and the best trial so far is trained.

        Args:
            X, y: the samples (N, D), and their targets.
            sample_weight: (N,), zero or above.
            X_val, y_val: validation samples, in place of ``cv`` and ``validation``.
            groups: the group of each sample, (N,), for a splitter that uses groups.
        """
        check_counts(trials=self.trials, networks=self.networks)
        net = self._network()
        x, t = net._arrays(X, y, reset=True)
        weights = net._weights(x, t, sample_weight)
        seed = net._seed()
        part = samples.part(x, t, weights)
        make = partial(samples.dataset, net._task, outputs=net._outputs(), scaling=self.scaling)
        if (own := net._own_validation(X_val, y_val, t)) is not None:
            parts = [make(part, own)]
        elif self.cv is None:
            train, held_out = samples.hold_out(part, self.validation, seed, net._outputs())
            if held_out is None:
                raise InputError(
                    f"validation must have samples, got 0 of n_samples={len(part)}: pass more, or X_val and y_val"
                )
            parts = [make(train, held_out)]
        else:

            def cut(rows: Index) -> Part:
                return samples.part(take_rows(x, rows), t[rows], None if weights is None else weights[rows])

            splits = indices(self.cv, as_given(x), net._labels(t), groups)
            parts = [make(cut(train), cut(test)) for train, test in splits]
            parts = parts or list(make(part, None).folds(_folds(self.cv, len(part)), seed))
        scorer = None
        if isinstance(self.scoring, list | tuple | set | Mapping):
            raise InputError(f"scoring must be one scorer, got {self.scoring!r}: choose one to rank by")
        if self.scoring is not None:
            scorer = SplitScorer(validation_splits(net, parts), check_scoring(net, self.scoring))
        params = net._params(len(parts[0].train) if len(parts) == 1 else len(part))
        plan = Plan.of_splits(
            parts,
            scorer=scorer,
            epochs=self.epochs,
            seed=seed,
            keep_best=scorer is not None,
            evaluate_train_every=self.epochs,
            seeds=self.seeds,
        )
        space = Space(params | dict(good_space() if self.space is None else self.space))
        store = Local.in_memory(space, trials=self.trials, sampler=self.sampler, seed=seed)
        how: dict[str, Any] = {"scheduler": make_scheduler(self.race), "pool": open_pool(self.workers)}
        with shown(self.progress, table_of(plan, space), stay=True) as show:
            self.study_ = search(plan, store, progress=show, **how)
        if self.study_.interrupted:
            if not self.study_.candidates:
                raise KeyboardInterrupt
            warn("the search was interrupted, and the best trial so far is the result")
        self._take_over(net, seed, (X, y, sample_weight), scorer)
        return self

    def predict(self, X: Any) -> Array:
        """Return the predictions of the best network."""
        return np.asarray(self._best.predict(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _best(self) -> Any:
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes but ``study_``, which contains the training data."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "study_"}

    @abstractmethod
    def _network(self) -> NetworkEstimator:
        """Return the estimator of one network, before the search."""

    def _take_over(
        self, net: NetworkEstimator, seed: int, fitting: tuple[Any, Any, Any], scorer: SplitScorer | None
    ) -> None:
        """Set the attributes of a fitted estimator, after a refit or with the network of the search."""
        ranking = ranked_trials(self.study_, scorer)
        best = ranking[0]
        params = best.trial.params
        won = {name: value for name, value in params.items() if hasattr(net, name)}
        net.set_params(
            **won, epochs=best.epoch, schedule_epochs=self.epochs, validation=None, patience=None, random_state=seed
        ).set_params(progress=self.progress)
        if self.refit:
            net.set_params(networks=self.networks).fit(*fitting)
        else:
            plan = self.study_.plan
            run = retrain(best.trial, plan, best.epoch)
            state = FitState(plan.seed, plan.parts[0].preprocess)
            state.network, state.optimizer, state.history = run.network.copy(), run.optimizer, run.history
            net._keep(state)
        self.best_estimator_ = net
        self.best_params_ = {name: params[name] for name in self.study_.space.searched}
        self.best_score_, self.best_index_ = float(np.mean(best.scores())), best.trial.number
        self.search_results_ = search_results(self.study_, ranking)
        self.n_features_in_ = net.n_features_in_
        if hasattr(net, "feature_names_in_"):
            self.feature_names_in_ = net.feature_names_in_


def _folds(cv: Any, n: int) -> int:
    if not isinstance(cv, int | np.integer) or isinstance(cv, bool) or cv < 2:
        raise InputError(
            f"cv must be a number of folds, 2 or above, a splitter, or None to hold out one part, got {cv!r}: use cv=5"
        )
    if cv > n:
        raise InputError(f"cv={cv} needs at least {cv} samples, got n_samples={n}: use fewer folds, or cv=None")
    return int(cv)


@dataclass(eq=False, repr=False)
class TunedNetworkRegressor(MultiOutputMixin, RegressorMixin, TunedEstimator):  # type: ignore[misc]
    """A multi-layer perceptron regressor with tuned hyperparameters.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tuned = TunedNetworkRegressor(trials=4, epochs=10, cv=3, random_state=0).fit(X, y)
    >>> sorted(tuned.best_params_), bool(tuned.best_score_ > 0.3)
    (['dropout', 'hidden', 'lr', 'weight_decay'], True)
    """

    def _network(self) -> NetworkRegressor:
        return NetworkRegressor(scaling=self.scaling, random_state=self.random_state)


@dataclass(eq=False, repr=False)
class TunedNetworkClassifier(ClassifierMixin, TunedEstimator):  # type: ignore[misc]
    """A multi-layer perceptron classifier with tuned hyperparameters, also for several labels per sample.

    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> tuned = TunedNetworkClassifier(trials=4, epochs=10, cv=3, random_state=0).fit(X, y)
    >>> len(tuned.search_results_["mean_test_score"]), bool(tuned.best_score_ > 0.9)
    (4, True)
    """

    _: KW_ONLY
    class_weight: Mapping[Any, float] | str | None = None

    @property
    def classes_(self) -> Any:
        """The classes, in the order of the columns of `predict_proba`."""
        return self.best_estimator_.classes_

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (N, C): of the classes, which sum to 1, or of each label independently."""
        return np.asarray(self._best.predict_proba(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`, accurate for probabilities close to 0."""
        return np.asarray(self._best.predict_log_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _network(self) -> NetworkClassifier:
        return NetworkClassifier(scaling=self.scaling, class_weight=self.class_weight, random_state=self.random_state)
