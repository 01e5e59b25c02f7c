"""Plain plot data: everything that a figure shows, before anything is drawn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array

SCORE = {"accuracy": "accuracy", "r2": "R²"}
"""What readers call a score."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One trial's scores by epoch, (E,), NaN where there is none.

    ``epoch``, counted from 1, is the one that it is judged by, and ``score`` the validation score there; what is
    not finite is drawn as its ``state``.
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
    """The curves of the best trials, best first. ``mark`` says that the epoch each is judged by is worth a mark."""

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
        """Whether a score lies below 0, as R2 may, and so below the axis."""
        return any(bool((points(y)[1] < 0).any()) for c in self.curves for y in (c.train, c.validation))


@dataclass(frozen=True, eq=False)
class Panel:
    """One hyperparameter of all trials.

    ``x`` (T,) holds its values, or for a choice each one's place among ``options``, and NaN for a trial that has none;
    ``log`` asks for a log axis, ``steps`` are all values of a range that has few.
    """

    name: str
    x: Array
    log: bool = False
    options: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Scatter:
    """Scores (T,) over each searched hyperparameter, NaN where a trial diverged; ``best`` is the winner's place."""

    panels: tuple[Panel, ...]
    scores: Array
    best: int | None = None
    metric: str = "accuracy"
    title: str = ""


@dataclass(frozen=True, eq=False)
class Narrowing:
    """The rounds of a search that narrows: for each panel the range of every round, and every trial in its round.

    ``ranges[panel][round]`` holds the two ends of a range, or of a choice the places of the options left. ``rounds``
    and ``scores`` (T,) belong to the trials of the panels, a round counted from 0; the score is NaN where a trial
    diverged. ``best`` is the winner's place.
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
    """One run: losses and scores by epoch (E,), NaN where there are none; ``epoch`` is the one kept, if any."""

    train_loss: Array
    val_loss: Array
    train_score: Array
    val_score: Array
    metric: str = "accuracy"
    epoch: int | None = None
    title: str = ""


@dataclass(frozen=True, eq=False)
class Weights:
    """What each unit of the first layer looks for, as images in [-1, 1]: (U, H, W) or (U, H, W, 3)."""

    images: Array
    title: str = ""


def points(values: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the epochs, counted from 1, that have a finite value, and those values.

    >>> points([0.5, float("nan"), 0.7])
    (array([1, 3]), array([0.5, 0.7]))
    """
    y = np.asarray(values, float)
    seen = np.isfinite(y)
    return np.flatnonzero(seen) + 1, y[seen]
