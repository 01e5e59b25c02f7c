"""The splits of a cross-validation, prepared for networks that are all trained together, and their scores."""

import copy
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import check_cv
from sklearn.model_selection._validation import _score
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from zerokara.arrays import Index
from zerokara.data import Dataset, Part
from zerokara.data.counts import as_counts
from zerokara.engine.plan import NetworkId
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.base import NetworkEstimator
from zerokara.nn import Network
from zerokara.nn.regression_losses import POISSON

Scores = float | dict[str, float]
"""One score, or several by name."""


@dataclass(frozen=True)
class Samples:
    """What a search is fitted to: samples, targets, the splits, and parameters of `fit` and of the scorer."""

    X: Any
    y: Any
    splits: Sequence[tuple[Index, Index]]
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]


@dataclass(frozen=True)
class ScorerInput:
    """The input of a scorer: samples, targets and parameters such as weights."""

    X: Any
    y: Any
    params: Mapping[str, Any] = field(default_factory=dict)


class CachedTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fitted steps of a pipeline that cache their output for each set of samples."""

    def __init__(self, steps: Pipeline) -> None:
        self.steps = steps
        self._cache: list[tuple[Any, Any]] = []

    def fit(self, X: Any, y: Any = None) -> "CachedTransformer":
        """Do nothing: the steps are fitted."""
        return self

    def transform(self, X: Any) -> Any:
        """Return the transformed samples."""
        for key, transformed in self._cache:
            if key is X:
                return transformed
        self._cache.append((X, self.steps.transform(X)))
        return self._cache[-1][1]

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass(frozen=True)
class Fold:
    """One split: the data that networks are trained on, and the samples that they are scored on.

    Args:
        data: the training part, and the validation part for early stopping, if any.
        net: an estimator fitted to these samples, except for the network.
        test, train: the samples to score.
        around: the estimator that contains it, with all other parts fitted; by default none.
        seed: the seed of ``net``.
    """

    data: Dataset
    net: NetworkEstimator
    test: ScorerInput
    train: ScorerInput | None = None
    around: Any = None
    seed: int = 0

    def estimator(self, network: Network) -> Any:
        """Return the fitted estimator with a network."""
        return _with_network(self.around, self.net._having(network, self.data.preprocess, self.data.encoder))


@dataclass(frozen=True)
class Place:
    """Where the network is in an estimator.

    Args:
        net: the network.
        prefix: of the names of its parameters.
        one: whether the estimator fits it once; `OneVsRestClassifier` fits it for each class.
    """

    net: NetworkEstimator
    prefix: str = ""
    one: bool = True

    @property
    def together(self) -> bool:
        """Whether the networks of many trials can train together: one network each, judged by its loss."""
        return self.one and self.net.networks == 1 and self.net.scoring == "loss"


def network_of(estimator: Any) -> Place:
    """Return the network of an estimator: itself, the last step of a pipeline, or what another estimator fits.

    >>> from sklearn.pipeline import make_pipeline
    >>> from zerokara.estimators import NetworkClassifier
    >>> network_of(make_pipeline("passthrough", NetworkClassifier()))
    Place(net=NetworkClassifier(), prefix='networkclassifier__', one=True)
    """
    inner, prefix, one = estimator, "", True
    while not isinstance(inner, NetworkEstimator):
        if isinstance(inner, Pipeline):
            name, inner = inner.steps[-1]
        else:
            name = next((name for name in ("regressor", "estimator") if hasattr(inner, name)), "")
            one = one and isinstance(inner, TransformedTargetRegressor)
            inner = getattr(inner, name, None) if name else None
        if inner is None:
            raise InputError(
                "estimator must be a NetworkClassifier or NetworkRegressor, or contain one: as the last step of a "
                "Pipeline, or in a TransformedTargetRegressor or OneVsRestClassifier, "
                f"got {estimator!r}: use one of them"
            )
        prefix += f"{name}__"
    return Place(inner, prefix, one)


def fold(estimator: Any, data: Samples, split: tuple[Index, Index], score_train: bool = False) -> Fold:
    """Return the split, with an estimator that has done all that `fit` does except training.

    The pipeline steps before the network are fitted here, once for all trials. The training samples are kept only if
    they are scored.
    """
    X, y, (train, test) = data.X, data.y, split
    subject = clone(estimator)
    net = network_of(subject).net
    cuts: list[tuple[Part, Part | None, int]] = []

    def fit(X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> None:
        cuts.append(net._cut(X, y, sample_weight, X_val=X_val, y_val=y_val))

    # scikit-learn itself passes the samples and fit parameters to the network, or to what it takes for a clone of it.
    net.__dict__.update(fit=fit, __sklearn_clone__=lambda: net)
    X_train, y_train = _safe_split(subject, X, y, train)
    subject.fit(X_train, y_train, **_check_method_params(X, data.fit_params, indices=train))
    del net.__dict__["fit"], net.__dict__["__sklearn_clone__"]
    learned, held_out, seed = cuts[0]
    scaled = samples.dataset(net._task, learned, held_out, net._outputs(), net.scaling)
    scaled = replace(as_counts(scaled) if getattr(net, "loss", None) == POISSON else scaled, original=None)
    X_test, y_test = _safe_split(subject, X, y, test, train)
    params = partial(_check_method_params, X, data.score_params)
    train_input = ScorerInput(X_train, y_train, params(indices=train)) if score_train else None
    test_input = ScorerInput(X_test, y_test, params(indices=test))
    return Fold(scaled, net, test_input, train_input, _with_network(subject, net, cached=True), seed)


def _with_network(around: Any, net: NetworkEstimator, cached: bool = False) -> Any:
    """Return a copy of a fitted estimator with another network; ``cached`` makes the steps before it cache."""
    other = copy.copy(around)
    if isinstance(around, Pipeline):
        name, last = around.steps[-1]
        before = [("before", CachedTransformer(around[:-1]))] if cached and len(around) > 1 else around.steps[:-1]
        other.steps = [*before, (name, _with_network(last, net, cached))]
    elif isinstance(around, TransformedTargetRegressor):
        other.regressor_ = _with_network(around.regressor_, net, cached)
    else:
        return net
    return other


def indices(cv: Any, X: Any, y: Any, groups: Any) -> list[tuple[Index, Index]]:
    """Return the training and test indices of each split of a splitter or a list of pairs; [] for other values.

    >>> from sklearn.model_selection import KFold
    >>> indices(KFold(2), [[0], [1], [2], [3]], [0, 1, 0, 1], None)[0], indices(2, None, None, None)
    ((array([2, 3]), array([0, 1])), [])
    """
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        return []
    return list(check_cv(cv).split(X, y, groups))


def folds_of(cv: Any, n: int) -> int:
    """Return a number of folds for n samples; raise for what is no number."""
    if not isinstance(cv, int | np.integer) or isinstance(cv, bool) or cv < 2:
        raise InputError(
            f"cv must be a number of folds, 2 or above, a splitter, or None to hold out one part, got {cv!r}: use cv=5"
        )
    if cv > n:
        raise InputError(f"cv={cv} needs at least {cv} samples, got n_samples={n}: use fewer folds, or cv=None")
    return int(cv)


def validation_splits(net: NetworkEstimator, parts: Iterable[Dataset]) -> list[Fold]:
    """Return datasets as splits that are scored on their validation parts."""
    blank, folds = net._of_arrays(), []
    for data in parts:
        part = (data.original or data).validation
        assert part is not None
        folds.append(Fold(data, blank, ScorerInput(samples.as_passed(part), net._labels(samples.targets(part)))))
    return folds


@dataclass(frozen=True)
class NetworkScore:
    """The scores of a network after so many epochs; ``seconds`` is the time to score the test samples."""

    epochs: int
    test: Scores
    train: Scores | None
    seconds: float


@dataclass(eq=False)
class SplitScorer:
    """A `zerokara.engine.plan.Scorer` that scores every network on its own split.

    Args:
        folds: the splits.
        scorer: a scorer of scikit-learn, or a function of an estimator, samples and targets.
        metric: which of several scores to rank by; None: the first.
        error_score: the score where scoring fails, or "raise".

    Attributes:
        scores: the latest scores of each network.
    """

    folds: Sequence[Fold]
    scorer: Callable[..., Any]
    _: KW_ONLY
    metric: str | None = None
    error_score: float | str = "raise"
    scores: dict[NetworkId, NetworkScore] = field(default_factory=dict, init=False)

    def __call__(self, network_id: NetworkId, epochs: int, network: Callable[[], Network]) -> float:
        """Return minus the score of a network; ``network`` is called only if it has trained since its last score."""
        score = self.scores.get(network_id)
        if score is None or score.epochs != epochs:
            score = self.scores[network_id] = self._score_network(self.folds[network_id[2]], epochs, network())
        return -one_score(score.test, self.metric)

    def _score_network(self, fold: Fold, epochs: int, network: Network) -> NetworkScore:
        estimator = fold.estimator(network)
        started = time.perf_counter()
        test = self._scores(estimator, fold.test)
        seconds = time.perf_counter() - started
        train = self._scores(estimator, fold.train) if fold.train else None
        return NetworkScore(epochs, test, train, seconds)

    def _scores(self, estimator: Any, given: ScorerInput) -> Scores:
        scores: Scores = _score(estimator, given.X, given.y, self.scorer, dict(given.params), self.error_score)
        return scores


def one_score(scores: Mapping[str, float] | float, metric: str | None) -> float:
    """Return the score with this name, or the first.

    >>> one_score({"r2": 0.5, "max_error": -3.0}, "max_error"), one_score(0.5, None)
    (-3.0, 0.5)
    """
    if not isinstance(scores, Mapping):
        return scores
    return scores[metric] if metric is not None and metric in scores else next(iter(scores.values()))
