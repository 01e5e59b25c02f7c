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
from zerokara.checks import check_counts, require_flag
from zerokara.data import Part
from zerokara.data.dataset import DEFAULT_VALIDATION
from zerokara.data.sparse import as_given
from zerokara.display import shown
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.shard import retrain
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.arguments import ONE_NETWORK
from zerokara.estimators.base import NetworkEstimator, warn_of_interruption
from zerokara.estimators.fit_state import FitState
from zerokara.estimators.network import NetworkClassifier, NetworkRegressor
from zerokara.estimators.results import RankedTrial, ranked_trials, search_results, tuned_trials
from zerokara.estimators.splits import SplitScorer, folds_of, indices, validation_splits
from zerokara.space.space import Space, choice, log, uniform
from zerokara.storage.local import Local
from zerokara.study.defaults import REFIT
from zerokara.study.loop import search
from zerokara.study.views.progress_table import table_of
from zerokara.tuning import tune

TRIALS, EPOCHS, RACE = 60, 100, "halving:3:4"
"""The defaults of a search on splits of scikit-learn."""


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
    """An estimator that searches in `fit` as `zerokara.tune` does. Arguments are validated in `fit`.

    With the default ``cv`` and without ``scoring``, ``X_val`` and ``groups``, `fit` is ``zerokara.tune((X, y), space)``
    with ``random_state`` as the seed, and predictions are those of ``study_.model``. Otherwise trials share splits of
    scikit-learn, and the best is trained again on all samples, for one number of epochs.

    Args:
        space: for each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`, or
            of scipy.stats or Optuna). None: the default of `zerokara.tune`; with splits of scikit-learn `good_space`,
            and other hyperparameters are those of `NetworkClassifier`.
        trials, epochs, sampler, race, seeds: as in `zerokara.tune`; with splits of scikit-learn 60, 100, "random" and
            "halving:3:4" by default.
        cv: "auto", folds or a held-out part as in `zerokara.tune`; or the number of folds, a splitter of scikit-learn,
            or pairs of indices; None holds out ``validation``.
        validation: a fraction or a number of samples; "auto": as in `zerokara.tune`, 0.2 with ``cv=None``.
        scoring: a scorer of scikit-learn by name or as a function, which replaces the loss. Each network is scored at
            the epoch of its lowest validation loss.
        refit: train the best trial again, on all samples; False takes its network from the search.
        networks: the number of networks in the refit, with different initial weights; predictions are their mean. None:
            as in `zerokara.tune`, which averages folds without a refit; with splits of scikit-learn 5.
        scaling: of the inputs: "standard", "range", "center" or "none".
        workers: as in `zerokara.tune`; results do not depend on it.
        progress: show a `fit` that lasts more than two seconds, in a notebook or on a terminal.

    Attributes:
        best_estimator_: a fitted `NetworkClassifier` or `NetworkRegressor` with the hyperparameters of the best trial;
            its ``model_`` may be the mean of several trials.
        best_params_, best_score_, best_index_: the searched values of the best trial, its score in the search
            (accuracy or R2 by default), and its number.
        search_results_: one entry per trial, in the columns of ``cv_results_``; see `search_results`.
        study_: the `zerokara.Study`; not pickled, because it contains the training data.
    """

    space: Mapping[str, Any] | None = None
    _: KW_ONLY
    trials: int | None = None
    epochs: int | None = None
    sampler: str = "random"
    race: str | None = None
    cv: Any = "auto"
    validation: float | str | None = "auto"
    scoring: str | Callable[..., float] | None = None
    seeds: int = 1
    refit: bool = True
    networks: int | None = None
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
        check_counts(**{name: n for name in ("trials", "epochs", "networks") if (n := getattr(self, name)) is not None})
        require_flag("refit", self.refit)
        own = any(given is not None for given in (self.scoring, X_val, y_val, groups))
        if not own and isinstance(self.cv, str) and self.cv == "auto":
            return self._tune(X, y, sample_weight)
        return self._search(X, y, sample_weight, (X_val, y_val), groups)

    def _tune(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Search as `zerokara.tune`."""
        net = self._network()
        part = net._read(X, y, reset=True)
        part = samples.weighted(part, net._sample_weights(part, sample_weight))
        data = samples.scaled(samples.whole(net._task, part, net._outputs()), self.scaling)
        seed = net._tune_seed()
        self.study_ = tune(
            data,
            self.space,
            trials=self.trials,
            epochs=self.epochs,
            sampler=self.sampler,
            race=self.race,
            seeds=self.seeds,
            refit=self.networks if self.refit else 0,
            validation=None if self.validation == "auto" else self.validation,
            class_weight=net._named_class_weight(),
            seed=seed,
            workers=self.workers,
            progress=self.progress,
        )
        net._keep_study(self.study_)
        best = self.study_.best.trial
        won = {name: value for name, value in best.params.items() if hasattr(net, name)}
        net.set_params(**{"hidden": ONE_NETWORK} | won, random_state=seed, progress=self.progress)
        return self._keep(net, tuned_trials(self.study_))

    def _search(self, X: Any, y: Any, sample_weight: Any, own: tuple[Any, Any], groups: Any) -> Self:
        """Search on splits of scikit-learn, and train the best trial again."""
        net = self._network()
        read = net._read(X, y, reset=True)
        weights = net._weights(read, sample_weight)
        seed = net._seed()
        part = samples.weighted(read, weights)
        make = partial(samples.dataset, net._task, outputs=net._outputs(), scaling=self.scaling)
        if (given := net._own_validation(*own, read.t)) is not None:
            parts = [make(part, given)]
        elif self.cv is None:
            size = DEFAULT_VALIDATION if isinstance(self.validation, str) else self.validation
            train, held_out = samples.hold_out(part, size, seed, net._outputs())
            if held_out is None:
                raise InputError(
                    f"validation must have samples, got 0 of n_samples={len(part)}: pass more, or X_val and y_val"
                )
            parts = [make(train, held_out)]
        else:

            def cut(rows: Index) -> Part:
                return samples.weighted(read.take(rows), None if weights is None else weights[rows])

            cv = 5 if isinstance(self.cv, str) and self.cv == "auto" else self.cv
            splits = indices(cv, as_given(read.x), net._labels(samples.targets(read)), groups)
            parts = [make(cut(train), cut(test)) for train, test in splits]
            parts = parts or list(make(part, None).folds(folds_of(cv, len(part)), seed))
        scorer = None
        if isinstance(self.scoring, list | tuple | set | Mapping):
            raise InputError(f"scoring must be one scorer, got {self.scoring!r}: choose one to rank by")
        if self.scoring is not None:
            scorer = SplitScorer(validation_splits(net, parts), check_scoring(net, self.scoring))
        params = net._params(len(parts[0].train) if len(parts) == 1 else len(part))
        epochs = self.epochs or EPOCHS
        plan = Plan.of_splits(
            parts,
            scorer=scorer,
            epochs=epochs,
            seed=seed,
            keep_best=scorer is not None,
            evaluate_train_every=epochs,
            seeds=self.seeds,
        )
        space = Space(params | dict(good_space() if self.space is None else self.space))
        store = Local.in_memory(space, trials=self.trials or TRIALS, sampler=self.sampler, seed=seed)
        how: dict[str, Any] = {"scheduler": make_scheduler(self.race or RACE), "pool": open_pool(self.workers)}
        with shown(self.progress, table_of(plan, space), stay=True) as show:
            self.study_ = search(plan, store, progress=show, **how)
        warn_of_interruption(self.study_)
        ranking = ranked_trials(self.study_, scorer)
        best = ranking[0]
        won = {name: value for name, value in best.trial.params.items() if hasattr(net, name)}
        net.set_params(
            **won, epochs=best.epoch, schedule_epochs=epochs, validation=None, patience=None, random_state=seed
        ).set_params(progress=self.progress)
        if self.refit:
            net.set_params(networks=self.networks or REFIT).fit(X, y, sample_weight)
        else:
            run = retrain(best.trial, plan, best.epoch)
            state = FitState(plan.seed, plan.parts[0].preprocess, encoder=plan.parts[0].encoder)
            state.network, state.optimizer, state.history = run.network.copy(), run.optimizer, run.history
            net._keep(state)
        return self._keep(net, ranking)

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

    def _keep(self, net: NetworkEstimator, ranking: list[RankedTrial]) -> Self:
        """Set the attributes of a fitted estimator."""
        best = ranking[0]
        self.best_estimator_ = net
        self.search_results_ = search_results(self.study_, ranking)
        self.best_score_, self.best_index_ = float(np.mean(best.scores())), best.trial.number
        self.best_params_ = self.search_results_["params"][self.best_index_]
        self.n_features_in_ = net.n_features_in_
        if hasattr(net, "feature_names_in_"):
            self.feature_names_in_ = net.feature_names_in_
        return self


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
