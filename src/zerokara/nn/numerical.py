"""The gradient by central differences of every parameter at once: what a parameter moves is a population."""

import copy
from collections.abc import Sequence

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.affine import Affine
from zerokara.nn.layers.batchnorm import BatchNorm
from zerokara.nn.layers.layer import Layer
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network

NUMBERS = 1 << 17
"""Numbers in the widest array of moved activations: one megabyte, which stays in a core's cache."""


def numerical_gradient(
    network: Network,
    loss: Loss,
    x: Array,
    t: Array,
    *,
    weights: Array | None = None,
    h: float = 1e-4,
    skip_zeros: bool = False,
) -> Array:
    """Return (L(p + h) - L(p - h)) / 2h for every parameter p, laid out as ``network.grads``, (P, K).

    Each loss is evaluated, at the same 2 K places as by the plain loop, which runs the whole network for each. Here
    only what moves is computed: of a layer y = x W + b, p = W[i, j] moves column j alone, and exactly by h x[:, i];
    b[j] moves it by h. That column goes through its activation, a. With the next layer's V and z, the scores above are
    those of z + (a(y_j + h x_i) - a(y_j)) V[j, :], a row of numbers for each p: a population, which goes through the
    layers above and the loss as any other does. No slope and no approximation is in it: it differs from the loop by
    rounding alone, about 1e-16 L / h.

    Args:
        network: P networks in float64, as they evaluate: dropout passes all, batch norm uses its running statistics.
        x, t: samples (P or 1, N, D) and their targets, as the loss takes them.
        weights: of the samples, (N,).
        skip_zeros: leave out the weights of inputs that are 0 in every sample: their gradient is exactly 0.

    Raises:
        InputError: the network is not float64; a layer's parameters are not known here.

    >>> from zerokara import nn
    >>> net, loss = nn.mlp(3, (5,), 2, "tanh", dtype="float64"), nn.SoftmaxCrossEntropy()
    >>> x, t = np.random.default_rng(0).standard_normal((1, 4, 3)), np.array([0, 1, 1, 0])
    >>> _ = net.backward(loss.backward(net.forward(x), t))
    >>> bool(np.abs(numerical_gradient(net, loss, x, t) - net.grads).max() < 1e-8)
    True

    Source: Deep Learning from Scratch, sections 4.3 to 4.5.
    """
    if network.dtype != np.float64:
        raise InputError(f"differences need float64, got {network.dtype}: build the network with dtype='float64'")
    rows = [np.array([p]) for p in range(network.population)]
    alone = [(network.take(row), loss.take(row), x[row if len(x) > 1 else slice(None)]) for row in rows]
    return np.concatenate([_of_one(*each, t, weights, h, skip_zeros) for each in alone])


def _of_one(
    network: Network, loss: Loss, x: Array, t: Array, weights: Array | None, h: float, skip_zeros: bool
) -> Array:
    """Return the gradient of one network, (1, K)."""
    inputs = [x]
    for layer in network.layers:
        layer.overwrites = False
        inputs.append(layer.forward(inputs[-1]))
    learning = [
        (k, layer, _steps(layer, inputs[k][0], h)) for k, layer in enumerate(network.layers) if layer.parameters
    ]
    share = np.full(len(t), 1 / len(t)) if weights is None else weights / len(t)
    for k, layer, steps in learning:
        gradient = np.zeros((steps.shape[1], inputs[k + 1].shape[2]))
        moving = np.flatnonzero(steps.any(axis=(0, 2)) | (not skip_zeros))
        above = _Above(network.layers[k + 1 :], inputs[k + 1 :], loss, t)
        width = max(1, NUMBERS // (2 * len(t) * above.widest))
        for start in range(0, len(moving), width):
            rows = moving[start : start + width]
            chunk = np.ascontiguousarray(steps[:, rows])
            for j, y in enumerate(inputs[k + 1][0].T):
                step = chunk[:, :, j if chunk.shape[2] > 1 else 0]
                cost = above.cost(j, np.stack([y[:, None] + step, y[:, None] - step], axis=1))
                plus, minus = (share @ cost).reshape(2, -1)
                gradient[rows, j] = (plus - minus) / (2 * h)
        ends = np.cumsum([layer.shapes()[name][0] for name in layer.parameters])
        for name, part in zip(layer.parameters, np.split(gradient, ends[:-1]), strict=True):
            getattr(layer, "d" + name)[0] = part
    return network.grads


def _steps(layer: Layer, x: Array, h: float) -> Array:
    """Return by how much h more of each number in a column of the parameters moves that column of y.

    Shapes: x (N, D_in); steps (N, rows of all parameters, D_out), or (N, rows, 1) where all columns have the same.
    """
    ones = np.ones_like(x[:, :1])
    if isinstance(layer, Affine):
        return h * np.concatenate([x, ones], axis=1)[:, :, None]
    if isinstance(layer, BatchNorm):
        return h * np.stack([layer.normal[0], np.broadcast_to(ones, x.shape)], axis=1)
    raise InputError(f"the layers that learn must be Affine or BatchNorm, got {type(layer).__name__}: use nn.gradcheck")


class _Above:
    """The loss as a function of one column of a layer's output: the layers above, and what enters them unmoved."""

    def __init__(self, layers: Sequence[Layer], inputs: Sequence[Array], loss: Loss, t: Array) -> None:
        # Up to the next affine map, each column is on its own.
        m = next((i for i, layer in enumerate(layers) if isinstance(layer, Affine)), len(layers))
        self.between, self.rest, self.loss, self.t = layers[:m], layers[m + 1 :], loss, t
        self.before = self.z = inputs[m][0]
        self.V = np.eye(self.z.shape[1])
        for affine in layers[m : m + 1]:
            assert isinstance(affine, Affine)
            self.V, self.z = affine.W[0], inputs[m + 1][0]
        self.widest = max(x.shape[2] for x in (self.z[None], *inputs[m + 1 :]))

    def cost(self, j: int, moved: Array) -> Array:
        """Return what each sample costs with each of Q values of column j, (N, Q); ``moved`` has Q numbers a sample."""
        column = moved.reshape(1, -1, 1)
        for layer in self.between:
            column = _column(layer, j).forward(column)
        change = column.reshape(len(moved), -1) - self.before[:, j, None]
        # z + change V[j], as a product of two columns and two rows for each sample, and the features first in memory:
        # on arrays of other orders NumPy's loops over them are short, and take three times as long.
        left = np.stack([np.broadcast_to(self.V[j], self.z.shape), self.z], axis=2)
        x = np.empty((self.z.shape[1], *change.shape))
        np.matmul(left, np.stack([change, np.ones_like(change)], axis=1), out=x.transpose(1, 0, 2))
        x = x.reshape(len(x), -1).T[None]
        for layer in self.rest:
            x = layer.forward(x)
        return self.loss.cost(x, np.repeat(self.t, change.shape[1], axis=0)).reshape(change.shape)


def _column(layer: Layer, j: int) -> Layer:
    """Return a layer that works on each feature by itself, for feature j alone."""
    one = copy.copy(layer)
    for name in (*layer.parameters, *layer.per_network):
        value = getattr(layer, name)
        setattr(one, name, value[:, :, [j]] if value.shape[2] > 1 else value)
    return one
