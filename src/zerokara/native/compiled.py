"""A population in the kernel: the calls that train and evaluate it."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Part
from zerokara.data.sparse import SparseRows
from zerokara.native.calls import Block, Kernel, address
from zerokara.native.structs import NUMBER_FIELDS, PAD, Description, EvaluatedPart, SampleArrays
from zerokara.native.structure import Structure, UnsupportedError, describe_loss, weights_of_classes
from zerokara.nn.layers.encoding import encode, is_kept
from zerokara.nn.losses import Loss, SoftmaxCrossEntropy
from zerokara.nn.network import Network
from zerokara.optim.optimizer import Optimizer
from zerokara.rng import entropy

CHUNK_ROWS = 240
"""Samples that are evaluated at once, at most: with 256 numbers, rows would fall on the same lines of a cache."""
INPUT_BYTES = 4 << 20
"""The inputs of samples that are transposed at once, for all networks."""
Sums = tuple[Array, Array]
"""The losses and the tally of every network: see `Compiled.evaluate`."""


class Compiled:
    """Networks of one structure, loss and optimizer in the kernel; any population of them can be passed.

    Raises:
        UnsupportedError: NumPy must train them.
    """

    def __init__(
        self, kernel: Kernel, network: Network, loss: Loss | None = None, optimizer: Optimizer | None = None
    ) -> None:
        if network.dtype != kernel.dtype:
            raise UnsupportedError(f"the precision is {network.dtype}")
        self.kernel, self.structure = kernel, Structure(network)
        self.model = self.structure.model(network, loss, optimizer)
        self.class_weights = weights_of_classes(loss, kernel.dtype)

    def train(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        block: Block,
        rows: Sequence[int],
        factors: Sequence[float],
        step: int,
        evaluated: Sequence[Block] = (),
    ) -> tuple[Array, list[Sums]]:
        """Train the networks on the samples of ``block`` for ``len(rows)`` steps, the first of them ``step``.

        Returns whether the parameters of each network are finite, (P,), and the losses and tallies on the blocks
        ``evaluated``, which must be `small`: a network is evaluated while the processor's cache has its weights.
        """
        count, factor = np.asarray(rows, np.int32), np.asarray(factors, float)
        uniforms = self._uniforms(network, rows, step)
        numbers = self._numbers(network, loss, optimizer)
        states = (ctypes.c_void_p * 2)(*(address(getattr(optimizer, name)) for name in optimizer.state))
        running = self._running(network)
        scratch = self.kernel.scratch(self.model, max(rows), len(count), True)
        finite = np.empty(network.population, np.int32)
        sums = [self._zeros(network) for _ in evaluated]
        parts, memory = (EvaluatedPart * len(evaluated))(), []
        for part, piece, (losses, tally) in zip(parts, evaluated, sums, strict=True):
            part.samples, part.N = self._samples(piece), len(piece.x)
            part.chunk, part.chunks = chunking(part.N)
            memory.append(self.kernel.scratch(self.model, part.chunk, part.chunks, False))
            part.scratch, part.loss, part.tally = address(memory[-1]), address(losses), address(tally)
        self.kernel.train(
            *(self.model, network.population, len(count), address(count), max(rows), self._samples(block)),
            *(address(uniforms), address(factor), optimizer.t, address(numbers), address(network.params)),
            *(states, address(running), address(scratch), address(finite), len(parts), parts),
        )
        optimizer.t += len(count)
        if running is not None:
            self._set_running(network, running)
        return finite != 0, [self._sums(*each) for each in sums]

    def small(self, block: Block) -> bool:
        """Return whether `train` can evaluate on this block: its samples are few, and as the kernel reads them."""
        return not block.encodings and not isinstance(block.x, SparseRows) and block.x.nbytes <= INPUT_BYTES

    def _zeros(self, network: Network) -> Sums:
        P, regression = network.population, _is_regression(self.model)
        return np.zeros(P), np.zeros((P, self.structure.sizes[-1] if regression else 1))

    def _sums(self, loss: Array, tally: Array) -> Sums:
        return loss, tally if _is_regression(self.model) else tally[:, 0]

    def block(self, part: Part, keep: bool = False) -> Block:
        """Return the samples of a part for `evaluate`; encoded now, to be kept, unless they are too many."""
        block, encodings = Block.of(part, self.kernel.dtype, self.structure.sizes[-1]), self.structure.encodings
        if not encodings:
            return block
        if keep and is_kept(block.x, encodings, self.kernel.dtype):
            return replace(block, x=encode(encodings, block.x))
        return replace(block, encodings=encodings)

    def evaluate(
        self, network: Network, block: Block, collect: Callable[[Array], Array] | None = None
    ) -> tuple[Array, Array, Array | None]:
        """Return the losses and the tally of every network, and ``collect`` of its scores (1, N, C), if it is given.

        The losses (P,) are weighted sums. The tally has the weight of the right samples, (P,), or in regression the
        squared errors of each output, (P, C).
        """
        P, outputs = network.population, self.structure.sizes[-1]
        loss, tally = self._zeros(network)
        collected = []
        for piece in block.pieces():
            n, samples = len(piece.x), self._samples(piece)
            if collect is None:
                self._evaluate(network, slice(0, P), samples, n, loss, tally, None)
                continue
            scores, each = np.empty((1, n, outputs), self.kernel.dtype), []
            for row in range(P):
                self._evaluate(network, slice(row, row + 1), samples, n, loss, tally, scores)
                each.append(collect(scores))
            collected.append(np.concatenate(each))
        return *self._sums(loss, tally), np.concatenate(collected, axis=1) if collect else None

    def scores(self, network: Network, x: Array) -> Array:
        """Return the scores (P, N, C) of x (N, D)."""
        x = encode(self.structure.encodings, np.ascontiguousarray(x, self.kernel.dtype))
        scores = np.empty((network.population, len(x), self.structure.sizes[-1]), self.kernel.dtype)
        rows = slice(0, network.population)
        self._evaluate(network, rows, SampleArrays(address(x), None, None, None), len(x), None, None, scores)
        return scores

    def _evaluate(
        self,
        network: Network,
        rows: slice,
        samples: SampleArrays,
        n: int,
        loss: Array | None,
        tally: Array | None,
        scores: Array | None,
    ) -> None:
        params, running = network.params[rows], self._running(network)
        statistics = None if running is None else running[rows]
        chunk, chunks = chunking(n)
        at_once = min(chunks, max(1, INPUT_BYTES // (chunk * self.structure.sizes[0] * self.kernel.dtype.itemsize)))
        scratch = self.kernel.scratch(self.model, chunk, at_once, False)
        self.kernel.evaluate(
            *(self.model, len(params), n, chunk, at_once, samples, address(params), address(statistics)),
            address(scratch),
            *(None if loss is None else address(loss[rows]), None if tally is None else address(tally[rows])),
            address(scores),
        )

    @property
    def bytes_per_sample(self) -> int:
        """The memory of a training sample and of its uniform numbers."""
        drawn = sum(self.structure.units) if self.structure.dropout else 0
        return int(self.kernel.dtype.itemsize * (self.structure.sizes[0] + drawn))

    def _samples(self, block: Block) -> SampleArrays:
        return SampleArrays(address(block.x), address(block.t), address(block.weights), address(self.class_weights))

    def _uniforms(self, network: Network, rows: Sequence[int], step: int) -> Array | None:
        """Return the uniform numbers of the steps, for each step those of each dropout layer."""
        layers: list[Any] = [network.layers[i] for i in self.structure.dropouts]
        if not layers:
            return None
        seeds = [entropy(*layer.key(step + k)) for k in range(len(rows)) for layer in layers]
        return self.kernel.uniforms(np.array(seeds), np.outer(rows, self.structure.units).ravel())

    def _numbers(self, network: Network, loss: Loss, optimizer: Optimizer) -> Array:
        """Return the hyperparameters, a row for each network."""
        columns = {name: getattr(optimizer, name) for name in optimizer.hyperparameters}
        if isinstance(loss, SoftmaxCrossEntropy):
            columns["label_smoothing"] = loss.label_smoothing.ravel()
        for i in self.structure.dropouts[:1]:
            columns["dropout"] = network.layers[i].rate[:, 0, 0]  # type: ignore[attr-defined]
        numbers = np.zeros((network.population, len(NUMBER_FIELDS)))
        for name, values in columns.items():
            numbers[:, NUMBER_FIELDS.index(name)] = values
        return numbers

    def _statistics(self, network: Network) -> list[tuple[Any, str]]:
        """Return the layers with running statistics, with each one's name."""
        layers = [network.layers[i] for i in self.structure.norms]
        return [(layer, name) for layer in layers for name in ("running_mean", "running_var")]

    def _running(self, network: Network) -> Array | None:
        """Return the running statistics, (P, mean and variance of each layer)."""
        arrays = [getattr(layer, name)[:, 0] for layer, name in self._statistics(network)]
        return np.concatenate(arrays, axis=1).astype(self.kernel.dtype, copy=False) if arrays else None

    def _set_running(self, network: Network, running: Array) -> None:
        start = 0
        for layer, name in self._statistics(network):
            setattr(layer, name, running[:, None, start : start + layer.features].copy())
            start += layer.features


def chunking(n: int) -> tuple[int, int]:
    """Return how many of n samples to evaluate at once, a multiple of `PAD`, and in how many chunks.

    >>> chunking(400), chunking(7)
    ((208, 2), (16, 1))
    """
    chunks = max(1, -(-n // CHUNK_ROWS))
    chunk = max(1, -(-n // (chunks * PAD))) * PAD  # The last one is not much smaller.
    return chunk, max(1, -(-n // chunk))


def judge(kernel: Kernel, loss: Loss, scores: Array, block: Block) -> tuple[float, Array]:
    """Return the weighted loss and the tally of scores (N, C), as `Compiled.evaluate` does for one network.

    Raises:
        UnsupportedError: the kernel does not have this loss.
    """
    outputs = scores.shape[-1]
    model = Description(layers=1)
    model.sizes[:2] = [0, outputs]
    describe_loss(model, loss)
    total, tally = np.zeros(1), np.zeros(outputs if _is_regression(model) else 1)
    weights = weights_of_classes(loss, kernel.dtype)
    samples = SampleArrays(None, address(block.t), address(block.weights), address(weights))
    columns = np.zeros((outputs, -(-len(scores) // PAD) * PAD), kernel.dtype)
    columns[:, : len(scores)] = scores.T
    n, wide = len(scores), columns.shape[1]
    kernel.judge(model, samples, 0, n, wide, address(columns), address(total), address(tally))
    return float(total[0]), tally


def _is_regression(model: Description) -> bool:
    return bool(model.loss > 1)
