"""From the samples of a call of `fit` to a dataset: validation split, sample weights, scaling."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Dataset, Encoder, Part, Preprocess
from zerokara.data.part import mean_one
from zerokara.data.sparse import as_given
from zerokara.data.split import split_indices, warn_of_missing
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.rng import stream


def single(X: Any) -> bool:
    """Return whether samples are float32: an array, or all columns of a frame.

    >>> single(np.zeros((2, 3), np.float32)), single([[1.0]])
    (True, False)
    """
    kinds = getattr(X, "dtypes", None)
    return {str(kind).lower() for kind in ([getattr(X, "dtype", None)] if kinds is None else kinds)} == {"float32"}


def targets(part: Part) -> Array:
    """Return the targets in their own units."""
    return part.t if part.table is None else part.table.t


def as_passed(part: Part) -> Any:
    """Return samples in a form that an estimator predicts on."""
    return as_given(part.x) if part.table is None else dict(part.table.columns)


def weighted(part: Part, weights: Array | None) -> Part:
    """Return the samples with a positive weight, the weights scaled to a mean of 1.

    >>> weighted(Part(np.zeros((3, 1)), np.arange(3)), np.array([0.0, 1.0, 3.0])).weights
    array([0.5, 1.5], dtype=float32)
    """
    if weights is None:
        return part
    counts = weights > 0
    if not counts.any():
        raise InputError("at least one sample weight must be positive, got zeros only: pass a weight above 0")
    if counts.all():
        return replace(part, weights=mean_one(weights))
    return replace(part, weights=weights).take(counts)


def whole(task: Task, train: Part, outputs: tuple[str, ...], validation: Part | None = None) -> Dataset:
    """Return samples as unscaled data; those of a table are encoded."""
    identity = Preprocess.identity(train.x.shape[1], len(outputs))
    name = "arrays" if train.table is None else "table"
    return Dataset(name, task, train, None, None, outputs, train.x.shape[1:], identity).with_parts(train, validation)


def scaled(data: Dataset, kind: str = "standard") -> Dataset:
    """Return the data scaled; a table's encoder standardizes numbers, and other kinds scale them again."""
    return data if data.encoder is not None and kind == "standard" else data.scaled(kind)


def dataset(
    task: Task,
    train: Part,
    validation: Part | None,
    outputs: tuple[str, ...],
    scaling: str | Preprocess,
    encoder: Encoder | None = None,
) -> Dataset:
    """Return scaled data: by a kind of scaling, fitted on the training part, or by a scaling that was fitted before.

    A scaling that was fitted before to a table comes with its encoder.
    """
    if isinstance(scaling, str):
        return scaled(whole(task, train, outputs, validation), scaling)

    def apply(part: Part) -> Part:
        t = scaling.transform_target(targets(part)) if task == "regression" else part.t
        x = part.x if part.table is None or encoder is None else encoder.transform(part.table.columns)
        return replace(part, x=scaling.transform(x), t=t)

    data = Dataset("arrays", task, train, None, None, outputs, (scaling.inputs,), scaling, encoder=encoder)
    return replace(data, train=apply(train), validation=validation and apply(validation))


def hold_out(part: Part, validation: float | None, seed: int, classes: Sequence[str] = ()) -> tuple[Part, Part | None]:
    """Return the training part and the validation part, stratified by class, with a warning of classes that one lacks.

    A class of one sample goes to the training part. A fraction of less than one sample gives no validation part.
    """
    if validation is None or (isinstance(validation, float) and 0 < validation < 1 and len(part) * validation < 1):
        return part, None
    labels = None if part.t.ndim == 2 else part.t
    order: Index = stream(seed, "split").permutation(len(part))
    parts, stratified = split_indices(order, {"validation": validation}, labels, refuse=False)
    if labels is not None and not stratified:
        return part, None
    train, held_out = (part.take(np.sort(parts[what])) for what in ("train", "validation"))
    if labels is not None:
        warn_of_missing({"train": train.t, "validation": held_out.t}, classes)
    return train, held_out
