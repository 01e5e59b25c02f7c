"""A dataset from arrays: the one door that all data come through."""

from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.checks import as_array, as_float32
from zerokara.data.dataset import Dataset
from zerokara.data.part import Part, mean_one
from zerokara.data.preprocess import Preprocess
from zerokara.data.targets import Targets
from zerokara.errors import InputError


def from_arrays(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    x_test: npt.ArrayLike | None = None,
    t_test: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    sample_shape: Sequence[int] | None = None,
    name: str = "arrays",
) -> Dataset:
    """Return a dataset of these arrays.

    Numbers become float32, samples are flattened. Pixels are not divided by 255 here: give them as they
    shall be learned, or use ``.scaled("range")``. An x that is float32 and contiguous already is shared,
    not copied.

    Args:
        x: training samples, (N, ...), two axes or more, finite numbers.
        t: training targets, (N,) or (N, C); what they mean is inferred (see `Targets`).
        x_test, t_test: the official test part, both or neither; its labels must occur in t.
        weights: one weight a training sample, (N,), zero or above; scaled to mean 1.
        task: "classification", "multilabel" or "regression", where the inferred one is not meant.
        classes: names of the classes or outputs.
        sample_shape: the shape of one sample, where x is flat already; its product is D.
        name: what messages and files call the data.

    Raises:
        InputError: shapes disagree, a value is NaN, infinite or beyond float32, a label is unknown.

    >>> data = from_arrays([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["cat", "dog", "cat"])
    >>> data.task, data.classes, data.train.t
    ('classification', ('cat', 'dog'), array([0, 1, 0]))
    """
    samples, shape = _samples(x, "x")
    if sample_shape is not None:
        if prod(sample_shape) != samples.shape[1] or min(sample_shape, default=0) < 1:
            raise InputError(f"sample_shape {tuple(sample_shape)} must hold the {samples.shape[1]} numbers of a sample")
        shape = tuple(int(n) for n in sample_shape)
    targets = Targets.learn(t, task, classes)
    train = Part(samples, targets.encode(t), None if weights is None else _weights(weights, len(samples)))
    _require_pairs(train, "x", "t")
    test = None
    if (x_test is None) != (t_test is None):
        raise InputError("x_test and t_test come together: give both or neither")
    if x_test is not None and t_test is not None:
        test_samples, test_shape = _samples(x_test, "x_test")
        if test_samples.shape[1] != samples.shape[1] or (sample_shape is None and test_shape != shape):
            raise InputError(f"x_test must have samples of the shape of x, {shape}, got {test_shape}")
        test = Part(test_samples, targets.encode(t_test, "t_test"))
        _require_pairs(test, "x_test", "t_test")
    preprocess = Preprocess.identity(samples.shape[1], len(targets.classes))
    return Dataset(name, targets.task, train, None, test, targets.classes, shape, preprocess)


def _samples(x: npt.ArrayLike, what: str) -> tuple[Array, tuple[int, ...]]:
    """Return the samples flattened to (N, D) and the shape of one."""
    array = as_array(x, what)
    if array.ndim < 2:
        raise InputError(f"{what} must have the shape (N, D), got {array.shape}: one feature is x.reshape(-1, 1)")
    if array.size == 0:
        raise InputError(f"{what} must have at least one sample and one feature, got the shape {array.shape}")
    return as_float32(array, what).reshape(len(array), -1), array.shape[1:]


def _weights(weights: npt.ArrayLike, n: int) -> Array:
    array = as_float32(weights, "weights")
    if array.shape != (n,):
        raise InputError(f"weights must have one number a sample, ({n},), got {array.shape}")
    if (array < 0).any():
        row = int(np.argmax(array < 0))
        raise InputError(f"weights must be 0 or above, got {array[row]} in row {row}")
    return mean_one(array)


def _require_pairs(part: Part, x: str, t: str) -> None:
    if len(part.x) != len(part.t):
        raise InputError(f"{x} and {t} must have as many rows, got {len(part.x)} samples and {len(part.t)} targets")
