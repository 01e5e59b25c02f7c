"""The arrays of a call of `fit` as a dataset: what is held out, what counts how much, how it is scaled."""

from dataclasses import replace

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Dataset, Part, Preprocess
from zerokara.data.part import mean_one
from zerokara.data.split import cut, part_size
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.rng import stream


def part(x: Array, t: Array, weights: Array | None) -> Part:
    """Return the samples that count: those of weight 0 are as good as absent, and so they leave.

    >>> part(np.zeros((3, 1)), np.arange(3), np.array([0.0, 1.0, 3.0])).weights
    array([0.5, 1.5], dtype=float32)
    """
    if weights is None:
        return Part(x, t)
    counts = weights > 0
    if not counts.any():
        raise InputError("the weights of all samples are zero: give at least one sample a weight above 0")
    if not counts.all():
        x, t, weights = x[counts], t[counts], weights[counts]
    return Part(x, t, mean_one(weights))


def dataset(
    task: Task,
    train: Part,
    validation: Part | None,
    outputs: tuple[str, ...],
    scaling: str | Preprocess,
) -> Dataset:
    """Return the data scaled: as a kind of scaling says, fitted on the training part, or as samples were before."""
    identity = Preprocess.identity(train.x.shape[1], len(outputs))
    cut_by = {"stratify": task == "classification"}
    data = Dataset("arrays", task, train, validation, None, outputs, train.x.shape[1:], identity, cut_by)
    if isinstance(scaling, str):
        return data.scaled(scaling)

    def apply(part: Part) -> Part:
        t = scaling.transform_target(part.t) if task == "regression" else part.t
        return Part(scaling.transform(part.x), t, part.weights)

    return replace(data, train=apply(train), validation=validation and apply(validation), preprocess=scaling)


def hold_out(whole: Part, validation: float | None, seed: int) -> tuple[Part, Part | None]:
    """Return the part to learn from and the part to judge by, which keeps the proportions of the classes.

    A class of one sample is learned from. Where the fraction makes less than one sample there is nothing to judge by.
    """
    if validation is None or (isinstance(validation, float) and 0 < validation < 1 and len(whole) * validation < 1):
        return whole, None
    count = part_size(validation, len(whole), "validation")
    order: Index = stream(seed, "split").permutation(len(whole))
    if whole.t.ndim == 2:
        chosen, rest = cut(order, count)
    else:
        single = np.bincount(whole.t)[whole.t[order]] == 1
        pairs = order[~single]
        if len(pairs) <= count:
            return whole, None
        chosen, rest = cut(pairs, count, whole.t)
        rest = np.concatenate([rest, order[single]])
    return whole.take(np.sort(rest)), whole.take(np.sort(chosen))
