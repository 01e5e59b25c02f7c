"""What networks are ranked by: a metric by its name, or the user's own function."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset, Part, Preprocess
from zerokara.errors import InputError, unknown
from zerokara.nn import softmax
from zerokara.nn.layers.activations import sigmoid
from zerokara.train.metrics import METRICS
from zerokara.train.scores import DECIDED, ERRORS, ORDERED, Scoring, of_table

Function = Callable[[Array, Array], float]
"""From targets and predictions to a number: class numbers (N,) and probabilities (N, C), labels (N, C) and
probabilities, or in regression targets and values (N, C) in the target's units."""
Rank = str | Function | tuple[Function, str]

OF_CLASSES, OF_NUMBERS = ("classification", "multilabel"), ("regression",)
RANKS = {
    "loss": (*OF_CLASSES, *OF_NUMBERS),
    "accuracy": (*OF_CLASSES, *OF_NUMBERS),
    **dict.fromkeys((*DECIDED, *ORDERED), OF_CLASSES),
    "r2": OF_NUMBERS,
    **dict.fromkeys(ERRORS, OF_NUMBERS),
}
"""The metrics that networks can be ranked by, with their tasks."""
Direction = Literal["minimize", "maximize"]
DIRECTIONS: dict[bool, Direction] = {False: "minimize", True: "maximize"}


@dataclass(frozen=True)
class Metric:
    """A validation metric, and whether more of it is better.

    Args:
        name: its name in a config; of a function, ``module.name``.
        task: "classification", "multilabel" or "regression".
        maximize: higher is better.
        curve: the curve of a `zerokara.train.History` with its values.
        scoring: computes it from `predictions`; None for the loss and the score, which are always evaluated.
        decided: it depends on decisions alone, not on probabilities.
    """

    name: str
    task: str
    maximize: bool
    curve: str
    scoring: Scoring | None = None
    decided: bool = False

    @property
    def label(self) -> str:
        """The name of its values in tables and files, such as ``val_f1``."""
        return f"val_{METRICS[self.task]}" if self.curve == "val_score" else self.curve

    @property
    def title(self) -> str:
        """Its name in sentences, such as "average precision"."""
        return self.label.removeprefix("val_").replace("_", " ")

    @property
    def direction(self) -> Direction:
        """The direction in which it becomes better."""
        return DIRECTIONS[self.maximize]

    @property
    def more(self) -> tuple[str, ...]:
        """Its curve, if it is evaluated besides the loss and the score."""
        return (self.curve,) if self.scoring else ()

    @property
    def shown(self) -> "Metric":
        """The metric to show for a network: this one, or the score of the task if this is the loss."""
        return ranking("accuracy", self.task) if self.name == "loss" else self

    def objective(self, values: Array) -> Array:
        """Return the objective to minimize: the values, or minus the values; infinity where they are not finite."""
        return np.where(np.isfinite(values), -values if self.maximize else values, np.inf)

    def predictions(self, scores: Array, preprocess: Preprocess) -> Array:
        """Return what the metric is computed from: decisions, probabilities, or values in the target's units."""
        if self.task == "regression":
            return preprocess.restore_target(scores.astype(float))
        if not self.decided:
            return (softmax if self.task == "classification" else sigmoid)(scores.astype(float))
        decisions: Array = scores.argmax(axis=-1) if self.task == "classification" else scores > 0
        return decisions

    def of_probabilities(self, p: Array, preprocess: Preprocess) -> Array:
        """Return the same from probabilities (P, N, C); in regression from values in the units of training."""
        if self.task == "regression":
            return preprocess.restore_target(p.astype(float))
        if not self.decided:
            return p
        decisions: Array = p.argmax(axis=-1) if self.task == "classification" else p > 0.5
        return decisions

    def defined_on(self, data: Dataset) -> bool:
        """Return whether the validation samples have the classes that the metric needs."""
        part = data.validation
        if part is None or not self.scoring or self.task == "regression":
            return True
        alike = self.predictions(np.zeros((1, len(part), data.n_outputs)), data.preprocess)
        return bool(np.isfinite(self.evaluate(alike, part, data.preprocess)).all())

    def evaluate(self, predictions: Array, part: Part, preprocess: Preprocess) -> Array:
        """Return the metric of each network, (P,), from the `predictions` for all samples of a part."""
        assert self.scoring is not None
        t = preprocess.restore_target(part.t.astype(float)) if self.task == "regression" else part.t
        w = np.ones(len(part.x)) if part.weights is None else part.weights.astype(float)
        with np.errstate(all="ignore"):
            return self.scoring(predictions, t, w)


@dataclass(frozen=True)
class OwnScoring:
    """The user's function, called for one network after another."""

    function: Function

    def __call__(self, predictions: Array, t: Array, w: Array) -> Array:
        return np.array([self._value(row, t) for row in predictions], float)

    def _value(self, row: Array, t: Array) -> float:
        if not np.isfinite(row).all():
            return math.nan
        value: Any = self.function(t, row)
        if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "biuf":
            raise InputError(
                f"the function of rank must return one number, got {value!r} from {name_of(self.function)}: return a "
                "float"
            )
        return float(value)


def ranking(rank: Rank, task: str, classes: int = 0) -> Metric:
    """Return the metric of a ``rank``: a name of `RANKS`, a function, or a function with a direction.

    Args:
        rank: a function takes targets and predictions, see `Function`; higher is better unless it is given as
            ``(function, "minimize")``.
        task: the task of the data.
        classes: the number of classes or outputs, if known.

    >>> ranking("f1", "classification").label, ranking("rmse", "regression").direction
    ('val_f1', 'minimize')
    """
    if not isinstance(rank, str):
        function, maximize = _function(rank)
        return Metric(name_of(function), task, maximize, _curve(name_of(function)), OwnScoring(function))
    check_rank("rank", rank)
    if task not in RANKS[rank]:
        names = [name for name, tasks in RANKS.items() if task in tasks]
        raise InputError(f"rank must be a metric of the task {task}, got {rank!r}: use one of {', '.join(names)}")
    if rank == "f1" and task == "classification" and classes > 2:
        raise InputError(f"rank 'f1' needs two classes, got {classes}: use f1_macro, the mean over all classes")
    if rank == "loss":
        return Metric(rank, task, False, "val_loss")
    if rank in ("accuracy", "r2"):
        return Metric(METRICS[task], task, True, "val_score")
    metric = Metric(rank, task, rank not in ERRORS, f"val_{rank}")
    if rank in DECIDED:
        return replace(metric, scoring=partial(of_table, DECIDED[rank], classes=classes), decided=True)
    return replace(metric, scoring=ORDERED[rank] if rank in ORDERED else ERRORS[rank])


def saved_ranking(text: str, task: str, classes: int = 0) -> Metric:
    """Return the metric of `rank_text`; that of a function has its name and direction, but cannot be computed.

    >>> saved_ranking("f1", "classification").label, saved_ranking("math.dist:minimize", "regression").label
    ('val_f1', 'val_dist')
    """
    name, _, direction = text.rpartition(":")
    if not name:
        return ranking(text, task, classes)
    return Metric(name, task, direction == "maximize", _curve(name), _not_saved)


def _not_saved(predictions: Array, t: Array, w: Array) -> Array:
    raise InputError("a run folder does not contain the function of rank: compute the metric from the predictions")


def check_rank(name: str, rank: Any) -> None:
    """Raise InputError unless this is a name of `RANKS`, a function, or a function with a direction."""
    if isinstance(rank, str):
        if rank not in RANKS:
            raise unknown(name, rank, RANKS)
    else:
        _function(rank)


def rank_text(rank: Rank) -> str:
    """Return a rank as text for a config: the name of a metric, or of a function with ``:minimize`` or ``:maximize``.

    >>> rank_text("f1"), rank_text((math.dist, "minimize"))
    ('f1', 'math.dist:minimize')
    """
    if isinstance(rank, str):
        return rank
    function, maximize = _function(rank)
    return f"{name_of(function)}:{DIRECTIONS[maximize]}"


def name_of(function: Any) -> str:
    """Return the qualified name of a function; of another callable, that of its class."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _curve(qualified: str) -> str:
    name = qualified.rpartition(".")[2].strip("<>")
    return f"val_rank_{name}" if name in ("loss", "score", *METRICS.values()) else f"val_{name}"


def _function(rank: Any) -> tuple[Function, bool]:
    function, direction = rank if isinstance(rank, tuple) and len(rank) == 2 else (rank, "maximize")
    if not callable(function) or direction not in DIRECTIONS.values():
        raise InputError(
            f"rank must be one of {', '.join(RANKS)}, a function of targets and predictions, or (function, "
            f"'minimize'), got {rank!r}: choose one"
        )
    return function, direction == "maximize"
