"""The splits of a cross-validation, prepared for networks that are all trained together."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from zerokara.arrays import Index
from zerokara.data import Dataset, Part
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.base import NetworkEstimator
from zerokara.nn import Network


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
        pipeline: the pipeline whose last step it is, if any, with the other steps fitted.
        seed: the seed of ``net``.
    """

    data: Dataset
    net: NetworkEstimator
    test: ScorerInput
    train: ScorerInput | None = None
    pipeline: Pipeline | None = None
    seed: int = 0

    def estimator(self, network: Network) -> Any:
        """Return the fitted estimator with a network."""
        net = self.net._having(network, self.data.preprocess)
        if self.pipeline is None:
            return net
        pipeline = copy.copy(self.pipeline)
        pipeline.steps = [*self.pipeline.steps[:-1], (self.pipeline.steps[-1][0], net)]
        return pipeline


def network_of(estimator: Any) -> tuple[NetworkEstimator, str]:
    """Return the network of an estimator, and the prefix of its parameters there.

    >>> from sklearn.pipeline import make_pipeline
    >>> from zerokara.estimators import NetworkClassifier
    >>> network_of(make_pipeline("passthrough", NetworkClassifier()))
    (NetworkClassifier(), 'networkclassifier__')
    """
    if isinstance(estimator, NetworkEstimator):
        return estimator, ""
    if isinstance(estimator, Pipeline) and isinstance(estimator.steps[-1][1], NetworkEstimator):
        return estimator.steps[-1][1], f"{estimator.steps[-1][0]}__"
    raise InputError(
        "estimator must be a NetworkClassifier or NetworkRegressor, or a Pipeline whose last step is one, got "
        f"{estimator!r}: use one of them"
    )


def fold(
    estimator: Any,
    X: Any,
    y: Any,
    split: tuple[Index, Index],
    fit_params: Mapping[str, Any],
    score_params: Mapping[str, Any],
    score_train: bool = False,
) -> Fold:
    """Return the split, with an estimator that has done all that `fit` does except training.

    The pipeline steps before the network are fitted here, once for all trials. The training samples are kept only if
    they are scored.
    """
    train, test = split
    subject = clone(estimator)
    net, prefix = network_of(subject)
    cuts: list[tuple[Part, Part | None, int]] = []

    def fit(X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> None:
        cuts.append(net._cut(X, y, sample_weight, X_val=X_val, y_val=y_val))

    # scikit-learn itself passes the samples and fit parameters through the pipeline to the network.
    net.__dict__["fit"] = fit
    X_train, y_train = _safe_split(subject, X, y, train)
    subject.fit(X_train, y_train, **_check_method_params(X, fit_params, indices=train))
    del net.__dict__["fit"]
    learned, held_out, seed = cuts[0]
    data = replace(samples.dataset(net._task, learned, held_out, net._outputs(), net.scaling), original=None)
    X_test, y_test = _safe_split(subject, X, y, test, train)
    params = partial(_check_method_params, X, score_params)
    train_input = ScorerInput(X_train, y_train, params(indices=train)) if score_train else None
    test_input = ScorerInput(X_test, y_test, params(indices=test))
    pipeline = None
    if prefix:
        pipeline = copy.copy(subject)
        before = [("before", CachedTransformer(subject[:-1]))] if len(subject) > 1 else []
        pipeline.steps = [*before, subject.steps[-1]]
    return Fold(data, net, test_input, train_input, pipeline, seed)


def indices(cv: Any, X: Any, y: Any, groups: Any) -> list[tuple[Index, Index]]:
    """Return the training and test indices of each split of a splitter or a list of pairs; [] for other values.

    >>> from sklearn.model_selection import KFold
    >>> indices(KFold(2), [[0], [1], [2], [3]], [0, 1, 0, 1], None)[0], indices(2, None, None, None)
    ((array([2, 3]), array([0, 1])), [])
    """
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        return []
    return list(check_cv(cv).split(X, y, groups))


def validation_splits(net: NetworkEstimator, parts: Iterable[Dataset]) -> list[Fold]:
    """Return datasets as splits that are scored on their validation parts."""
    blank, folds = net._of_arrays(), []
    for data in parts:
        part = (data.original or data).validation
        assert part is not None
        folds.append(Fold(data, blank, ScorerInput(part.x, net._labels(part.t))))
    return folds
