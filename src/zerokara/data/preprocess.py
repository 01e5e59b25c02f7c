"""Shifting, scaling and whitening features: learned from the training part, applied to all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import as_float32, require_finite
from zerokara.data.whiten import SMOOTHING, principal, turned
from zerokara.errors import InputError, unknown

KINDS = ("none", "target", "center", "standard", "range", "whiten")
ROWS = 256
"""Rows that are squared at once, in float64: of all of them it would double the memory, and leave the cache."""
_NAMES = ("shift", "scale", "target_shift", "target_scale")


@dataclass(frozen=True, eq=False)
class Preprocess:
    """An affine map of features, x' = (x - shift) / scale, and of regression targets.

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
    A constant feature has scale 1, and becomes 0. Targets are standardized unless the kind is "none".

    Shapes: shift (D,), scale (D,) or whitened (K,), basis (D, K); target_shift, target_scale (C,); all float32.

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
        """D, the number of features that it takes."""
        return len(self.shift)

    @property
    def outputs(self) -> int:
        """How many features it gives: D, or of a whitening K."""
        return len(self.scale)

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
            kind: "none", "target", "center", "standard", "range" or "whiten[:COMPONENTS[:SMOOTHING]]".
            x: training features, (N, D).
            t: regression targets (N, C) to standardize; None leaves targets as they are.
            n_outputs: C where `t` is None.
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
            shift, scale = _statistics(name, x, "x")
        if t is None:
            return cls(kind, shift, scale, identity.target_shift, identity.target_scale, basis)
        return cls(kind, shift, scale, *_statistics("standard", t, "t"), basis)

    def transform(self, x: Array) -> Array:
        """Return the scaled features, float32, the last axis being D; the input is left alone."""
        x = as_float32(x, "x")
        if x.shape[-1] != self.inputs:
            raise InputError(f"x must have {self.inputs} features, got {x.shape[-1]}")
        with one_thread_if_possible(), np.errstate(over="ignore", invalid="ignore"):
            out = self.apply(x)
        if out is not x:
            require_finite(out, "scaled x")
        return out

    def apply(self, x: Array) -> Array:
        """Return the scaled features as `transform` does, without its checks: what a training step can afford."""
        if self.kind in ("none", "target"):
            return x
        if self.basis is not None:
            flat = turned(x.reshape(-1, self.inputs), self.shift, self.scale, self.basis)
            return flat.reshape(*x.shape[:-1], self.outputs)
        out: Array = x - self.shift
        out /= self.scale
        return out

    def transform_target(self, t: Array) -> Array:
        """Return regression targets (N, C) in the units that networks are trained in."""
        return t if self.kind == "none" else _affine(t, self.target_shift, self.target_scale, "scaled t")

    def restore_target(self, y: Array) -> Array:
        """Return outputs (..., C) in the units of the original targets."""
        return y * self.target_scale + self.target_shift

    def arrays(self) -> dict[str, Array]:
        """Return what a model file stores beside `kind`."""
        found = {name: getattr(self, name) for name in _NAMES}
        return found if self.basis is None else found | {"basis": self.basis}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, Array]) -> "Preprocess":
        """Return the map that `arrays` came from; whatever a damaged file may hold is refused.

        >>> p = Preprocess.identity(64, 10)
        >>> Preprocess.from_arrays(p.kind, p.arrays()).shift.shape
        (64,)
        """
        names = (*_NAMES, "basis") if _parsed(kind)[0] == "whiten" else _NAMES
        if missing := [name for name in names if name not in arrays]:
            raise InputError(f"the preprocessing must have {', '.join(names)}; missing: {', '.join(missing)}")
        if strange := [name for name in arrays if name not in names]:
            raise InputError(f"the preprocessing {kind} must have {', '.join(names)}; got also {', '.join(strange)}")
        found = {name: as_float32(arrays[name], name) for name in names}
        basis = found.get("basis")
        expected = (found["shift"].size, found["scale"].size)
        if basis is not None and basis.shape != expected:
            raise InputError(f"basis must lead from shift to scale, {expected}, got {basis.shape}")
        for shift, scale in (("shift", "scale"), ("target_shift", "target_scale")):
            a, b = found[shift], found[scale]
            if a.ndim != 1 or b.ndim != 1 or (a.shape != b.shape and (basis is None or scale != "scale")):
                raise InputError(f"{scale} and its shift must be vectors of one length, got {b.shape} and {a.shape}")
            if not (b > 0).all():
                raise InputError(f"{scale} must be above 0, got {b.min()}")
        return cls(kind, **found)


def _parsed(kind: str) -> tuple[str, int | None, float]:
    """Return the name of a kind, and of a whitening its number of components and its smoothing.

    >>> _parsed("standard"), _parsed("whiten:500:10")
    (('standard', None, 0.1), ('whiten', 500, 10.0))
    """
    name, *numbers = kind.split(":")
    if name not in KINDS:
        raise unknown("scaling", kind, KINDS)
    try:
        components = int(numbers[0]) if numbers else None
        smoothing = float(numbers[1]) if len(numbers) > 1 else SMOOTHING
    except ValueError:
        components, smoothing = 0, 0.0
    right = (components is None or components > 0) and 0 < smoothing < 1e6
    if not right or len(numbers) > (2 if name == "whiten" else 0):
        raise InputError(
            f"a scaling is {', '.join(KINDS)}, whiten:COMPONENTS (1 or above) or whiten:COMPONENTS:SMOOTHING "
            f"(above 0), got {kind!r}"
        )
    return name, components, smoothing


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
            squares, spare = np.zeros_like(mean), np.empty((min(ROWS, len(a)), len(mean)))
            for start in range(0, len(a), ROWS):
                chunk = a[start : start + ROWS]
                off = np.subtract(chunk, mean, out=spare[: len(chunk)])
                off *= off
                squares += off.sum(axis=0)
            scale = np.sqrt(squares / len(a))
    shift, scale = shift.astype(np.float32), scale.astype(np.float32)
    # A constant feature has exactly 0 here: sums of one float32 are exact in float64, up to 2**29 samples.
    scale[scale == 0] = 1
    return shift, scale
