"""The two-layer network of the course's comparison of numerical gradient and backpropagation."""

from typing import Any

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic import two_layer_net
from zerokara.nn.losses import class_numbers


class TwoLayerNet(two_layer_net.TwoLayerNet):
    """The book's, with a loss without 1e-7 inside the log.

    >>> net = TwoLayerNet()
    >>> {name: array.shape for name, array in net.params.items()}
    {'W1': (784, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}
    """

    def loss(self, x: Array, t: Array) -> Any:
        """Return the mean of -log(y[t]), computed as one expression: it stays finite where y is 0."""
        scores = np.atleast_2d(self._scores(x))
        return nn.SoftmaxCrossEntropy().forward(scores[None], class_numbers(t, *scores.shape))[0]
