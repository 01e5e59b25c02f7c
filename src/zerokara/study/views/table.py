"""The trials of a study as columns of a table: of one row a trial, or of one row an epoch."""

import importlib
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from zerokara.engine.trial import Trial
from zerokara.errors import InputError, install, unknown
from zerokara.space.hyperparameters import to_text
from zerokara.study.results import Results
from zerokara.train.metrics import METRICS

Columns = dict[str, list[Any]]
FrameKind = Literal["pandas", "polars", "dict"]
FRAMES: tuple[FrameKind, ...] = ("pandas", "polars", "dict")


def study_columns(study: Results, fixed: bool = False) -> Columns:
    """Return the trials as columns: number, state, epochs, epoch, scores, and the searched hyperparameters.

    Scores are those at ``epoch``, the one that ranks a trial; with several seeds or folds their standard errors follow.
    A hyperparameter that a trial does not use is None there; structure, such as hidden layers, is a text, "100,50".

    Args:
        fixed: also the hyperparameters that were not searched.
    """
    trials, metric, more = study.trials, METRICS[study.plan.task], study.plan.metric.more
    columns: Columns = {name: [getattr(t, name) for t in trials] for name in ("number", "state", "epochs", "epoch")}
    curves = {"val_loss": "val_loss", f"val_{metric}": "val_score", "train_loss": "train_loss"}
    curves |= {f"train_{metric}": "train_score", **{name: name for name in more}}
    columns |= {name: [trial.at(curve) for trial in trials] for name, curve in curves.items()}
    if study.plan.rows > 1:
        judged = {name: curve for name, curve in curves.items() if name.startswith("val_")}
        columns |= {f"{n}_standard_error": [t.standard_error(curve) for t in trials] for n, curve in judged.items()}
    names = [*study.space.searched, *(study.space.fixed if fixed else ())]
    return columns | {name: [_plain_value(trial.params.get(name)) for trial in trials] for name in names}


def curve_columns(study: Results, trials: Iterable[Trial] | None = None) -> Columns:
    """Return the curves as columns, one row for each epoch of each trial: trial, epoch, losses, scores, lr."""
    rows = [trial for trial in (study.trials if trials is None else trials) if trial.epochs]
    columns: Columns = {
        "trial": [trial.number for trial in rows for _ in trial.curves["val_loss"]],
        "epoch": [epoch + 1 for trial in rows for epoch in range(len(trial.curves["val_loss"]))],
    }
    names = rows[0].score_curves | {"lr": "lr"} if rows else {}
    lists = {name: [trial.curves[curve].tolist() for trial in rows] for name, curve in names.items()}
    return columns | {name: [value for curve in values for value in curve] for name, values in lists.items()}


def as_frame(columns: Columns, kind: FrameKind | None = None) -> Any:
    """Return columns as a frame of pandas or, where that is not installed, of Polars; else as a dict of columns.

    Raises:
        InputError: an unknown kind, or one that is not installed.
    """
    if kind is not None and kind not in FRAMES:
        raise unknown("kind of frame", str(kind), FRAMES)
    for name in FRAMES[:2] if kind is None else (kind,):
        if name == "dict":
            break
        try:
            return importlib.import_module(name).DataFrame(columns)
        except ImportError as error:
            if kind is not None:
                raise InputError(f"a frame of {kind} needs the package {kind}: {install(kind)}") from error
    return columns


def ready_for_json(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: numbers that are not finite are None."""

    def value(cell: Any) -> Any:
        return None if isinstance(cell, float) and not math.isfinite(cell) else cell

    return [dict(zip(columns, map(value, row), strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain_value(value: Any) -> Any:
    return to_text(value) if isinstance(value, tuple) else value.item() if isinstance(value, np.generic) else value
