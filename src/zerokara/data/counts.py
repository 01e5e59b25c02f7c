"""Targets that are counts: divided by their mean, so that none is negative and zeros remain zeros."""

from dataclasses import replace

import numpy as np

from zerokara.data.dataset import Dataset
from zerokara.errors import InputError


def as_counts(data: Dataset) -> Dataset:
    """Return the data with targets divided by their mean over the training part, instead of standardized.

    Raises:
        InputError: the task is not regression, a target is negative, or all are zero.

    >>> from zerokara.data import from_arrays
    >>> data = as_counts(from_arrays([[0.0], [1.0], [2.0]], [0.0, 3.0, 3.0]))
    >>> data.train.t.ravel().tolist(), float(data.preprocess.target_scale[0])
    ([0.0, 1.5, 1.5], 2.0)
    """
    if data.counts:
        return data
    if data.task != "regression":
        raise InputError(f"counts are targets of a regression, got the task {data.task}: leave loss='poisson' out")
    unscaled = data.original or data
    for what, part in unscaled.parts.items():
        t = part.t if part.table is None else part.table.t
        if (t < 0).any():
            row = int(np.argmax((t < 0).any(axis=1)))
            raise InputError(
                f"loss='poisson' needs targets of 0 or above, got {t[row].min():g} in row {row} of the {what} part: "
                "choose another loss"
            )
        if what == "train" and not t.any(axis=0).all():
            raise InputError("loss='poisson' needs targets above 0, got only zeros: choose another loss")
    counted = replace(unscaled, counts=True)
    if data.train.table is not None:
        counted = counted.with_parts(*(getattr(unscaled, what) for what in ("train", "validation", "test")))
        if data.original is None:
            return counted
    kind = data.preprocess.kind
    return counted.scaled("target" if kind == "none" else kind)
