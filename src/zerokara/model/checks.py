"""What the parts of a model must have in common."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import as_array, require_finite, require_unicode
from zerokara.errors import InputError, unknown
from zerokara.model.ensemble import Ensemble, ModelMember
from zerokara.model.members import Members, check_alike, shape_of
from zerokara.model.parts import width
from zerokara.train.metrics import METRICS


def check_model(members: Sequence[ModelMember], task: str, classes: Sequence[str], sample_shape: Sequence[int]) -> None:
    """Raise InputError unless the parts of a model fit each other, and its numbers are finite."""
    require_unicode(classes, "the names of classes")
    if len(set(classes)) < len(classes):
        raise InputError("the names of classes must differ, got one twice: rename it")
    if task not in METRICS:
        raise unknown("task", task, METRICS)
    if not members or not all(isinstance(member, ModelMember) for member in members):
        raise InputError(f"a model holds members, got {str(members)[:80]}: use Model.of(network, data)")
    if (shape := shape_of(members)) not in (None, sample_shape):
        raise InputError(f"the table's columns must give the sample shape {shape}, got {sample_shape}")
    for member in members:
        _check_member(member, len(classes), prod(sample_shape))
    check_alike(members)


def _check_member(member: ModelMember, n_outputs: int, n_inputs: int) -> None:
    ensemble, preprocess, encoder = member.ensemble, member.preprocess, member.encoder
    if not isinstance(ensemble, Ensemble):
        raise InputError(f"a member holds an Ensemble, got {type(ensemble).__name__}: use Ensemble.of(network)")
    n_inputs = n_inputs if encoder is None else len(encoder.inputs)
    if preprocess.inputs != n_inputs or len(preprocess.target_shift) != n_outputs:
        raise InputError(
            f"the scaling must be for {n_inputs} features and {n_outputs} outputs, got "
            f"{preprocess.inputs} and {len(preprocess.target_shift)}"
        )
    for network in ensemble.groups:
        if (outputs := width(network, preprocess.outputs)) != n_outputs:
            raise InputError(f"the network must have an output for each of {n_outputs} names, got {outputs}")
        for name, array in network.arrays().items():
            if not np.isfinite(array).all():
                where = "layer {}, {}".format(*name.split("."))
                raise InputError(f"a model must have finite numbers, got NaN or infinity in {where}: train again")


def checked_shares(models: Sequence[Members], weights: Sequence[float] | Array | None) -> list[float]:
    """Return the weight of each model in a mean; they sum to 1. Raise InputError unless the models can have one."""
    if not isinstance(models, list | tuple) or not models or not all(isinstance(each, Members) for each in models):
        raise InputError(f"a mean needs one model or more, got {str(models)[:80]}: pass a list of models")
    given = np.ones(len(models)) if weights is None else as_array(weights, "weights")
    if given.shape != (len(models),) or given.dtype.kind not in "iuf":
        got = f"{given.dtype} {given.shape}"
        raise InputError(f"the weights of {len(models)} models must be a number for each, got {got}: pass a list")
    require_finite(given, "weights")
    if (given < 0).any() or not (given > 0).any():
        raise InputError(f"weights must be 0 or above, and one above 0, got {given.tolist()}: choose others")
    kinds: dict[str, list[Any]] = {
        "task": [model.task for model in models],
        "classes": [model.classes for model in models],
        "shape of samples": [model.sample_shape if model.table is None else "rows of a table" for model in models],
    }
    for what, values in kinds.items():
        if other := [value for value in values if value != values[0]]:
            raise InputError(
                f"the models of a mean must have the same {what}, got {str(values[0])[:80]} and {str(other[0])[:80]}: "
                "train them on one dataset"
            )
    parts = given / given.max()  # The sum of weights could overflow.
    shares: list[float] = (parts / parts.sum()).tolist()
    return shares
