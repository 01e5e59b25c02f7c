"""The book's batch normalization. Source: Deep Learning from Scratch, section 6.3."""

from math import prod
from typing import Any, ClassVar

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic.common.inputs import array_or_number, floats, row
from zerokara.errors import InputError


class CourseBatchNorm(nn.BatchNorm):
    """zerokara's, with the book's epsilon, 10e-7, and a running variance that starts at 0."""

    epsilon: ClassVar[float] = 10e-7

    def __init__(self, features: int, momentum: float = 0.9) -> None:
        super().__init__(features, momentum)
        self.running_var = np.zeros((1, 1, features))


class BatchNormalization:
    """y = gamma (x - mean) / sqrt(var + 10e-7) + beta, over the samples of the batch.

    zerokara instead adds 1e-5, so that a nearly constant feature is not blown up, and starts the running variance at 1,
    so that an untrained network can be evaluated. Shapes: x (N, D), (N, C, H, W) flattened, or one sample (D,); gamma
    and beta (D,) or a number. ``xc``, ``xn`` and ``std`` are of the last batch: x - mean, xc / std, sqrt(var + 10e-7).

    >>> layer = BatchNormalization(1, 0)
    >>> layer.forward([[1, 2], [3, 6]]).round(3), layer.running_mean
    (array([[-1., -1.],
           [ 1.,  1.]]), array([0.2, 0.4]))
    """

    def __init__(
        self,
        gamma: Array,
        beta: Array,
        momentum: float = 0.9,
        running_mean: Array | None = None,
        running_var: Array | None = None,
    ) -> None:
        self.gamma, self.beta, self.momentum = array_or_number(gamma), array_or_number(beta), momentum
        self.layer: CourseBatchNorm | None = None
        self._given = {"mean": running_mean, "var": running_var}
        self.input_shape: Any = None
        self.batch_size: Any = None
        self.xn: Any = None
        self.std: Any = None
        self.dgamma: Any = None
        self.dbeta: Any = None

    def start(self, features: int) -> CourseBatchNorm:
        """Return the layer beneath, made for a number of features when the first batch has shown it."""
        if self.layer is None:
            self.layer = CourseBatchNorm(features, self.momentum)
            self.running_mean, self.running_var = self._given["mean"], self._given["var"]
        if features != self.layer.features:
            raise InputError(
                f"this layer has statistics of {self.layer.features} features, got {features}: make another layer"
            )
        return self.layer

    def bind(self, layer: CourseBatchNorm) -> None:
        """Use a layer of a `zerokara.nn.Network`: gamma and beta become views into the network's one array."""
        self.layer = layer
        self.gamma, self.beta = self.layer.gamma[0, 0], self.layer.beta[0, 0]

    @property
    def running_mean(self) -> Any:
        """The mean of each feature over the batches so far, (D,); None before the first."""
        return self._given["mean"] if self.layer is None else self.layer.running_mean[0, 0]

    @running_mean.setter
    def running_mean(self, value: Any) -> None:
        self._set("mean", value)

    @property
    def running_var(self) -> Any:
        """The variance of each feature over the batches so far, (D,); None before the first."""
        return self._given["var"] if self.layer is None else self.layer.running_var[0, 0]

    @running_var.setter
    def running_var(self, value: Any) -> None:
        self._set("var", value)

    @property
    def xc(self) -> Any:
        """The last training batch minus its mean, (N, D)."""
        return None if self.xn is None else self.xn * self.std

    def _set(self, name: str, value: Any) -> None:
        self._given[name] = value
        if self.layer is not None:
            setattr(self.layer, f"running_{name}", row(0 if value is None else value, self.layer.features, "features"))

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        x = floats(x)
        features = prod(x.shape if x.ndim == 1 else x.shape[1:])
        gamma, beta = (row(value, features, "features") for value in (self.gamma, self.beta))
        layer, self.input_shape = self.start(features), x.shape
        # Set at each call: the caller may have replaced them.
        layer.gamma, layer.beta, layer.momentum = gamma, beta, self.momentum
        y = layer.forward(x.reshape(1, -1, features), 0 if train_flg else None)
        if train_flg:
            self.batch_size, self.xn, self.std = y.shape[1], layer.normal[0], layer.deviation[0, 0]
        return y.reshape(x.shape)

    def backward(self, dout: Array) -> Array:
        layer = self.layer
        assert layer is not None
        shape = 1, 1, layer.features
        if getattr(layer, "dgamma", np.empty(0)).shape != shape:
            layer.dgamma, layer.dbeta = np.empty(shape), np.empty(shape)
        dx = layer.backward(floats(dout).reshape(1, -1, layer.features))
        assert dx is not None
        self.dgamma, self.dbeta = layer.dgamma[0, 0].copy(), layer.dbeta[0, 0].copy()
        return dx.reshape(self.input_shape)
