"""Two estimators that search for their own hyperparameters: what `zerokara.tune` does, inside `fit`."""

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
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_race
from zerokara.engine.plan import Plan
from zerokara.engine.shard import retrain
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.base import NetworkEstimator
from zerokara.estimators.learner import Learner
from zerokara.estimators.network import NetworkClassifier, NetworkRegressor
from zerokara.estimators.results import Judged, judged, search_results
from zerokara.estimators.scoring import Jury
from zerokara.estimators.splits import indices, judged_by_validation
from zerokara.space.space import Space, choice, log, uniform
from zerokara.storage.local import Local
from zerokara.study.loop import search


def good_space() -> dict[str, Any]:
    """Return what is searched unless something else is said: step size, regularization and layers."""
    return {
        "lr": log(3e-4, 3e-2),
        "weight_decay": log(1e-5, 1e-1),
        "dropout": uniform(0.0, 0.4),
        "hidden": choice([(32,), (128,), (64, 64)]),
    }


@dataclass(eq=False, repr=False)
class TunedEstimator(BaseEstimator):  # type: ignore[misc]
    """A search inside `fit`, and then the network that won; arguments are only stored, `fit` checks them.

    Args:
        space: for each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`, or
            of scipy.stats or Optuna); what is not named is as in `NetworkClassifier`. None searches `good_space`.
        trials, epochs, sampler, race, seeds: as for `zerokara.tune`; each trial is judged by its best epoch, the same
            for all folds.
        cv: folds that every trial is trained on and judged by: how many to cut, or a splitter of scikit-learn's, or
            pairs of indices; None holds out ``validation``, a share or a count.
        scoring: a score of scikit-learn's by name or as a function, in place of the loss: it ranks and races, and each
            network is judged at the epoch where its own validation loss is lowest.
        refit: train the winner once more, on all samples; False takes its network from the search.
        networks: how many then learn side by side, from different initial weights: the mean of what they say is the
            answer.
        scaling: of the inputs: "standard", "range", "center" or "none".
        workers: as for `zerokara.tune`; the numbers do not depend on it.

    Attributes:
        best_estimator_: the winner, a `NetworkClassifier` or `NetworkRegressor` of its own.
        best_params_, best_score_, best_index_: what was searched and won, its score (accuracy or R2) in the search,
            where it is one network, and its trial.
        search_results_: one entry a trial, in the columns of ``cv_results_``; see `search_results`.
        study_: the `zerokara.Study`, until the estimator is pickled: the training data are in it.
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
    random_state: int | np.random.RandomState | None = None

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Search, and train the winner.

        Args:
            X, y: the samples (N, D), and their targets.
            sample_weight: how much each sample counts, (N,), zero or above.
            X_val, y_val: judge by these, in place of folds or what would be held out.
            groups: which group each sample belongs to, (N,), for a splitter that looks at groups.
        """
        check_counts(networks=self.networks)
        net = self._network()
        x, t = net._arrays(X, y, reset=True)
        weights = net._weights(x, t, sample_weight)
        seed = net._seed()
        whole = samples.part(x, t, weights)
        make = partial(samples.dataset, net._task, outputs=net._outputs(), scaling=self.scaling)
        if (own := net._own_validation(X_val, y_val, t)) is not None:
            parts = [make(whole, own)]
        elif self.cv is None:
            parts = [make(*self._held_out(whole, seed))]
        else:

            def cut(rows: Index) -> Part:
                return samples.part(x[rows], t[rows], None if weights is None else weights[rows])

            splits = indices(self.cv, x, net._labels(t), groups)
            parts = [make(cut(train), cut(test)) for train, test in splits]
            parts = parts or list(make(whole, None).folds(_folds(self.cv, len(whole)), seed))
        jury = None
        if isinstance(self.scoring, list | tuple | set | Mapping):
            raise InputError(f"scoring must be one score, which ranks, got {self.scoring!r}: name one")
        if self.scoring is not None:
            jury = Jury(judged_by_validation(net, parts), check_scoring(net, self.scoring))
        settings = net._settings(len(parts[0].train) if len(parts) == 1 else len(whole))
        plan = Plan(
            parts[0],
            epochs=self.epochs,
            seed=seed,
            keep_best=jury is not None,
            evaluate_train_every=self.epochs,
            seeds=self.seeds,
            ready=tuple(parts),
            jury=jury,
        )
        space = Space(settings | dict(good_space() if self.space is None else self.space))
        store = Local.in_memory(space, trials=self.trials, sampler=self.sampler, seed=seed)
        self.study_ = search(plan, store, race=make_race(self.race), pool=open_pool(self.workers))
        self._take_over(net, seed, (X, y, sample_weight), jury)
        return self

    def _held_out(self, whole: Part, seed: int) -> tuple[Part, Part]:
        train, held_out = samples.hold_out(whole, self.validation, seed)
        if held_out is None:
            raise InputError(f"n_samples={len(whole)} leave none to judge by: give more samples, or X_val and y_val")
        return train, held_out

    def predict(self, X: Any) -> Array:
        """Return what the network that won says of each sample."""
        check_is_fitted(self, "best_estimator_")
        found: Array = self.best_estimator_.predict(X)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: all but ``study_``, since a study has the training data in it."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "study_"}

    def _network(self) -> NetworkEstimator:
        """Return the estimator of one network, before anything is searched."""
        raise NotImplementedError

    def _take_over(self, net: NetworkEstimator, seed: int, fitting: tuple[Any, Any, Any], jury: Jury | None) -> None:
        """Make the winner an estimator of its own, trained on all samples or as the search left it."""
        ranking = judged(self.study_, jury)
        best = ranking[0]
        params = best.trial.params
        won = {name: value for name, value in params.items() if hasattr(net, name)}
        net.set_params(**won, epochs=best.epoch, span=self.epochs, validation=None, patience=None, random_state=seed)
        if self.refit:
            net.set_params(networks=self.networks).fit(*fitting)
        else:
            net._keep(_again(best, self.study_.plan))
        self.best_estimator_ = net
        self.best_params_ = {name: params[name] for name in self.study_.space.searched}
        self.best_score_, self.best_index_ = float(np.mean(best.scores())), best.trial.number
        self.search_results_ = search_results(self.study_, ranking)
        self.n_features_in_ = net.n_features_in_
        if hasattr(net, "feature_names_in_"):
            self.feature_names_in_ = net.feature_names_in_


def _again(best: Judged, plan: Plan) -> Learner:
    """Return the winner's network of the first fold as it was at the epoch that counts: trained again, to the bit."""
    run = retrain(best.trial, plan, best.epoch)
    learner = Learner(plan.seed, plan.parts[0].preprocess)
    learner.network, learner.optimizer, learner.history = run.network.copy(), run.optimizer, run.history
    return learner


def _folds(cv: Any, n: int) -> int:
    if not isinstance(cv, int | np.integer) or isinstance(cv, bool) or cv < 2:
        raise InputError(
            f"cv must be a number of folds, 2 or above, a splitter, or None to hold out one part, got {cv!r}"
        )
    if cv > n:
        raise InputError(f"cv={cv} folds need as many samples, got n_samples={n}: fewer folds, or cv=None")
    return int(cv)


@dataclass(eq=False, repr=False)
class TunedNetworkRegressor(MultiOutputMixin, RegressorMixin, TunedEstimator):  # type: ignore[misc]
    """A search among networks that tell numbers, and the one that won.

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
    """A search among networks that tell classes, or labels of which a sample may have several, and the one that won.

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
        """Return probabilities (N, C): of the classes, which sum to 1, or of each label by itself."""
        check_is_fitted(self, "best_estimator_")
        found: Array = self.best_estimator_.predict_proba(X)
        return found

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`, exact where those are all but 0."""
        check_is_fitted(self, "best_estimator_")
        found: Array = self.best_estimator_.predict_log_proba(X)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _network(self) -> NetworkClassifier:
        return NetworkClassifier(scaling=self.scaling, class_weight=self.class_weight, random_state=self.random_state)
