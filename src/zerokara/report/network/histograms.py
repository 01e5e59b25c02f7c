"""How activations and gradients are distributed, layer by layer. Source: Deep Learning from Scratch, section 6.2."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.nn import Layer, Loss, Network
from zerokara.report.network.trace import TrainingStep

HISTOGRAM_BINS = 40
COUNTED_SAMPLES = 500
"""The samples whose activations are counted."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many finite values lie in each of equal bins from ``low`` to ``high``, and their statistics.

    The bins reach from the lowest to the highest value; where all are equal, half a unit further, or more where floats
    are wider apart. ``not_finite`` counts NaN and infinities; where there is nothing else, the statistics are NaN.
    """

    low: float
    high: float
    counts: Array
    mean: float
    deviation: float
    lowest: float
    highest: float
    not_finite: int = 0

    def plain(self) -> dict[str, Any]:
        """Return what the page draws."""
        return {name: getattr(self, name) for name in ("low", "high", "counts", "mean", "deviation")}


def histogram(values: Array, bins: int = HISTOGRAM_BINS, limits: tuple[float, float] | None = None) -> Histogram:
    """Return the distribution of the finite values, between limits if they are given.

    >>> histogram(np.array([0.0, 0, 0, 1])).counts[[0, -1]]
    array([3, 1])
    """
    finite = values[np.isfinite(values)].astype(float)
    others = values.size - finite.size
    if not len(finite):
        low, high = limits or (0.0, 0.0)
        unknown = np.nan if others else 0.0
        return Histogram(low, high, np.zeros(bins, int), unknown, unknown, unknown, unknown, others)
    mean, deviation, lowest, highest = map(float, (finite.mean(), finite.std(), finite.min(), finite.max()))
    if limits is None and highest - lowest < bins * np.spacing(max(abs(lowest), abs(highest))):
        room = max(0.5, bins * float(np.spacing(max(abs(lowest), abs(highest)))))
        limits = lowest - room, highest + room
    counts, edges = np.histogram(finite, bins, limits)
    return Histogram(float(edges[0]), float(edges[-1]), counts, mean, deviation, lowest, highest, others)


def layer_outputs(network: Network, x: Array) -> Iterator[tuple[Layer, Array]]:
    """Yield each layer of a copy with its outputs (P, N, D) for samples x (N, D), evaluated as in a prediction."""
    values = x[None].astype(network.dtype, copy=False)
    with np.errstate(all="ignore"):
        for layer in network.copy().layers:
            layer.in_place = False
            values = layer.forward(values)
            yield layer, values


def batch_gradients(
    network: Network, loss: Loss, x: Array, t: Array, weights: Array | None = None, number: int = 0
) -> Iterator[tuple[Layer, str, Array]]:
    """Yield each parameter's layer, name and gradient (P, ...) for a batch x (N, D), at a training step."""
    network = network.copy()
    with np.errstate(all="ignore"):
        scores = network.forward(x[None].astype(network.dtype, copy=False), number)
        network.backward(loss.backward(scores, t, weights))
    for name, _, gradient in network.parameters():
        yield network.layers[int(name.split(".")[0])], name, gradient


def activation_histograms(network: Network, x: Array) -> list[dict[str, Any]]:
    """Return the distribution of each layer's outputs for samples x (N, D), as plain data."""
    return [histogram(y.ravel()).plain() | {"kind": type(layer).__name__} for layer, y in layer_outputs(network, x)]


def gradient_histograms(network: Network, step: TrainingStep) -> list[dict[str, Any]]:
    """Return the distribution of the gradient of each weight for the batch of a step, as plain data."""
    return [
        histogram(gradient.ravel()).plain() | {"name": name, "kind": type(layer).__name__}
        for layer, name, gradient in batch_gradients(network, step.loss, step.x, step.t, step.weights, step.number)
        if name.endswith(".W")
    ]
