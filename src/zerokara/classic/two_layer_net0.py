"""The two-layer network of the course's comparison of numerical gradient and backpropagation."""

from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic import two_layer_net
from zerokara.nn import SoftmaxCrossEntropy


class TwoLayerNet(two_layer_net.TwoLayerNet):
    """The book's, with MNIST's sizes as defaults, and a loss without 1e-7 inside the log.

    >>> net = TwoLayerNet()
    >>> {name: array.shape for name, array in net.params.items()}
    {'W1': (784, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}
    """

    def __init__(
        self,
        input_size: int = 784,
        hidden_size: int = 50,
        output_size: int = 10,
        weight_init_std: float = 0.01,
        file: str | Path = "",
    ) -> None:
        super().__init__(input_size, hidden_size, output_size, weight_init_std, file)

    def loss(self, x: Array, t: Array) -> Any:
        """Return the mean of -log(y[t]), computed as one expression: it stays finite where y is 0."""
        scores, t = np.atleast_2d(self._scores(x)), np.asarray(t)
        labels = t.reshape(scores.shape).argmax(axis=1) if t.size == scores.size else t.ravel()
        return SoftmaxCrossEntropy().forward(scores[None], labels)[0]
