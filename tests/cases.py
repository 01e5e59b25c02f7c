"""The tables that every law runs over. A new layer, loss, optimizer or schedule adds a row, here or in src."""

import os
from dataclasses import dataclass

import numpy as np
from hypothesis import settings

from zerokara.arrays import Array
from zerokara.nn import ACTIVATIONS as ACTIVATION_LAYERS
from zerokara.nn.cases import CASES
from zerokara.optim import OPTIMIZERS as OPTIMIZER_TYPES
from zerokara.optim import Optimizer
from zerokara.rng import stream

__all__ = [
    "ACTIVATIONS",
    "CASES",
    "DTYPES",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "law",
    "numbers",
    "optimizer",
]

DTYPES = ("float32", "float64")
ACTIVATIONS = tuple(ACTIVATION_LAYERS)
OPTIMIZERS = tuple(OPTIMIZER_TYPES)
SCHEDULES = ("constant", "exponential:0.5", "step:1:0.3", "cosine", "cosine:2")


@dataclass(frozen=True)
class LossCase:
    """A loss as a task trains it: with or without sample weights and label smoothing."""

    task: str
    weighted: bool = False
    smoothing: bool = False

    def __str__(self) -> str:
        extras = [name for name in ("weighted", "smoothing") if getattr(self, name)]
        return ", ".join([self.task, *extras])


LOSSES = (
    LossCase("classification"),
    LossCase("classification", weighted=True),
    LossCase("classification", smoothing=True),
    LossCase("classification", weighted=True, smoothing=True),
    LossCase("multilabel"),
    LossCase("multilabel", weighted=True),
    LossCase("regression"),
    LossCase("regression", weighted=True),
)

RANGES = {
    "lr": (1e-3, 0.3),
    "weight_decay": (0.0, 0.05),
    "momentum": (0.0, 0.95),
    "beta1": (0.0, 0.95),
    "beta2": (0.9, 0.999),
    "decay_rate": (0.5, 0.99),
    "dropout": (0.0, 0.7),
    "init_scale": (0.3, 2.0),
    "label_smoothing": (0.0, 0.4),
    "clip_norm": (0.0, 2.0),
}
"""Where the numbers of the networks lie; where 0 is allowed, every third network has it."""


def numbers(name: str, population: int, seed: int = 0) -> Array:
    """Return one number for each network; network k has the same one whatever the population."""
    low, high = RANGES[name]
    drawn = low + (high - low) * stream(seed, name).random(population)
    if low == 0:
        drawn[(np.arange(population) + len(name) + seed) % 3 == 0] = 0.0
    return drawn


def optimizer(name: str, population: int, seed: int = 0, **given: Array) -> Optimizer:
    """Return an optimizer with other numbers for every network."""
    kind = OPTIMIZER_TYPES[name]
    return kind(**{n: numbers(n, population, seed) for n in kind.hyperparameters} | given)


SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"


def law(examples: int) -> settings:
    """Return how a law is tried: the same examples at every run, or fifty times as many others to soak it."""
    return settings(max_examples=examples * 50 if SOAK else examples, derandomize=not SOAK, deadline=None)
