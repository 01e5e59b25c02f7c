"""The book's network of any depth. Source: Deep Learning from Scratch, chapter 6."""

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from zerokara import nn
from zerokara.arrays import Array
from zerokara.classic.common.gradient import numerical_gradient
from zerokara.classic.common.layers import Affine, BatchNormalization, Dropout, Relu, Sigmoid, SoftmaxWithLoss
from zerokara.errors import InputError, unknown
from zerokara.nn.losses import class_numbers

ACTIVATIONS: dict[str, Any] = {"relu": Relu, "sigmoid": Sigmoid}
INITS = ("relu", "he", "sigmoid", "xavier")


class MultiLayerNet:
    """For each hidden size Affine and activation; then Affine, and softmax with loss.

    The layers are those of ``network``, a `zerokara.nn.Network` with a population of one in float64. ``params`` (W1,
    b1, ...) and ``layers`` (Affine1, Activation_function1, ...) share its memory: changing an array of
    ``params`` in place changes the network.

    Args:
        input_size, hidden_size_list, output_size: sizes of the layers.
        activation: 'relu' or 'sigmoid'.
        weight_init_std: 'relu' or 'he' for sqrt(2 / n_in), 'sigmoid' or 'xavier' for sqrt(1 / n_in), or a number.
        weight_decay_lambda: lambda / 2 * sum W^2 is added to the loss.

    >>> net = MultiLayerNet(4, [5, 5], 3, weight_init_std="he")
    >>> list(net.params), net.predict(np.ones((2, 4))).shape
    (['W1', 'b1', 'W2', 'b2', 'W3', 'b3'], (2, 3))
    """

    use_dropout, dropout_ration, use_batchnorm = False, 0.5, False
    """For `MultiLayerNetExtend`, which sets them before the layers are made."""

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
    ) -> None:
        sizes = [input_size, *hidden_size_list, output_size]
        if any(not isinstance(n, int | np.integer) or n < 1 for n in sizes):
            raise InputError(f"layer sizes must be whole numbers, 1 or above, got {'-'.join(map(str, sizes))}")
        self.input_size, *self.hidden_size_list, self.output_size = sizes
        self.hidden_layer_num = len(self.hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        if activation not in ACTIVATIONS:
            raise unknown("activation", str(activation), ACTIVATIONS)
        self.layers: OrderedDict[str, Any] = OrderedDict()
        for k, (n_in, n_out) in enumerate(itertools.pairwise(sizes), 1):
            self.layers[f"Affine{k}"] = Affine(np.empty((n_in, n_out)), np.empty(n_out))
            if k <= self.hidden_layer_num:
                if self.use_batchnorm:
                    self.layers[f"BatchNorm{k}"] = norm = BatchNormalization(np.empty(n_out), np.empty(n_out))
                    norm.start(n_out)
                self.layers[f"Activation_function{k}"] = ACTIVATIONS[activation]()
                if self.use_dropout:
                    self.layers[f"Dropout{k}"] = Dropout(self.dropout_ration)
        self.last_layer = SoftmaxWithLoss()
        self.network = nn.Network([layer.layer for layer in self.layers.values()], 1, np.float64)
        self._bind()
        learned = sorted(self._learned(), key=lambda each: each[2] not in ("W", "b"))  # the course's order
        self.params: dict[str, Array] = {name: getattr(layer, what) for name, layer, what in learned}
        for k, (n_in, n_out) in enumerate(itertools.pairwise(sizes), 1):
            draws = np.random.randn(n_in, n_out)  # noqa: NPY002  the course's draws
            self.params[f"W{k}"][...] = deviation(weight_init_std, n_in) * draws

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the arrays views into those of the network again, which a copy or a pickle does not preserve."""
        self.__dict__.update(state)
        self.network = self.network.copy()
        self._bind()
        for name, layer, what in self._learned():
            getattr(layer, what)[...] = self.params[name]
            self.params[name] = getattr(layer, what)

    def _bind(self) -> None:
        for wrapper, layer in zip(self.layers.values(), self.network.layers, strict=True):
            layer.in_place = False  # Exercises keep the outputs of all layers.
            if layer.parameters:
                wrapper.bind(layer)
            else:
                wrapper.layer = layer

    def _learned(self) -> list[tuple[str, Any, str]]:
        """Return each parameter's name in ``params``, its layer, and its name there: W1, b1, gamma1, beta1, W2, ..."""
        of_layer = {"Affine": ("W", "b"), "BatchNorm": ("gamma", "beta")}
        return [
            (f"{what}{k}", self.layers[f"{kind}{k}"], what)
            for k in range(1, self.hidden_layer_num + 2)
            for kind, names in of_layer.items()
            for what in names
            if f"{kind}{k}" in self.layers
        ]

    def predict(self, x: Array) -> Array:
        """Return the scores, before the softmax, of a batch (N, ...) or one image (D,)."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        """Return the mean cross-entropy plus the penalty; t is one-hot or labels."""
        return self.last_layer.forward(self.predict(x), t) + self._penalty()

    def _penalty(self) -> Any:
        weights = [self.params[f"W{k}"] for k in range(1, self.hidden_layer_num + 2)]
        return 0.5 * self.weight_decay_lambda * sum(np.sum(W * W) for W in weights)

    def _training_loss(self, x: Array, t: Array) -> Any:
        return self.loss(x, t)

    def accuracy(self, x: Array, t: Array) -> Any:
        """Return the fraction of samples that are classified correctly; t is one-hot or labels."""
        return accuracy(self.predict(x), t)

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Return the gradient of the loss by each of ``params``, by backpropagation."""
        self._training_loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        grads = {name: getattr(layer, "d" + what) for name, layer, what in self._learned()}
        for k in range(1, self.hidden_layer_num + 2):
            grads[f"W{k}"] += self.weight_decay_lambda * self.layers[f"Affine{k}"].W
        return grads

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Return the gradient by central differences, h = 1e-4: two losses for every number in ``params``."""
        return {
            name: numerical_gradient(lambda _: self._training_loss(x, t), self.params[name])
            for name, _, _ in self._learned()
        }


def deviation(weight_init_std: str | float, n_in: int) -> float:
    """Return the standard deviation of the initial weights of a layer.

    'xavier' is the book's, sqrt(1 / n_in); `zerokara.nn.mlp` calls that one lecun.
    """
    if not isinstance(weight_init_std, str):
        return weight_init_std
    if weight_init_std.lower() not in INITS:
        raise unknown("weight_init_std", weight_init_std, [*INITS, "a number"])
    return float(np.sqrt((2.0 if weight_init_std.lower() in ("relu", "he") else 1.0) / n_in))


def accuracy(scores: Array, t: Array) -> Any:
    """Return the fraction of samples that are classified correctly; t is one-hot or labels."""
    scores = np.atleast_2d(scores)
    return np.mean(scores.argmax(axis=1) == class_numbers(t, *scores.shape))
