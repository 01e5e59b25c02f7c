"""Evaluation of every network on a part of the data: loss, and accuracy or R2."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from zerokara import blas
from zerokara.arrays import Array
from zerokara.data import Part
from zerokara.native.calls import Block, Kernel, kernel
from zerokara.native.compiled import Compiled, judge
from zerokara.native.library import choose_variant
from zerokara.native.structs import Description
from zerokara.native.structure import UnsupportedError, describe_loss
from zerokara.nn.layers.affine import Affine
from zerokara.nn.losses import LOSSES, Loss
from zerokara.nn.network import Network
from zerokara.nn.products import SMALL_PRODUCT

CHUNK = 200
"""Samples evaluated at once. Fixed, because the bits of a network must not depend on its neighbors.

OpenBLAS multiplies small matrices (up to 100^3 multiplications) 1.5 times as fast: with 200 samples, layers of up to
64 x 64 profit, where it matters most.
"""

SHARED = 2000
"""Samples times networks evaluated at once with several BLAS threads, which are not bit-identical anyway.

The threads synchronize after every product; on a busy machine that takes longer than a small product.
"""

METRICS = {"classification": "accuracy", "multilabel": "accuracy", "regression": "r2"}
"""The name of the score, by task."""


Collect = Callable[[Array], Array]
Measured = tuple[Array, Array, Array | None]
"""The loss (P,), the score (P,), and what was collected of the scores."""


class Predictor(Protocol):
    """What can be evaluated: a population of networks, or an ensemble with one output."""

    @property
    def population(self) -> int:
        """The number of networks, P."""

    def forward(self, x: Array, /) -> Array:
        """Return the scores (P, N, C) of x (1, N, D)."""


class Known:
    """A predictor for samples that are scores already."""

    population = 1

    def forward(self, x: Array) -> Array:
        """Return x, (1, N, C)."""
        return x


def evaluate(
    network: Predictor, part: Part, task: str, threads: int = 1, loss: Loss | None = None
) -> tuple[Array, Array]:
    """Return the loss (P,) and the score (P,) of every network on ``part``, in float64.

    The loss, by default that of the task, has neither decay penalty nor label smoothing. The score is, by task:
    classification: the share of samples whose largest score is the right one;
    multilabel: the share of samples with every label right;
    regression: R2 = 1 - sum (y - t)^2 / sum (t - mean t)^2, the mean over outputs; for a constant t, 0.
    Both are weighted by the sample weights. With more than one BLAS thread (``threads``) bits may differ.
    """
    return measure(network, part, task, threads, loss)[:2]


def measure(
    network: Predictor,
    part: Part,
    task: str,
    threads: int = 1,
    loss: Loss | None = None,
    collect: Collect | None = None,
) -> Measured:
    """Return the loss and the score as `evaluate` does, and ``collect`` of the scores (P, N, C), if it is given.

    The compiled kernel computes them where it can, so that they are those of training to the last bit.
    """
    loss, variant = loss or LOSSES[task](), choose_variant()
    if threads == 1 and variant:
        try:
            return _by_kernel(kernel(variant), network, part, task, loss, collect)
        except UnsupportedError:
            pass
    return measure_by_numpy(network, part, task, threads, loss, collect)


def _by_kernel(
    kernel: Kernel, network: Predictor, part: Part, task: str, loss: Loss, collect: Collect | None
) -> Measured:
    if isinstance(network, Network):
        compiled = Compiled(kernel, network, loss)
        total, tally, collected = compiled.evaluate(network, compiled.block(part), collect)
        return *Totals.of(part, task).scores(total, tally), collected
    describe_loss(Description(), loss)
    chunks = []
    for start in range(0, len(part.x), CHUNK):
        chunks.append(network.forward(part.x[None, start : start + CHUNK]))
        if chunks[0].dtype != kernel.dtype or len(chunks[0]) != 1:
            raise UnsupportedError("these scores are not those of one network in its precision")
    scores = np.concatenate(chunks, axis=1)
    loss_sum, tallied = judge(kernel, loss, scores[0], Block.of(part, kernel.dtype, scores.shape[-1]))
    tally = tallied[None] if task == "regression" else tallied
    return *Totals.of(part, task).scores(np.array([loss_sum]), tally), collect(scores) if collect else None


def measure_by_numpy(
    network: Predictor, part: Part, task: str, threads: int, loss: Loss, collect: Collect | None = None
) -> Measured:
    """Return what `measure` does, computed by the networks' layers and the loss in NumPy."""
    size = CHUNK if threads == 1 else _shared(network)
    with blas.threads(threads), np.errstate(all="ignore"):
        return _measure(network, part, task, size, loss, collect)


def _shared(network: Predictor) -> int:
    """Return how many samples several threads evaluate at once: more, unless the products are small."""
    affine = [layer for layer in getattr(network, "layers", ()) if isinstance(layer, Affine)]
    if CHUNK * max((layer.inputs * layer.outputs for layer in affine), default=0) <= SMALL_PRODUCT:
        return CHUNK
    return max(CHUNK, SHARED // network.population)


def _measure(network: Predictor, part: Part, task: str, size: int, loss: Loss, collect: Collect | None) -> Measured:
    n = len(part.x)
    w = np.ones(n) if part.weights is None else part.weights.astype(float)
    total = np.zeros(network.population)
    tally: Array = np.zeros(())
    collected = []
    for start in range(0, n, size):
        chunk = slice(start, start + size)
        scores = network.forward(part.x[None, chunk])
        t = part.t[chunk]
        weights = None if part.weights is None else part.weights[chunk]
        total += loss.forward(scores, t, weights).astype(float) * scores.shape[1]
        tally = tally + _tally(scores, t, w[chunk], task)
        if collect:
            collected.append(collect(scores))
    everything = np.concatenate(collected, axis=1) if collect else None
    return *Totals.of(part, task).scores(total, tally), everything


@dataclass(frozen=True)
class Totals:
    """What the scores of a part are relative to: the sum of its weights, and in regression sum (t - mean t)^2 (C,)."""

    weight: float
    spread: Array | None

    @classmethod
    def of(cls, part: Part, task: str) -> Self:
        w = np.ones(len(part.x)) if part.weights is None else part.weights.astype(float)
        if task != "regression":
            return cls(float(w.sum()), None)
        mean = np.average(part.t, axis=0, weights=w)
        # A sum, not a product with w: BLAS adds in another order on another processor.
        return cls(float(w.sum()), (w[:, None] * (part.t.astype(float) - mean) ** 2).sum(axis=0))

    def scores(self, total: Array, tally: Array) -> tuple[Array, Array]:
        """Return the loss and the score (P,) from the sum of the weighted losses (P,) and the `_tally`."""
        if self.spread is None:
            return total / self.weight, tally / self.weight
        r2 = np.where(self.spread > 0, 1 - tally / np.where(self.spread > 0, self.spread, 1), 0.0)
        return total / self.weight, np.where(np.isfinite(tally).all(axis=1), r2.mean(axis=1), np.nan)


def _tally(scores: Array, t: Array, w: Array, task: str) -> Array:
    """Return the total weight of the correct samples, (P,), or the squared errors per output, (P, C)."""
    if task == "classification":
        right = scores.argmax(axis=-1) == t
    elif task == "multilabel":
        right = ((scores > 0) == (t > 0)).all(axis=-1)
    else:
        squares: Array = np.sum((scores - t).astype(float) ** 2 * w[:, None], axis=1)
        return squares
    # A sum, not a product with w: the order in which BLAS adds depends on the number of rows.
    total: Array = np.sum(right * w, axis=1)
    return total
