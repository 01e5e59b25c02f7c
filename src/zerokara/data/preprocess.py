"""Shifting and scaling features: learned from the training part, applied to all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.data.checks import as_float32, require_finite
from zerokara.errors import InputError, unknown

KINDS = ("none", "target", "center", "standard", "range")
_NAMES = ("shift", "scale", "target_shift", "target_scale")


@dataclass(frozen=True, eq=False)
class Preprocess:
    """An affine map of every feature, x' = (x - shift) / scale, and of regression targets.

    ==========  ==============  =========================================
    kind        shift           scale
    ==========  ==============  =========================================
    none        0               1
    target      0               1
    center      mean            1
    standard    mean            standard deviation (divided by N)
    range       minimum         maximum - minimum, so that x' is in [0, 1]
    ==========  ==============  =========================================

    A constant feature has scale 1, and becomes 0. Targets are standardized unless the kind is "none".

    Shapes: shift, scale (D,); target_shift, target_scale (C,); all float32.

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

    @classmethod
    def identity(cls, n_inputs: int, n_outputs: int) -> "Preprocess":
        """Return the map that changes nothing."""
        zeros, ones = np.zeros, np.ones
        return cls(
            "none",
            zeros(n_inputs, np.float32),
            ones(n_inputs, np.float32),
            zeros(n_outputs, np.float32),
            ones(n_outputs, np.float32),
        )

    @classmethod
    def fit(cls, kind: str, x: Array, t: Array | None = None, n_outputs: int = 1) -> "Preprocess":
        """Return the map of this kind for training features x (N, D).

        Args:
            kind: "none", "target", "center", "standard" or "range".
            x: training features, (N, D).
            t: regression targets (N, C) to standardize; None leaves targets as they are.
            n_outputs: C where `t` is None.
        """
        if kind not in KINDS:
            raise unknown("scaling", kind, KINDS)
        identity = cls.identity(x.shape[1], n_outputs if t is None else t.shape[1])
        if kind == "none":
            return identity
        shift, scale = (identity.shift, identity.scale) if kind == "target" else _statistics(kind, x, "x")
        if t is None:
            return cls(kind, shift, scale, identity.target_shift, identity.target_scale)
        return cls(kind, shift, scale, *_statistics("standard", t, "t"))

    def transform(self, x: Array) -> Array:
        """Return the scaled features, float32, the last axis being D; the input is left alone."""
        x = as_float32(x, "x")
        if x.shape[-1] != len(self.shift):
            raise InputError(f"x must have {len(self.shift)} features, got {x.shape[-1]}")
        return x if self.kind in ("none", "target") else _affine(x, self.shift, self.scale, "scaled x")

    def transform_target(self, t: Array) -> Array:
        """Return regression targets (N, C) in the units that networks are trained in."""
        return t if self.kind == "none" else _affine(t, self.target_shift, self.target_scale, "scaled t")

    def restore_target(self, y: Array) -> Array:
        """Return outputs (..., C) in the units of the original targets."""
        return y * self.target_scale + self.target_shift

    def arrays(self) -> dict[str, Array]:
        """Return what a model file stores beside `kind`."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, Array]) -> "Preprocess":
        """Return the map that `arrays` came from; whatever a damaged file may hold is refused.

        >>> p = Preprocess.identity(64, 10)
        >>> Preprocess.from_arrays(p.kind, p.arrays()).shift.shape
        (64,)
        """
        if kind not in KINDS:
            raise unknown("scaling", kind, KINDS)
        if missing := [name for name in _NAMES if name not in arrays]:
            raise InputError(f"the preprocessing must have {', '.join(_NAMES)}; missing: {', '.join(missing)}")
        shift, scale, target_shift, target_scale = (as_float32(arrays[name], name) for name in _NAMES)
        for a, b, what in ((shift, scale, "scale"), (target_shift, target_scale, "target_scale")):
            if a.ndim != 1 or a.shape != b.shape:
                raise InputError(f"{what} and its shift must be vectors of one length, got {b.shape} and {a.shape}")
            if not (b > 0).all():
                raise InputError(f"{what} must be above 0, got {b.min()}")
        return cls(kind, shift, scale, target_shift, target_scale)


def _affine(a: Array, shift: Array, scale: Array, what: str) -> Array:
    with np.errstate(over="ignore"):
        out = a - shift
        out /= scale
    require_finite(out, what)
    return out


def _statistics(kind: str, a: Array, what: str) -> tuple[Array, Array]:
    """Return shift and scale (D,) of one kind, summed in float64."""
    low, high = a.min(axis=0).astype(np.float64), a.max(axis=0).astype(np.float64)
    too_wide = high - low > np.finfo(np.float32).max
    if too_wide.any():
        raise InputError(f"column {int(too_wide.argmax())} of {what} spans more than float32 can hold: rescale it")
    mean = a.mean(axis=0, dtype=np.float64)
    if kind == "range":
        shift, scale = low, high - low
    else:
        shift, scale = mean, np.ones_like(mean)
        if kind == "standard":
            squares = np.zeros_like(mean)
            for start in range(0, len(a), 4096):  # in chunks: float64 copies of all the data would double the memory
                squares += np.square(a[start : start + 4096] - mean).sum(axis=0)
            scale = np.sqrt(squares / len(a))
    shift, scale = shift.astype(np.float32), scale.astype(np.float32)
    # A constant feature has exactly 0 here: sums of one float32 are exact in float64, up to 2**29 samples.
    scale[scale == 0] = 1
    return shift, scale
