"""The record of an epoch, and the curves of every network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array, Index, as_index
from zerokara.train.ranking import Metric

CURVES = ("train_loss", "train_score", "val_loss", "val_score", "lr")
"""The curves of every training; networks that are ranked by another metric have one more."""


@dataclass(frozen=True)
class Epoch:
    """One epoch of the networks that trained in it; every array has the shape (P,).

    ``rows`` are their row numbers at the start of training. A score is accuracy, or R2 in regression; a measure that
    was not evaluated is NaN. Networks are ranked by ``objective``, lower is better, never NaN. ``lr`` is the learning
    rate of the epoch's last step, ``seconds`` the duration of the epoch. ``more`` has the metric that the networks are
    ranked by, such as ``val_f1``, unless that is a loss or score.
    """

    number: int
    rows: Index
    train_loss: Array
    train_score: Array
    val_loss: Array
    val_score: Array
    lr: Array
    objective: Array
    diverged: Array
    seconds: float
    metric: str = "accuracy"
    more: Mapping[str, Array] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Array:
        """Return a score by its full name: ``train_accuracy``, ``val_accuracy``, ``val_r2``, ``val_f1``."""
        if name in self.__dict__.get("more", ()):
            return self.more[name]
        part, _, metric = name.partition("_")
        if part in ("train", "val") and metric == self.__dict__.get("metric"):
            return self.train_score if part == "train" else self.val_score
        raise AttributeError(f"an epoch has no {name!r}; its scores are train_{self.metric} and val_{self.metric}")


class History:
    """The curves of R networks over E epochs: ``history["val_loss"]`` is (R, E), NaN where a network did not train.

    ``epochs`` (R,) counts the epochs that each has trained; ``diverged`` (R,) is the epoch in which it diverged, or 0.
    """

    def __init__(self, networks: int, curves: Sequence[str] = CURVES) -> None:
        self.epochs: Array = np.zeros(networks, int)
        self.diverged: Array = np.zeros(networks, int)
        self.seconds: list[float] = []
        self._curves: dict[str, list[Array]] = {name: [] for name in curves}

    @property
    def curves(self) -> tuple[str, ...]:
        """The names of the curves."""
        return tuple(self._curves)

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        return f"History({len(self)} networks, {len(self.seconds)} epochs)"

    def __getitem__(self, curve: str) -> Array:
        columns = self._curves[curve]
        return np.stack(columns, axis=1) if columns else np.empty((len(self), 0))

    def record(self, epoch: Epoch) -> None:
        """Add an epoch."""
        for name, columns in self._curves.items():
            column = np.full(len(self), np.nan)
            column[epoch.rows] = getattr(epoch, name)
            columns.append(column)
        self.epochs[epoch.rows] = epoch.number
        self.diverged[epoch.rows[epoch.diverged]] = epoch.number
        self.seconds.append(epoch.seconds)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Replace the contents: epochs (R,), diverged (R,), seconds (E,) and curves (R, E)."""
        self.epochs[...], self.diverged[...] = arrays["epochs"], arrays["diverged"]
        self.seconds = [float(second) for second in arrays["seconds"]]
        self._curves = {name: [column.copy() for column in arrays[name].T] for name in self._curves}

    def take(self, index: npt.ArrayLike) -> Self:
        """Return the history of the networks ``index``."""
        rows = as_index(index, len(self))
        other = type(self)(len(rows), self.curves)
        other.epochs, other.diverged = self.epochs[rows], self.diverged[rows]
        other.seconds = list(self.seconds)
        other._curves = {name: [column[rows] for column in columns] for name, columns in self._curves.items()}
        return other

    def ranking(self, metric: Metric, keep_best: bool) -> tuple[Array, Array]:
        """Return the objective of each network (R,), lower is better, and the epoch that it belongs to (R,).

        That is the last epoch of a network, or with ``keep_best`` its best. A diverged network has an infinite
        objective, which ranks last.
        """
        values = metric.objective(self[metric.curve])
        if values.shape[1] == 0:
            return np.full(len(self), np.inf), self.epochs
        rows = np.arange(len(self))
        column = values.argmin(axis=1) if keep_best else np.maximum(self.epochs - 1, 0)
        value = np.where((self.epochs > 0) & (self.diverged == 0), values[rows, column], np.inf)
        return value, np.where(self.epochs > 0, column + 1, 0)


def concat_histories(histories: Sequence[History]) -> History:
    """Return the histories of several populations as one, in that order, as long as the longest."""
    joined = History(0, histories[0].curves)
    length = max(len(h.seconds) for h in histories)
    joined.epochs = np.concatenate([h.epochs for h in histories])
    joined.diverged = np.concatenate([h.diverged for h in histories])
    joined.seconds = [sum(h.seconds[e] for h in histories if e < len(h.seconds)) for e in range(length)]
    for name in joined.curves:
        padded = [np.pad(h[name], ((0, 0), (0, length - h[name].shape[1])), constant_values=np.nan) for h in histories]
        joined._curves[name] = list(np.concatenate(padded).T)
    return joined
