"""The two estimators: a network that tells classes or labels, and one that tells numbers."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from zerokara.arrays import Array
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.estimators import samples
from zerokara.estimators.base import NetworkEstimator


@dataclass(eq=False, repr=False)
class NetworkRegressor(MultiOutputMixin, RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A fully connected network that tells numbers.

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(cross_val_score(NetworkRegressor(random_state=0), X, y).mean() > 0.4)
    True
    """

    _task = "regression"
    _accepts: ClassVar = {"y_numeric": True}

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these samples alone; see `NetworkClassifier.partial_fit`."""
        self._check()
        self._continue(*self._arrays(X, y, reset=not hasattr(self, "_learner")), sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the numbers of each sample, (N,), or (N, C) where the targets had two axes."""
        scores = self._scores(X)
        return self._labels(self.model_.preprocess.restore_target(scores))

    def _targets(self, y: Array, learn: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        columns = y.shape[1] if y.ndim == 2 else 0
        if learn:
            self._columns = columns
        if columns != self._columns:
            raise InputError(f"y must have {self._columns or 1} columns, as before, got {columns or 1}")
        return samples.single(y, "y").reshape(len(y), -1)

    def _labels(self, t: Array) -> Array:
        return t if self._columns else t[:, 0]

    def _outputs(self) -> tuple[str, ...]:
        return tuple(f"t{k}" for k in range(self._columns)) if self._columns else ("t",)


@dataclass(eq=False, repr=False)
class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A fully connected network that tells classes, or labels, of which a sample may have several.

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_wine(return_X_y=True)
    >>> bool(cross_val_score(NetworkClassifier(random_state=0), X, y).mean() > 0.95)
    True
    """

    _: KW_ONLY
    label_smoothing: float = 0.0
    class_weight: Mapping[Any, float] | str | None = None

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these samples alone; nothing is held out.

        The first call fixes how the inputs are scaled: let its samples be many. After a `fit` that kept its best
        epoch, training goes on from there.

        Args:
            X, y: samples (N, D), and their classes (N,) or labels (N, C).
            classes: all classes that will ever come, needed in the first call; labels (N, C) need none.
            sample_weight: how much each sample counts, (N,), zero or above.
        """
        self._check()
        first = not hasattr(self, "_learner")
        if self.class_weight == "balanced":
            raise InputError("class_weight='balanced' needs all samples at once: give a weight for each class")
        several = type_of_target(y) == "multilabel-indicator"
        if first and classes is None and not several:
            raise InputError("classes must be given in the first call to partial_fit: all that will ever come")
        if first and not several:
            self.classes_, self._several = np.unique(column_or_1d(classes)), False
        x, t = self._arrays(X, y, reset=first, known=not several)
        self._continue(x, t, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each sample, (N,), or 0 or 1 for each of its labels, (N, C)."""
        scores = self._scores(X)
        return self._labels(scores > 0 if self._several else scores.argmax(axis=1))

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (N, C): of the classes, which sum to 1, or of each label by itself."""
        p: Array = np.exp(self.predict_log_proba(X))
        return p

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`, exact where those are all but 0."""
        scores = self._scores(X)
        if self._several:
            several: Array = -np.logaddexp(0, -scores)
            return several
        # Sums, not products with ones: how BLAS adds up depends on the number of rows.
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
        if strange := sorted(set(classes.tolist()) - set(self.classes_.tolist())):
            raise InputError(f"y has classes that were not there before: {strange[:5]}; known are {self.classes_}")
        numbers: Array = np.searchsorted(self.classes_, classes)[t]
        return numbers

    def _labels(self, t: Array) -> Array:
        labels: Array = t.astype(int) if self._several else self.classes_[t]
        return labels

    def _outputs(self) -> tuple[str, ...]:
        return tuple(f"t{k}" if self._several else str(label) for k, label in enumerate(self.classes_))

    def _class_weights(self, t: Array, everything: Array) -> Array | None:
        if self.class_weight is None:
            return None
        if self._several:
            raise InputError("class_weight is for classes, not for several labels a sample: give sample_weight")
        # Balanced classes are counted; weights that are given may be for classes that are not here this time.
        present = np.unique(everything) if self.class_weight == "balanced" else np.arange(len(self.classes_))
        table = np.ones(len(self.classes_))
        table[present] = compute_class_weight(
            self.class_weight, classes=self.classes_[present], y=self.classes_[everything]
        )
        weights: Array = table[t]
        return weights
