"""Targets: encoding labels as the numbers that a loss takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.checks import as_array, as_float32, as_single_precision, require_unicode
from zerokara.errors import InputError, unknown

Task = Literal["classification", "multilabel", "regression"]


FEW_CLASSES = 100
"""More classes than these need two samples each on average; fewer may have one, as in small examples."""


def require_samples(classes: int, samples: int, what: str) -> None:
    """Raise if there are too many classes for the number of samples: they are numbers or names of samples then."""
    if classes > FEW_CLASSES and samples < 2 * classes:
        raise InputError(
            f"more than {FEW_CLASSES} classes must have at least 2 samples each on average, got {classes:,} classes in "
            f"{samples:,} samples of {what}: choose regression or another target, or merge classes"
        )


@dataclass(frozen=True, eq=False)
class Targets:
    """The encoding of targets, learned from the training targets and applied to all others.

    Without `task`, the training targets determine the task:

    ==================================================  ==============
    one axis: text, booleans or whole numbers           classification
    one axis: floats                                    regression
    two axes: one column of text or whole numbers       classification
    two axes: every row one-hot (two columns or more)   classification
    two axes: otherwise only 0 and 1                    multilabel
    two axes: other floats                              regression
    ==================================================  ==============

    >>> targets = Targets.learn(["cat", "dog", "cat"])
    >>> targets.task, targets.classes, targets.encode(["dog", "dog"], "t_test")
    ('classification', ('cat', 'dog'), array([1, 1]))
    """

    task: Task
    classes: tuple[str, ...]
    labels: tuple[str | int, ...]
    """The label of each class in the data; empty unless the task is classification."""

    @classmethod
    def learn(
        cls, t: npt.ArrayLike, task: str | None = None, classes: Sequence[str] | None = None, what: str = "t"
    ) -> "Targets":
        """Return the encoding for these training targets.

        Args:
            t: training targets, (N,) or (N, C).
            task: "classification", "multilabel" or "regression"; None infers it.
            classes: class names. An integer label k has the k-th name; text labels must be among the names.
            what: the name of `t` in error messages.
        """
        if task is not None and task not in get_args(Task):
            raise unknown("task", task, get_args(Task))
        array = _tidy(t, what)
        if task in (None, "classification") and _labels_in_a_column(array):
            array = array[:, 0]
        chosen = cast(Task, task) if task is not None else _infer(array, what)
        names = _class_names(classes)
        require_unicode(names, "the names of classes")
        if chosen != "classification":
            width = 1 if array.ndim == 1 else array.shape[1]
            names = names or (("t",) if width == 1 else tuple(f"t{k}" for k in range(width)))
            if len(names) != width:
                raise InputError(
                    f"classes must have a name for each of {width} columns of {what}, got {len(names)}: correct them"
                )
            return cls(chosen, names, ())
        labels = _labels_of(array, names, what)
        if array.ndim == 1:
            require_samples(len(np.unique(array)), len(array), what)
        names = names or tuple(str(label) for label in labels)
        require_unicode(names, f"the labels in {what}")
        if len(names) < 2:
            raise InputError(
                f"classification needs at least 2 classes, got {len(names)} in {what}, {names}: add samples of another"
            )
        return cls(chosen, names, labels)

    def encode(self, t: npt.ArrayLike, what: str = "t") -> Array:
        """Return int64 class numbers (N,), or float32 (N, C) for multilabel and regression."""
        array = _tidy(t, what)
        if self.task == "classification":
            return self._class_numbers(array, what)
        out = as_single_precision(array, what).reshape(len(array), -1)
        if out.shape[1] != len(self.classes):
            raise InputError(
                f"{what} must have {len(self.classes)} columns, got {out.shape[1]}: pass one for each output"
            )
        if self.task == "multilabel" and not _zero_one(out):
            row = int(np.argmin(((out == 0) | (out == 1)).all(axis=1)))
            raise InputError(f"multilabel targets must be 0 or 1, got another value in row {row} of {what}: correct it")
        return out

    def _class_numbers(self, t: Array, what: str) -> Array:
        if t.ndim == 2 and t.shape[1] == 1:  # There are two classes or more, so this is not one-hot.
            t = t[:, 0]
        if t.ndim == 2:
            if t.shape[1] != len(self.classes):
                raise InputError(f"{what} must have a column for each of {len(self.classes)} classes, got {t.shape[1]}")
            if t.dtype.kind not in "biuf" or not (hot := _one_hot_rows(t)).all():
                row = 0 if t.dtype.kind not in "biuf" else int(np.argmin(hot))
                raise InputError(
                    f"{what} with two axes must be one-hot for classification, got another row {row}: correct it"
                )
            hottest: Array = t.argmax(axis=1).astype(np.int64)
            return hottest
        labels, inverse = np.unique(_as_labels(t, what), return_inverse=True)
        number = {label: k for k, label in enumerate(self.labels)}
        codes = np.array([number.get(label, -1) for label in labels.tolist()], dtype=np.int64)
        if (codes < 0).any():
            label = labels[int(np.argmax(codes < 0))]
            row = int(np.argmax(inverse.reshape(-1) == np.argmax(codes < 0)))
            shown = ", ".join(map(str, self.labels[:12])) + (", ..." if len(self.labels) > 12 else "")
            raise InputError(
                f"labels in {what} must be classes, {shown}, got {label.item()!r} in row {row}: correct it"
            )
        coded: Array = codes[inverse.reshape(-1)]
        return coded


def require_size(t: npt.ArrayLike, what: str) -> None:
    """Raise for a column of training targets, (N,) or (N, C), that float32 would turn into zeros."""
    array = as_array(t, what)
    largest = np.abs(array.reshape(len(array), -1)).max(axis=0)
    lost = (largest > 0) & (largest < np.finfo(np.float32).tiny)
    if lost.any():
        column = int(lost.argmax())
        raise InputError(
            f"each column of {what} must have numbers above 1.2e-38, got {largest[column]:g} at most in column "
            f"{column}: multiply them by a large number"
        )


def _tidy(t: npt.ArrayLike, what: str) -> Array:
    """Return the targets as an array of text, booleans, integers or floats."""
    array = as_array(t, what)
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(f"{what} must have the shape (N,) or (N, C) with N and C above 0, got {array.shape}")
    if array.dtype.kind == "T" or (array.dtype.kind == "U" and not isinstance(t, np.ndarray)):
        # NumPy turned the numbers in a mixed list into text; a StringDType may have missing values.
        array = np.asarray(t, dtype=object)
    if array.dtype.kind == "O":
        values = array.ravel().tolist()
        text = [isinstance(v, str) for v in values]
        if any(text) and not all(text):
            odd = text.index(not text[0])
            raise InputError(
                f"{what} must be all text or all numbers, got {values[0]!r} and {values[odd]!r} (row {odd}): fix them"
            )
        array = as_array(values, what).reshape(array.shape)
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{what} must be UTF-8 text, got other bytes: save the labels as text") from error
    if array.dtype.kind not in "Ubiuf":
        raise InputError(f"{what} must be text labels or numbers, got dtype {array.dtype}: convert them")
    if array.dtype.kind == "f":
        as_float32(array, what)
    return array


def _labels_in_a_column(t: Array) -> bool:
    """Return whether targets (N, 1) are class labels: whole numbers or text of several values, not one-hot."""
    return t.ndim == 2 and t.shape[1] == 1 and t.dtype.kind in "Ubiu" and bool((t != t[0]).any())


def _infer(t: Array, what: str) -> Task:
    if t.ndim == 1:
        return "regression" if t.dtype.kind == "f" else "classification"
    if t.dtype.kind != "U" and _zero_one(t):
        return "classification" if t.shape[1] > 1 and _one_hot_rows(t).all() else "multilabel"
    if t.dtype.kind == "f":
        return "regression"
    raise InputError(
        f"{what} with two axes must be 0/1 or floats, got other integers or text: for classes pass one axis (N,), for "
        "numbers task='regression'"
    )


def _labels_of(t: Array, names: tuple[str, ...], what: str) -> tuple[str | int, ...]:
    """Return the label of each class in class order."""
    if t.ndim == 2:
        return tuple(range(len(names) or t.shape[1]))
    labels = _as_labels(t, what)
    if labels.dtype.kind == "b" and len(names) in (0, 2):
        return (False, True)
    if names:
        return names if labels.dtype.kind == "U" else tuple(range(len(names)))
    return tuple(np.unique(labels).tolist())


def _as_labels(t: Array, what: str) -> Array:
    """Return text or integers (N,); floats are accepted if all are whole numbers."""
    if t.dtype.kind != "f":
        return t
    is_whole = (np.trunc(t) == t) & (np.abs(t) < 2**53)
    if not is_whole.all():
        row = int(np.argmin(is_whole))
        raise InputError(f"class labels must be whole numbers or text, got {t[row]} in row {row} of {what}: correct it")
    return t.astype(np.int64)


def _class_names(classes: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(str(name) for name in (() if classes is None else classes))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"classes must have different names, got {twice!r} twice: rename one")
    return names


def _zero_one(t: Array) -> bool:
    return bool(((t == 0) | (t == 1)).all())


def _one_hot_rows(t: Array) -> Array:
    hot: Array = ((t == 0) | (t == 1)).all(axis=1) & (np.count_nonzero(t, axis=1) == 1)
    return hot
