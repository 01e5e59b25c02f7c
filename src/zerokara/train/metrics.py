"""How good each network is on a part of the data: loss, and accuracy or R2."""

from typing import Protocol

import numpy as np

from zerokara import blas
from zerokara.arrays import Array
from zerokara.data import Part
from zerokara.nn.layers.affine import Affine
from zerokara.nn.losses import LOSSES
from zerokara.nn.products import SMALL_PRODUCT

CHUNK = 200
"""Samples evaluated at once: a fixed number, or the numbers of a network would depend on its neighbors.

Products of up to 100^3 multiplications go through OpenBLAS's routine for small matrices, half as fast again:
200 samples leave it to layers of 64 x 64, where that matters most.
"""

SHARED = 2000
"""Samples times networks evaluated at once by several BLAS threads, whose bits are not promised.

After every product they wait for one another, on a busy machine for longer than the product took.
"""

METRICS = {"classification": "accuracy", "multilabel": "accuracy", "regression": "r2"}
"""What a score is called, by task."""


class Scorer(Protocol):
    """What can be judged: a population of networks, or an ensemble that speaks as one network."""

    @property
    def population(self) -> int:
        """The number of networks, P."""

    def forward(self, x: Array, /) -> Array:
        """Return the scores (P, N, C) of x (1, N, D)."""


def evaluate(network: Scorer, part: Part, task: str, threads: int = 1) -> tuple[Array, Array]:
    """Return the loss (P,) and the score (P,) of every network on ``part``, in float64.

    The loss has neither decay penalty nor label smoothing. The score is, by task:
    classification: the share of samples whose largest score is the right one;
    multilabel: the share of samples with every label right;
    regression: R2 = 1 - sum (y - t)^2 / sum (t - mean t)^2, the mean over outputs; for a constant t, 0.
    Sample weights count in both. ``threads`` is the number of BLAS threads; more than 1 gives other bits.
    """
    size = CHUNK if threads == 1 else _shared(network)
    with blas.threads(threads), np.errstate(all="ignore"):
        return _evaluate(network, part, task, size)


def _shared(network: Scorer) -> int:
    """Return how many samples several threads evaluate at once: more, unless the products are too small to share."""
    affine = [layer for layer in getattr(network, "layers", ()) if isinstance(layer, Affine)]
    if CHUNK * max((layer.inputs * layer.outputs for layer in affine), default=0) <= SMALL_PRODUCT:
        return CHUNK
    return max(CHUNK, SHARED // network.population)


def _evaluate(network: Scorer, part: Part, task: str, size: int) -> tuple[Array, Array]:
    loss = LOSSES[task]()
    n = len(part.x)
    w = np.ones(n) if part.weights is None else part.weights.astype(float)
    total = np.zeros(network.population)
    tally: Array = np.zeros(())
    for start in range(0, n, size):
        chunk = slice(start, start + size)
        scores = network.forward(part.x[None, chunk])
        t = part.t[chunk]
        weights = None if part.weights is None else part.weights[chunk]
        total += loss.forward(scores, t, weights).astype(float) * scores.shape[1]
        tally = tally + _tally(scores, t, w[chunk], task)
    if task != "regression":
        return total / w.sum(), tally / w.sum()
    mean = np.average(part.t, axis=0, weights=w)
    spread = w @ (part.t.astype(float) - mean) ** 2
    r2 = np.where(spread > 0, 1 - tally / np.where(spread > 0, spread, 1), 0.0)
    return total / w.sum(), np.where(np.isfinite(tally).all(axis=1), r2.mean(axis=1), np.nan)


def _tally(scores: Array, t: Array, w: Array, task: str) -> Array:
    """Return the weight of the samples that are right, (P,), or the squared errors per output, (P, C)."""
    if task == "classification":
        right = scores.argmax(axis=-1) == t
    elif task == "multilabel":
        right = ((scores > 0) == (t > 0)).all(axis=-1)
    else:
        squares: Array = np.sum((scores - t).astype(float) ** 2 * w[:, None], axis=1)
        return squares
    # A sum, not a product with w: how BLAS adds up depends on the number of rows.
    total: Array = np.sum(right * w, axis=1)
    return total
