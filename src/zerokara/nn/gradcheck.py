"""The gradient check: each analytic gradient is compared with a central difference of the loss."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.layers.activations import LeakyReLU, ReLU
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Check:
    """The result for one array: its name, its size, and the relative error of its gradient."""

    name: str
    count: int
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is below 1e-6."""
        return self.error < TOLERANCE


def gradcheck(
    network: Network,
    loss: Loss,
    x: Array,
    t: Array,
    *,
    weights: Array | None = None,
    weight_decay: float = 0.0,
    step: int | None = 0,
    h: float = 1e-5,
) -> list[Check]:
    """Compare the analytic gradients of all parameters and of the data with numerical ones.

    numerical = (L(w + h) - L(w - h)) / 2h, for one element of every network at a time; L is the loss plus
    weight_decay / 2 * sum W^2. The relative error of an array is max|analytic - numerical| / s, where s is the
    largest absolute value in both arrays. s is at least a thousandth of the largest gradient in the network, since a
    gradient of zero (a bias before batch norm) has no relative error. Where a step of h would cross the kink of a
    ReLU, a smaller step is taken.

    Args:
        network: P networks in float64; they are not changed.
        x, t: samples (P or 1, N, D) and their targets, as the loss takes them.
        step: the training step whose dropout masks are used; None checks the network in evaluation mode.

    Raises:
        InputError: the network is not float64; float32 is too coarse for differences.

    >>> from zerokara import nn
    >>> net = nn.mlp(3, (5,), 2, "tanh", dtype=np.float64)
    >>> x, t = np.random.default_rng(0).standard_normal((1, 4, 3)), np.array([0, 1, 1, 0])
    >>> [(check.name, check.passed) for check in nn.gradcheck(net, nn.SoftmaxCrossEntropy(), x, t)]
    [('0.W', True), ('0.b', True), ('2.W', True), ('2.b', True), ('x', True)]

    Source: Deep Learning from Scratch, section 5.7.4; CS231n notes, "Gradient checks".
    """
    if network.dtype != np.float64:
        raise InputError(
            f"a gradient check needs a float64 network, got {network.dtype}: build the network with dtype='float64'"
        )
    network = network.copy()
    x = np.repeat(x, network.population, axis=0) if len(x) == 1 else x.copy()

    def objective() -> tuple[Array, list[Array]]:
        value = loss.forward(network.forward(x, step), t, weights)
        penalty = 0.5 * weight_decay * np.sum(network.params[:, : network.decayed] ** 2, axis=1)
        kinks = [layer.y > 0 for layer in network.layers if isinstance(layer, ReLU | LeakyReLU)]
        return value + penalty, kinks

    objective()
    dx = network.backward(loss.backward(network.forward(x, step), t, weights), need_dx=True)
    assert dx is not None
    network.grads[:, : network.decayed] += weight_decay * network.params[:, : network.decayed]
    arrays = [(name, value, analytic.copy()) for name, value, analytic in network.parameters()]
    arrays.append(("x", x, dx))

    pairs = [(name, analytic, numerical(objective, value, h)) for name, value, analytic in arrays]
    largest = max(np.abs(difference).max() for _, _, difference in pairs)
    return [
        Check(
            name,
            analytic.size,
            float(
                np.abs(analytic - difference).max()
                / max(np.abs(analytic).max(), np.abs(difference).max(), 1e-3 * largest, 1e-300)
            ),
        )
        for name, analytic, difference in pairs
    ]


def numerical(objective: Callable[[], tuple[Array, list[Array]]], value: Array, h: float) -> Array:
    """Return d objective / d value by central differences, for all P networks at once."""
    gradient = np.empty_like(value)
    _, here = objective()
    for place in np.ndindex(*value.shape[1:]):
        where = (slice(None), *place)
        original = value[where].copy()
        for width in (h, h / 10, h / 100):
            value[where] = original + width
            above, kinks_above = objective()
            value[where] = original - width
            below, kinks_below = objective()
            sides = zip(here, kinks_above, kinks_below, strict=True)
            if all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in sides):
                break
        value[where] = original
        gradient[where] = (above - below) / (2 * width)
    return gradient
