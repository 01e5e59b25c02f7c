"""Ensembles: the prediction is the weighted mean of the networks' probabilities, or of their values in regression."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import is_of
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError
from zerokara.native.forward import scores as kernel_scores
from zerokara.nn import Network, build_network, describe_layers, softmax
from zerokara.nn.layers.activations import sigmoid
from zerokara.train.metrics import CHUNK


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks in populations, one for each structure, and their weights; a single network has P = 1.

    Args:
        groups: populations with the same inputs and one precision.
        counts: how often each network was picked, or its weight, above 0, in the order of the groups and their rows;
            in the mean its weight is this number divided by the sum.

    >>> from zerokara.nn import mlp
    >>> networks = [mlp(4, (8,), 3), mlp(4, (), 3), mlp(4, (8,), 3, seed=1)]
    >>> ensemble = Ensemble.of(networks, [3, 1, 2])
    >>> [group.population for group in ensemble.groups], ensemble.counts
    ([2, 1], (3, 2, 1))
    """

    groups: tuple[Network, ...]
    counts: tuple[float, ...]

    def __post_init__(self) -> None:
        if len({network.dtype for network in self.groups}) != 1:
            raise InputError(f"an ensemble has networks of one precision, got {[str(n.dtype) for n in self.groups]}")
        if not all(is_of(n, float) and 0 < n < 2**31 for n in self.counts):
            got = str(self.counts)[:80]
            raise InputError(f"counts must be numbers above 0 and below 2**31, got {got}: leave out 0")
        if (networks := sum(network.population for network in self.groups)) != len(self.counts):
            raise InputError(f"an ensemble has one count for each of its {networks} networks, got {len(self.counts)}")

    @classmethod
    def of(cls, networks: Network | Sequence[Network], counts: Sequence[float] | Array | None = None) -> Self:
        """Return the ensemble of networks, or of populations, with one count for each network in their order.

        Networks with a count of 0 are left out; networks of one structure are joined into one population.
        """
        networks = [networks] if isinstance(networks, Network) else list(networks)
        alone = [network.take(row) for network in networks for row in range(network.population)]
        listed = [1] * len(alone) if counts is None else np.asarray(counts).tolist()
        if not isinstance(listed, list) or len(listed) != len(alone):
            raise InputError(f"an ensemble has one count for each of the {len(alone)} networks, got {listed}")
        groups: dict[str, list[tuple[Network, Any]]] = {}
        for network, count in zip(alone, listed, strict=True):
            if count != 0:
                fixed = [getattr(layer, name).tobytes() for layer in network.layers for name in layer.fixed]
                groups.setdefault(f"{network.dtype} {describe_layers(network)} {fixed}", []).append((network, count))
        if not groups:
            raise InputError(
                f"at least one count of an ensemble must be positive, got {listed}: pick one network or more"
            )
        return cls(
            tuple(_together([network for network, _ in group]) for group in groups.values()),
            tuple(count for group in groups.values() for _, count in group),
        )

    @property
    def population(self) -> int:
        """The number of networks in all."""
        return len(self.counts)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the networks."""
        return self.groups[0].dtype

    @property
    def weights(self) -> Array:
        """The weight of each network in the mean, (P,); they sum to 1."""
        return np.array(self.counts) / sum(self.counts)

    def one(self, number: int) -> Network:
        """Return one of the networks, counted from 0 in the order of the groups and their rows."""
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < self.population:
            raise InputError(f"the networks are 0 to {self.population - 1}, got {number}: choose one of them")
        rows = [(group, row) for group in self.groups for row in range(group.population)]
        group, row = rows[number]
        return group.take([row])

    def scores(self, x: Array, task: str) -> Array:
        """Return the scores (N, C) of inputs x (N, D) as one network gives them, see `combine`."""

        def mean(chunk: Array) -> Array:
            scores = [_forward(network, chunk) for network in self.groups]
            return combine(np.concatenate(scores), self.weights, task)[None]

        combined: Array = in_chunks(mean, x, self.dtype)[0]
        return combined


@dataclass(frozen=True, eq=False)
class ModelMember:
    """Networks with one scaling of their samples and, for a table, one encoder.

    Args:
        ensemble: the network or networks, without NaN or infinity.
        preprocess: the scaling of the samples before training, and of the targets.
        encoder: for a table, how raw rows become inputs, before the scaling.
        weight: its weight in the mean of all members, relative to the others.
    """

    ensemble: Ensemble
    preprocess: Preprocess
    encoder: Encoder | None = None
    weight: float = 1.0

    def inputs(self, raw: Any) -> Array:
        """Return the inputs of the networks, (N, D), of samples (N, D) or of a table's columns."""
        return self.preprocess.transform(raw if self.encoder is None else self.encoder.transform(raw))

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What is equal in two members whose inputs, and units of the targets, are the same."""
        named = self.preprocess.arrays()
        table = None
        if self.encoder is not None:
            table = json.dumps(self.encoder.describe())
            named |= {f"table.{place}": array for place, array in self.encoder.statistics().items()}
        return self.preprocess.kind, table, *((name, array.shape, array.tobytes()) for name, array in named.items())


def _together(networks: Sequence[Network]) -> Network:
    """Return networks of the same layers as one population; their seeds do not matter for predictions."""
    if len(networks) == 1:
        return networks[0]
    arrays = [network.arrays() for network in networks]
    return build_network(
        describe_layers(networks[0]), {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}
    )


def _forward(network: Network, x: Array) -> Array:
    """Return the scores (P, N, C) of x (1, N, D); networks without parameters give one for all, which is repeated."""
    scores = kernel_scores(network, x[0])
    if scores is not None:
        return scores
    for layer in network.layers:
        # A copy: a layer stores arrays for its backward pass, and two threads may predict.
        x = copy.copy(layer).forward(x)
    return np.broadcast_to(x, (network.population, *x.shape[1:]))


def combine(scores: Array, weights: Array, task: str) -> Array:
    """Return the scores (N, C) whose probabilities are the weighted mean over P networks; in regression the mean.

    classification: log sum_k w_k softmax(scores_k), whose softmax is the mean of the softmaxes;
    multilabel: log(p / (1 - p)), p = sum_k w_k sigmoid(scores_k). The scores of a single network stay as they are.
    Computed in float64 and rounded: the last bit of a system's exp and log does not reach a float32.

    Shapes: scores (P, N, C), weights (P,).

    >>> from zerokara.nn import softmax
    >>> softmax(combine(np.log([[[0.9, 0.1]], [[0.3, 0.7]]]), np.array([0.5, 0.5]), "classification")).round(6)
    array([[0.6, 0.4]])
    """
    if len(scores) == 1:
        single: Array = scores[0]
        return single
    w = weights[:, None, None]
    if task == "regression":
        # One after another: NumPy adds many networks in another order for a single sample.
        return np.asarray(reduce(np.add, w.astype(scores.dtype) * scores))
    y, log_w = scores.astype(float), np.log(w)
    if task == "classification":
        mean = np.logaddexp.reduce(y - _log_sum_exp(y) + log_w, axis=0)
    else:
        yes = np.logaddexp.reduce(log_w - np.logaddexp(0, -y), axis=0)
        mean = yes - np.logaddexp.reduce(log_w - np.logaddexp(0, y), axis=0)
    return np.asarray(mean, scores.dtype)


def _log_sum_exp(scores: Array) -> Array:
    """Return log sum_c exp(scores_c), (P, N, 1); the largest is taken out first, or it would overflow."""
    top = scores.max(axis=-1, keepdims=True)
    return np.asarray(top + np.log(np.exp(scores - top).sum(axis=-1, keepdims=True)))


def predict_each(networks: Network | Sequence[Network], x: Array, task: str) -> Array:
    """Return the probabilities (P, N, C) of each of P networks for samples x (N, D), scaled as in training.

    In regression these are values in the units of training. The order is that of `Ensemble.of`.
    """

    def predictions(network: Network) -> Array:
        return in_chunks(lambda chunk: probabilities(_forward(network, chunk), task), x, network.dtype)

    groups = [networks] if isinstance(networks, Network) else networks
    return np.concatenate([predictions(network) for network in groups])


def in_chunks(function: Callable[[Array], Array], x: Array, dtype: np.dtype[Any]) -> Array:
    """Return a function (P, N, C) of samples x (N, D), computed in one precision for a fixed number at a time."""
    starts = range(0, max(len(x), 1), CHUNK)
    with one_thread_if_possible(), np.errstate(all="ignore"):
        parts = [function(x[None, start : start + CHUNK].astype(dtype, copy=False)) for start in starts]
    return np.concatenate(parts, axis=1)


def probabilities(scores: Array, task: str) -> Array:
    """Return the probabilities of scores (..., C): softmax for classes, sigmoid for labels; of values, the values."""
    if task == "regression":
        return scores
    return softmax(scores) if task == "classification" else sigmoid(scores)
