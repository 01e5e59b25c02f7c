"""What computes the steps and the scores of a trainer: the compiled kernel, or NumPy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data import Part
from zerokara.errors import InputError, unknown
from zerokara.native.calls import Block, kernel
from zerokara.native.compiled import Compiled, Sums
from zerokara.native.library import choose_variant, why_numpy
from zerokara.native.structure import UnsupportedError
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network
from zerokara.optim.optimizer import Optimizer
from zerokara.train.loader import BatchLoader
from zerokara.train.metrics import Collect, Measured, Totals, measure_by_numpy

EngineName = Literal["auto", "native", "numpy"]
BYTES = 4 << 20
"""The samples and uniform numbers of one call of the kernel: few enough for the processor's last cache."""


@dataclass(frozen=True)
class Steps:
    """Training steps that follow each other: the samples and the schedule's factor of each, and the first's number."""

    samples: Sequence[Index]
    factors: Sequence[float]
    first: int


@dataclass(frozen=True)
class Trained:
    """The networks after an epoch.

    Attributes:
        finite: whether all parameters of each network are, (P,).
        measured: what `Engine.measure` returns for each evaluation.
    """

    finite: Array
    measured: list[Measured]


Evaluation = tuple[Part, Collect | None]
"""A part to evaluate networks on, and what to collect of their scores."""


class Engine(Protocol):
    """Trains and evaluates the networks of one trainer."""

    name: str

    def cut(self, steps: Steps) -> Iterator[Steps]:
        """Yield the steps of an epoch in pieces; between two of them, training can be stopped."""

    def train(self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps) -> None:
        """Train the networks for these steps."""

    def end_epoch(
        self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps, evaluations: Sequence[Evaluation]
    ) -> Trained:
        """Train the networks for the last steps of an epoch, and evaluate them."""

    def measure(self, network: Network, part: Part, collect: Collect | None = None) -> Measured:
        """Return the losses and scores on a part, as `zerokara.train.metrics.measure` does."""


class NumpyEngine:
    """The layers, losses and optimizers of zerokara.nn and zerokara.optim, which define what is computed."""

    name = "numpy"

    def __init__(self, loader: BatchLoader, train: Part, task: str, threads: int, loss: Loss) -> None:
        self.loader, self.part, self.task, self.threads, self.evaluation_loss = loader, train, task, threads, loss

    def cut(self, steps: Steps) -> Iterator[Steps]:
        for i, samples in enumerate(steps.samples):
            yield Steps([samples], [steps.factors[i]], steps.first + i)

    def train(self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps) -> None:
        for step, (samples, factor) in enumerate(zip(steps.samples, steps.factors, strict=True), steps.first):
            weights = None if self.part.weights is None else self.part.weights[samples]
            encoded = {"encoded": True} if self.loader.encodes else {}
            scores = network.forward(self.loader.batch(samples, step), step, **encoded)
            network.backward(loss.backward(scores, self.part.t[samples], weights))
            optimizer.step(network, factor)

    def end_epoch(
        self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps, evaluations: Sequence[Evaluation]
    ) -> Trained:
        self.train(network, loss, optimizer, steps)
        finite = np.asarray(np.isfinite(network.params).all(axis=1))
        return Trained(finite, [self.measure(network, part, collect) for part, collect in evaluations])

    def measure(self, network: Network, part: Part, collect: Collect | None = None) -> Measured:
        return measure_by_numpy(network, part, self.task, self.threads, self.evaluation_loss, collect)


class NativeEngine:
    """The compiled kernel: see `zerokara.native`."""

    name = "native"

    def __init__(self, compiled: Compiled, loader: BatchLoader, train: Part, task: str) -> None:
        self.compiled, self.loader, self.task = compiled, loader, task
        self.parts: dict[int, tuple[Part, Block, Totals]] = {}
        self.training = self._known(train)[1]

    def cut(self, steps: Steps) -> Iterator[Steps]:
        size = max(1, BYTES // (max(map(len, steps.samples)) * self.compiled.bytes_per_sample))
        for start in range(0, len(steps.samples), size):
            piece = slice(start, start + size)
            yield Steps(steps.samples[piece], steps.factors[piece], steps.first + start)

    def train(self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps) -> None:
        self._train(network, loss, optimizer, steps, [])

    def end_epoch(
        self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps, evaluations: Sequence[Evaluation]
    ) -> Trained:
        blocks = [self._known(part)[1] for part, _ in evaluations]
        # The others are evaluated after all networks are trained.
        at_once = [i for i, (_, collect) in enumerate(evaluations) if not collect and self.compiled.small(blocks[i])]
        finite, sums = self._train(network, loss, optimizer, steps, [blocks[i] for i in at_once])
        sums_of = dict(zip(at_once, sums, strict=True))
        measured: list[Measured] = [
            (*self._known(part)[2].scores(*sums_of[i]), None) if i in sums_of else self.measure(network, part, collect)
            for i, (part, collect) in enumerate(evaluations)
        ]
        return Trained(finite, measured)

    def _train(
        self, network: Network, loss: Loss, optimizer: Optimizer, steps: Steps, evaluated: Sequence[Block]
    ) -> tuple[Array, list[Sums]]:
        x = self.loader.block(steps.samples, steps.first)
        rows = list(map(len, steps.samples))
        block = self.training.take(x, steps.samples)
        return self.compiled.train(network, loss, optimizer, block, rows, steps.factors, steps.first, evaluated)

    def measure(self, network: Network, part: Part, collect: Collect | None = None) -> Measured:
        _, block, totals = self._known(part)
        total, tally, collected = self.compiled.evaluate(network, block, collect)
        return *totals.scores(total, tally), collected

    def _known(self, part: Part) -> tuple[Part, Block, Totals]:
        """Return a part with its samples as the kernel reads them, and with its totals; both are made once."""
        if id(part) not in self.parts:
            self.parts[id(part)] = part, self.compiled.block(part, keep=True), Totals.of(part, self.task)
        return self.parts[id(part)]


def choose(
    name: str,
    network: Network,
    optimizer: Optimizer,
    loader: BatchLoader,
    train: Part,
    task: str,
    threads: int,
    loss: Loss,
) -> Engine:
    """Return the engine of a trainer: "auto" takes the kernel where it can train these networks.

    Raises:
        InputError: "native" was asked for, and the kernel cannot train them.
    """
    check_engine("engine", name)
    variant, reason = choose_variant(name), why_numpy(name)
    if variant:
        try:
            return NativeEngine(Compiled(kernel(variant), network, loss, optimizer), loader, train, task)
        except UnsupportedError as error:
            reason = str(error)
    if name == "native":
        raise InputError(
            f"engine 'native' must be able to train these networks, but {reason}: use engine='auto', which takes "
            "NumPy for them"
        )
    return NumpyEngine(loader, train, task, threads, loss)


def resolve(name: str, dtype: str) -> str:
    """Return the engine of networks that `zerokara.nn.mlp` builds: "native" or "numpy"."""
    return "numpy" if why_numpy(name) or dtype != "float32" else "native"


def describe_engine(name: str, dtype: str, numpy_for: Sequence[str] = ()) -> str:
    """Return the engine of these networks, with the kernel's variant, or with why it is NumPy.

    ``numpy_for`` are hyperparameters whose networks NumPy trains beside the kernel.

    >>> describe_engine("numpy", "float32")
    'numpy: the engine numpy was asked for'
    """
    reason = why_numpy(name) or (None if dtype == "float32" else f"the precision is {dtype}")
    others = f"; numpy for {', '.join(numpy_for)}" if numpy_for else ""
    return f"numpy: {reason}" if reason else f"native, {choose_variant(name)}{others}"


def check_engine(name: str, value: object) -> None:
    """Raise InputError unless this is the name of an engine."""
    if value not in get_args(EngineName):
        raise unknown(name, str(value), get_args(EngineName))
