"""Scaling and whitening: fitted on the training part, applied to all parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import as_float32, require_finite
from zerokara.data.sparse import SparseRows
from zerokara.data.whiten import WHITENING_SMOOTHING, principal, whitened
from zerokara.errors import InputError, unknown

KINDS = ("none", "target", "center", "standard", "range", "whiten")
ROWS_PER_CHUNK = 256
"""Rows squared at once in float64: all rows at once would double the memory and miss the cache."""
NARROW = 1e-150
"""The least standard deviation whose squares float64 holds."""
_NAMES = ("shift", "scale", "target_shift", "target_scale")


@dataclass(frozen=True, eq=False)
class Preprocess:
    """An affine transformation of features, x' = (x - shift) / scale, and of regression targets.

    ==========  ==============  =========================================
    kind        shift           scale
    ==========  ==============  =========================================
    none        0               1
    target      0               1
    center      mean            1
    standard    mean            standard deviation (divided by N)
    range       minimum         maximum - minimum, so that x' is in [0, 1]
    whiten      mean            x' = (x - shift) basis / scale, see `principal`
    ==========  ==============  =========================================

    ``whiten:500`` keeps the first 500 components, ``whiten:500:10`` also smooths by 10 mean variances.
    A constant feature has scale 1 and becomes 0. Regression targets are standardized unless the kind is "none".

    Shapes: shift (D,), scale (D,) or whitened (K,), basis (D, K); all float32. target_shift, target_scale (C,),
    float64: a target may lie far from zero, such as a time in seconds.

    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]], dtype=np.float32)
    >>> Preprocess.fit("standard", x).transform(x)
    array([[-1.,  0.],
           [ 1.,  0.]], dtype=float32)
    """

    kind: str
    shift: Array
    scale: Array
    target_shift: Array
    target_scale: Array
    basis: Array | None = None

    def __repr__(self) -> str:
        return f"Preprocess({self.kind}, {self.inputs} features)"

    @property
    def inputs(self) -> int:
        """D, the number of input features."""
        return len(self.shift)

    @property
    def outputs(self) -> int:
        """The number of output features: D, or K for whitening."""
        return len(self.scale)

    @classmethod
    def identity(cls, n_inputs: int, n_outputs: int) -> "Preprocess":
        """Return the transformation that changes nothing."""
        zeros, ones = np.zeros, np.ones
        return cls(
            "none",
            zeros(n_inputs, np.float32),
            ones(n_inputs, np.float32),
            zeros(n_outputs),
            ones(n_outputs),
        )

    @classmethod
    def fit(cls, kind: str, x: Array, t: Array | None = None, n_outputs: int = 1, counts: bool = False) -> "Preprocess":
        """Return the transformation of this kind, fitted to training features x (N, D).

        Args:
            kind: "none", "target", "center", "standard", "range" or "whiten[:COMPONENTS[:SMOOTHING]]".
            x: training features, (N, D).
            t: regression targets (N, C) to standardize; None leaves targets unchanged.
            n_outputs: C if `t` is None.
            counts: divide targets by their mean instead.
        """
        name, components, smoothing = _parsed(kind)
        identity = cls.identity(x.shape[1], n_outputs if t is None else t.shape[1])
        if name == "none":
            return identity
        basis = None
        if name == "whiten":
            shift, scale, basis = principal(x, components, smoothing)
        elif name == "target":
            shift, scale = identity.shift, identity.scale
        else:
            shift, scale = (each.astype(np.float32) for each in _statistics(name, x, "x"))
            scale[scale == 0] = 1  # It was below the smallest float32.
        if t is None:
            return cls(kind, shift, scale, identity.target_shift, identity.target_scale, basis)
        if counts:
            return cls(kind, shift, scale, identity.target_shift, t.mean(axis=0, dtype=np.float64), basis)
        return cls(kind, shift, scale, *_statistics("standard", t, "t"), basis)

    def transform(self, x: Array) -> Array:
        """Return the scaled features, float32; the last axis of x is D, and x is not changed."""
        x = x if isinstance(x, SparseRows) else as_float32(x, "x")
        if x.shape[-1] != self.inputs:
            raise InputError(
                f"x must have {self.inputs} features, got {x.shape[-1]}: pass the features of the training data"
            )
        with one_thread_if_possible(), np.errstate(over="ignore", invalid="ignore"):
            out = self._of_rows(x) if isinstance(x, SparseRows) else self.apply(x)
        if out is not x and not isinstance(out, SparseRows):
            require_finite(out, "scaled x")
        return out

    def _of_rows(self, x: SparseRows) -> Array:
        """Return sparse samples scaled whenever they are read; whitened ones are dense, and have fewer features."""
        if self.basis is not None:
            return whitened(cast(Array, x), self.shift, self.scale, self.basis)
        return cast(Array, x if self.kind in ("none", "target") else x.scaled(self.apply))

    def apply(self, x: Array) -> Array:
        """Return the scaled features like `transform`, without its checks, for training steps."""
        if self.kind in ("none", "target"):
            return x
        if self.basis is not None:
            flat = whitened(x.reshape(-1, self.inputs), self.shift, self.scale, self.basis)
            return flat.reshape(*x.shape[:-1], self.outputs)
        out: Array = x - self.shift
        out /= self.scale
        return out

    def transform_target(self, t: Array) -> Array:
        """Return regression targets (N, C) in the units of training, float32; scaled in float64."""
        with np.errstate(over="ignore"):
            scaled = t if self.kind == "none" else (t - self.target_shift) / self.target_scale
            out: Array = scaled.astype(np.float32, copy=False)
        require_finite(out, "scaled t")
        return out

    def restore_target(self, y: Array) -> Array:
        """Return outputs (..., C) in the units of the original targets, float64."""
        return y * self.target_scale + self.target_shift

    def arrays(self) -> dict[str, Array]:
        """Return the arrays that a model file stores with `kind`."""
        arrays = {name: getattr(self, name) for name in _NAMES}
        return arrays if self.basis is None else arrays | {"basis": self.basis}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, Array]) -> "Preprocess":
        """Return the transformation from the result of `arrays`; raise if a damaged file holds other arrays.

        >>> p = Preprocess.identity(64, 10)
        >>> Preprocess.from_arrays(p.kind, p.arrays()).shift.shape
        (64,)
        """
        names = (*_NAMES, "basis") if _parsed(kind)[0] == "whiten" else _NAMES
        if missing := [name for name in names if name not in arrays]:
            raise InputError(
                f"the preprocessing must have {', '.join(names)}, missing: {', '.join(missing)}: save the model again"
            )
        if extra := [name for name in arrays if name not in names]:
            raise InputError(f"the preprocessing {kind} must have {', '.join(names)}, got also {', '.join(extra)}")
        vectors = {name: as_float32(arrays[name], name) for name in names}
        for name in ("target_shift", "target_scale"):
            vectors[name] = np.asarray(arrays[name], np.float64)
        basis = vectors.get("basis")
        expected = (vectors["shift"].size, vectors["scale"].size)
        if basis is not None and basis.shape != expected:
            raise InputError(f"basis must have the shape (len(shift), len(scale)), {expected}, got {basis.shape}")
        for shift, scale in (("shift", "scale"), ("target_shift", "target_scale")):
            a, b = vectors[shift], vectors[scale]
            if a.ndim != 1 or b.ndim != 1 or (a.shape != b.shape and (basis is None or scale != "scale")):
                raise InputError(f"{scale} and {shift} must be vectors of one length, got {b.shape} and {a.shape}")
            if not (b > 0).all():
                raise InputError(f"{scale} must be above 0, got {b.min()}")
        return cls(kind, **vectors)


def _parsed(kind: str) -> tuple[str, int | None, float]:
    """Return the name of a kind and, for whitening, its number of components and its smoothing.

    >>> _parsed("standard"), _parsed("whiten:500:10")
    (('standard', None, 0.1), ('whiten', 500, 10.0))
    """
    name, *numbers = kind.split(":")
    if name not in KINDS:
        raise unknown("scaling", kind, KINDS)
    try:
        components = int(numbers[0]) if numbers else None
        smoothing = float(numbers[1]) if len(numbers) > 1 else WHITENING_SMOOTHING
    except ValueError:
        components, smoothing = 0, 0.0
    valid = (components is None or components > 0) and 0 < smoothing < 1e6
    if not valid or len(numbers) > (2 if name == "whiten" else 0):
        raise InputError(
            f"a scaling must be {', '.join(KINDS)}, whiten:COMPONENTS (1 or above) or whiten:COMPONENTS:SMOOTHING "
            f"(above 0), got {kind!r}"
        )
    return name, components, smoothing


def _statistics(kind: str, a: Array, what: str) -> tuple[Array, Array]:
    """Return the shift and scale (D,) of one kind, float64."""
    low, high = a.min(axis=0).astype(np.float64), a.max(axis=0).astype(np.float64)
    too_wide = high - low > np.finfo(np.float32).max
    if too_wide.any():
        raise InputError(
            f"each column of {what} must span less than 3.4e38, got a wider column {int(too_wide.argmax())}: rescale it"
        )
    mean = a.mean(axis=0, dtype=np.float64)
    if kind == "range":
        shift, scale = low, high - low
    else:
        shift, scale = mean, np.ones_like(mean)
        if kind == "standard":
            squares, scratch = np.zeros_like(mean), np.empty((min(ROWS_PER_CHUNK, len(a)), len(mean)))
            for start in range(0, len(a), ROWS_PER_CHUNK):
                chunk = a[start : start + ROWS_PER_CHUNK]
                deviations = np.subtract(chunk, mean, out=scratch[: len(chunk)])
                deviations *= deviations
                squares += deviations.sum(axis=0)
            scale = np.sqrt(squares / len(a))
            if (narrow := (high > low) & (scale < NARROW)).any():
                column = int(narrow.argmax())
                raise InputError(
                    f"the standard deviation of each column of {what} must be above {NARROW:g}, got numbers from "
                    f"{low[column]:g} to {high[column]:g} in column {column}: multiply them by a large number"
                )
    # The mean of equal numbers may differ from them in the last bit.
    shift, scale = np.where(high == low, low, shift), np.where(high == low, 1, scale)
    return shift, np.where(scale == 0, 1, scale)
