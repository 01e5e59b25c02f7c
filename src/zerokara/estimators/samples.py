"""From the arrays of a call of `fit` to a dataset: validation split, sample weights, scaling."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Dataset, Part, Preprocess
from zerokara.data.part import mean_one
from zerokara.data.sparse import take_rows
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


def part(x: Array, t: Array, weights: Array | None) -> Part:
    """Return the samples with a positive weight, the weights scaled to a mean of 1.

    >>> part(np.zeros((3, 1)), np.arange(3), np.array([0.0, 1.0, 3.0])).weights
    array([0.5, 1.5], dtype=float32)
    """
    if weights is None:
        return Part(x, t)
    counts = weights > 0
    if not counts.any():
        raise InputError("at least one sample weight must be positive, got zeros only: pass a weight above 0")
    if not counts.all():
        x, t, weights = take_rows(x, counts), t[counts], weights[counts]
    return Part(x, t, mean_one(weights))


def dataset(
    task: Task, train: Part, validation: Part | None, outputs: tuple[str, ...], scaling: str | Preprocess
) -> Dataset:
    """Return scaled data: by a kind of scaling, fitted on the training part, or by a scaling that was fitted before."""
    identity = Preprocess.identity(train.x.shape[1], len(outputs))
    data = Dataset("arrays", task, train, validation, None, outputs, train.x.shape[1:], identity)
    if isinstance(scaling, str):
        return data.scaled(scaling)

    def apply(part: Part) -> Part:
        t = scaling.transform_target(part.t) if task == "regression" else part.t
        return Part(scaling.transform(part.x), t, part.weights)

    return replace(data, train=apply(train), validation=validation and apply(validation), preprocess=scaling)


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
