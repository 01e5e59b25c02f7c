"""What the page shows of a search: its trials and curves, what mattered, and its commands, as plain data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.trial import Trial
from zerokara.report.blobs import blob
from zerokara.report.commands import commands_of
from zerokara.report.suggestions import suggestions
from zerokara.space.distributions import Choice, Integer
from zerokara.space.hyperparameters import show
from zerokara.space.structures import Powers
from zerokara.study.study import Study
from zerokara.study.views import series
from zerokara.train.metrics import METRICS

MOST_STOPS = 12
"""The most epochs at which the page compares trials."""


@dataclass(frozen=True)
class Live:
    """A search that is shown while it trains.

    Args:
        training: the numbers of the trials that train.
        changed: the trials whose rows are sent to a page that has the others; None sends all.
        since: by number, how many epochs of a trial's curves the page has.
    """

    training: Collection[int] = ()
    changed: Sequence[Trial] | None = None
    since: Mapping[int, int] = field(default_factory=dict)


def search_data(
    study: Study, config: Mapping[str, Any], summary: Mapping[str, Any], folder: Path, live: Live | None = None
) -> dict[str, Any]:
    """Return the key ``search`` of the page's data.

    Arrays have a row for each trial, in the order of their numbers; curves are one after the other, see ``lengths``.
    ``summary`` is the content of ``summary.json``, empty before the run has ended. With ``live`` some rows may be
    left out; ``numbers`` has all.
    """
    plan, trials = study.plan, study.trials
    shown = trials if live is None or live.changed is None else live.changed
    commands = commands_of(config, folder)
    score, best = METRICS[plan.task], study.winner
    row = {trial.number: k for k, trial in enumerate(trials)}
    return {
        "name": plan.name,
        "task": plan.task,
        "data": plan.parts_text,
        "rank": _metric(plan.metric.label, plan.metric.curve, plan.metric.maximize),
        "score": _metric(f"val_{score}", "val_score", True),
        "epochs": plan.epochs,
        "rows": plan.rows,
        "epochs_trained": study.epochs_trained,
        "epochs_of_all": plan.epochs * plan.rows * len(trials),
        "seconds": study.seconds,
        "interrupted": study.interrupted,
        **({"live": True, "numbers": blob(np.array(list(row), int))} if live else {}),
        "trials": _trials(shown, plan.rows > 1, live.training if live else ()),
        "order": blob(np.array([row[trial.number] for trial in study.ranking()], int)),
        "curves": _curves(shown, live.since if live else {}),
        "panels": _panels(study, shown),
        "fixed": {name: show(value) for name, value in study.space.fixed.items()},
        "rungs": series.rungs_of(study),
        "stops": _stops(study),
        "stop": max(1, study.comparison().epoch),
        "winner": None if best is None else row[best.number],
        "compared": study.last_comparison if best else None,
        "at_ends": study.at_ends if best else {},
        "narrowing": _narrowing(study) if study.rounds else None,
        "summary": dict(summary),
        "commands": commands,
        "next": [] if live else suggestions(study, summary, commands, grid=config.get("sampler") == "grid"),
    }


def _metric(label: str, curve: str, maximize: bool) -> dict[str, Any]:
    return {"label": label, "curve": curve, "maximize": maximize}


def _trials(trials: Sequence[Trial], several: bool, training: Collection[int]) -> dict[str, Any]:
    """Return how each trial ended, and its values at the epoch that ranks it."""
    curves = _curve_names(trials)
    content: dict[str, Any] = {
        "number": blob(np.array([trial.number for trial in trials], int)),
        "state": ["training" if trial.number in training else trial.state for trial in trials],
        "epochs": blob(np.array([trial.epochs for trial in trials], int)),
        "epoch": blob(np.array([trial.epoch for trial in trials], int)),
        "at": {name: blob(np.array([_at(trial, name) for trial in trials], float)) for name in curves},
    }
    if several:
        names = [name for name in curves if name.startswith("val_")]
        errors = {name: np.array([trial.standard_error(name) for trial in trials], float) for name in names}
        content["errors"] = {name: blob(values) for name, values in errors.items()}
    return content


def _at(trial: Trial, curve: str) -> float:
    return trial.at(curve) if curve in trial.curves or trial.rows else np.nan


def _curve_names(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.curves))


def _curves(trials: Sequence[Trial], since: Mapping[int, int]) -> dict[str, Any]:
    """Return the curves by name, all trials one after the other, and the epochs of each trial.

    ``since`` has the epochs that are left out at the beginning.
    """
    first = np.array([since.get(trial.number, 0) for trial in trials], int)

    def joined(name: str) -> Array:
        parts = (np.asarray(trial.curves[name][k:], float) for trial, k in zip(trials, first, strict=True))
        return np.concatenate([np.empty(0), *parts])

    lengths = np.array([len(trial.curves["val_loss"]) for trial in trials], int)
    content = {"lengths": blob(lengths), "values": {name: blob(joined(name)) for name in _curve_names(trials)}}
    return content | {"since": blob(first)} if since else content


def _panels(study: Study, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return the searched hyperparameters: their values, and the ranges that they were searched in."""
    content = []
    for panel in series.panels(study, trials):
        part = study.space.parts[panel.name]
        ends = (None, None) if isinstance(part, Choice) else (float(part.low), float(part.high))
        content.append(
            {
                "name": panel.name,
                "x": blob(panel.x),
                "log": panel.log,
                "options": list(panel.options),
                "whole": isinstance(part, Integer | Powers),
                "steps": list(map(float, panel.steps)),
                "low": ends[0],
                "high": ends[1],
                "text": part.text(),
            }
        )
    return content


def _stops(study: Study) -> list[dict[str, Any]]:
    """Return the epochs at which trials are compared, and what mattered at each."""
    lengths = [len(trial.curves["val_loss"]) for trial in study.trials]
    epochs = sorted({1, *series.rungs_of(study), study.comparison().epoch, max(lengths, default=1)} - {0})
    if len(epochs) > MOST_STOPS:
        epochs = [epochs[round(k * (len(epochs) - 1) / (MOST_STOPS - 1))] for k in range(MOST_STOPS)]
    return [
        {
            "epoch": epoch,
            "reached": sum(length >= epoch for length in lengths),
            "compared": len(study.comparison(epoch).trials),
            "importances": study.importances(epoch),
        }
        for epoch in epochs
    ]


def _narrowing(study: Study) -> dict[str, Any]:
    """Return the rounds of a narrowing search; their trials are those that trained, see ``trials``."""
    data = series.narrowing(study)
    return {
        "trials": blob(np.array([k for k, trial in enumerate(study.trials) if trial.epochs], int)),
        "rounds": blob(data.rounds),
        "scores": blob(data.scores),
        "epoch": data.epoch,
        "ranges": [[list(ends) for ends in ranges] for ranges in data.ranges],
    }
