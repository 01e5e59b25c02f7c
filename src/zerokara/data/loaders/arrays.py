"""A dataset from arrays; all other loaders except tables use it."""

from collections.abc import Sequence
from math import prod

import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.checks import as_array, as_single_precision, is_sparse, require_weights
from zerokara.data.dataset import Dataset
from zerokara.data.part import Part, mean_one
from zerokara.data.preprocess import Preprocess
from zerokara.data.sparse import as_rows
from zerokara.data.targets import Targets, require_size
from zerokara.errors import InputError


def from_arrays(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    x_test: npt.ArrayLike | None = None,
    t_test: npt.ArrayLike | None = None,
    x_val: npt.ArrayLike | None = None,
    t_val: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    sample_shape: Sequence[int] | None = None,
    name: str = "arrays",
) -> Dataset:
    """Return a dataset of these arrays.

    Numbers are converted to float32 and samples are flattened. Pixels are not divided by 255: scale them before, or use
    ``.scaled("range")``. A contiguous float32 x is shared, not copied. A sparse x, of scipy.sparse, stays sparse, and
    is made dense by batches; the numbers are those of the dense array.

    Args:
        x: training samples, (N, ...), two axes or more, finite numbers.
        t: training targets, (N,) or (N, C); the task is inferred from them (see `Targets`).
        x_test, t_test: the official test part, both or neither; t must contain its labels.
        x_val, t_val: likewise the validation part.
        weights: sample weights of the training part, (N,), 0 or above; they are scaled to mean 1.
        task: "classification", "multilabel" or "regression"; None infers it.
        classes: names of the classes or outputs.
        sample_shape: the shape of one sample if x is already flat; its product is D.
        name: the name of the dataset in messages and files.

    Raises:
        InputError: shapes disagree, a value is NaN, infinite or beyond float32, a label is unknown.

    >>> data = from_arrays([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["cat", "dog", "cat"])
    >>> data.task, data.classes, data.train.t
    ('classification', ('cat', 'dog'), array([0, 1, 0]))
    """
    samples, shape = _samples(x, "x")
    if sample_shape is not None:
        if is_sparse(x):
            raise InputError("sample_shape needs dense samples, got a sparse x: pass x.toarray(), or leave it out")
        if prod(sample_shape) != samples.shape[1] or min(sample_shape, default=0) < 1:
            raise InputError(
                f"sample_shape must have the product {samples.shape[1]}, got {tuple(sample_shape)}: correct it"
            )
        shape = tuple(int(n) for n in sample_shape)
    targets = Targets.learn(t, task, classes)
    train = Part(samples, targets.encode(t), None if weights is None else _sample_weights(weights, len(samples)))
    if targets.task == "regression":
        require_size(t, "t")
    _require_pairs(train, "x", "t")
    parts: dict[str, Part | None] = {}
    for what, more_x, more_t in (("val", x_val, t_val), ("test", x_test, t_test)):
        if (more_x is None) != (more_t is None):
            raise InputError(f"x_{what} and t_{what} must come together, got one of them: pass both or neither")
        parts[what] = None
        if more_x is not None and more_t is not None:
            if is_sparse(x) != is_sparse(more_x):
                rule = "sparse, as x is, got an array: pass scipy.sparse.csr_array of it"
                other = "a dense array, as x is, got a sparse matrix: pass its toarray()"
                raise InputError(f"x_{what} must be {rule if is_sparse(x) else other}")
            more, more_shape = _samples(more_x, f"x_{what}")
            if more.shape[1] != samples.shape[1] or (sample_shape is None and more_shape != shape):
                raise InputError(
                    f"x_{what} must have samples of the shape of x, {shape}, got {more_shape}: reshape them"
                )
            parts[what] = part = Part(more, targets.encode(more_t, f"t_{what}"))
            _require_pairs(part, f"x_{what}", f"t_{what}")
    preprocess = Preprocess.identity(samples.shape[1], len(targets.classes))
    return Dataset(name, targets.task, train, parts["val"], parts["test"], targets.classes, shape, preprocess)


def _samples(x: npt.ArrayLike, what: str) -> tuple[Array, tuple[int, ...]]:
    """Return the samples flattened to (N, D) and the shape of one."""
    if is_sparse(x):
        rows = as_rows(x, what)
        return rows, rows.shape[1:]
    array = as_array(x, what)
    if array.ndim < 2:
        raise InputError(f"{what} must have the shape (N, D), got {array.shape}: for one feature use x.reshape(-1, 1)")
    if array.size == 0:
        raise InputError(f"{what} must have at least one sample and one feature, got the shape {array.shape}: add data")
    return as_single_precision(array, what).reshape(len(array), -1), array.shape[1:]


def _sample_weights(weights: npt.ArrayLike, n: int) -> Array:
    return mean_one(require_weights(weights, n))


def _require_pairs(part: Part, x: str, t: str) -> None:
    if len(part.x) != len(part.t):
        raise InputError(
            f"{x} and {t} must have one length, got {len(part.x)} samples and {len(part.t)} targets: correct one"
        )
