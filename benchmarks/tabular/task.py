"""What a contestant of tables is given and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Task:
    """One training part: a pandas frame with its target, whether the target is classes, and the seed of the split."""

    frame: Any
    target: str
    classes: bool
    seed: int = 0

    @cached_property
    def x(self) -> Any:
        """The inputs."""
        return self.frame.drop(columns=self.target)

    @cached_property
    def y(self) -> npt.NDArray[Any]:
        """The targets: the classes as text, or float64 numbers."""
        return targets(self.frame, self.target, self.classes)

    @property
    def texts(self) -> list[str]:
        """The names of the inputs that hold text."""
        return [name for name in self.x.columns if not numeric(self.x[name])]

    @property
    def numbers(self) -> list[str]:
        return [name for name in self.x.columns if numeric(self.x[name])]


Predict = Callable[[Any], npt.NDArray[Any]]
"""The predictions for a frame of inputs: classes as text, or numbers."""


@dataclass(frozen=True)
class Answer:
    """What a contestant would predict if it were stopped after so many of its CPU seconds."""

    seconds: float
    predict: Predict


def numeric(column: Any) -> bool:
    return column.dtype.kind in "biuf"


def filled(x: Any, names: list[str]) -> Any:
    """Return a frame whose gaps in columns of text are a text, for libraries that take none there."""
    x = x.copy()
    for name in names:
        x[name] = x[name].astype(object).where(x[name].notna(), "missing")
    return x


def targets(frame: Any, target: str, classes: bool) -> npt.NDArray[Any]:
    column = frame[target]
    return column.astype(str).to_numpy(dtype=object) if classes else column.to_numpy(dtype=float)


def score(y: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: bool) -> float:
    """Return the accuracy, or R2."""
    if len(predicted) != len(y):
        raise ValueError(f"{len(y)} predictions are needed, got {len(predicted)}")
    if classes:
        return float(np.mean(np.asarray(predicted).astype(str) == y.astype(str)))
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))
