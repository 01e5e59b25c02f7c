"""The table of cases for the gradient check and the laws; a new layer or loss adds a row."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.nn.layers.embedding import Embedding
from zerokara.nn.layers.exponential import Exp
from zerokara.nn.layers.periodic import Periodic
from zerokara.nn.layers.piecewise import Piecewise
from zerokara.nn.layers.scaling import Robust, Scaled
from zerokara.nn.losses import Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
from zerokara.nn.mlp import mlp
from zerokara.nn.network import Network
from zerokara.nn.regression_losses import AbsoluteError, Huber, PoissonError
from zerokara.rng import stream

POPULATION, SAMPLES, INPUTS, OUTPUTS = 3, 7, 5, 4


@dataclass(frozen=True)
class Case:
    """A population of small networks with a loss, samples and targets."""

    name: str
    network: Callable[[str], Network]
    loss: Callable[[], Loss] = SoftmaxCrossEntropy
    weighted: bool = False
    weight_decay: float = 0.0
    compiled: bool = True
    """Whether the kernel has these networks."""
    x: Array = field(default_factory=lambda: stream(1, "case").standard_normal((1, SAMPLES, INPUTS)))

    @property
    def t(self) -> Array:
        """Targets of the kind that the loss takes."""
        rng = stream(2, "case")
        kind = type(self.loss())
        if kind is SoftmaxCrossEntropy:
            return rng.integers(0, OUTPUTS, SAMPLES)
        if kind is SigmoidCrossEntropy:
            return rng.integers(0, 2, (SAMPLES, OUTPUTS)).astype(float)
        if kind is PoissonError:
            return rng.poisson(1.0, (SAMPLES, OUTPUTS)).astype(float)
        return rng.standard_normal((SAMPLES, OUTPUTS))

    @property
    def weights(self) -> Array | None:
        """Sample weights with a mean of 1, or None."""
        if not self.weighted:
            return None
        weights: Array = stream(3, "case").random(SAMPLES) + 0.1
        return np.asarray(weights / weights.mean())


def _net(hidden: tuple[int, ...], activation: str = "tanh", **options: object) -> Callable[[str], Network]:
    """Return a function from a precision to a population whose networks differ in the scale of their weights."""
    given = {"inputs": INPUTS, "init_scale": [0.7, 1.0, 1.4], "population": POPULATION} | options
    return lambda dtype: mlp(hidden=hidden, outputs=OUTPUTS, activation=activation, dtype=dtype, **given)  # type: ignore[arg-type]


def _with_exp(dtype: str) -> Network:
    network = _net((6,))(dtype)
    network.layers.append(Exp())
    return network


def _encoded(*first: Any, dropout: list[float] | None = None) -> Callable[[str], Network]:
    """Return a function from a precision to networks that begin with encodings of the inputs."""
    net = _net((6,), inputs=first[-1].outputs, dropout=dropout)
    return lambda dtype: Network([*map(copy.copy, first), *net(dtype).layers], POPULATION, dtype)


_VALUES = stream(4, "case").standard_normal((40, INPUTS))
# Two categories of two values around a number: known values, mixed codes, and a known value's code times two.
_CODES = np.array([[[1, 0, 0.3, 0, 1], [0, 1, -1, 1, 0], [0.25, 0.75, 2, 0.4, 0.6], [0, 2, 0.1, 1, 0]]])
_REPEATED = [0, 1, 1, 2, 3, 0, 2]


def _embedding(inputs: int) -> Embedding:
    return Embedding(inputs, 2, 4, feature=np.array([0, 3]), levels=np.array([2, 2]))


_BINS: Any = Piecewise.fit(INPUTS, {2: _VALUES[:, 2]}, 3)
_TABLE = (_BINS, _embedding(_BINS.outputs), Periodic(20, 1, feature=np.array([0])))
RATES = [0.0, 0.2, 0.5]
SMOOTHED = [0.0, 0.1, 0.3]
CLASS_WEIGHTS = np.array([0.5, 2.0, 1.0, 0.1])
CASES = [
    Case("affine", _net(())),
    Case("affine x 3", _net((6, 5))),
    *(Case(name, _net((6,), name)) for name in ("relu", "leaky_relu", "sigmoid", "tanh", "gelu")),
    *(Case(f"initial weights {init}", _net((6,), init=init)) for init in ("he", "xavier", "lecun", 0.3)),
    Case("batch norm", _net((6,), batch_norm=True)),
    Case("dropout", _net((6,), dropout=RATES)),
    *(
        Case(f"batch norm, {name}, dropout", _net((6, 5), name, batch_norm=True, dropout=RATES))
        for name in ("relu", "leaky_relu", "sigmoid", "tanh", "gelu")
    ),
    Case("softmax cross-entropy, weighted samples", _net((6,)), weighted=True),
    Case("softmax cross-entropy, label smoothing", _net((6,)), lambda: SoftmaxCrossEntropy(SMOOTHED)),
    Case("sigmoid cross-entropy", _net((6,)), SigmoidCrossEntropy),
    Case("sigmoid cross-entropy, weighted samples", _net((6,)), SigmoidCrossEntropy, weighted=True),
    Case("squared error", _net((6,)), SquaredError),
    Case("squared error, weighted samples", _net((6,)), SquaredError, weighted=True),
    Case("softmax cross-entropy, class weights", _net((6,)), lambda: SoftmaxCrossEntropy(SMOOTHED, CLASS_WEIGHTS)),
    Case("absolute error", _net((6,)), AbsoluteError),
    Case("huber", _net((6,)), lambda: Huber(0.5), weighted=True),
    Case("poisson", _with_exp, PoissonError),
    Case("poisson, weighted samples", _with_exp, PoissonError, weighted=True),
    Case("piecewise", _encoded(Piecewise.fit(INPUTS, {0: _VALUES[:, 0], 3: _VALUES[:, 3]}, 3))),
    Case("scaled categories", _encoded(Scaled.fit(INPUTS, {1: _VALUES[:, 1] > 0, 4: _VALUES[:, 4] > 1}))),
    Case("robust", _encoded(Robust.fit(INPUTS, {0: _VALUES[:, 0], 3: _VALUES[:, 3]}), dropout=RATES)),
    Case("periodic", _encoded(Periodic(INPUTS, 2, feature=np.array([1, 3]))), compiled=False),
    Case("embedding", _encoded(_embedding(INPUTS)), x=_CODES[:, _REPEATED], compiled=False),
    Case(
        *("piecewise, embedding, periodic", _encoded(*_TABLE)),
        x=_CODES[:, _REPEATED],
        weight_decay=0.1,
        compiled=False,
    ),
    Case("weight decay", _net((6,), batch_norm=True), weight_decay=0.1),
]
