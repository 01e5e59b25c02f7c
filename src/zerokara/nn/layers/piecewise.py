"""The piecewise-linear encoding: numbers as bins beside their values."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import FixedEncoding

QUANTILE_BINS = 32
"""The most bins of a number."""


class Piecewise(FixedEncoding):
    """y = [x, clip((x[feature] - low) / width, 0, 1) for each of K bins]: the function can bend at their edges.

    Shapes: x (P or 1, N, D); feature, low and width (P, 1, K); y (P or 1, N, D + K).
    Source: Gorishniy et al. 2022, On Embeddings for Numerical Features in Tabular Deep Learning, section 3.1. Here the
    first and the last bin are limited too, and the value stays beside the bins.

    >>> layer = Piecewise.fit(1, {0: np.array([0.0, 1, 2, 4])}, bins=2)
    >>> layer.encode(np.array([[[1.0], [5.0]]])).round(3)
    array([[[1.   , 0.667, 0.   ],
            [5.   , 1.   , 1.   ]]])
    """

    per_network: ClassVar = ("feature", "low", "width")
    fixed: ClassVar = ("feature", "low", "width")
    low: Array
    width: Array

    @classmethod
    def fit(cls, inputs: int, values: Mapping[int, Array], bins: int = QUANTILE_BINS) -> Self | None:
        """Return the layer with a bin between each two quantiles of the training values of an input, or None.

        Equal quantiles are merged; an input with fewer than three values gets no bins.
        """
        edges = {j: _edges(known, bins) for j, known in values.items()}
        feature = np.concatenate([np.full(len(ends) - 1, j, float) for j, ends in edges.items()] or [np.empty(0)])
        if not len(feature):
            return None
        low = np.concatenate([ends[:-1] for ends in edges.values()])
        width = np.concatenate([np.diff(ends) for ends in edges.values()])
        return cls(inputs, len(feature), feature=feature, low=low, width=width)

    @property
    def outputs(self) -> int:
        return self.inputs + self.size

    @property
    def text(self) -> str:
        most = int(np.bincount(self.columns).max())
        return f"numbers as {most} quantile bins beside the value"

    def encode(self, x: Array) -> Array:
        y = np.empty((*x.shape[:-1], self.outputs), x.dtype)
        y[..., : self.inputs] = x
        bins = y[..., self.inputs :]
        np.subtract(x[..., self.columns], self.row("low"), out=bins)
        bins /= self.row("width")
        np.clip(bins, 0, 1, out=bins)
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        place = (self.x[..., self.columns] - self.row("low")) / self.row("width")
        inside = (place > 0) & (place < 1)
        dx: Array = dout[..., : self.inputs].copy()
        np.add.at(dx.mT, (slice(None), self.columns), (dout[..., self.inputs :] * inside / self.row("width")).mT)  # type: ignore[arg-type]
        return dx

    def check(self) -> None:
        super().check()
        if not (self.width > 0).all():
            raise InputError(f"the bins of the layer Piecewise must be wider than 0, got {self.width.min()}")


def _edges(values: Array, bins: int) -> Array:
    """Return the different quantiles of the values, in increasing order; one or none if there are fewer than three."""
    if len(values) and ((values > values.min()) & (values < values.max())).any():
        return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)).astype(values.dtype))
    return np.empty(1, values.dtype)
