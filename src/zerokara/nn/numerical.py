"""Numerical gradients of all parameters: the outputs of all perturbed networks form one population."""

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
"""Elements of the widest array of perturbed activations: one megabyte, which fits a core's cache."""


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

    The loss is evaluated at the same 2 K points as in the plain loop, which runs the full network for each. Here only
    the changes are computed: in a layer y = x W + b, p = W[i, j] changes only column j, by exactly h x[:, i], and b[j]
    changes it by h. That column passes its activation a. With the weights V and the output z of the next layer, the
    perturbed output is z + (a(y_j + h x_i) - a(y_j)) V[j, :], one row for each p. These rows form a population, which
    passes the remaining layers and the loss like any other. No derivative and no approximation is involved: the result
    differs from the loop's by rounding, about 1e-16 L / h.

    Args:
        network: P networks in float64, in evaluation mode: no dropout, running statistics in batch norm.
        x, t: samples (P or 1, N, D) and their targets, as the loss takes them.
        weights: sample weights, (N,).
        skip_zeros: skip the weights of inputs that are 0 in every sample; their gradient is exactly 0.

    Raises:
        InputError: the network is not float64, a layer with parameters is neither Affine nor BatchNorm, or x or t does
            not fit.

    >>> from zerokara import nn
    >>> net, loss = nn.mlp(3, (5,), 2, "tanh", dtype="float64"), nn.SoftmaxCrossEntropy()
    >>> x, t = np.random.default_rng(0).standard_normal((1, 4, 3)), np.array([0, 1, 1, 0])
    >>> _ = net.backward(loss.backward(net.forward(x), t))
    >>> bool(np.abs(numerical_gradient(net, loss, x, t) - net.grads).max() < 1e-8)
    True

    Source: Deep Learning from Scratch, sections 4.3 to 4.5.
    """
    if network.dtype != np.float64:
        raise InputError(
            f"a numerical gradient needs a float64 network, got {network.dtype}: build the network with dtype='float64'"
        )
    network.require_samples(x)
    rows = [np.array([p]) for p in range(network.population)]
    alone = [(network.take(row), loss.take(row), x[row if len(x) > 1 else slice(None)]) for row in rows]
    return np.concatenate([_of_one(*each, t, weights, h, skip_zeros) for each in alone])


def _of_one(
    network: Network, loss: Loss, x: Array, t: Array, weights: Array | None, h: float, skip_zeros: bool
) -> Array:
    """Return the gradient of one network, (1, K)."""
    inputs = [x]
    for layer in network.layers:
        layer.in_place = False
        inputs.append(layer.forward(inputs[-1]))
    t = loss.targets(t, *inputs[-1].shape[1:])
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
                losses = above.per_sample_loss(j, np.stack([y[:, None] + step, y[:, None] - step], axis=1))
                plus, minus = (share @ losses).reshape(2, -1)
                gradient[rows, j] = (plus - minus) / (2 * h)
        ends = np.cumsum([layer.shapes()[name][0] for name in layer.parameters])
        for name, part in zip(layer.parameters, np.split(gradient, ends[:-1]), strict=True):
            getattr(layer, "d" + name)[0] = part
    return network.grads


def _steps(layer: Layer, x: Array, h: float) -> Array:
    """Return the change of a column of y when one parameter of that column grows by h.

    Shapes: x (N, D_in); the result (N, rows of all parameters, D_out), or (N, rows, 1) if all columns are equal.
    """
    ones = np.ones_like(x[:, :1])
    if isinstance(layer, Affine):
        return h * np.concatenate([x, ones], axis=1)[:, :, None]
    if isinstance(layer, BatchNorm):
        return h * np.stack([layer.normal[0], np.broadcast_to(ones, x.shape)], axis=1)
    raise InputError(
        f"layers with parameters must be Affine or BatchNorm, got {type(layer).__name__}: use nn.gradcheck"
    )


class _Above:
    """The loss as a function of one column of a layer's output: the remaining layers and their unperturbed inputs."""

    def __init__(self, layers: Sequence[Layer], inputs: Sequence[Array], loss: Loss, t: Array) -> None:
        # Up to the next affine map, the columns are independent.
        m = next((i for i, layer in enumerate(layers) if isinstance(layer, Affine)), len(layers))
        self.between, self.rest, self.loss, self.t = layers[:m], layers[m + 1 :], loss, t
        self.before = self.z = inputs[m][0]
        self.V = np.eye(self.z.shape[1])
        for affine in layers[m : m + 1]:
            assert isinstance(affine, Affine)
            self.V, self.z = affine.W[0], inputs[m + 1][0]
        self.widest = max(x.shape[2] for x in (self.z[None], *inputs[m + 1 :]))

    def per_sample_loss(self, j: int, moved: Array) -> Array:
        """Return the loss of each sample, (N, Q), for the Q values of column j in ``moved``, (N, Q)."""
        column = moved.reshape(1, -1, 1)
        for layer in self.between:
            column = _single_feature(layer, j).forward(column)
        change = column.reshape(len(moved), -1) - self.before[:, j, None]
        # z + change V[j], as a product of two columns and two rows for each sample, with the features first in memory:
        # in another order NumPy's inner loops are short and take three times as long.
        left = np.stack([np.broadcast_to(self.V[j], self.z.shape), self.z], axis=2)
        x = np.empty((self.z.shape[1], *change.shape))
        np.matmul(left, np.stack([change, np.ones_like(change)], axis=1), out=x.transpose(1, 0, 2))
        x = x.reshape(len(x), -1).T[None]
        for layer in self.rest:
            x = layer.forward(x)
        return self.loss.per_sample_loss(x, np.repeat(self.t, change.shape[1], axis=0)).reshape(change.shape)


def _single_feature(layer: Layer, j: int) -> Layer:
    """Return an elementwise layer reduced to feature j."""
    one = copy.copy(layer)
    for name in (*layer.parameters, *layer.per_network):
        value = getattr(layer, name)
        setattr(one, name, value[:, :, [j]] if value.shape[2] > 1 else value)
    return one
