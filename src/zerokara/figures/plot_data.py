"""Plot data: plain numbers and texts, everything that a figure shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array

SCORE = {"accuracy": "accuracy", "r2": "R²"}
"""The name of a score in figures."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One trial's scores by epoch, (E,), NaN where not evaluated.

    ``epoch``, counted from 1, is the one that ranks the trial, and ``score`` the validation score there; the ``state``
    is shown in place of a score that is not finite.
    """

    rank: int
    number: int
    score: float
    train: Array
    validation: Array
    params: dict[str, Any]
    epoch: int
    state: str = "complete"


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of the best trials, best first. ``mark`` asks for a dot at the epoch that ranks each."""

    curves: tuple[Curve, ...]
    metric: str = "accuracy"
    mark: bool = False
    title: str = ""

    @property
    def epochs(self) -> int:
        """The length of the longest curve."""
        return max((max(len(c.train), len(c.validation)) for c in self.curves), default=0)

    @property
    def below(self) -> bool:
        """Whether a score is below 0, as R2 may be, and so below the axis."""
        return any(bool((points(y)[1] < 0).any()) for c in self.curves for y in (c.train, c.validation))


@dataclass(frozen=True, eq=False)
class Panel:
    """One hyperparameter of all trials.

    ``x`` (T,) holds its values, for a choice the indices in ``options``, and NaN for a trial without it; ``log`` asks
    for a log axis, ``steps`` are all values of a range that has few.
    """

    name: str
    x: Array
    log: bool = False
    options: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Scatter:
    """Scores (T,) for each searched hyperparameter, NaN where a trial diverged; ``best`` is the winner's index."""

    panels: tuple[Panel, ...]
    scores: Array
    best: int | None = None
    metric: str = "accuracy"
    title: str = ""


@dataclass(frozen=True, eq=False)
class Narrowing:
    """The rounds of a narrowing search: the ranges of every round, and the round and score of every trial.

    ``ranges[panel][round]`` holds the two ends of a range, or the indices of the remaining options of a choice.
    ``rounds`` (T,), counted from 0, and ``scores`` (T,), NaN where diverged, belong to the trials of the panels.
    ``best`` is the winner's index.
    """

    panels: tuple[Panel, ...]
    ranges: tuple[tuple[tuple[float, ...], ...], ...]
    rounds: Array
    scores: Array
    best: int | None = None
    metric: str = "accuracy"
    title: str = ""


@dataclass(frozen=True, eq=False)
class Learning:
    """One network: losses and scores by epoch (E,), NaN where not evaluated; ``epoch`` is the one kept, if any."""

    train_loss: Array
    val_loss: Array
    train_score: Array
    val_score: Array
    metric: str = "accuracy"
    epoch: int | None = None
    title: str = ""


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of each unit of the first layer, as images in [-1, 1]: (U, H, W) or (U, H, W, 3)."""

    images: Array
    title: str = ""


def points(values: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the epochs, counted from 1, with a finite value, and these values.

    >>> points([0.5, float("nan"), 0.7])
    (array([1, 3]), array([0.5, 0.7]))
    """
    y = np.asarray(values, float)
    finite = np.isfinite(y)
    return np.flatnonzero(finite) + 1, y[finite]
