"""The gradient check of all parameters of a network, and of the data."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import check_counts, require_finite, require_weights
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.nn.gradients.differences import compare_gradients, require_step
from zerokara.nn.gradients.report import GradientCheck
from zerokara.nn.gradients.subjects import OwnSubject, PopulationSubject, Subject, is_own
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network
from zerokara.nn.targets import as_batch
from zerokara.rng import stream


def gradcheck(
    net: Any,
    data: Any,
    loss: Loss | None = None,
    *,
    weights: Array | None = None,
    weight_decay: float = 0.0,
    step: int | None = 0,
    h: float = 1e-5,
    samples: int = 20,
    entries: int | None = 100,
    seed: int = 0,
) -> GradientCheck:
    """Compare the analytic gradients of all parameters and of the data with numerical ones.

    numerical = (L(w + h) - L(w - h)) / 2h, for one element of every network at a time; L is the loss plus
    weight_decay / 2 * sum W^2. The relative error of an array is max|analytic - numerical| / s, where s is the
    largest absolute value in both. s is at least a thousandth of the largest gradient in the network, since a gradient
    of zero (a bias before batch norm) has no relative error. Where that is not below 1e-6, as a kink of a ReLU may lie
    within h, the steps h / 10 and h / 100 are tried. An element at a kink, where both sides have their own slope, is
    counted as such: it has no gradient.

    Args:
        net: P networks of any layers, checked in float64; or an object like the book's ``TwoLayerNet``, with arrays in
            ``params`` and the methods ``loss(x, t)`` and ``gradient(x, t)``. They are not changed.
        data: a `Dataset`, of which the first ``samples`` training samples are taken; or a pair (x, t), x (N, D).
        loss: by default the one that fits the data.
        weights: sample weights (N,), in place of the data's.
        step: the training step whose dropout masks are used; None checks the networks in evaluation mode.
        entries: of larger arrays so many elements are checked: half are those with the largest gradients, half are
            drawn by ``seed``. None checks all.

    Raises:
        InputError: another kind of network, data that do not fit it, or a loss that is not finite.

    >>> from zerokara import nn
    >>> net = nn.mlp(3, (5,), 2, "tanh")
    >>> result = nn.gradcheck(net, (np.random.default_rng(0).standard_normal((4, 3)), [0, 1, 1, 0]))
    >>> result.ok, [check.name for check in result], result["W1"].count
    (True, ['W1', 'b1', 'W2', 'b2', 'x'], 15)
    >>> result.entry("W1[2,4]").difference < 1e-9
    True

    Source: Deep Learning from Scratch, section 5.7.4; CS231n notes, "Gradient checks".
    """
    require_step(h)
    check_counts(1, samples=samples, **({} if entries is None else {"entries": entries}))
    check_counts(0, seed=seed)
    with one_thread_if_possible():  # Others would only wait for small products.
        subject = _subject(net, data, loss, weights, weight_decay, step, samples)
        chosen = {name: _elements(name, gradient, entries, seed) for name, (_, gradient) in subject.arrays.items()}
        return GradientCheck(subject, tuple(compare_gradients(subject, chosen, h)), h)


def _subject(
    net: Any,
    data: Any,
    loss: Loss | None,
    weights: Array | None,
    weight_decay: float,
    step: int | None,
    samples: int,
) -> Subject:
    if isinstance(net, Network):
        x, t, loss, own_weights = as_batch(net.astype(np.float64), data, samples, loss)
        require_finite(x, "x")
        weights = own_weights if weights is None else require_weights(weights, x.shape[1])
        return PopulationSubject(net, loss, x, t, weights, weight_decay, step)
    if not is_own(net):
        raise InputError(
            "gradcheck takes a zerokara.nn.Network, or a network with params, loss(x, t) and gradient(x, t), got "
            f"{type(net).__name__}: of a Model pass model.members[0].network"
        )
    if isinstance(data, Dataset):
        data = data.train.x[:samples], data.train.t[:samples]
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise InputError(f"data must be a Dataset, or a pair (x, t), got {type(data).__name__}: pass (x, t)")
    return OwnSubject(net, *data)


def _elements(name: str, gradient: Array, entries: int | None, seed: int) -> list[tuple[int, ...]]:
    """Return the elements to check, in order: all, or the largest and as many others."""
    shape = gradient.shape[1:]
    size = int(np.prod(shape))
    if entries is None or size <= entries:
        return list(np.ndindex(*shape))
    largest = np.argsort(-np.abs(gradient).max(axis=0).ravel(), kind="stable")
    first, others = largest[: (entries + 1) // 2], largest[(entries + 1) // 2 :]
    drawn = stream(seed, f"gradcheck {name}").choice(others, entries // 2, replace=False)
    return [tuple(map(int, np.unravel_index(k, shape))) for k in sorted([*first.tolist(), *drawn.tolist()])]
