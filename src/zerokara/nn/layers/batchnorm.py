"""Batch normalization: scale each feature to mean 0 and variance 1 over the batch, then by learned parameters."""

from typing import ClassVar

import numpy as np

from zerokara.arrays import Array, ones
from zerokara.nn.layers.layer import Layer


class BatchNorm(Layer):
    """y = gamma (x - mean) / sqrt(var + 1e-5) + beta, mean and var (biased) over the samples of the batch.

    Evaluation uses the running statistics: running = 0.9 running + 0.1 batch, updated at each training step.
    Shapes: x, y (P, N, D); gamma, beta and the running statistics (P, 1, D).
    As in the book, the running variance is biased; PyTorch keeps the unbiased one.
    Source: Ioffe and Szegedy 2015, algorithm 1; Deep Learning from Scratch, section 6.3.
    """

    parameters: ClassVar = ("gamma", "beta")
    per_network: ClassVar = ("running_mean", "running_var")
    settings: ClassVar = ("features",)
    shared: ClassVar = ("momentum",)
    cache: ClassVar = ("normal", "deviation")
    epsilon: ClassVar[float] = 1e-5
    output_reusable: ClassVar = True
    gamma: Array
    beta: Array
    dgamma: Array
    dbeta: Array

    def __init__(self, features: int, momentum: float = 0.9) -> None:
        self.features, self.momentum = features, momentum
        self.inputs = self.outputs = features
        self.running_mean: Array = np.zeros((1, 1, features))
        self.running_var: Array = np.ones((1, 1, features))

    def shapes(self) -> dict[str, tuple[int, int]]:
        return {"gamma": (1, self.features), "beta": (1, self.features)}

    def initial(self, name: str) -> Array:
        return np.full((1, 1, self.features), 1.0 if name == "gamma" else 0.0)

    def forward(self, x: Array, step: int | None = None) -> Array:
        self.train = step is not None
        if self.train:
            average = ones(1, x.shape[1], x.dtype) / x.shape[1]
            mean = average @ x
            centered = x - mean
            var = average @ (centered * centered)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            centered, var = x - self.running_mean, self.running_var
        self.deviation: Array = np.sqrt(var + self.epsilon)
        self.normal = centered / self.deviation
        y: Array = self.gamma * self.normal
        y += self.beta
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        n = dout.shape[1]
        np.matmul(ones(1, n, dout.dtype), dout, out=self.dbeta)
        np.matmul(ones(1, n, dout.dtype), dout * self.normal, out=self.dgamma)
        if not need_dx:
            return None
        if not self.train:
            return dout * (self.gamma / self.deviation)
        # d(mean) and d(var) are included: they subtract the mean of dout and its projection on `normal`.
        dx: Array = dout - self.dbeta / n - self.normal * (self.dgamma / n)
        dx *= self.gamma / self.deviation
        return dx
