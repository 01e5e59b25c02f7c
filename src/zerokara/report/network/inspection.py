"""`inspect`: the layers of a network, the statistics of its parameters, and what a batch makes of them."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.errors import InputError, unknown
from zerokara.model import Model
from zerokara.model.ensemble import ModelMember
from zerokara.model.input_adapter import PARTS, InputAdapter
from zerokara.nn import Affine, Layer, Loss, Network, ReLU, Sigmoid, Tanh
from zerokara.nn.gradients.subjects import book_names
from zerokara.nn.init import UNKNOWN_INIT, default_init, standard_deviation
from zerokara.nn.regression_losses import make_loss
from zerokara.nn.targets import as_batch, as_samples, as_targets
from zerokara.report.network.adapt import as_network, model_inputs, model_targets
from zerokara.report.network.histograms import (
    COUNTED_SAMPLES,
    batch_gradients,
    histogram,
    layer_outputs,
)
from zerokara.report.network.inspected import Inspection, LayerNumbers, ParameterNumbers

SATURATED = 0.01
"""An output is saturated where the slope is below this part of the largest one."""


def inspect(
    net: Any,
    data: Any = None,
    *,
    loss: Loss | None = None,
    network: int = 0,
    part: str | None = None,
    samples: int = COUNTED_SAMPLES,
) -> Inspection:
    """Return the layers of a network, the statistics of its parameters, and on a batch its activations and gradients.

    Outputs are those of a prediction, and gradients those of a training step, with its dropout masks.

    Args:
        net: a `zerokara.nn.Network`, a `Model`, or a network of `zerokara.classic`; it is not changed.
        data: the batch: a `Dataset`, a pair (x, t), or samples x (N, D) alone, then without gradients. For a `Model`
            in the data's units.
        loss: by default that of the model, or the one that fits the targets.
        network: which network of a population or an ensemble.
        part: which part of a dataset; by default the validation part if there is one, else the training part.
        samples: the first samples of a dataset that are taken.

    Raises:
        InputError: another kind of network, or data that do not fit it.

    >>> import zerokara as zk
    >>> numbers = zk.inspect(zk.nn.mlp(64, (30,), 10, "sigmoid"), zk.data.load("digits"))
    >>> [(layer.text, layer.width) for layer in numbers.layers]
    [('Affine(64, 30)', 30), ('Sigmoid()', 30), ('Affine(30, 10)', 10)]
    >>> [(each.name, each.shape) for each in numbers.parameters]
    [('W1', (64, 30)), ('b1', (30,)), ('W2', (30, 10)), ('b2', (10,))]
    """
    check_counts(1, samples=samples)
    check_counts(0, network=network)
    if isinstance(net, Model):
        member, one = net.numbered(network)
        batch = None if data is None else model_batch(net, member, one, data, loss, part, samples)
        title, starts = _title(net, network, net.population), _model_starts(net, one)
    else:
        count = net.population if isinstance(net, Network) else 1
        if network >= count:
            raise InputError(f"the networks are 0 to {count - 1}, got {network}: choose one of them")
        if isinstance(net, Network) and count > 1:
            title, one, own = _title(net, network, count), net.take(network), None
        else:
            one, own = as_network(net, "inspect")
            title = repr(net) if isinstance(net, Network) else type(net).__name__
        starts = [_start(layer) for layer in one.layers]
        batch = None if data is None else network_batch(one, data, loss or own, part, samples)
    with one_thread_if_possible():  # Others would only wait for small products.
        return _inspection(title, one, starts, batch)


Inputs = tuple[Array, Array | None, Loss | None, Array | None]
"""The samples (N, D), and perhaps targets, their loss and weights."""


def _inspection(title: str, network: Network, starts: list[float | None], batch: Inputs | None) -> Inspection:
    x, t, loss, weights = batch or (np.empty((0, 0)), None, None, None)
    outputs: list[Any] = [None] * len(network.layers) if batch is None else list(layer_outputs(network, x))
    layers = tuple(
        _of_layer(index, layer, shown if shown is None else shown[1])
        for index, (layer, shown) in enumerate(zip(network.layers, outputs, strict=True))
    )
    gradients: dict[str, Array] = {}
    value = None
    if loss is not None and t is not None:
        gradients = {name: gradient for _, name, gradient in batch_gradients(network, loss, x, t, weights)}
        with np.errstate(all="ignore"):
            value = float(loss.forward(outputs[-1][1], t, weights)[0])
    parameters = []
    for name, (array, values, _) in zip(book_names(network), network.parameters(), strict=True):
        index = int(array.split(".")[0])
        one = values[0]
        shown = histogram(one.ravel())
        start = starts[index] if array.endswith(".W") else None
        parameters.append(
            ParameterNumbers(
                name,
                array,
                index,
                one.shape[-1:] if len(one) == 1 else one.shape,
                shown,
                float(np.mean(one == 0)),
                shown.deviation / start if start else None,
                histogram(gradients[array].ravel()) if array in gradients else None,
            )
        )
    return Inspection(title, layers, tuple(parameters), len(x), value)


def _of_layer(index: int, layer: Layer, y: Array | None) -> LayerNumbers:
    size = sum(rows * columns for rows, columns in layer.shapes().values())
    if y is None:
        return LayerNumbers(index, repr(layer), size)
    known = bool(np.isfinite(y).all())  # Of NaN, nothing is known.
    dead = float((y <= 0).all(axis=1).mean()) if known and isinstance(layer, ReLU) else None
    slopes = None
    if known and isinstance(layer, Sigmoid):
        slopes = y * (1 - y) * 4
    elif known and isinstance(layer, Tanh):
        slopes = 1 - y * y
    return LayerNumbers(
        *(index, repr(layer), size, y.shape[2], histogram(y.ravel()), float(np.mean(y == 0)), dead),
        saturated=None if slopes is None else float(np.mean(slopes < SATURATED)),
    )


def network_batch(network: Network, data: Any, loss: Loss | None, part: str | None, samples: int) -> Inputs:
    """Return the batch for a network, from what `inspect` takes."""
    if isinstance(data, Dataset):
        x, t, loss, weights = as_batch(network, data, samples, loss, shown_part(data, part))
        return x[0], t, loss, weights
    if isinstance(data, tuple):
        x, t, loss, weights = as_batch(network, data, samples, loss)
        return x[0], t, loss, weights
    return as_samples(network, data), None, None, None


def model_batch(
    model: Model, member: ModelMember, network: Network, data: Any, loss: Loss | None, part: str | None, samples: int
) -> Inputs:
    """Return the batch as a member's network sees it."""
    loss = loss or make_loss(model.about.get("loss"), model.task)
    if isinstance(data, Dataset):
        adapter = InputAdapter(model.task, model.classes, model.sample_shape, member)
        chosen = adapter.part(data, shown_part(data, part))
        x, t, weights = (each if each is None else each[:samples] for each in (chosen.x, chosen.t, chosen.weights))
        x = np.asarray(x, network.dtype)
        return x, as_targets(network, x[None], t, loss)[0], loss, weights
    if not isinstance(data, tuple):
        return model_inputs(model, data, member), None, None, None
    x = model_inputs(model, data[0], member)
    return x, as_targets(network, x[None], model_targets(model, data[1], len(x), member), loss)[0], loss, None


def shown_part(data: Dataset, part: str | None = None) -> str:
    """Return the part of a dataset that is shown: the one that was named, else validation, else training."""
    if part is not None and part not in PARTS:
        raise unknown("part", part, PARTS)
    return part or ("train" if data.validation is None else "validation")


def _title(net: Any, network: int, count: int) -> str:
    return repr(net) + (f", network {network} of {count} (0 to {count - 1})" if count > 1 else "")


def _model_starts(model: Model, network: Network) -> list[float | None]:
    """Return the standard deviation of the initial W of each layer, from the model's hyperparameters if it has them."""
    params = model.about.get("params")
    if not isinstance(params, dict) or not {"activation", "init_scale"} <= params.keys():
        return [None] * len(network.layers)
    init, scale = default_init(params["activation"]), params["init_scale"]
    return [
        scale * standard_deviation(init, x.inputs, x.outputs) if isinstance(x, Affine) else None for x in network.layers
    ]


def _start(layer: Layer) -> float | None:
    if not isinstance(layer, Affine) or layer.init == UNKNOWN_INIT or np.size(layer.scale) != 1:
        return None
    return standard_deviation(layer.init, layer.inputs, layer.outputs) * float(np.ravel(layer.scale)[0])
