"""Validation of arrays and counts that the user passes."""

import math
from collections.abc import Iterable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.errors import InputError


def as_array(values: npt.ArrayLike, what: str) -> Array:
    """Return the values as an array; raise for ragged rows, masked entries and sparse matrices.

    >>> as_array([[1, 2], [3]], "x")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: x must be a rectangular array, got rows of different lengths: pad them
    """
    if np.ma.is_masked(values):  # np.asarray would silently unmask them
        raise InputError(f"{what} must have no masked values, got {np.ma.getmask(values).sum()}: fill or drop them")
    if is_sparse(values):
        raise InputError(f"{what} must be a dense array, got a sparse matrix: pass its toarray()")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{what} must be a rectangular array, got rows of different lengths: pad them") from error


def is_sparse(values: Any) -> bool:
    """Return whether the values are a sparse matrix or array, of SciPy or with its methods."""
    return hasattr(values, "tocsr") and hasattr(values, "nnz")


def as_float32(values: npt.ArrayLike, what: str) -> Array:
    """Return numbers as contiguous float32.

    NaN, infinity and values beyond float32 raise an error that names their position. A contiguous float32 array is
    returned without a copy.

    >>> as_float32([[1, 2], [3, float("nan")]], "x")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: x must be finite, got nan in row 1, column 1 (counted from 0): fill or drop it
    """
    array = as_array(values, what)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{what} must hold numbers only, got dtype {array.dtype}: encode or drop everything else")
    with np.errstate(over="ignore", invalid="ignore"):
        out = np.asarray(array, dtype=np.float32, order="C")
    require_finite(out, what, array)
    return out


def as_single_precision(values: npt.ArrayLike, what: str) -> Array:
    """Return numbers (N, ...) as float32 like `as_float32`, unless a column would lose its information.

    >>> as_single_precision(1.7e9 + np.arange(5.0)[:, None], "X")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: column 0 of X lies around 1.7e+09 and spans 4, which float32 cannot tell apart: \
subtract a constant first, such as its mean
    """
    out, array = as_float32(values, what), as_array(values, what)
    if np.can_cast(array.dtype, np.float32) or array.size == 0:
        return out
    require_resolution(array.reshape(len(array), -1), what)
    return out


def require_resolution(array: Array, what: str, columns: Array | None = None) -> None:
    """Raise for a column of numbers (N, D) that float32 cannot tell apart; ``columns`` number them in messages."""
    low, high = array.min(axis=0).astype(float), array.max(axis=0).astype(float)
    blurred = np.maximum(abs(low), abs(high)) * 2.0**-24 > (high - low) * 1e-3
    for k in np.flatnonzero(blurred & (high > low)):
        column = array[:, k]
        # Integers may be exact nevertheless.
        if (abs(column - column.astype(np.float32).astype(float)) > (high[k] - low[k]) * 1e-3).any():
            number = k if columns is None else columns[k]
            raise InputError(
                f"column {number} of {what} lies around {low[k]:.2g} and spans {high[k] - low[k]:.2g}, which float32 "
                "cannot tell apart: subtract a constant first, such as its mean"
            )


def require_finite(array: Array, what: str, original: Array | None = None) -> None:
    """Raise for the first NaN or infinity, with its position; `original` is the array before the cast to float32."""
    if array.size == 0:
        return
    with np.errstate(invalid="ignore"):
        if np.isfinite(array.min()) and np.isfinite(array.max()):  # NaN propagates through both: no mask is needed
            return
    place = np.unravel_index(int(np.argmin(np.isfinite(array))), array.shape)
    value = (array if original is None else original)[place]
    names = ("row", "column") if array.ndim <= 2 else ("row", *(f"axis {k}" for k in range(1, array.ndim)))
    raise not_finite(value, what, ", ".join(f"{name} {i}" for name, i in zip(names, place, strict=False)))


def not_finite(value: Any, what: str, where: str) -> InputError:
    """Return the error for a number that is not finite in float32."""
    where += " (counted from 0)"
    if np.isfinite(value):
        return InputError(f"{what} must fit into float32 (below 3.4e38), got {value:g} in {where}: rescale it")
    return InputError(f"{what} must be finite, got {value} in {where}: fill or drop it")


def check_counts(least: int = 1, **counts: int) -> None:
    """Raise for the first of the named counts that is not a whole number of at least ``least``."""
    for name, value in counts.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} must be a whole number, {least} or above, got {value!r}")


def require_flag(name: str, value: Any) -> None:
    """Raise InputError unless this is True or False: the text "no" counts as true in Python."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name} must be True or False, got {value!r}: write {name}=False, for example")


def require_weights(weights: npt.ArrayLike, samples: int) -> Array:
    """Return the weights of samples as float32; raise InputError unless each has one, 0 or above."""
    array = as_float32(weights, "weights")
    if array.shape != (samples,):
        raise InputError(
            f"weights must have one number per sample, ({samples},), got {array.shape}: correct their length"
        )
    if (array < 0).any():
        row = int(np.argmax(array < 0))
        raise InputError(f"weights must be 0 or above, got {array[row]} in row {row}: correct it")
    return array


def require_positive(name: str, value: Any) -> None:
    """Raise InputError unless this is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < math.inf:
        raise InputError(f"{name} must be a number above 0, got {value!r}: write {name}=60, for example")


def require_unicode(texts: Iterable[str], what: str) -> None:
    """Raise for a text that UTF-8 cannot encode, such as one read with Python's ``surrogateescape``."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{what} must be Unicode text, got {text[:80]!r}: correct it") from error


def is_of(value: Any, kind: Any) -> bool:
    """Return whether a value of a TOML or JSON file has the type of an annotation; a whole number is a float too.

    >>> is_of(["a"], list[str]), is_of(1, float | None), is_of(True, int), is_of("x", Literal["x", "y"])
    (True, True, False, True)
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(is_of(value, part) for part in parts)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin in (list, tuple):
        return isinstance(value, list) and all(is_of(each, parts[0]) for each in value)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return isinstance(value, type(None) if kind is None else kind)
