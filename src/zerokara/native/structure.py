"""Which networks, losses and optimizers the kernel has, and their description for it."""

import itertools
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.native.structs import MOST_LAYERS, Description
from zerokara.nn import losses, regression_losses
from zerokara.nn.layers.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from zerokara.nn.layers.affine import Affine
from zerokara.nn.layers.batchnorm import BatchNorm
from zerokara.nn.layers.dropout import Dropout
from zerokara.nn.layers.encoding import InputEncoding
from zerokara.nn.layers.exponential import Exp
from zerokara.nn.layers.layer import Layer
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network
from zerokara.optim import OPTIMIZERS
from zerokara.optim.adaptive import EPSILON
from zerokara.optim.optimizer import Optimizer

ACTIVATION_ORDER: tuple[type[Layer], ...] = (ReLU, LeakyReLU, Sigmoid, Tanh, GELU)
LOSS_ORDER: tuple[type[Loss], ...] = (
    *(losses.SoftmaxCrossEntropy, losses.SigmoidCrossEntropy, losses.SquaredError),
    *(regression_losses.AbsoluteError, regression_losses.Huber, regression_losses.PoissonError),
)
OPTIMIZER_ORDER = tuple(OPTIMIZERS.values())
"""In the order of the enums of kernel/model.h."""


class UnsupportedError(Exception):
    """The kernel does not have these networks, or this loss or optimizer; the message says which."""


class Structure:
    """The layers of a population: (Affine, [BatchNorm], activation, [Dropout]) for each hidden layer, Affine, [Exp].

    ``norms`` and ``dropouts`` are the places of these layers. The kernel takes samples that have passed the
    ``encodings`` before them.

    Raises:
        UnsupportedError: there are other layers, or the class of the network is derived from `Network`.
    """

    def __init__(self, network: Network) -> None:
        if type(network) is not Network:  # It may compute something else.
            raise UnsupportedError(f"the class {type(network).__name__} is not zerokara.nn.Network")
        self.norms: list[int] = []
        self.dropouts: list[int] = []
        self.sizes: list[int] = []
        kinds = [type(layer) for layer in network.layers]
        settings = set()
        self.encodings = network.encodings
        i = len(self.encodings)
        if i < len(kinds) and issubclass(kinds[i], InputEncoding):
            raise UnsupportedError(f"{kinds[i].__name__} is a layer that only NumPy has")
        while i < len(kinds) and kinds[i] is Affine:
            layers: list[Any] = network.layers[i:]
            self.sizes += [layers[0].inputs] if not self.sizes else []
            self.sizes.append(layers[0].outputs)
            i += 1
            if kinds[i:] in ([], [Exp]):
                break
            norm = layers[1].momentum if kinds[i : i + 1] == [BatchNorm] else None
            self.norms += [i] if norm is not None else []
            i += norm is not None
            if i == len(kinds) or kinds[i] not in ACTIVATION_ORDER:
                break
            activation: Any = network.layers[i]
            i += 1
            dropout = kinds[i : i + 1] == [Dropout]
            self.dropouts += [i] if dropout else []
            i += dropout
            settings.add((kinds[i - 1 - dropout], getattr(activation, "slope", 0.0), norm, dropout))
        if kinds[i:] not in ([], [Exp]) or not 2 <= len(self.sizes) <= MOST_LAYERS + 1 or kinds[i - 1] is not Affine:
            raise UnsupportedError("its layers are not those of zerokara.nn.mlp")
        if len(settings) > 1 or (self.dropouts and not _alike([network.layers[k].rate for k in self.dropouts])):  # type: ignore[attr-defined]
            raise UnsupportedError("its hidden layers differ in kind or settings")
        self.exponential = kinds[i:] == [Exp]
        self.activation, self.slope, self.momentum, self.dropout = (
            settings.pop() if settings else (ReLU, 0.0, None, False)
        )

    @property
    def units(self) -> list[int]:
        """The sizes of the hidden layers."""
        return self.sizes[1:-1]

    def model(self, network: Network, loss: Loss | None, optimizer: Optimizer | None) -> Description:
        """Return the description for the kernel; without a loss or an optimizer it does not use them.

        Raises:
            UnsupportedError: the kernel does not have this loss or optimizer.
        """
        model = Description(layers=len(self.sizes) - 1, size=network.size)
        model.sizes[: len(self.sizes)] = self.sizes
        model.activation, model.slope = ACTIVATION_ORDER.index(self.activation), self.slope
        model.batch_norm, model.bn_momentum = bool(self.norms), self.momentum or 0.0
        model.dropout, model.exponential = self.dropout, self.exponential
        places = {name: itertools.count() for name in ("W", "b", "gamma", "beta")}
        start = 0
        for _, name, (rows, columns) in network.slots():
            getattr(model, name)[next(places[name])] = start
            start += rows * columns
        if loss is not None:
            describe_loss(model, loss)
            if self.exponential != (type(loss) is regression_losses.PoissonError):
                raise UnsupportedError(f"the loss {type(loss).__name__} does not fit the last layer")
        if optimizer is not None:
            if type(optimizer) not in OPTIMIZER_ORDER or getattr(optimizer, "epsilon", EPSILON) != EPSILON:
                raise UnsupportedError(f"the optimizer {type(optimizer).__name__} is not one of zerokara.optim")
            model.optimizer, model.states = OPTIMIZER_ORDER.index(type(optimizer)), len(optimizer.state)
        return model


def describe_loss(model: Description, loss: Loss) -> None:
    """Enter a loss into the description.

    Raises:
        UnsupportedError: the kernel does not have it.
    """
    if type(loss) not in LOSS_ORDER:
        raise UnsupportedError(f"the loss {type(loss).__name__} is not one of zerokara.nn")
    model.loss, model.delta = LOSS_ORDER.index(type(loss)), getattr(loss, "delta", 0.0)


def weights_of_classes(loss: Loss | None, dtype: np.dtype[Any]) -> Array | None:
    """Return the class weights of a loss, if it has any."""
    weights = getattr(loss, "class_weights", None)
    return None if weights is None else np.ascontiguousarray(weights, dtype)


def _alike(rates: list[Array]) -> bool:
    return all(np.array_equal(rate, rates[0]) for rate in rates)
