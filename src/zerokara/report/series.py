"""Plain plot data: everything that a figure shows, before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn import Affine, Network
from zerokara.pictures import is_image
from zerokara.report.run import show
from zerokara.search.distributions import Choice, Distribution, Integer, Log
from zerokara.search.study import Study
from zerokara.train import History
from zerokara.train.metrics import METRICS


@dataclass(frozen=True, eq=False)
class Curve:
    """One trial's scores by epoch, (E,), NaN where there is none; ``epoch``, counted from 1, is the one it is judged by."""

    rank: int
    number: int
    score: float
    train: Array
    validation: Array
    params: dict[str, Any]
    epoch: int


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
    """The scores of all trials over one hyperparameter.

    ``x`` (T,) holds its values, or for a choice the place of each option among ``options``; ``log`` asks for a log axis.
    """

    name: str
    x: Array
    log: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scatter:
    """Scores (T,) against each searched hyperparameter, NaN for a trial without one; ``best`` is the winner's place."""

    panels: tuple[Panel, ...]
    scores: Array
    best: int | None = None
    metric: str = "accuracy"
    title: str = ""


@dataclass(frozen=True, eq=False)
class Learning:
    """One run by epoch: losses and scores (E,), NaN where there are none; ``epoch`` is the one kept, if one was chosen."""

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
    title: str = field(default="")


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
            trial.val_score,
            trial.curves["train_score"],
            trial.curves["val_score"],
            {name: trial.params[name] for name in study.space.searched},
            trial.epoch,
        )
        for rank, trial in enumerate(study.ranking(count), start=1)
    )
    title = f"{study.plan.data.name}: the best {len(best)} of {len(study.trials)} trials"
    return Curves(best, METRICS[study.plan.data.task], study.plan.keep_best, title)


def scatter(study: Study) -> Scatter:
    """Return the score of every trial of a study against each hyperparameter that was searched."""
    scores = np.array([trial.val_score for trial in study.trials])
    panels = [
        panel(name, found, [trial.params[name] for trial in study.trials])
        for name, found in study.space.searched.items()
    ]
    best = None if study.network is None else study.best.number
    title = f"{study.plan.data.name}: {len(study.trials)} trials"
    return Scatter(tuple(panels), scores, best, METRICS[study.plan.data.task], title)


def panel(name: str, found: Distribution, values: Sequence[Any]) -> Panel:
    """Return the values of one hyperparameter, on a log axis where its range is one.

    >>> panel("hidden", Choice(((50,), (50, 50))), [(50, 50), (50,)])
    Panel(name='hidden', x=array([1., 0.]), log=False, options=('50', '50,50'))
    """
    if isinstance(found, Choice):
        options = tuple(show(option) for option in found.options)
        return Panel(name, np.array([options.index(show(value)) for value in values], float), False, options)
    x = np.array(values, float)
    on_log = isinstance(found, Log) or (isinstance(found, Integer) and found.log)
    return Panel(name, x, on_log)


def learning(history: History, row: int = 0, *, metric: str = "accuracy", epoch: int | None = None) -> Learning:
    """Return the curves of one network of a history."""
    named = {name: history[name][row] for name in ("train_loss", "val_loss", "train_score", "val_score")}
    return Learning(**named, metric=metric, epoch=epoch)


def weights(network: Network, sample_shape: Sequence[int], count: int = 100, row: int = 0) -> Weights:
    """Return the first layer's weights as images, of the ``count`` units whose weights are largest, largest first.

    All are divided by one number, so that strong and weak units can be told apart.

    Raises:
        InputError: the samples are no images, or the first layer has none to show.
    """
    first = network.layers[0]
    if not is_image(sample_shape) or not isinstance(first, Affine):
        raise InputError(f"weights are shown as images for samples of the shape (H, W), got {tuple(sample_shape)}")
    W = first.W[row].astype(float)
    strength = np.linalg.norm(W, axis=0)
    chosen = np.argsort(-strength, kind="stable")[:count]
    # The largest of a thousand weights would leave all others pale.
    top = np.quantile(np.abs(W[:, chosen]), 0.995) or 1.0
    shape = sample_shape[:2] if sample_shape[2:] != (3,) else sample_shape
    images = np.clip(W[:, chosen].T.reshape(-1, *shape) / top, -1, 1)
    shown = f"{len(chosen)} of {W.shape[1]} units, strongest first" if len(chosen) < W.shape[1] else f"{len(chosen)} units"
    return Weights(images, f"First layer: {shown}")
