"""A trial: what was proposed, and what came of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from zerokara.arrays import Array

State = Literal["complete", "pruned", "diverged", "interrupted"]


@dataclass(frozen=True)
class Proposal:
    """A trial before it is trained: its number in the study and a value for every hyperparameter."""

    number: int
    params: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A trial that was trained.

    ``epochs`` counts the epochs it was trained for, ``epoch`` is the one that it is judged by: the last, or with
    keep_best the best. ``value`` is what trials are ranked by, lower being better, infinity for one that
    diverged or never finished an epoch. A score is accuracy, or R2 in regression. ``curves`` holds
    train_loss, train_score, val_loss, val_score and lr by epoch.

    With several seeds or folds, ``rows`` has a trial for each of its networks, and what the trial itself has
    are their means.
    """

    number: int
    params: dict[str, Any]
    state: State
    value: float
    epochs: int
    epoch: int
    curves: dict[str, Array] = field(repr=False)
    rows: "tuple[Trial, ...]" = field(default=(), repr=False)

    @property
    def rank_key(self) -> tuple[float, float, int]:
        """The place among the trials: by value, ties to the lower loss, and then to the lower number.

        On few validation samples many trials have the same accuracy.
        """
        loss = self.val_loss
        return self.value, math.inf if math.isnan(loss) else loss, self.number

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that it took."""
        return sum(row.epochs for row in self.rows) if self.rows else self.epochs

    def at(self, curve: str) -> float:
        """Return a curve's value at the epoch that counts; NaN where there is none."""
        if self.rows:
            return float(np.mean([row.at(curve) for row in self.rows]))
        return float(self.curves[curve][self.epoch - 1]) if self.epoch else np.nan

    def standard_error(self, curve: str) -> float:
        """Return the standard error of the mean over its networks, s / sqrt(n); NaN for a single network."""
        if len(self.rows) < 2:
            return math.nan
        return float(np.std([row.at(curve) for row in self.rows], ddof=1) / math.sqrt(len(self.rows)))

    @property
    def val_loss(self) -> float:
        """The validation loss, without decay penalty and label smoothing."""
        return self.at("val_loss")

    @property
    def val_score(self) -> float:
        """The validation accuracy, or R2."""
        return self.at("val_score")

    @property
    def train_score(self) -> float:
        """The training accuracy, or R2."""
        return self.at("train_score")

    @property
    def record(self) -> dict[str, Any]:
        """What came of it in plain numbers and texts, which any JSON keeps to the bit."""
        found: dict[str, Any] = {"state": self.state, "value": _text(self.value)}
        if self.rows:
            return found | {"rows": [row.record for row in self.rows]}
        curves = {name: [_text(value) for value in curve.tolist()] for name, curve in self.curves.items()}
        return found | {"epochs": self.epochs, "epoch": self.epoch, "curves": curves}

    @classmethod
    def of_record(cls, proposal: Proposal, record: Mapping[str, Any]) -> "Trial":
        """Return the trial that a record was made of."""
        if "rows" in record:
            return merged([cls.of_record(proposal, row) for row in record["rows"]], record["state"])
        curves = {name: np.array([_number(value) for value in curve]) for name, curve in record["curves"].items()}
        value, state = _number(record["value"]), record["state"]
        return cls(proposal.number, proposal.params, state, value, record["epochs"], record["epoch"], curves)


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials from the best down: by value, ties to the lower loss, diverged ones last."""
    return sorted(trials, key=lambda trial: trial.rank_key)


def merged(rows: Sequence[Trial], state: State | None = None) -> Trial:
    """Return the trial whose networks these are, in order of seeds and then folds: their mean, or the only one.

    It is diverged if one of them is, and complete if all are.
    """
    states = {row.state for row in rows}
    if state is None:
        state = "diverged" if "diverged" in states else rows[0].state if len(states) == 1 else "interrupted"
    first = rows[0]
    if len(rows) == 1:
        return Trial(first.number, first.params, state, first.value, first.epochs, first.epoch, first.curves)
    value = math.inf if state == "diverged" else float(np.mean([row.value for row in rows]))
    # Means while all networks train; those that stopped early end the curve.
    length = min(row.epochs for row in rows)
    curves = {name: np.mean([row.curves[name][:length] for row in rows], axis=0) for name in first.curves}
    epochs, epoch = max(row.epochs for row in rows), round(float(np.mean([row.epoch for row in rows])))
    return Trial(first.number, first.params, state, value, epochs, epoch, curves, tuple(rows))


def _text(value: float) -> float | str | None:
    value = float(value)  # NumPy's own numbers are not for JSON.
    return None if math.isnan(value) else value if math.isfinite(value) else str(value)


def _number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
