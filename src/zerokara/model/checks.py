"""What the parts of a model must have in common."""

from collections.abc import Sequence
from math import prod

import numpy as np

from zerokara.checks import require_unicode
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError, unknown
from zerokara.model.ensemble import Ensemble
from zerokara.model.parts import width
from zerokara.train.metrics import METRICS


def check_model(
    ensemble: Ensemble,
    preprocess: Preprocess,
    task: str,
    classes: Sequence[str],
    sample_shape: Sequence[int],
    encoder: Encoder | None,
) -> None:
    """Raise InputError unless the parts of a model fit each other, and its numbers are finite."""
    n_inputs, n_outputs = prod(sample_shape), len(classes)
    require_unicode(classes, "the names of classes")
    if len(set(classes)) < n_outputs:
        raise InputError("the names of classes must differ, got one twice: rename it")
    if not isinstance(ensemble, Ensemble):
        raise InputError(f"a model holds an Ensemble, got {type(ensemble).__name__}: use Ensemble.of(network)")
    if task not in METRICS:
        raise unknown("task", task, METRICS)
    if preprocess.inputs != n_inputs or len(preprocess.target_shift) != n_outputs:
        raise InputError(
            f"the scaling must be for {n_inputs} features and {n_outputs} outputs, got "
            f"{preprocess.inputs} and {len(preprocess.target_shift)}"
        )
    if encoder and sample_shape != (len(encoder.inputs),):
        raise InputError(f"the table's columns must give the {n_inputs} features, got {len(encoder.inputs)} inputs")
    for network in ensemble.groups:
        if (outputs := width(network, preprocess.outputs)) != n_outputs:
            raise InputError(f"the network must have an output for each of {n_outputs} names, got {outputs}")
        for name, array in network.arrays().items():
            if not np.isfinite(array).all():
                where = "layer {}, {}".format(*name.split("."))
                raise InputError(f"a model must have finite numbers, got NaN or infinity in {where}: train again")
