"""The book's two-layer network with sigmoid. Source: Deep Learning from Scratch, sections 4.5 and 5.7."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.functions import cross_entropy_error, softmax
from zerokara.classic.common.gradient import numerical_gradient
from zerokara.classic.common.layers import Affine, Sigmoid, SoftmaxWithLoss
from zerokara.classic.common.multi_layer_net import accuracy
from zerokara.classic.common.shortcut import NAMES
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.unpickle import load_pickle


class TwoLayerNet:
    """y = softmax(sigmoid(x W1 + b1) W2 + b2).

    ``params`` (W1, b1, W2, b2) are read at each call: they may be changed in place, or replaced. ``layers`` are
    Affine1, Sigmoid1 and Affine2, ``lastLayer`` is softmax with loss.

    Args:
        input_size, hidden_size, output_size: sizes of the layers.
        weight_init_std: standard deviation of the initial weights.
        file: a pickled dict W1, b1, W2, b2, as `save_params` writes it, instead of random weights; it is not run.

    >>> net = TwoLayerNet(4, 5, 3)
    >>> net.params["b2"] = np.array([0.0, 0.0, 100.0])
    >>> net.predict(np.ones(4)).round(3)
    array([0., 0., 1.])
    """

    def __init__(
        self,
        input_size: int = 784,
        hidden_size: int = 50,
        output_size: int = 10,
        weight_init_std: float = 0.01,
        file: str | Path = "",
    ) -> None:
        sizes = input_size, hidden_size, output_size
        self.params = restore(file) if file else initial(*sizes, weight_init_std)
        self.layers: OrderedDict[str, Any] = OrderedDict(
            Affine1=Affine(self.params["W1"], self.params["b1"]),
            Sigmoid1=Sigmoid(),
            Affine2=Affine(self.params["W2"], self.params["b2"]),
        )
        self.lastLayer = SoftmaxWithLoss()

    def _scores(self, x: Array) -> Array:
        for k in "12":  # They may have been replaced.
            self.layers[f"Affine{k}"].W, self.layers[f"Affine{k}"].b = self.params[f"W{k}"], self.params[f"b{k}"]
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def predict(self, x: Array) -> Array:
        """Return the probabilities of a batch (N, ...) or one image (D,)."""
        return softmax(self._scores(x))

    def loss(self, x: Array, t: Array) -> Any:
        """Return the mean of -log(y[t] + 1e-7); t is one-hot or labels."""
        return cross_entropy_error(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> Any:
        """Return the fraction of samples that are classified correctly; t is one-hot or labels."""
        return accuracy(self.predict(x), t)

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Return the gradient of the loss by each of ``params``, by backpropagation."""
        self.lastLayer.forward(self._scores(x), t)
        dout = self.lastLayer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Return the gradient by central differences, h = 1e-4, of every number in ``params``."""
        return {name: numerical_gradient(lambda _: self.loss(x, t), self.params[name]) for name in NAMES}

    def save_params(self, file: str | Path = "weight_bias_params_0.pkl") -> None:
        """Pickle ``params``, as the course does. ``zerokara import`` converts such a file to a model file."""
        write(file, pickle.dumps(self.params))


def initial(n_in: int, n_hidden: int, n_out: int, deviation: float) -> dict[str, Array]:
    """Return random weights W1 and W2, and zeros b1 and b2."""
    W1 = deviation * np.random.randn(n_in, n_hidden)  # noqa: NPY002  the course's draws
    W2 = deviation * np.random.randn(n_hidden, n_out)  # noqa: NPY002
    return {"W1": W1, "b1": np.zeros(n_hidden), "W2": W2, "b2": np.zeros(n_out)}


def restore(file: str | Path) -> dict[str, Array]:
    """Return the arrays W1, b1, W2, b2 of a pickle, without running any code in it."""
    params = load_pickle(file)
    if not isinstance(params, dict) or not all(isinstance(params.get(name), np.ndarray) for name in NAMES):
        got = ", ".join(map(str, params)) if isinstance(params, dict) else f"a {type(params).__name__}"
        raise InputError(f"{file} must contain a dict of the arrays {', '.join(NAMES)}, got {got[:200]}")
    return {name: params[name] for name in NAMES}
