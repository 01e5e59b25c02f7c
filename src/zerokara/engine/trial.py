"""A trial: proposed hyperparameters, and the results of training."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from zerokara.arrays import Array

State = Literal["complete", "pruned", "diverged", "interrupted"]
PLACES: tuple[State, ...] = ("complete", "interrupted", "pruned")
"""The states of trials with a value, in the order of their ranking."""
SCORES = ("val_", "train_")
"""How the names of scores begin."""


@dataclass(frozen=True)
class Proposal:
    """A trial before it is trained: its number in the study and a value for every hyperparameter."""

    number: int
    params: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A trial that was trained.

    ``epochs`` is the number of epochs it was trained for, ``epoch`` the one that it is judged at: the best, or without
    keep_best the last. ``value`` is the objective, lower is better: the metric that ranks the trials, or minus it if
    more is better; it is infinity for a trial that diverged or finished no epoch. A score is accuracy, or R2 in
    regression. ``curves`` has train_loss, train_score, val_loss, val_score, lr and the metric (val_f1, ...) by epoch.

    Scores at that epoch are attributes by their names, such as ``val_accuracy``, ``val_loss`` or ``train_r2``; `dir`
    lists them.

    ``seconds`` is its share of the time in trainers, if this process trained it. ``score_name`` is "accuracy" or "r2".

    With several seeds or folds, ``rows`` has a trial for each network, judged at its own ``epoch``, and the trial has
    their means: its ``epoch`` too, which is rounded. The curves end with the first network that stopped.
    """

    number: int
    params: dict[str, Any]
    state: State
    value: float
    epochs: int
    epoch: int
    curves: dict[str, Array] = field(repr=False)
    rows: "tuple[Trial, ...]" = field(default=(), repr=False)
    seconds: float = field(default=math.nan, repr=False, compare=False)
    score_name: str = field(default="score", repr=False, compare=False)

    def __getattr__(self, name: str) -> float:
        """Return a score at the epoch that the trial is ranked by, such as ``val_accuracy``, ``val_f1``."""
        # Curves are looked up for these names alone: a trial that is being copied has none yet.
        if name.startswith(SCORES) and name in self.score_curves:
            return self.at(self.score_curves[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.score_curves})

    @property
    def score_curves(self) -> dict[str, str]:
        """The name of each score, such as ``val_accuracy``, with that of its curve, ``val_score``."""
        names = {f"{part}score": f"{part}{self.score_name}" for part in SCORES}
        return {names.get(curve, curve): curve for curve in self.curves if curve.startswith(SCORES)}

    @property
    def value_key(self) -> tuple[float, float, int]:
        """The sort key of trials that trained equally long: by value, ties to the lower loss, then number.

        With few validation samples many trials have the same accuracy.
        """
        loss = self.val_loss
        return self.value, math.inf if math.isnan(loss) else loss, self.number

    @property
    def rank_key(self) -> tuple[int, int, tuple[float, float, int]]:
        """The sort key of any trials: by how far they got, then by `value_key`.

        A trial that was compared to the end is above one that the race dropped, whatever its value was, and one that
        was dropped later above one that was dropped earlier.
        """
        if not math.isfinite(self.value):
            return len(PLACES), 0, self.value_key
        return PLACES.index(self.state), -self.epochs if self.state == "pruned" else 0, self.value_key

    @property
    def epochs_trained(self) -> int:
        """The network-epochs of its training."""
        return sum(row.epochs for row in self.rows) if self.rows else self.epochs

    @property
    def same_epoch(self) -> bool:
        """Whether all its networks are judged at one epoch."""
        return len({row.epoch for row in self.rows}) < 2

    @property
    def epoch_text(self) -> str:
        """The epoch that it is judged at: "epoch 30"; or those of its networks, "epochs 4 to 52"."""
        own = sorted(row.epoch for row in self.rows)
        return f"epoch {self.epoch}" if self.same_epoch else f"epochs {own[0]} to {own[-1]}"

    def at(self, curve: str) -> float:
        """Return a curve's value where the trial is judged, of several networks the mean; NaN if there is none."""
        if self.rows:
            return float(np.mean([row.at(curve) for row in self.rows]))
        return float(self.curves[curve][self.epoch - 1]) if self.epoch else np.nan

    def standard_error(self, curve: str) -> float:
        """Return the standard error of the mean over its networks, s / sqrt(n); NaN for a single network."""
        if len(self.rows) < 2:
            return math.nan
        with np.errstate(invalid="ignore"):  # Of a network that diverged.
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
        """The results as JSON values, which keep every bit."""
        results: dict[str, Any] = {"state": self.state, "value": _to_json(self.value)}
        if self.rows:
            return results | {"rows": [row.record for row in self.rows]}
        curves = {name: [_to_json(value) for value in curve.tolist()] for name, curve in self.curves.items()}
        return results | {"epochs": self.epochs, "epoch": self.epoch, "curves": curves}

    @classmethod
    def of_record(cls, proposal: Proposal, record: Mapping[str, Any], score_name: str = "score") -> "Trial":
        """Return the trial with a `record`.

        Raises:
            ValueError, TypeError, LookupError, AttributeError: it is no record.
        """
        if "rows" in record:
            return merged([cls.of_record(proposal, row, score_name) for row in record["rows"]], record["state"])
        curves = {name: np.array([_from_json(value) for value in curve]) for name, curve in record["curves"].items()}
        value, state, epochs, epoch = _from_json(record["value"]), record["state"], record["epochs"], record["epoch"]
        lengths = {len(curve) for curve in curves.values()}
        if state not in get_args(State) or not 0 <= epoch <= epochs or type(epochs) is not int or lengths - {epochs}:
            raise ValueError(f"a record with the state {state!r}, epoch {epoch!r} of {epochs!r}")
        return cls(proposal.number, proposal.params, state, value, epochs, epoch, curves, score_name=score_name)


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials, best first: by how far they got, then by value, diverged ones last."""
    return sorted(trials, key=lambda trial: trial.rank_key)


def merged(rows: Sequence[Trial], state: State | None = None) -> Trial:
    """Return the trial of these networks, in the order of seeds and then folds: their mean, or the only one.

    It is diverged if one of them is, and complete if all are.
    """
    states = {row.state for row in rows}
    if state is None:
        state = "diverged" if "diverged" in states else rows[0].state if len(states) == 1 else "interrupted"
    first = rows[0]
    if len(rows) == 1:
        return replace(first, state=state)
    value = math.inf if state == "diverged" else float(np.mean([row.value for row in rows]))
    # Mean curves end with the first network that stopped early.
    length = min(row.epochs for row in rows)
    curves = {name: np.mean([row.curves[name][:length] for row in rows], axis=0) for name in first.curves}
    epochs, epoch = max(row.epochs for row in rows), round(float(np.mean([row.epoch for row in rows])))
    return replace(first, state=state, value=value, epochs=epochs, epoch=epoch, curves=curves, rows=tuple(rows))


def _to_json(value: float) -> float | str | None:
    value = float(value)  # JSON has no NumPy numbers.
    return None if math.isnan(value) else value if math.isfinite(value) else str(value)


def _from_json(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
