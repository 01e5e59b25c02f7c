"""How activations and gradients are distributed, layer by layer. Source: Deep Learning from Scratch, section 6.2."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.nn import Network
from zerokara.report.network.trace import TrainingStep

HISTOGRAM_BINS = 40
COUNTED_SAMPLES = 500
"""The samples whose activations are counted."""


def histogram(values: Array) -> dict[str, Any]:
    """Return how many values lie in each of 40 equal bins from the lowest to the highest, their mean and spread.

    >>> histogram(np.array([0.0, 0, 0, 1]))["counts"][[0, -1]]
    array([3, 1])
    """
    finite = values[np.isfinite(values)].astype(float)
    if not len(finite):
        return {"low": 0.0, "high": 0.0, "counts": np.zeros(HISTOGRAM_BINS, int), "mean": 0.0, "deviation": 0.0}
    counts, edges = np.histogram(finite, HISTOGRAM_BINS)
    return {
        "low": float(edges[0]),
        "high": float(edges[-1]),
        "counts": counts,
        "mean": float(finite.mean()),
        "deviation": float(finite.std()),
    }


def activations(network: Network, x: Array) -> list[dict[str, Any]]:
    """Return the histogram of each layer's outputs for samples x (N, D), evaluated as in a prediction."""
    network, shown = network.copy(), []
    values = x[None].astype(network.dtype, copy=False)
    with np.errstate(all="ignore"):
        for layer in network.layers:
            layer.in_place = False
            values = layer.forward(values)
            shown.append(histogram(values.ravel()) | {"kind": type(layer).__name__})
    return shown


def gradients(network: Network, step: TrainingStep) -> list[dict[str, Any]]:
    """Return the histogram of each parameter's gradient for the batch of a step."""
    network = network.copy()
    with np.errstate(all="ignore"):
        scores = network.forward(step.x[None].astype(network.dtype, copy=False), step.number)
        network.backward(step.loss.backward(scores, step.t, step.weights))
    return [
        histogram(gradient.ravel()) | {"name": name, "kind": type(network.layers[int(name.split(".")[0])]).__name__}
        for name, _, gradient in network.parameters()
        if name.endswith(".W")
    ]
