"""Networks that answer as one: each says its probabilities or values, and their weighted mean is the answer."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.errors import InputError
from zerokara.nn import Layer, Network, build_network, describe_layers, softmax
from zerokara.nn.layers.activations import sigmoid
from zerokara.train.metrics import CHUNK


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Populations, one for each structure, and how often each of their networks counts. One network is P = 1.

    Args:
        groups: populations that take the same samples, of one precision.
        counts: how often each network was picked, 1 or above, in the order of the groups and of their rows.

    >>> from zerokara.nn import mlp
    >>> networks = [mlp(4, (8,), 3), mlp(4, (), 3), mlp(4, (8,), 3, seed=1)]
    >>> ensemble = Ensemble.of(networks, [3, 1, 2])
    >>> [group.population for group in ensemble.groups], ensemble.counts
    ([2, 1], (3, 2, 1))
    """

    groups: tuple[Network, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len({network.dtype for network in self.groups}) != 1:
            raise InputError(f"an ensemble has networks of one precision, got {[str(n.dtype) for n in self.groups]}")
        if any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n < 2**31 for n in self.counts):
            got = str(self.counts)[:80]
            raise InputError(f"counts must be whole numbers, 1 or above and below 2**31, got {got}: leave out 0")
        if (networks := sum(network.population for network in self.groups)) != len(self.counts):
            raise InputError(f"an ensemble has one count for each of its {networks} networks, got {len(self.counts)}")

    @classmethod
    def of(cls, networks: Network | Sequence[Network], counts: Sequence[int] | Array | None = None) -> Self:
        """Return the ensemble of networks, or of populations, with one count for each network in their order.

        Networks that count 0 are left out; those of one structure stand in one population.
        """
        networks = [networks] if isinstance(networks, Network) else list(networks)
        alone = [network.take(row) for network in networks for row in range(network.population)]
        numbers = [1] * len(alone) if counts is None else np.asarray(counts).tolist()
        if not isinstance(numbers, list) or len(numbers) != len(alone):
            raise InputError(f"an ensemble takes one count for each of the {len(alone)} networks, got {numbers}")
        found: dict[str, list[tuple[Network, Any]]] = {}
        for network, count in zip(alone, numbers, strict=True):
            if count != 0:
                found.setdefault(f"{network.dtype} {describe_layers(network)}", []).append((network, count))
        if not found:
            raise InputError("an ensemble needs a network that counts, got none: pick one at least")
        return cls(
            tuple(_together([network for network, _ in group]) for group in found.values()),
            tuple(count for group in found.values() for _, count in group),
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
    def shares(self) -> Array:
        """What each network has in the mean, (P,); they sum to 1."""
        return np.array(self.counts) / sum(self.counts)


def _together(networks: Sequence[Network]) -> Network:
    """Return networks of the same layers as one population; for an answer their seeds do not matter."""
    if len(networks) == 1:
        return networks[0]
    arrays = [network.arrays() for network in networks]
    return build_network(
        describe_layers(networks[0]), {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}
    )


class Voice:
    """An ensemble as it speaks for a task: one network to whoever asks for scores."""

    population = 1

    def __init__(self, ensemble: Ensemble, task: str) -> None:
        self.groups = [(network.population, _copies(network)) for network in ensemble.groups]
        self.shares, self.task = ensemble.shares, task

    def forward(self, x: Array) -> Array:
        """Return the scores (1, N, C) of x (1, N, D)."""
        scores = [_forward(population, layers, x) for population, layers in self.groups]
        return combine(np.concatenate(scores), self.shares, self.task)[None]


def _copies(network: Network) -> list[Layer]:
    """Return layers to go through: a layer keeps what its backward pass would need, and two threads may predict."""
    return [copy.copy(layer) for layer in network.layers]


def _forward(population: int, layers: list[Layer], x: Array) -> Array:
    """Return the scores (P, N, C), also of networks without parameters, which give one for all."""
    for layer in layers:
        x = layer.forward(x)
    return np.broadcast_to(x, (population, *x.shape[1:]))


def combine(scores: Array, shares: Array, task: str) -> Array:
    """Return the scores (N, C) whose probabilities are the mean of those of P networks; in regression the mean.

    classification: log sum_k share_k softmax(scores_k), whose softmax is the mean of the softmaxes;
    multilabel: log(p / (1 - p)), p = sum_k share_k sigmoid(scores_k). One network's scores stay as they are.

    Shapes: scores (P, N, C), shares (P,).

    >>> from zerokara.nn import softmax
    >>> softmax(combine(np.log([[[0.9, 0.1]], [[0.3, 0.7]]]), np.array([0.5, 0.5]), "classification")).round(6)
    array([[0.6, 0.4]])
    """
    if len(scores) == 1:
        alone: Array = scores[0]
        return alone
    share = shares.astype(scores.dtype)[:, None, None]
    if task == "regression":
        return np.asarray((share * scores).sum(axis=0))
    log_share = np.log(share)
    if task == "classification":
        return np.asarray(np.logaddexp.reduce(scores - _log_sum_exp(scores) + log_share, axis=0))
    zero = scores.dtype.type(0)
    yes = np.logaddexp.reduce(log_share - np.logaddexp(zero, -scores), axis=0)
    return np.asarray(yes - np.logaddexp.reduce(log_share - np.logaddexp(zero, scores), axis=0))


def _log_sum_exp(scores: Array) -> Array:
    """Return log sum_c exp(scores_c), (P, N, 1); without the largest taken out first it would overflow."""
    top = scores.max(axis=-1, keepdims=True)
    return np.asarray(top + np.log(np.exp(scores - top).sum(axis=-1, keepdims=True)))


def answers(networks: Network | Sequence[Network], x: Array, task: str) -> Array:
    """Return what each of P networks says of samples x (N, D), scaled as in training: (P, N, C).

    Probabilities; in regression values in the units of training. The order is that of `Ensemble.of`.
    """
    networks = [networks] if isinstance(networks, Network) else list(networks)
    said = []
    for network in networks:
        layers, parts = _copies(network), []
        with one_thread_if_possible(), np.errstate(all="ignore"):
            for start in range(0, len(x), CHUNK):
                chunk = x[None, start : start + CHUNK].astype(network.dtype, copy=False)
                parts.append(probabilities(_forward(network.population, layers, chunk), task))
        said.append(np.concatenate(parts, axis=1))
    return np.concatenate(said)


def probabilities(scores: Array, task: str) -> Array:
    """Return scores (..., C) as probabilities: of classes, which sum to 1, or of labels; values stay values."""
    if task == "regression":
        return scores
    return softmax(scores) if task == "classification" else sigmoid(scores)
