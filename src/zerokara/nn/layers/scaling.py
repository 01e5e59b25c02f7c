"""The scaling of inputs: numbers by median and quartiles, with outliers drawn in; categories by their deviation."""

import math
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.coding import EDGE, FAR
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import FixedEncoding


class Robust(FixedEncoding):
    """y[feature] = z / sqrt(1 + (z / 3)^2), z = (x[feature] - middle) / spread; other inputs pass.

    The middle is the median of the training values, the spread their interquartile range, or half their range where
    the quartiles are equal.
    Shapes: x, y (P or 1, N, D); feature, middle and spread (P, 1, K).
    Source: Holzmüller et al. 2024, Better by Default, section 3.

    >>> layer = Robust.fit(2, {1: np.arange(101.0)})
    >>> layer.encode(np.array([[[7.0, 50], [7, 1e9]]]))
    array([[[7., 0.],
            [7., 3.]]])
    """

    per_network: ClassVar = ("feature", "middle", "spread")
    fixed: ClassVar = ("feature", "middle", "spread")
    middle: Array
    spread: Array

    @classmethod
    def fit(cls, inputs: int, values: Mapping[int, Array]) -> Self | None:
        """Return the layer, fitted to the training values of each input; None without any."""
        fitted = [(j, *_middle(known)) for j, known in values.items() if len(known)]
        if not fitted:
            return None
        feature, middle, spread = np.array(fitted).T
        return cls(inputs, len(fitted), feature=feature, middle=middle, spread=spread)

    @property
    def text(self) -> str:
        return f"numbers scaled by their quartiles and drawn toward {EDGE:g}"

    def encode(self, x: Array) -> Array:
        y: Array = x.copy()
        z = self._scaled(x)
        y[..., self.columns] = z / np.sqrt(1 + (z / EDGE) ** 2)
        return y

    def _scaled(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            z = (x[..., self.columns] - self.row("middle")) / self.row("spread")
        return np.clip(z, -FAR, FAR)

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        z = self._scaled(self.x)
        dx: Array = dout.copy()
        dx[..., self.columns] *= (np.abs(z) < FAR) * (1 + (z / EDGE) ** 2) ** -1.5 / self.row("spread")
        return dx

    def check(self) -> None:
        super().check()
        if not (self.spread > 0).all():
            raise InputError(f"the layer Robust must have spreads above 0, got {self.spread.min()}")


class Scaled(FixedEncoding):
    """y[feature] = factor x[feature], factor = 1 / (2 sqrt(p (1 - p))); other inputs pass.

    x[feature] is 1 for the samples with one value of a category, and p is their share of the training samples. The
    factor is 1 for a share of 50 % and 5 for 1 %: the weight of a rare value need not be as large, so that weight decay
    and small gradients hold it back less.
    Shapes: x, y (P or 1, N, D); feature and factor (P, 1, K).
    Source: Gelman 2008, Scaling regression inputs by dividing by two standard deviations.

    >>> layer = Scaled.fit(2, {1: np.array([0.0] * 99 + [1])})
    >>> layer.encode(np.array([[[0.5, 1]]])).round(2)
    array([[[0.5 , 5.03]]])
    """

    per_network: ClassVar = ("feature", "factor")
    fixed: ClassVar = ("feature", "factor")
    factor: Array

    @classmethod
    def fit(cls, inputs: int, values: Mapping[int, Array]) -> Self | None:
        """Return the layer, fitted to the training values of each input, 0 or 1; None where all are equal."""
        # Sums of 0 and 1 are exact in float64: the factors have the same bits on every processor.
        shares = {j: float(known.mean(dtype=float)) for j, known in values.items() if len(known)}
        fitted = [(j, 1 / (2 * math.sqrt(p * (1 - p)))) for j, p in shares.items() if 0 < p < 1]
        if not fitted:
            return None
        feature, factor = np.array(fitted).T
        return cls(inputs, len(fitted), feature=feature, factor=factor)

    @property
    def text(self) -> str:
        return "categories divided by twice their standard deviation"

    def encode(self, x: Array) -> Array:
        y: Array = x.copy()
        y[..., self.columns] *= self.row("factor")
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx: Array = dout.copy()
        dx[..., self.columns] *= self.row("factor")
        return dx

    def check(self) -> None:
        super().check()
        if not (np.isfinite(self.factor) & (self.factor > 0)).all():
            raise InputError(f"the layer Scaled must have factors above 0, got {self.factor.min()}")


def _middle(values: Array) -> tuple[float, float]:
    """Return the median and the spread of some values, above 0 in their precision too."""
    low, lower, median, upper, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    return float(median), float((upper - lower) or (high - low) / 2 or 1.0)
