"""The splits of a cross-validation, each made ready for networks that are trained elsewhere, all together."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
class Shown:
    """What a scorer is shown: samples, their targets, and what else it is to be told, such as weights."""

    X: Any
    y: Any
    params: Mapping[str, Any] = field(default_factory=dict)


class Remembered(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fitted steps of a pipeline that remember what they made of the few sets of samples that they are shown."""

    def __init__(self, steps: Pipeline) -> None:
        self.steps = steps
        self._known: list[tuple[Any, Any]] = []

    def fit(self, X: Any, y: Any = None) -> "Remembered":
        """Do nothing: the steps are fitted."""
        return self

    def transform(self, X: Any) -> Any:
        """Return what the steps make of samples."""
        for samples_, made in self._known:
            if samples_ is X:
                return made
        self._known.append((X, self.steps.transform(X)))
        return self._known[-1][1]

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass(frozen=True)
class Fold:
    """One split: what networks learn from, and what is asked of them.

    Args:
        data: what they learn from, and what early stopping looks at, if anything.
        net: an estimator that knows these samples and lacks a network.
        test, train: what its scores are on.
        pipeline: the pipeline that it is the last step of, if any, the other steps fitted.
        seed: what ``net`` would draw from.
    """

    data: Dataset
    net: NetworkEstimator
    test: Shown
    train: Shown | None = None
    pipeline: Pipeline | None = None
    seed: int = 0

    def estimator(self, network: Network) -> Any:
        """Return the fitted estimator that a network makes."""
        net = self.net._having(network, self.data.preprocess)
        if self.pipeline is None:
            return net
        whole = copy.copy(self.pipeline)
        whole.steps = [*self.pipeline.steps[:-1], (self.pipeline.steps[-1][0], net)]
        return whole


def network_of(estimator: Any) -> tuple[NetworkEstimator, str]:
    """Return the network of an estimator, and what the names of its arguments begin with there.

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
        f"{estimator!r}: only such networks train together"
    )


def fold(
    estimator: Any,
    X: Any,
    y: Any,
    split: tuple[Index, Index],
    fit_params: Mapping[str, Any],
    score_params: Mapping[str, Any],
    show_train: bool = False,
) -> Fold:
    """Return the split with an estimator that does all that its `fit` does, but train.

    The steps of a pipeline before the network are fitted here, once for all trials. The training samples are kept as
    they were given only if they are to be shown to a scorer.
    """
    train, test = split
    subject = clone(estimator)
    net, prefix = network_of(subject)
    cuts: list[tuple[Part, Part | None, int]] = []

    def fit(X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> None:
        cuts.append(net._cut(X, y, sample_weight, X_val=X_val, y_val=y_val))

    # So scikit-learn itself brings the samples, and what goes with them, to where they are learned from.
    net.__dict__["fit"] = fit
    X_train, y_train = _safe_split(subject, X, y, train)
    subject.fit(X_train, y_train, **_check_method_params(X, fit_params, indices=train))
    del net.__dict__["fit"]
    learned, held_out, seed = cuts[0]
    data = replace(samples.dataset(net._task, learned, held_out, net._outputs(), net.scaling), original=None)
    X_test, y_test = _safe_split(subject, X, y, test, train)
    shown_train = Shown(X_train, y_train, _check_method_params(X, score_params, indices=train)) if show_train else None
    shown_test = Shown(X_test, y_test, _check_method_params(X, score_params, indices=test))
    pipeline = None
    if prefix:
        pipeline = copy.copy(subject)
        before = [("before", Remembered(subject[:-1]))] if len(subject) > 1 else []
        pipeline.steps = [*before, subject.steps[-1]]
    return Fold(data, net, shown_test, shown_train, pipeline, seed)


def indices(cv: Any, X: Any, y: Any, groups: Any) -> list[tuple[Index, Index]]:
    """Return the training and the test samples of each split that a splitter, or a list of pairs, makes; else none.

    >>> from sklearn.model_selection import KFold
    >>> indices(KFold(2), [[0], [1], [2], [3]], [0, 1, 0, 1], None)[0], indices(2, None, None, None)
    ((array([2, 3]), array([0, 1])), [])
    """
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        return []
    return list(check_cv(cv).split(X, y, groups))


def judged_by_validation(net: NetworkEstimator, parts: Iterable[Dataset]) -> list[Fold]:
    """Return datasets as splits whose validation part is what networks are asked about."""
    blank, folds = net._of_arrays(), []
    for data in parts:
        part = (data.original or data).validation
        assert part is not None
        folds.append(Fold(data, blank, Shown(part.x, net._labels(part.t))))
    return folds
