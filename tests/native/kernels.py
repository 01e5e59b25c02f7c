"""Kernels compiled for tests: in double precision, from a changed source; and an epoch in them and in NumPy."""

import ctypes
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Part
from zerokara.native.calls import Kernel
from zerokara.native.compile import SOURCE, compile_kernel
from zerokara.native.compiled import Compiled
from zerokara.native.library import VARIANTS
from zerokara.nn import Network, mlp
from zerokara.nn.cases import CASES, POPULATION, Case
from zerokara.optim import Optimizer
from zerokara.optim.schedules import parse
from zerokara.rng import stream

STEPS = 3
"""Steps of the epoch that the cases train."""
COMPILED = [case for case in CASES if case.compiled]
Found = dict[str, Array]

_folder = TemporaryDirectory(prefix="zerokara-kernels-")


@lru_cache
def built(
    source: str | None = None, real: str = "float", optimize: str = "-O1", compiler: str | None = None
) -> tuple[Kernel, ...]:
    """Return the variants that run here of the kernel, or of this text in place of kernel.c and its parts."""
    folder = Path(_folder.name, f"{len(list(Path(_folder.name).iterdir()))}")
    folder.mkdir()
    path = SOURCE if source is None else folder / "kernel.c"
    if source is not None:
        path.write_text(source)
    how = {"real": real, "flags": [optimize], "source": path, "compiler": compiler and [compiler]}
    library = ctypes.CDLL(str(compile_kernel(folder / "kernel.so", **how)))
    names = [name for name, (bit, _) in VARIANTS.items() if library.features() & bit]
    return tuple(Kernel.of(library, name, np.float64 if real == "double" else np.float32) for name in names)


class Sized(Case):
    """Networks of other sizes; vectors hold samples, so that the kernel treats these numbers of them differently."""

    def __init__(self, samples: int, inputs: int, hidden: tuple[int, ...], outputs: int, **options: Any) -> None:
        def network(dtype: str) -> Network:
            return mlp(inputs, hidden, outputs, population=POPULATION, dtype=dtype, **options)

        x = stream(1, "case").standard_normal((1, samples, inputs))
        super().__init__(f"{samples} samples, {inputs}-{hidden}-{outputs}", network, weighted=True, x=x)
        object.__setattr__(self, "outputs", outputs)

    @property
    def t(self) -> Array:
        return stream(2, "case").integers(0, self.outputs, self.x.shape[1])  # type: ignore[attr-defined]

    @property
    def weights(self) -> Array:
        return stream(3, "case").random(self.x.shape[1]) + 0.1


NORM: dict[str, Any] = {"batch_norm": True, "dropout": [0.0, 0.2, 0.5]}
SIZED = [
    Sized(1, 1, (1,), 2),
    Sized(15, 16, (17,), 2, **NORM),
    Sized(16, 17, (16, 15), 16),
    Sized(17, 33, (31, 16), 3, activation="gelu", **NORM),
    Sized(112, 3, (128,), 10),
    Sized(113, 40, (112, 130), 17, **NORM),
    Sized(128, 128, (127,), 128, activation="tanh"),
    Sized(257, 20, (256,), 10, activation="leaky_relu", dropout=0.1),
]
"""One number, one vector and its neighbors, and rows whose padding is longer: see `padded` in kernel/elementary.h."""


def epoch(case: Case, rule: Optimizer, schedule: str, kernel: Kernel | None, dtype: str, steps: int = STEPS) -> Found:
    """Return all that some steps on the samples of a case leave of the networks, in a kernel or (None) in NumPy."""
    network, loss, x = case.network(dtype), case.loss(), case.x[0].astype(dtype)
    rule, factors = rule.start(network), [parse(schedule).factor(i / STEPS, 2) for i in range(steps)]
    t = case.t if case.t.dtype.kind == "i" else case.t.astype(dtype)
    weights = None if case.weights is None else case.weights.astype(dtype)
    if kernel is None:
        for step, factor in enumerate(factors):
            network.backward(loss.backward(network.forward(x[None], step), t, weights))
            rule.step(network, factor)
        scores = network.forward(x[None])
        value = loss.without_smoothing().forward(scores, t, weights)
    else:
        part = Part(
            *(np.concatenate([a] * steps) for a in (x, t)), None if weights is None else np.tile(weights, steps)
        )
        compiled = Compiled(kernel, network, loss, rule)
        compiled.train(network, loss, rule, compiled.block(part, keep=True), [len(x)] * steps, factors, 0)
        scores = compiled.scores(network, x)
        value = compiled.evaluate(network, compiled.block(Part(x, t, weights)))[0] / len(x)
    found = {**network.arrays(), "scores": scores, "loss": value}
    return found | {name: getattr(rule, name) for name in rule.state}


def furthest(got: Found, wanted: Found) -> float:
    """Return the largest difference between two findings.

    With batch norm it is divided by 100: a bias before it has rounding as its gradient, which adaptive rules enlarge.
    """
    assert got.keys() == wanted.keys()
    worst = max(float(np.abs(got[name].astype(float) - wanted[name]).max()) for name in got)
    return worst / 100 if any("running" in name for name in got) else worst
