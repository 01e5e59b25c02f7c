"""Plot data: plain numbers and texts, everything that a figure shows."""

import math
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

    ``epoch``, counted from 1, is the one that ranks the trial, 0 if its networks have several; ``score`` is what ranks
    it. The ``state`` is shown in place of a score that is not finite.
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
    """The curves of the best trials, best first. ``mark`` asks for a dot at the epoch that ranks each.

    ``fitted``: the axes fit the data, as after a race, where some trials have few epochs; else the score runs from 0
    to 1, and the epochs are those of the longest curve.
    """

    curves: tuple[Curve, ...]
    metric: str = "accuracy"
    mark: bool = False
    title: str = ""
    fitted: bool = False

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
    """Scores of T trials at L epochs for each searched hyperparameter, (L, T), NaN where a trial ended before.

    ``labels`` says what each row of scores is. ``best`` is the winner's index, ``best_score`` the score that it won by,
    and ``best_label`` says when; ``diverged`` (T,) marks trials that diverged.
    """

    panels: tuple[Panel, ...]
    scores: Array
    labels: tuple[str, ...]
    diverged: Array
    best: int | None = None
    best_score: float = math.nan
    best_label: str = "best"
    metric: str = "accuracy"
    title: str = ""


@dataclass(frozen=True, eq=False)
class Race:
    """The validation losses of all trials by epoch, (E,) each.

    ``best`` is the winner's index, ``epoch`` the one that it won at, and ``best_loss`` its loss there.
    ``rungs`` are the epochs after which trials were stopped; ``states`` say how each ended. ``color`` is the
    hyperparameter that mattered most, if any, and ``color_label`` says how much.
    """

    losses: tuple[Array, ...]
    states: tuple[str, ...]
    rungs: tuple[int, ...] = ()
    best: int | None = None
    epoch: int = 0
    best_loss: float = math.nan
    best_label: str = "best"
    color: Panel | None = None
    color_label: str = ""
    title: str = ""


@dataclass(frozen=True, eq=False)
class Narrowing:
    """The rounds of a narrowing search: the ranges of every round, and the round and score of every trial.

    ``ranges[panel][round]`` holds the two ends of a range, or the indices of the remaining options of a choice.
    ``rounds`` (T,), counted from 0, and ``scores`` (T,), NaN where diverged, belong to the trials of the panels.
    ``best`` is the winner's index, ``epoch`` the one at which all have their scores.
    """

    panels: tuple[Panel, ...]
    ranges: tuple[tuple[tuple[float, ...], ...], ...]
    rounds: Array
    scores: Array
    best: int | None = None
    metric: str = "accuracy"
    title: str = ""
    epoch: int = 0


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
class Importances:
    """How much each hyperparameter mattered, the largest first: names and their ``shares`` (H,), which sum to 1."""

    names: tuple[str, ...]
    shares: Array
    title: str = ""


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of each unit of the first layer, as images in [-1, 1]: (U, H, W) or (U, H, W, 3).

    ``blocks`` has a name and the images of the trained weights, and perhaps those at the start and the difference.
    """

    blocks: tuple[tuple[str, Array], ...]
    title: str = ""

    @property
    def images(self) -> Array:
        """The trained weights."""
        return self.blocks[0][1]


def points(values: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the epochs, counted from 1, with a finite value, and these values.

    >>> points([0.5, float("nan"), 0.7])
    (array([1, 3]), array([0.5, 0.7]))
    """
    y = np.asarray(values, float)
    finite = np.isfinite(y)
    return np.flatnonzero(finite) + 1, y[finite]
