"""Samples and targets of any usual form, as networks and losses take them."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.nn.layers.exponential import Exp
from zerokara.nn.losses import LOSSES, Loss, SoftmaxCrossEntropy, as_numbers
from zerokara.nn.network import Network
from zerokara.nn.regression_losses import PoissonError


def as_batch(
    network: Network, data: Any, samples: int, loss: Loss | None = None, part: str = "train"
) -> tuple[Array, Array, Loss, Array | None]:
    """Return samples x (P or 1, N, D) in the network's precision, targets, the loss, and sample weights or None.

    Args:
        data: a `Dataset`, of which the first ``samples`` of a part are taken; or a pair (x, t) of samples (N, D),
            or of any shape whose first axis is N, and their targets, see `as_targets`. x may be (P, N, D).
        loss: if None, the one that fits the task or the targets.

    Raises:
        InputError: the data are neither, or do not fit the network.
    """
    if isinstance(data, Dataset):
        chosen = getattr(data, part)
        if chosen is None:
            raise InputError(f"{data.name} has no {part} part: split it, or name another part")
        x = np.asarray(chosen.x[:samples], network.dtype)[None]
        loss = loss or (PoissonError() if data.task == "regression" and ends_in_exp(network) else LOSSES[data.task]())
        weights = None if chosen.weights is None else chosen.weights[:samples]
        return x, *as_targets(network, x, chosen.t[:samples], loss), weights
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise InputError(
            f"data must be a Dataset, or a pair (x, t), got {type(data).__name__}: pass the samples and their targets "
            "as (x, t)"
        )
    x, t = _as_numbers(data[0], network), np.asarray(data[1])
    populated = x.ndim == 3 and len(x) in (1, network.population) and x.shape[1] == len(np.atleast_1d(t))
    x = x if populated else as_samples(network, x)[None]
    return x, *as_targets(network, x, t, loss), None


def as_samples(network: Network, x: Any) -> Array:
    """Return samples of any shape whose first axis is N as (N, D), in the network's precision.

    Raises:
        InputError: there is none, or the network has another number of inputs.
    """
    array = _as_numbers(x, network)
    if not array.size or array.ndim < 2:
        raise InputError(f"x must have one sample or more, (N, D), got the shape {array.shape}: reshape it")
    rows: Array = array.reshape(len(array), -1)
    network.require_samples(rows[None])
    return rows


def _as_numbers(x: Any, network: Network) -> Array:
    try:
        return np.asarray(x, network.dtype)
    except (ValueError, TypeError) as error:
        raise InputError(f"x must hold numbers, got {str(x)[:80]!r}: pass an array of samples (N, D)") from error


def as_targets(network: Network, x: Array, t: Any, loss: Loss | None = None) -> tuple[Array, Loss]:
    """Return the targets of samples x (P or 1, N, D) as the loss takes them, and the loss.

    If there is no loss, it is the one that fits the targets: whole numbers and one-hot rows are classes; other rows of
    0 and 1 are labels; other numbers are values.

    >>> from zerokara.nn import mlp
    >>> as_targets(mlp(2, (), 3), np.ones((1, 1, 2)), [[0, 0, 1]])[0]
    array([2])
    """
    targets, samples = as_numbers(t), x.shape[1]
    with np.errstate(all="ignore"):  # The number of outputs is what a sample gives: a layer may be the user's.
        outputs = int(network.copy().forward(x[:, :1]).shape[2])
    if loss is None:
        loss = LOSSES[_task(targets, outputs)]()
        if ends_in_exp(network):
            loss = PoissonError()
    values = loss.targets(targets, samples, outputs)
    return values if isinstance(loss, SoftmaxCrossEntropy) else values.astype(network.dtype), loss


def ends_in_exp(network: Network) -> bool:
    """Return whether the outputs are rates, which are above 0."""
    return bool(network.layers) and isinstance(network.layers[-1], Exp)


def _task(t: Array, outputs: int) -> str:
    whole = t.dtype.kind in "iub"
    if t.ndim < 2:
        return "classification" if whole and outputs > 1 else "regression"
    if not np.isin(t, (0, 1)).all():
        return "classification" if whole and t.shape[1] == 1 and outputs > 1 else "regression"
    return "classification" if outputs > 1 and (t.sum(axis=1) == 1).all() else "multilabel"
