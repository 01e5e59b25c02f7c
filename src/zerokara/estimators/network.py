"""The two estimators: a classifier, also of several labels per sample, and a regressor."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from zerokara.arrays import Array
from zerokara.checks import as_single_precision
from zerokara.data.targets import Task, require_size
from zerokara.errors import InputError
from zerokara.estimators.base import NetworkEstimator
from zerokara.model.ensemble import probabilities
from zerokara.nn.regression_losses import check_loss
from zerokara.train.objective import BALANCED, check_class_weight


@dataclass(eq=False, repr=False)
class NetworkRegressor(MultiOutputMixin, RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A multi-layer perceptron regressor; ``loss`` is "squared", "absolute", "huber[:DELTA]" or, for counts, "poisson".

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(cross_val_score(NetworkRegressor((100,), random_state=0), X, y).mean() > 0.4)
    True
    """

    _: KW_ONLY
    loss: str = "squared"

    _task = "regression"
    _accepts: ClassVar = {"y_numeric": True}

    def _check(self) -> None:
        super()._check()
        check_loss("loss", self.loss)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these samples only; see `NetworkClassifier.partial_fit`."""
        self._check()
        self._warn_of_restart()
        self._continue(self._read(X, y, reset=not hasattr(self, "_fit_state")), sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the predicted targets, (N,), or (N, C) if the targets had two axes."""
        scores = self._scores(X)
        return self._as_given(X, self._labels(self.model_.first.preprocess.restore_target(scores)))

    def _targets(self, y: Array, learn: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        columns = y.shape[1] if y.ndim == 2 else 0
        if learn:
            self._columns = columns
        if columns != self._columns:
            raise InputError(f"y must have {self._columns or 1} columns, as before, got {columns or 1}")
        t = as_single_precision(y, "y").reshape(len(y), -1)
        if learn:
            require_size(y, "y")
        return t

    def _labels(self, t: Array) -> Array:
        return t if self._columns else t[:, 0]

    def _outputs(self) -> tuple[str, ...]:
        if self._columns:
            return tuple(f"t{k}" for k in range(self._columns))
        return ("t" if self._reader is None else self._reader.target,)


@dataclass(eq=False, repr=False)
class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A multi-layer perceptron classifier, for one class per sample or several labels per sample.

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_wine(return_X_y=True)
    >>> bool(cross_val_score(NetworkClassifier(lr=0.01, random_state=0), X, y).mean() > 0.95)
    True
    """

    _: KW_ONLY
    label_smoothing: float = 0.0
    class_weight: Mapping[Any, float] | str | None = None

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these samples only; nothing is held out.

        The first call determines the scaling of the inputs and should have many samples. After a `fit`, training
        continues from the best epoch.

        Args:
            X, y: samples (N, D), and their classes (N,) or labels (N, C).
            classes: all classes of this and later calls, required in the first call unless y has labels (N, C); later
                calls may repeat them.
            sample_weight: (N,), zero or above.
        """
        self._check()
        self._warn_of_restart()
        first = not hasattr(self, "_fit_state")
        if self.class_weight == "balanced":
            raise InputError("class_weight='balanced' needs all samples at once: pass a weight for each class")
        several = type_of_target(y) == "multilabel-indicator"
        if classes is None and self._searched and not several:
            classes = getattr(self, "classes_", None)
        if first and classes is None and not several:
            raise InputError("the first call to partial_fit needs classes, got None: pass those of all later calls too")
        if first and not several:
            self.classes_, self._several = np.unique(column_or_1d(classes)), False
        part = self._read(X, y, reset=first, known=not several)
        if classes is not None and not np.array_equal(given := np.unique(column_or_1d(classes)), self.classes_):
            raise InputError(f"classes must be those of the first call, {self.classes_}, got {given}: leave them out")
        self._continue(part, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each sample, (N,), or 0 or 1 for each of its labels, (N, C)."""
        scores = self._scores(X)
        return self._labels(scores > 0 if self._several else scores.argmax(axis=1))

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (N, C): of the classes, which sum to 1, or of each label independently."""
        if self._searched:
            return probabilities(self._scores(X), self._task)
        return self._as_given(X, np.exp(self._log_proba(X)))

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`, accurate for probabilities close to 0."""
        logarithms = self._as_given(X, self._log_proba(X))
        logarithms[np.exp(logarithms) == 1] = 0  # The logarithm of 1, to which the probability is rounded.
        return logarithms

    def _log_proba(self, X: Any) -> Array:
        scores = self._scores(X).astype(np.float64)
        if self._several:
            several: Array = -np.logaddexp(0, -scores)
            return several
        # Sums, not products with ones: the order in which BLAS adds depends on the number of rows.
        scores -= scores.max(axis=1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @property
    def _task(self) -> Task:  # type: ignore[override]
        return "multilabel" if self._several else "classification"

    def _targets(self, y: Array, learn: bool) -> Array:
        several = type_of_target(y, input_name="y") == "multilabel-indicator"
        if learn:
            check_classification_targets(y)
            self._several = several
        elif several != self._several:
            raise InputError(f"y must be {'labels (N, C)' if self._several else 'classes (N,)'}, as before")
        if several:
            labels: Array = (y.toarray() if hasattr(y, "toarray") else y).astype(np.float32)
            if learn:
                self.classes_ = np.arange(labels.shape[1])
            if labels.shape[1] != len(self.classes_):
                raise InputError(f"y must have {len(self.classes_)} labels, as before, got {labels.shape[1]}")
            return labels
        y = column_or_1d(y, warn=True)
        classes, t = np.unique(y, return_inverse=True)
        if learn:
            self.classes_ = classes
        if unseen := sorted(set(classes.tolist()) - set(self.classes_.tolist())):
            raise InputError(f"y must have known classes only, {self.classes_}, got also {unseen[:5]}")
        numbers: Array = np.searchsorted(self.classes_, classes)[t]
        return numbers

    def _check_continued(self, t: Array) -> None:
        if not self._several and len(present := np.unique(t)) < len(self.classes_):
            raise InputError(
                f"with warm_start y must have the same classes as before, {self.classes_}, got only "
                f"{self.classes_[present]}: use partial_fit for some of them"
            )

    def _labels(self, t: Array) -> Array:
        labels: Array = t.astype(int) if self._several else self.classes_[t]
        return labels

    def _outputs(self) -> tuple[str, ...]:
        return tuple(f"t{k}" if self._several else str(label) for k, label in enumerate(self.classes_))

    def _class_weights(self, t: Array, everything: Array) -> Array | None:
        if self.class_weight is None:
            return None
        if self._several:
            raise InputError("class_weight does not apply to several labels per sample: use sample_weight")
        if isinstance(self.class_weight, str) and self.class_weight != BALANCED:
            raise InputError(
                f"class_weight must be 'balanced' or weights by label, got {self.class_weight!r}: pass a dict"
            )
        check_class_weight("class_weight", self.class_weight)
        # Balanced weights count the classes; given weights may include classes that are absent here.
        present = np.unique(everything) if self.class_weight == "balanced" else np.arange(len(self.classes_))
        table = np.ones(len(self.classes_))
        table[present] = compute_class_weight(
            self.class_weight, classes=self.classes_[present], y=self.classes_[everything]
        )
        weights: Array = table[t]
        return weights

    def _named_class_weight(self) -> dict[str, float] | str | None:
        if isinstance(self.class_weight, Mapping):
            return {str(label): weight for label, weight in self.class_weight.items()}
        return self.class_weight
