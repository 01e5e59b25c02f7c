"""The numerical gradient of a two-layer network, a hundred times as fast as one loss after another.

It serves zerokara's networks and those that learners write, as long as it is certain that the numbers are the same:
their ``loss`` and ``predict`` must do nothing but compute, by names that are known here, and the losses and a sample of
the differences must agree. Otherwise the plain loop runs.
"""

import dis
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from zerokara import nn
from zerokara.arrays import Array, Index
from zerokara.classic.common import functions
from zerokara.classic.common.layers import Affine, Relu, Sigmoid, SoftmaxWithLoss
from zerokara.nn.losses import class_numbers

NAMES = ("W1", "b1", "W2", "b2")
WORTHWHILE = 200
"""Smaller arrays are left to the loop."""
PLAIN = {"params", "layers", "values", "lastLayer", "last_layer", "forward", "predict", "loss", "dot", "matmul"}
KNOWN: tuple[Any, ...] = (np, *(getattr(functions, name) for name in functions.__all__))
EFFECTS = ("STORE_ATTR", "STORE_SUBSCR", "STORE_SLICE", "STORE_GLOBAL", "STORE_DEREF", "STORE_NAME", "DELETE", "IMPORT")


class CourseCrossEntropy(nn.SoftmaxCrossEntropy):
    """The book's loss, with 1e-7 inside the log."""

    def per_sample_loss(self, scores: Array, t: Array) -> Array:
        losses: Array = -np.log(nn.softmax(scores)[:, np.arange(len(t)), t] + functions.DELTA)
        return losses

    def take(self, index: Index) -> "CourseCrossEntropy":
        return self


def fast_gradient(f: Callable[[Array], Any], W: Array, h: float) -> Array | None:
    """Return (f(W + h) - f(W - h)) / 2h if f is the loss of a known two-layer network with the weights W, else None."""
    if W.size < WORTHWHILE or W.dtype != np.float64 or not isinstance(f, FunctionType):
        return None
    call = next((call for call in _calls(f, W)), None)
    if call is None:
        return None
    (W1, b1, W2, b2), x, t = call
    if (W1.ndim, b1.ndim, b2.ndim) != (2, 1, 1) or W2.shape != (*b1.shape, *b2.shape) or x.size % len(W1):
        return None
    x = x.reshape(1, -1, len(W1)).astype(float)
    expected = f(W)
    labels = class_numbers(t, x.shape[1], len(b2))
    for activation in (nn.Sigmoid(), nn.ReLU()):
        network = nn.Network([nn.Affine(*W1.shape), activation, nn.Affine(*W2.shape)], dtype=np.float64)
        network.load({"0.W": W1, "0.b": b1, "2.W": W2, "2.b": b2})
        for loss in (CourseCrossEntropy(), nn.SoftmaxCrossEntropy()):
            found = loss.forward(network.forward(x), labels)[0]
            if abs(found - expected) <= 1e-12 * max(1, abs(expected)):
                gradient = _gradient(network, loss, x, labels, W is W1, h)
                return gradient if _agrees(gradient, f, W, h, 1e-9 * max(1, abs(expected))) else None
    return None


def _gradient(network: nn.Network, loss: nn.Loss, x: Array, t: Array, first: bool, h: float) -> Array:
    """Return the gradient of the first or the second layer's weights."""
    if not first:
        x = np.ascontiguousarray(network.layers[1].forward(network.layers[0].forward(x)))
        upper = nn.Network([nn.Affine(*network.layers[2].shapes()["W"])], dtype=np.float64)
        upper.load({f"0.{name}": getattr(network.layers[2], name)[0] for name in ("W", "b")})
        network = upper
    network.grads[...] = nn.numerical_gradient(network, loss, x, t, h=h)
    gradient: Array = next(gradient for _, _, gradient in network.parameters())[0].copy()
    return gradient


def _agrees(gradient: Array, f: Callable[[Array], Any], W: Array, h: float, tolerance: float) -> bool:
    """Return whether differences by f itself are the same: for the largest elements, and some over the whole array."""
    size = np.abs(gradient).ravel()
    for k in (*np.argpartition(size, -4)[-4:], *range(0, W.size, -(-W.size // 8))):
        place = np.unravel_index(k, W.shape)
        original = W[place]
        W[place] = original + h
        above = f(W)
        W[place] = original - h
        below = f(W)
        W[place] = original
        if not abs((above - below) / (2 * h) - gradient[place]) <= tolerance:
            return False
    return True


def _calls(f: FunctionType, W: Array) -> Iterator[tuple[list[Array], Array, Array]]:
    """Yield the network's parameters, x and t, if f does nothing but return ``network.loss(x, t)``."""
    cells = [cell.cell_contents for cell in f.__closure__ or ()]
    used = [f.__globals__[name] for name in f.__code__.co_names if name in f.__globals__]
    passable = tuple(each for each in used if hasattr(each, "params") or isinstance(each, np.ndarray))
    for net in (*cells, *passable):
        params = getattr(net, "params", None)
        if not isinstance(params, dict) or set(params) != set(NAMES) or not any(params[name] is W for name in NAMES):
            continue
        values = [params[name] for name in NAMES]
        right = all(isinstance(value, np.ndarray) and value.dtype == np.float64 for value in values)
        if not right or not _only_computes(f, {"loss", "_training_loss"}, passable) or not _is_known(net):
            continue
        passed = _passed(f, W, net)
        if len(passed) == 2 and all(isinstance(each, np.ndarray) for each in passed):
            yield values, passed[0], passed[1]


def _passed(f: FunctionType, W: Array, net: Any) -> list[Any]:
    """Return what f passes to ``net.loss``, whose result it must return as it is; else nothing."""
    answer, passed = object(), list[Any]()

    def spy(*arguments: Any) -> object:
        passed.extend(arguments)
        return answer

    try:
        net.loss = spy
        result = f(W)
    except TypeError:  # A keyword argument.
        return []
    finally:
        del net.loss
    return passed if result is answer else []


def _is_known(net: Any) -> bool:
    """Return whether a network's loss and predictions come from code and layers that do nothing but compute."""
    for name in ("loss", "predict"):
        method = getattr(type(net), name, None)
        if name in vars(net) or not isinstance(method, FunctionType):
            return False
        if method.__module__.startswith("zerokara.classic."):
            continue
        if method.__closure__ or not _only_computes(method, PLAIN, KNOWN):
            return False
    layers = list(getattr(net, "layers", {}).values())
    last = [getattr(net, name) for name in ("lastLayer", "last_layer") if hasattr(net, name)]
    kinds = (*((layer, (Affine, Relu, Sigmoid)) for layer in layers), *((layer, (SoftmaxWithLoss,)) for layer in last))
    return all(type(layer) in allowed and "forward" not in vars(layer) for layer, allowed in kinds)


def _only_computes(function: FunctionType, attributes: set[str], known: tuple[Any, ...]) -> bool:
    """Return whether a function uses no other attributes and globals, and stores in its local variables alone."""
    operations = [(each.opname, each.argval) for each in dis.get_instructions(function)]
    used = {name for operation, name in operations if operation.startswith(("LOAD_GLOBAL", "LOAD_NAME"))}
    values = [function.__globals__.get(name) for name in used]
    inner = any(isinstance(constant, CodeType) for constant in function.__code__.co_consts)
    return (
        set(function.__code__.co_names) - used <= attributes
        and all(any(value is each for each in known) for value in values)
        and not inner
        and not any(operation.startswith(EFFECTS) for operation, _ in operations)
    )
