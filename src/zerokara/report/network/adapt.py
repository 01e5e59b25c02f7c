"""Any network as one of `zerokara.nn`: the user's, a model's, and those of the courses in `zerokara.classic`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.inputs import class_numbers
from zerokara.classic.common.shortcut import NAMES, CourseCrossEntropy
from zerokara.data.loaders.tables import read_rows
from zerokara.errors import InputError
from zerokara.model import Model
from zerokara.nn import (
    LOSSES,
    Affine,
    Exp,
    Layer,
    Loss,
    Network,
    PoissonError,
    ReLU,
    SoftmaxCrossEntropy,
)


class CourseLoss(CourseCrossEntropy):
    """The book's softmax with loss: its gradient is divided by N, where zerokara's is multiplied by 1 / N."""

    def backward(self, scores: Array, t: Array, weights: Array | None = None) -> Array:
        dscores: Array = self.gradient(scores, t) / scores.shape[1]
        return dscores


def as_network(net: Any) -> tuple[Network, Loss | None]:
    """Return a network with P = 1, and the loss that it brings; those of the courses have copies of their weights.

    A network of the courses is any object with ``layers`` from `zerokara.classic`, or with the arrays W1, b1, W2 and b2
    in ``params``, and without layers a ReLU between them, as in CS231n.

    Raises:
        InputError: it is none of these, or a population.
    """
    if isinstance(net, Model):
        return net.network, None
    if isinstance(net, Network):
        if net.population != 1:
            raise InputError(f"explain takes one network, got {net.population}: choose one with take(0)")
        return net, None
    if isinstance(own := getattr(net, "network", None), Network):
        return own, CourseLoss()
    params, wrapped = getattr(net, "params", None), getattr(net, "layers", None)
    if isinstance(params, dict):
        listed = list(wrapped.values()) if isinstance(wrapped, dict) else []
        if listed and all(isinstance(getattr(each, "layer", None), Layer) for each in listed):
            return _of_layers(params, [each.layer for each in listed]), CourseLoss()
        if not listed and set(NAMES) <= set(params):
            inner = [Affine(*np.shape(params["W1"])), ReLU(), Affine(*np.shape(params["W2"]))]
            return _of_layers(params, inner), SoftmaxCrossEntropy()
    raise InputError(
        f"explain takes a zerokara.nn.Network, a Model, or a network of zerokara.classic, got {type(net).__name__}: "
        "build the network with zerokara.nn.Network([...])"
    )


def _of_layers(params: dict[str, Array], layers: Sequence[Layer]) -> Network:
    """Return a network of new layers like these with the weights W1, b1, W2, ... of ``params``, in float64."""
    fresh: list[Layer] = [Affine(x.inputs, x.outputs) if isinstance(x, Affine) else type(x)() for x in layers]
    network = Network(fresh, 1, np.float64)
    affine = [layer for layer in fresh if isinstance(layer, Affine)]
    for k, layer in enumerate(affine, start=1):
        layer.W[0], layer.b[0] = params[f"W{k}"], params[f"b{k}"]
    return network


def model_inputs(model: Model, x: Any) -> Array:
    """Return what a model's network gets for samples in the data's own units, or one sample: (N, D).

    For a table these are rows with named columns, as `Model.predict` takes them.
    """
    if model.encoder is not None:
        raw = model.encoder.transform(read_rows(x, model.encoder).columns)
    else:
        raw = np.asarray(x, np.float32)
    alone = raw.shape == model.sample_shape or raw.ndim == 1
    return model.preprocess.transform(raw.reshape(1 if alone else len(raw), -1))


def as_targets(network: Network, t: Any, samples: int, loss: Loss | None) -> tuple[Array, Loss]:
    """Return targets as the loss takes them, and the loss: if it is None, the one that fits the targets.

    Whole numbers and one-hot rows are classes; other rows of 0 and 1 are labels; other numbers are values.

    >>> from zerokara.nn import mlp
    >>> as_targets(mlp(2, (), 3), [[0, 0, 1]], 1, None)[0]
    array([2])
    """
    targets = np.asarray(t)
    affine = [layer for layer in network.layers if isinstance(layer, Affine)]
    outputs = affine[-1].outputs if affine else 1
    if loss is None:
        loss = LOSSES[_task(targets, outputs)]()
        if isinstance(network.layers[-1], Exp):
            loss = PoissonError()
    if isinstance(loss, SoftmaxCrossEntropy):
        return class_numbers(targets, samples, outputs), loss
    values = targets.reshape(len(targets), -1)
    if values.shape != (samples, outputs):
        raise InputError(
            f"t must have a row for each of {samples} samples and a column for each of {outputs} outputs, got the "
            f"shape {targets.shape}: reshape it"
        )
    return values.astype(network.dtype), loss


def _task(t: Array, outputs: int) -> str:
    whole = t.dtype.kind in "iub"
    if t.ndim == 1:
        return "classification" if whole and outputs > 1 else "regression"
    if not np.isin(t, (0, 1)).all():
        return "classification" if whole and t.shape[1] == 1 and outputs > 1 else "regression"
    return "classification" if outputs > 1 and (t.sum(axis=1) == 1).all() else "multilabel"
