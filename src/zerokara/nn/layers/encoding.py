"""The base classes of layers that encode the inputs: each acts on some of them, and passes the others."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.layer import Layer

ENCODED_BYTES = 64 << 20
"""The encoded samples of a part that are kept in memory; more are encoded whenever they are read."""


class InputEncoding(Layer):
    """A layer at the start of the networks that encodes the inputs ``feature``.

    Its ``fixed`` arrays (P, 1, K), K = ``size``, are learned from the training samples before training.
    """

    per_network: ClassVar[tuple[str, ...]] = ("feature",)
    fixed: ClassVar[tuple[str, ...]] = ("feature",)
    settings: ClassVar[tuple[str, ...]] = ("inputs", "size")
    inputs: int
    size: int
    feature: Array
    """Places of inputs, whole numbers."""

    def __init__(self, inputs: int, size: int, **fixed: Array) -> None:
        self.inputs, self.size = inputs, size
        for name in self.fixed:  # Placeholders, until the arrays of a model file are loaded.
            setattr(self, name, np.reshape(fixed.get(name, self._placeholder(name)), (1, 1, size)))

    @property
    def outputs(self) -> int:
        """The number of features after the encoding."""
        return self.inputs

    @property
    @abstractmethod
    def text(self) -> str:
        """What the layer does, as shown to users."""

    @property
    def columns(self) -> Array:
        """``feature`` as an index (K,)."""
        return self.row("feature").astype(np.intp)

    def row(self, name: str) -> Array:
        """Return a fixed array as all networks have it, (K,); anything valid if there are no networks."""
        value: Array = getattr(self, name)
        return value[0, 0] if len(value) else self._placeholder(name).astype(value.dtype)

    def _placeholder(self, name: str) -> Array:
        return np.full(self.size, float(name != "feature"))

    def check(self) -> None:
        super().check()
        feature, kind = self.feature, type(self).__name__
        if not ((feature >= 0) & (feature < self.inputs) & (feature == np.floor(feature))).all():
            raise InputError(f"the layer {kind} must encode inputs from 0 to {self.inputs - 1}, got others")


class FixedEncoding(InputEncoding):
    """An encoding without learned parameters: samples can be encoded once for all epochs and networks.

    Shapes: x (P or 1, N, D), y (P or 1, N, ``outputs``).
    """

    cache: ClassVar = ("x",)

    @abstractmethod
    def encode(self, x: Array) -> Array:
        """Return y (..., N, outputs) of x (..., N, D); the result for a sample does not depend on the others."""

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.x = x
        return self.encode(x)


def encode(encodings: Sequence[FixedEncoding], x: Array) -> Array:
    """Return samples (..., N, D) after these encodings."""
    for layer in encodings:
        x = layer.encode(x)
    return x


def is_kept(x: Array, encodings: Sequence[FixedEncoding], dtype: np.dtype[Any]) -> bool:
    """Return whether samples (N, D) are dense and few enough to be kept encoded."""
    size = len(x) * (encodings[-1].outputs if encodings else 0) * dtype.itemsize
    return bool(encodings) and isinstance(x, np.ndarray) and size <= ENCODED_BYTES
