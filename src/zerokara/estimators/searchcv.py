"""A replacement for RandomizedSearchCV and HalvingRandomSearchCV that trains all trials and splits together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
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
from zerokara.display import shown
from zerokara.engine.executors import ThreadsFirst, open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.errors import InputError
from zerokara.estimators.arguments import ONE_NETWORK
from zerokara.estimators.batches import Batch, batch_of, check_failures, cv_results, fitted_alone
from zerokara.estimators.space import Combination, combinations
from zerokara.estimators.splits import Fold, Samples, SplitScorer, fold, network_of
from zerokara.space.hyperparameters import show
from zerokara.storage.local import Local
from zerokara.study.loop import search
from zerokara.study.study import Study
from zerokara.study.views.progress_table import table_of

SEEDS = np.iinfo(np.int32).max


@dataclass(eq=False, repr=False)
class NetworkSearchCV(BaseSearchCV):  # type: ignore[misc]
    """Randomized search with cross-validation. All networks train together as rows of populations.

    Scores equal those of `RandomizedSearchCV`: the estimator is fitted on the training samples of a split, including
    its own validation split, early stopping and best epoch, and scored on the test samples. Races compare the same
    scores at their rungs; a trial pruned after r epochs has the scores of ``epochs=r``.

    Args:
        estimator: a `NetworkClassifier` or `NetworkRegressor`, or what contains one: a Pipeline as its last step, a
            `TransformedTargetRegressor`, or another estimator, such as `OneVsRestClassifier`.
        space: for each parameter a range (of zerokara, scipy.stats or Optuna) or a list of options; or a list of such
            dicts, each for as many trials.
        n_iter: the number of trials; a space of lists only is sampled without replacement.
        scoring, refit, cv, n_jobs, verbose, error_score, return_train_score: as in `RandomizedSearchCV`, except that
            jobs are threads, and that a fit fails if its loss becomes infinite or NaN.
        random_state: the seed of the sampler, and of the networks if the estimator has none.
        race: "none", or "halving" or "hyperband" with [:ETA[:FIRST_RUNG]], in epochs. With several scores it ranks by
            the one that ``refit`` names, or else the first.
        sampler: as in `zerokara.tune`.
        progress: show a search that lasts more than two seconds, in a notebook or on a terminal.

    Attributes:
        cv_results_: as in `RandomizedSearchCV`, with ``epochs`` and ``state``; pruned trials rank behind the others.
            Fit times are the total time divided in proportion to the epochs.
        best_estimator_, best_params_, best_score_, best_index_, scorer_, n_splits_, refit_time_, multimetric_,
            n_features_in_, classes_, feature_names_in_: as in `RandomizedSearchCV`.
        study_: the `zerokara.Study` with the best trial; not pickled, because it contains the training data.
        studies_: all studies: one for each combination below.

    Trials train together, and race, if they differ in hyperparameters only: those of `zerokara.tune`. Any other
    parameter (class_weight, validation, scaling, one of another step) is drawn at random whatever the sampler, and each
    combination of such values is one study. Trials with several networks or another ``scoring``, or with a network for
    each class, are fitted one by one, to the end.

    Trials are single networks: the estimator's ``hidden=None`` is (100,) here. Its ``batch_size="auto"`` is computed
    once for a study, from the smallest split; its ``threads`` and ``verbose`` apply to the refit only.

    >>> import zerokara as zk
    >>> from sklearn.datasets import load_iris
    >>> from zerokara.estimators import NetworkClassifier
    >>> space = {"lr": zk.log(1e-3, 1e-1), "hidden": [(8,), (16,)]}
    >>> search = NetworkSearchCV(NetworkClassifier(epochs=20, patience=None), space, n_iter=4, cv=3, random_state=0)
    >>> search = search.fit(*load_iris(return_X_y=True))
    >>> search.cv_results_["split2_test_score"].shape, bool(search.best_score_ > 0.9)
    ((4,), True)
    """

    estimator: Any
    space: Mapping[str, Any] | Sequence[Mapping[str, Any]]
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
    progress: bool = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        name: rule for name, rule in BaseSearchCV._parameter_constraints.items() if name != "pre_dispatch"
    }

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and refit the best trial on all samples.

        Args:
            X, y: the samples, and their targets.
            params: of the estimator's `fit`, the scorer and the splitter, such as ``sample_weight`` and ``groups``;
                those with one entry per sample are split too.
        """
        self._validate_params()
        check_counts(n_iter=self.n_iter)
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params))
        rng = check_random_state(self.random_state)
        proposing, learning = (int(rng.randint(SEEDS)) for _ in range(2))
        base = clone(self.estimator)
        place = network_of(base)
        if place.net.hidden is None:  # Trials are single networks, and so is the best one that is fitted again.
            place.net.hidden = ONE_NETWORK
        if place.net.random_state is None:
            place.net.random_state = learning
        with np.errstate(invalid="ignore"):  # Invalid values in y raise an error in fit.
            cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
            splits = list(cv.split(X, y, **routed.splitter.split))
        self.n_splits_ = cv.get_n_splits(X, y, **routed.splitter.split)
        if not splits or len(splits) != self.n_splits_:
            raise InputError(
                f"cv must yield get_n_splits() = {self.n_splits_} splits, got {len(splits)}: fix the splitter"
            )
        parts = combinations(self.space, base, place.net, place.prefix, self.n_iter, self.sampler, rng)
        if self.verbose > 0:
            trials = sum(each.trials for each in parts)
            fits = trials * len(splits)
            print(f"Fitting {len(splits)} folds for each of {trials} candidates, totalling {fits} fits")
        data = Samples(X, y, splits, routed.estimator.fit, routed.scorer.score)
        batches = [self._train(base, part, data, scorer, proposing + k) for k, part in enumerate(parts)]
        scores = [outcome for batch in batches for outcome in batch.outcomes]
        check_failures(scores, self.error_score)
        self.multimetric_ = isinstance(scores[0]["test_scores"], dict)
        if self.multimetric_ and callable(self.scoring):
            self._check_refit_for_multimetric(scores[0]["test_scores"])
            metric = self.refit
        results = cv_results(self, batches)
        self.studies_ = [batch.study for batch in batches if batch.study]
        if self.studies_:
            self.study_ = self.studies_[0]
        if self.verbose > 1:
            _print(results)
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, metric, results)
            self.best_params_ = results["params"][self.best_index_]
            ends = np.cumsum([len(batch.params) for batch in batches])
            if best := batches[int(np.searchsorted(ends, self.best_index_, side="right"))].study:
                self.study_ = best
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        if self.refit:
            self.best_estimator_ = clone(base).set_params(**clone(self.best_params_, safe=False))
            started = time.perf_counter()
            self.best_estimator_.fit(X, y, **routed.estimator.fit)
            self.refit_time_ = time.perf_counter() - started
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        self.scorer_ = scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer
        self.cv_results_ = results
        return self

    def _train(self, base: Any, part: Combination, data: Samples, scorer: Any, seed: int) -> Batch:
        """Return the trials that differ in hyperparameters only, trained on all splits."""
        subject = clone(base).set_params(**clone(part.settings, safe=False))
        place = network_of(subject)
        metric = self.refit if isinstance(self.refit, str) else None

        def name(params: Mapping[str, Any]) -> dict[str, Any]:
            return {**{f"{place.prefix}{own}": value for own, value in params.items()}, **part.settings}

        store = partial(Local.in_memory, trials=part.trials, sampler=part.sampler, seed=seed)
        if not place.together:
            space = part.space(place.net._params(len(data.splits[0][0])))
            options = {"return_train_score": self.return_train_score, "error_score": self.error_score}
            return fitted_alone(subject, store(space), data, name, metric, scorer=scorer, **options)
        folds = [fold(subject, data, split, self.return_train_score) for split in data.splits]
        split_scorer = SplitScorer(folds, scorer, metric=metric, error_score=self.error_score)
        space = part.space(place.net._params(min(len(fold.data.train) for fold in folds)))
        study = self._search(place.net, store(space), folds, split_scorer)
        return batch_of(study, split_scorer, name)

    def _search(self, net: Any, store: Local, folds: list[Fold], split_scorer: SplitScorer) -> Study:
        """Return the study of trials that train together, on all splits."""
        # Without validation samples training stops by its own loss.
        watched = net.patience is not None and any(fold.data.validation is None for fold in folds)
        plan = Plan.of_splits(
            [fold.data for fold in folds],
            scorer=split_scorer,
            tol=net.tol,
            schedule_epochs=net.schedule_epochs,
            epochs=net.epochs,
            seed=folds[0].seed,
            loss=getattr(net, "loss", None),
            dtype=net.dtype,
            engine=net.engine,
            keep_best=True,
            evaluate_train_every=1 if watched else net.epochs,
            patience=net.patience,
        )
        with ThreadsFirst(effective_n_jobs(self.n_jobs)) as workers:
            how: dict[str, Any] = {"scheduler": make_scheduler(self.race), "pool": open_pool(workers)}
            with shown(self.progress, table_of(plan, store.space), stay=True) as show:
                study = search(plan, store, progress=show, **how)
        if study.interrupted:
            raise KeyboardInterrupt
        return study

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Refuse callbacks of scikit-learn: trials are not fitted one by one."""
        raise InputError("callbacks are not supported, got some: use verbose, or study_ after fit")

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes but the studies, which contain the training data."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("study_", "studies_")}


def _print(results: Mapping[str, Any]) -> None:
    """Print one line per trial."""
    scores = [name for name in results if name.startswith("mean_test_")]
    for i, params in enumerate(results["params"]):
        values = ", ".join(f"{name}={show(value)}" for name, value in params.items())
        means = ", ".join(f"{name.removeprefix('mean_test_')}={results[name][i]:.4f}" for name in scores)
        print(f"{values}: {means}, {results['state'][i]} after {results['epochs'][i]} epochs")
