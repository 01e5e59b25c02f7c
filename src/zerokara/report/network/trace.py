"""One step of training with every number of it: the forward pass, the backward pass, and the update."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.nn import Affine, Loss, Network, SoftmaxCrossEntropy, softmax
from zerokara.nn.layers.activations import sigmoid
from zerokara.nn.losses import SigmoidCrossEntropy
from zerokara.optim import Optimizer

MOST_UNITS = 128
"""Of wider layers, the units with the largest gradients are kept."""
MOST_SAMPLES = 32
"""Of larger batches, the first samples are kept; the numbers are those of the whole batch."""


@dataclass(frozen=True, eq=False)
class TrainingStep:
    """A mini-batch and what is done with it: x (N, D), t as the loss takes it, and perhaps sample weights (N,).

    ``number`` is the training step, which seeds the dropout masks. ``factor`` is that of the schedule.
    """

    network: Network
    loss: Loss
    optimizer: Optimizer
    x: Array
    t: Array
    weights: Array | None = None
    number: int = 0
    factor: float = 1.0


def trace(step: TrainingStep, units: int = MOST_UNITS, samples: int = MOST_SAMPLES) -> dict[str, Any]:
    """Return every array of one step as plain data; the network of ``step`` is not changed.

    The numbers are those of the layers, the loss and the optimizer themselves. ``layers`` has the output y of each and
    the gradient dx of its input; its x is the y of the layer before, its dout the dx of the layer after. ``units`` has
    for x and each y the number of units, and those that are kept where there are more than ``units``; of the samples
    the first ``samples`` are kept.

    >>> from zerokara.nn import mlp
    >>> from zerokara.optim import SGD
    >>> x, t = np.ones((4, 2), np.float32), np.zeros(4, int)
    >>> step = TrainingStep(mlp(2, (3,), 2), SoftmaxCrossEntropy(), SGD(0.1), x, t)
    >>> [(layer["kind"], layer["y"].shape) for layer in trace(step)["layers"]]
    [('Affine', (4, 3)), ('ReLU', (4, 3)), ('Affine', (4, 2))]
    """
    network = step.network.copy()
    for layer in network.layers:
        layer.in_place = False  # Every output is kept.
    with np.errstate(all="ignore"):
        outputs = [np.asarray(step.x, network.dtype)[None]]
        for layer in network.layers:
            outputs.append(np.array(layer.forward(outputs[-1], step.number)))
        scores = outputs[-1]
        loss, per_sample = step.loss.forward(scores, step.t, step.weights), step.loss.per_sample_loss(scores, step.t)
        gradients = [step.loss.backward(scores, step.t, step.weights)]
        for layer in reversed(network.layers):
            dx = layer.backward(gradients[0])
            assert dx is not None
            gradients.insert(0, np.array(dx))
        parameters = _updated(network, step)
    kept = _kept(outputs, gradients, parameters, network, units)
    n = samples
    layers = [
        {
            "kind": type(layer).__name__,
            "settings": {name: getattr(layer, name) for name in layer.settings},
            "y": outputs[k + 1][0][:n, kept[k + 1]],
            "dx": gradients[k][0][:n, kept[k]],
            "parameters": {
                name: {
                    what: _cut(array, kept[k], kept[k + 1], (outputs[k].shape[2], outputs[k + 1].shape[2]))
                    for what, array in arrays.items()
                }
                for name, arrays in parameters[k].items()
            },
            "more": {name: array[:n, kept[k + 1]] for name, array in _more(layer).items()},
        }
        for k, layer in enumerate(network.layers)
    ]
    return {
        "samples": len(step.x),
        "x": outputs[0][0][:n, kept[0]],
        "t": step.t[:n] if step.t.ndim == 1 else step.t[:n, kept[-1]],
        "weights": None if step.weights is None else step.weights[:n],
        "layers": layers,
        "units": [
            {"count": y.shape[2], "kept": None if y.shape[2] == len(rows) else rows}
            for y, rows in zip(outputs, kept, strict=True)
        ],
        "loss": {
            "kind": type(step.loss).__name__,
            "value": float(loss[0]),
            "per_sample": np.broadcast_to(per_sample, (1, len(step.x)))[0, :n],
            "probabilities": _probabilities(step.loss, scores, kept[-1], n),
            "dscores": gradients[-1][0][:n, kept[-1]],
            "smoothing": float(getattr(step.loss, "label_smoothing", np.zeros(1)).ravel()[0]),
            "class_weights": getattr(step.loss, "class_weights", None),
            "delta": getattr(step.loss, "delta", None),
        },
        "optimizer": {
            "kind": type(step.optimizer).__name__,
            "hyperparameters": {
                n: float(np.ravel(getattr(step.optimizer, n))[0]) for n in step.optimizer.hyperparameters
            },
            "factor": step.factor,
            "shrink": _shrink(parameters, step.optimizer),
            "decayed": sorted({name for layer in network.layers for name in layer.decayed}),
        },
        "dtype": network.dtype.name,
    }


def _updated(network: Network, step: TrainingStep) -> list[dict[str, dict[str, Array]]]:
    """Take the step; return for each layer and parameter the arrays before and after, the gradient and the state."""
    places: list[dict[str, dict[str, Array]]] = [{} for _ in network.layers]
    for k, layer in enumerate(network.layers):
        for name in layer.parameters:
            value, gradient = getattr(layer, name), getattr(layer, "d" + name)
            places[k][name] = {"before": value[0].copy(), "gradient": gradient[0].copy()}
    rule = step.optimizer.start(network)
    rule.step(network, step.factor)
    start = 0
    numbers = {id(layer): k for k, layer in enumerate(network.layers)}
    for layer, name, (rows, columns) in network.slots():
        arrays, place = places[numbers[id(layer)]][name], slice(start, start + rows * columns)
        start = place.stop
        arrays["after"] = getattr(layer, name)[0].copy()
        arrays |= {state: getattr(rule, state)[0, place].reshape(rows, columns).copy() for state in rule.state}
    return places


def _shrink(parameters: list[dict[str, dict[str, Array]]], optimizer: Optimizer) -> float:
    """Return what the optimizer multiplies all gradients by, so that their norm is at most its limit."""
    limit = float(np.ravel(optimizer.clip_norm)[0])
    norm = np.sqrt(sum(np.square(p["gradient"], dtype=float).sum() for layer in parameters for p in layer.values()))
    return float(limit / norm) if 0 < limit < norm else 1.0


def _kept(
    outputs: list[Array],
    gradients: list[Array],
    parameters: list[dict[str, dict[str, Array]]],
    network: Network,
    most: int,
) -> list[Array]:
    """Return for x and each output the units that are shown, in order.

    Layers that keep the units of their input, such as activations, show the same ones.
    """
    strengths = [np.abs(gradient[0]).sum(axis=0) for gradient in gradients]
    for k, layer in enumerate(network.layers):
        if isinstance(layer, Affine):  # An input that is 0 in every sample may have a gradient, its weights have none.
            strengths[k] = np.abs(parameters[k]["W"]["gradient"]).sum(axis=1)
    kept: list[Array] = []
    for k, (y, strength) in enumerate(zip(outputs, strengths, strict=True)):
        same = k > 0 and y.shape == outputs[k - 1].shape and not isinstance(network.layers[k - 1], Affine)
        kept.append(kept[-1] if same else np.sort(np.argsort(-strength, kind="stable")[:most]))
    return kept


def _cut(array: Array, rows: Array, columns: Array, units: tuple[int, int]) -> Array:
    """Return the kept units of a parameter (inputs, outputs) or (1, outputs); one of another shape stays complete."""
    if array.shape == (units[0], units[1]):
        array = array[np.ix_(rows, columns)]
    elif array.shape == (1, units[1]):
        array = array[:, columns]
    return array


def _more(layer: Any) -> dict[str, Array]:
    """Return what else a layer computed in its forward pass, (N or 1, D): the mask, or the batch's statistics."""
    values = {name: getattr(layer, name, None) for name in layer.cache if name in ("mask", "normal", "deviation")}
    return {
        name: np.array(value[0] if value.ndim == 3 else value) for name, value in values.items() if value is not None
    }


def _probabilities(loss: Loss, scores: Array, units: Array, samples: int) -> Array | None:
    if not isinstance(loss, SoftmaxCrossEntropy | SigmoidCrossEntropy):
        return None
    p = softmax(scores) if isinstance(loss, SoftmaxCrossEntropy) else sigmoid(scores)
    return np.asarray(p[0, :samples, units].T)
