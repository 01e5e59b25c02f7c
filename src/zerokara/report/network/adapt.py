"""Any network as one of `zerokara.nn`: the user's, a model's, and those of the courses in `zerokara.classic`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.shortcut import NAMES, CourseCrossEntropy
from zerokara.errors import InputError, unknown
from zerokara.model import Model
from zerokara.model.ensemble import ModelMember
from zerokara.model.input_adapter import InputAdapter
from zerokara.nn import Affine, Layer, Loss, Network, ReLU, SoftmaxCrossEntropy


class CourseLoss(CourseCrossEntropy):
    """The book's softmax with loss: its gradient is divided by N, where zerokara's is multiplied by 1 / N."""

    def backward(self, scores: Array, t: Array, weights: Array | None = None) -> Array:
        dscores: Array = self.gradient(scores, t) / scores.shape[1]
        return dscores


def as_network(net: Any, caller: str = "explain") -> tuple[Network, Loss | None]:
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
            raise InputError(f"{caller} takes one network, got {net.population}: choose one with take(0)")
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
    remedy = "build the network with zerokara.nn.Network([...])"
    if isinstance(net, str | Path):
        remedy = f"pass zerokara.Model.load({str(net)!r})"
    elif type(net).__module__.startswith("zerokara.estimators"):
        remedy = "pass its model_, which fit sets"
    raise InputError(
        f"{caller} takes a zerokara.nn.Network, a Model, or a network of zerokara.classic, got {type(net).__name__}: "
        f"{remedy}"
    )


def _of_layers(params: dict[str, Array], layers: Sequence[Layer]) -> Network:
    """Return a network of new layers like these with the weights W1, b1, W2, ... of ``params``, in float64."""
    fresh: list[Layer] = [Affine(x.inputs, x.outputs) if isinstance(x, Affine) else type(x)() for x in layers]
    network = Network(fresh, 1, np.float64)
    affine = [layer for layer in fresh if isinstance(layer, Affine)]
    for k, layer in enumerate(affine, start=1):
        layer.W[0], layer.b[0] = params[f"W{k}"], params[f"b{k}"]
    return network


def model_inputs(model: Model, x: Any, member: ModelMember | None = None) -> Array:
    """Return what the networks of a member get for samples in the data's own units, or one sample: (N, D).

    For a table these are rows with named columns, as `Model.predict` takes them.
    """
    member = member or model.first
    return member.inputs(InputAdapter(model.task, model.classes, model.sample_shape, member).read(x))


def model_targets(model: Model, t: Any, samples: int, member: ModelMember | None = None) -> Array:
    """Return targets in the data's own units as the networks of a member take them.

    Labels are matched by the names of the model's classes. Whole numbers that are not all labels are class numbers.
    """
    if model.task == "regression":
        try:
            values = np.asarray(t, float).reshape(samples, -1)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"t must have a row of numbers for each of {samples} samples, got {str(t)[:80]}: correct it"
            ) from error
        return (member or model.first).preprocess.transform_target(values)
    targets = np.asarray(t)
    if model.task == "classification" and targets.size == samples:
        numbers = {label: k for names in (model.classes, model.labels.tolist()) for k, label in enumerate(names)}
        wrong = [label for label in targets.ravel().tolist() if label not in numbers]
        if not wrong:
            return np.array([numbers[label] for label in targets.ravel().tolist()])
        if targets.dtype.kind not in "biuf":
            raise unknown("class", str(wrong[0]), model.classes)
    return targets
