"""A search in the place of RandomizedSearchCV or HalvingRandomSearchCV: all trials and splits train together."""

import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone, is_classifier
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import _check_method_params

from zerokara.checks import check_counts
from zerokara.engine.executors import ThreadsFirst, open_pool
from zerokara.engine.halving import make_race
from zerokara.engine.plan import Plan
from zerokara.errors import InputError
from zerokara.estimators.results import cv_results, outcomes
from zerokara.estimators.scoring import Jury
from zerokara.estimators.space import space_of, without_repeats
from zerokara.estimators.splits import Fold, fold, network_of
from zerokara.space.hyperparameters import show
from zerokara.storage.local import Local
from zerokara.study.loop import search
from zerokara.study.study import Study

SEEDS = np.iinfo(np.int32).max


@dataclass(eq=False, repr=False)
class NetworkSearchCV(BaseSearchCV):  # type: ignore[misc]
    """A search with cross-validation whose networks all train together, one row of a population each.

    A score is what `RandomizedSearchCV` would have: that of the estimator with the trial's arguments, fitted on the
    training samples of a split, its own held-out part, early stopping and best epoch included, on the test samples.
    A race looks at the same scores at its rungs; a trial that it ends after r epochs has those of ``epochs=r``.

    Args:
        estimator: a `NetworkClassifier` or `NetworkRegressor`, or a Pipeline whose last step is one; its other steps
            are fitted once a split, and not searched.
        space: for each hyperparameter a range (`zerokara.log`, ...; of scipy.stats; of Optuna) or a list of options.
        n_iter: how many trials; from lists alone, none twice.
        scoring, refit, cv, n_jobs, verbose, error_score, return_train_score: as in `RandomizedSearchCV`, but that jobs
            are threads, and that a fit that fails is one whose loss stopped being finite.
        random_state: of the proposals, and of the networks if the estimator has none.
        race: "none", or "halving" or "hyperband" with [:ETA[:FIRST_RUNG]], in epochs. Of several scores it goes by the
            one that ``refit`` names, or else the first.
        sampler: as for `zerokara.tune`.

    Attributes:
        cv_results_: as in `RandomizedSearchCV`, with ``epochs`` and ``state``; trials that a race ended rank behind
            the others. Fit times are shares of the whole by epochs.
        best_estimator_, best_params_, best_score_, best_index_, scorer_, n_splits_, refit_time_, multimetric_,
            n_features_in_, classes_, feature_names_in_: as in `RandomizedSearchCV`.
        study_: the `zerokara.Study`, until the estimator is pickled: the training data are in it.

    Of the estimator's arguments, ``batch_size="auto"`` is counted once, on the smallest split, ``threads`` and
    ``verbose`` are of the last fit alone, and ``scoring`` must be "loss".

    >>> import zerokara as zk
    >>> from sklearn.datasets import load_iris
    >>> from zerokara.estimators import NetworkClassifier
    >>> space = {"lr": zk.log(1e-3, 1e-1), "hidden": [(8,), (16,)]}
    >>> found = NetworkSearchCV(NetworkClassifier(epochs=20), space, n_iter=4, cv=3, random_state=0)
    >>> found = found.fit(*load_iris(return_X_y=True))
    >>> found.cv_results_["split2_test_score"].shape, bool(found.best_score_ > 0.9)
    ((4,), True)
    """

    estimator: Any
    space: Mapping[str, Any]
    _: KW_ONLY
    n_iter: int = 10
    scoring: Any = None
    n_jobs: int | None = None
    refit: bool | str | Callable[[Mapping[str, Any]], int] = True
    cv: Any = None
    verbose: int = 0
    random_state: int | np.random.RandomState | None = None
    error_score: float | str = np.nan
    return_train_score: bool = False
    race: str = "none"
    sampler: str = "random"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        name: rule for name, rule in BaseSearchCV._parameter_constraints.items() if name != "pre_dispatch"
    }

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and fit the winner on all samples.

        Args:
            X, y: the samples, and their targets.
            params: for the estimator's `fit`, the scorer and the splitter, such as ``sample_weight`` and ``groups``;
                what has an entry a sample is split along with them.
        """
        self._validate_params()
        check_counts(n_iter=self.n_iter)
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params))
        rng = check_random_state(self.random_state)
        proposing, learning = (int(rng.randint(SEEDS)) for _ in range(2))
        base = clone(self.estimator)
        net, prefix = network_of(base)
        if net.scoring != "loss":
            raise InputError(f"scoring belongs to the search, got scoring={net.scoring!r} on its estimator: move it")
        if net.networks != 1:
            raise InputError(
                f"a search judges one network a trial, got networks={net.networks} on its estimator: search with 1, "
                "and give more to what wins"
            )
        if net.random_state is None:
            net.random_state = learning
        with np.errstate(invalid="ignore"):  # What is not finite in y is refused where it would be learned.
            cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
            splits = list(cv.split(X, y, **routed.splitter.split))
        self.n_splits_ = cv.get_n_splits(X, y, **routed.splitter.split)
        if not splits or len(splits) != self.n_splits_:
            raise InputError(f"cv must yield the splits that it announces, {self.n_splits_}, got {len(splits)}")
        given = routed.estimator.fit, routed.scorer.score
        folds = [fold(base, X, y, split, *given, show_train=self.return_train_score) for split in splits]
        named = self.refit if isinstance(self.refit, str) else None
        jury = Jury(folds, scorer, metric=named, error_score=self.error_score)
        self.study_ = self._search(net, prefix, folds, jury, proposing)
        found = outcomes(self.study_, jury, self.error_score)
        self.multimetric_ = isinstance(found[0]["test_scores"], dict)
        if self.multimetric_ and callable(self.scoring):
            self._check_refit_for_multimetric(found[0]["test_scores"])
            metric = self.refit
        results = cv_results(self, self.study_, found, prefix)
        if self.verbose > 1:
            _tell(results)
        self._choose(results, metric)
        if self.refit:
            self.best_estimator_ = clone(base).set_params(**self.best_params_)
            started = time.perf_counter()
            self.best_estimator_.fit(X, y, **routed.estimator.fit)
            self.refit_time_ = time.perf_counter() - started
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        self.scorer_ = scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer
        self.cv_results_ = results
        return self

    def _search(self, net: Any, prefix: str, folds: list[Fold], jury: Jury, seed: int) -> Study:
        """Return the study of all trials on all splits."""
        settings = net._settings(min(len(fold.data.train) for fold in folds))
        space = space_of(self.space, net, prefix, settings)
        trials, sampler = without_repeats(space, self.n_iter, self.sampler)
        plan = Plan(
            folds[0].data,
            epochs=net.epochs,
            seed=folds[0].seed,
            keep_best=True,
            evaluate_train_every=net.epochs,
            patience=net.patience,
            ready=tuple(fold.data for fold in folds),
            jury=jury,
            tol=net.tol,
            span=net.span,
        )
        if self.verbose > 0:
            fits = trials * len(folds)
            print(f"Fitting {len(folds)} folds for each of {trials} candidates, totalling {fits} fits")
        with ThreadsFirst(effective_n_jobs(self.n_jobs)) as workers:
            store = Local.in_memory(space, trials=trials, sampler=sampler, seed=seed)
            study = search(plan, store, race=make_race(self.race), pool=open_pool(workers))
        if study.interrupted:
            raise KeyboardInterrupt
        return study

    def _choose(self, results: dict[str, Any], metric: str) -> None:
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, metric, results)
        self.best_params_ = results["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Refuse callbacks of scikit-learn, which would hear nothing: trials have no fits of their own."""
        raise InputError("a search whose networks train together has no callbacks: see verbose, and study_ afterwards")

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: all but ``study_``, since a study has the training data in it."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "study_"}


def _tell(results: Mapping[str, Any]) -> None:
    """Print a line a trial."""
    scores = [name for name in results if name.startswith("mean_test_")]
    for i, params in enumerate(results["params"]):
        values = ", ".join(f"{name}={show(value)}" for name, value in params.items())
        means = ", ".join(f"{name.removeprefix('mean_test_')}={results[name][i]:.4f}" for name in scores)
        print(f"{values}: {means}, {results['state'][i]} after {results['epochs'][i]} epochs")
