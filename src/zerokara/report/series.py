"""Plain plot data: everything that a figure shows, before anything is drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.nn import Affine, Network
from zerokara.pictures import is_image
from zerokara.space.distributions import Choice, Single
from zerokara.space.hyperparameters import show
from zerokara.study.study import Study
from zerokara.train.metrics import METRICS

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


def curves(study: Study, count: int = 20) -> Curves:
    """Return the scores of the best ``count`` trials of a study by epoch."""
    best = tuple(
        Curve(
            rank,
            trial.number,
            _score(trial),
            trial.curves["train_score"],
            trial.curves["val_score"],
            {name: trial.params[name] for name in study.space.searched if name in trial.params},
            trial.epoch,
            trial.state,
        )
        for rank, trial in enumerate(study.ranking(count), start=1)
    )
    metric = METRICS[study.plan.data.task]
    rank = "loss" if study.plan.rank == "loss" else SCORE[metric]
    title = f"{study.plan.data.name}: the best {len(best)} of {len(study.trials)} trials by validation {rank}"
    return Curves(best, metric, study.plan.keep_best, title)


def scatter(study: Study) -> Scatter:
    """Return the score of every trial that trained, over each hyperparameter that was searched."""
    trials = [trial for trial in study.trials if trial.epochs]
    values = [study.space.values(trial.params) for trial in trials]
    panels = tuple(panel(name, found, [v.get(name) for v in values]) for name, found in study.space.parts.items())
    scores = np.array([_score(trial) for trial in trials], float)
    best = None if not study.finalists else trials.index(study.best.trial)
    metric = METRICS[study.plan.data.task]
    title = f"{study.plan.data.name}: validation {SCORE[metric]} of {len(trials)} trials"
    return Scatter(panels, scores, best, metric, title)


def narrowing(study: Study) -> Narrowing:
    """Return the ranges of every round of a study, and its trials in their rounds."""
    over = scatter(study)
    at = {number: r for r, found in enumerate(study.rounds) for number in found.trials}
    rounds = np.array([at[trial.number] for trial in study.trials if trial.epochs], int)
    ranges = tuple(
        tuple(
            tuple(map(float, panel(name, found, [found.decode(end) for end in r.ends(found.key(name))]).x))
            for r in study.rounds
        )
        for name, found in study.space.parts.items()
    )
    title = f"{study.plan.data.name}: {len(study.rounds)} rounds around the best"
    return Narrowing(over.panels, ranges, rounds, over.scores, over.best, over.metric, title)


def _score(trial: Trial) -> float:
    """Return the score that counts; the finite one that a diverged network may still have is none."""
    return math.nan if trial.state == "diverged" else trial.val_score


def panel(name: str, found: Single, values: Sequence[Any]) -> Panel:
    """Return the values of one hyperparameter, None where there is none, on a log axis where its range is one.

    >>> panel("hidden", Choice(((50,), (50, 50))), [(50, 50), (50,)])
    Panel(name='hidden', x=array([1., 0.]), log=False, options=('50', '50,50'), steps=())
    """
    if isinstance(found, Choice):
        options = tuple(show(option) for option in found.options)
        places = [math.nan if value is None else options.index(show(value)) for value in values]
        return Panel(name, np.array(places, float), False, options)
    # None becomes NaN.
    return Panel(name, np.array(values, float), found.on_log, steps=found.steps())


def learning(study: Study) -> Learning:
    """Return the curves of a study's winner."""
    trial, data = study.best.trial, study.plan.data
    epoch = trial.epoch if study.plan.keep_best else None
    curves = {name: trial.curves[name] for name in ("train_loss", "val_loss", "train_score", "val_score")}
    return Learning(**curves, metric=METRICS[data.task], epoch=epoch, title=f"{data.name}: trial {trial.number}")


def weights(
    network: Network, sample_shape: Sequence[int], count: int = 100, row: int = 0, basis: Array | None = None
) -> Weights:
    """Return the first layer's weights as images, of the ``count`` units whose weights are largest, largest first.

    All are divided by one number, so that strong and weak units can be told apart. With the ``basis`` (D, K) of a
    whitening, whose components have weights, they are turned back to pixels: basis W.

    Raises:
        InputError: the samples are no images, or the first layer has none to show.
    """
    first = network.layers[0]
    if not is_image(sample_shape) or not isinstance(first, Affine):
        raise InputError(f"weights are shown for images, samples (H, W) or (H, W, 3), got {tuple(sample_shape)}")
    W = first.W[row].astype(float) if basis is None else basis.astype(float) @ first.W[row]
    strength = np.linalg.norm(W, axis=0)
    chosen = np.argsort(-strength, kind="stable")[:count]
    # The largest of a thousand weights would leave all others pale.
    top = np.quantile(np.abs(W[:, chosen]), 0.995) or 1.0
    shape = tuple(sample_shape if sample_shape[2:] == (3,) else sample_shape[:2])
    images = np.clip(W[:, chosen].T.reshape(-1, *shape) / top, -1, 1)
    return Weights(images, f"First layer: {len(chosen)} of {W.shape[1]} units, largest weights first")
