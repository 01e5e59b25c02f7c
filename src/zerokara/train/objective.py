"""What networks are trained for: the loss of the data's task, and the weights of the classes in it."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.errors import InputError, unknown
from zerokara.nn import Loss, SoftmaxCrossEntropy
from zerokara.nn.regression_losses import make_loss

ClassWeight = str | Mapping[Any, float]
BALANCED = "balanced"
_ITEM = re.compile(r"(.+?)=([^=,]+)(?:,|$)")


def training_loss(
    data: Dataset,
    loss: str | None = None,
    class_weight: ClassWeight | None = None,
    label_smoothing: float | npt.ArrayLike = 0.0,
) -> Loss:
    """Return the loss to train on ``data`` with; class weights are counted on the training part.

    Raises:
        InputError: the loss or the class weights do not fit the task.
    """
    made, weights = make_loss(loss, data.task), class_weights(class_weight, data)
    return SoftmaxCrossEntropy(label_smoothing, weights) if data.task == "classification" else made


def class_weights(class_weight: ClassWeight | None, data: Dataset) -> Array | None:
    """Return the weight of each class in the loss, (C,), scaled to a mean of 1 over the training samples; or None.

    Args:
        class_weight: "balanced", N / (C N_c) for a class with N_c of N samples; or weights by class name, 1 for others,
            as a mapping or as text, ``no=1,yes=10``.
    """
    if class_weight is None:
        return None
    if data.task != "classification":
        raise InputError(f"class_weight needs classes, got the task {data.task}: leave class_weight out")
    counts = np.bincount(data.train.t, minlength=len(data.classes)).astype(float)
    if class_weight == BALANCED:
        table = np.where(counts > 0, 1 / np.maximum(counts, 1), 0.0)
    else:
        given = _mapping(class_weight)
        for name in given:
            if name not in data.classes:
                raise unknown("class in class_weight", name, data.classes)
        table = np.array([given.get(name, 1.0) for name in data.classes])
    total = float((table * counts).sum())
    if not total > 0:
        raise InputError("class_weight must be above 0 for a class of the training samples, got 0: increase one")
    return np.asarray(table * (counts.sum() / total))


def check_class_weight(name: str, value: Any) -> None:
    """Raise InputError unless this is "balanced", a mapping of weights, or its text."""
    if value != BALANCED:
        _mapping(value, name)


def class_weight_text(class_weight: ClassWeight | None) -> str | None:
    """Return class weights as text for a config.

    >>> class_weight_text({"no": 1, "yes": 10.5})
    'no=1.0,yes=10.5'
    """
    if class_weight is None or class_weight == BALANCED:
        return None if class_weight is None else BALANCED
    return ",".join(f"{name}={weight!r}" for name, weight in _mapping(class_weight).items())


def _mapping(class_weight: Any, setting: str = "class_weight") -> dict[str, float]:
    """Return the weights by the names of the classes."""
    try:
        if isinstance(class_weight, str):
            items = _ITEM.findall(class_weight)
            if not items or "".join(f"{name}={weight}" for name, weight in items) != _ITEM.sub(r"\1=\2", class_weight):
                raise ValueError
        else:
            items = class_weight.items()
        weights = {str(name): float(weight) for name, weight in items}
        if len(weights) < len(items) or not all(0 <= weight < math.inf for weight in weights.values()):
            raise ValueError
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{setting} must be balanced, or a weight of 0 or above by class, each class once, such as no=1,yes=10, "
            f"got {class_weight!r}: correct it"
        ) from error
    return weights
