"""What to do next with a search: a few suggestions, each with its reason and, where there is one, its command."""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.space.distributions import Integer, Log, Single, Uniform
from zerokara.space.space import Space
from zerokara.space.structures import Powers
from zerokara.study.study import Study
from zerokara.train.metrics import METRICS

MOST = 4
"""The most suggestions."""
MANY_DIVERGED = 0.2
"""The share of diverged trials that is worth a remark."""
OVERFITTED = 0.03
"""How far the training score may be above the validation score before more data are suggested."""


def suggestions(
    study: Study, summary: Mapping[str, Any], commands: Mapping[str, str], grid: bool = False
) -> list[dict[str, Any]]:
    """Return suggestions as ``{"key": ..., "command": ..., **values}``; the page has a sentence for each key.

    Args:
        study: the study of a run.
        summary: the run's summary, empty before its end.
        commands: those of `commands_of`.
        grid: the search is one of a grid, which has no more trials.
    """
    found = []
    for each, name, options in _suggestions(study, summary, grid):
        command = " ".join([commands[name], *options]) if name in commands else None
        found.append({**each, "command": command})
    return found[:MOST]


def _suggestions(
    study: Study, summary: Mapping[str, Any], grid: bool
) -> Iterator[tuple[dict[str, Any], str, Sequence[str]]]:
    """Yield each suggestion, the name of its command, empty if it has none, and what is added to that."""
    trials, best = study.trials, study.winner
    if study.interrupted:
        yield {"key": "resume"}, "resume", ()
    diverged = sum(trial.state == "diverged" for trial in trials)
    if diverged > MANY_DIVERGED * len(trials):
        yield {"key": "diverged", "count": diverged, "all": len(trials)}, "", ()
    if best is None:
        return
    for name, end in study.at_ends.items():
        part = study.space.parts[name]
        wider = _wider(name, part, end)
        options = ("--search", shlex.quote(f"{name}={wider}"))
        yield {"key": f"widen_{end}", "name": name, "range": part.text()}, "run" if wider else "", options
    if best.epoch == study.plan.epochs and not _has_settled(study, best):
        yield {"key": "epochs", "epochs": best.epoch}, "run", ("--epochs", str(2 * study.plan.epochs))
    error = standard_error_of(study, summary)
    gap = best.train_score - best.val_score
    if METRICS[study.plan.task] == "accuracy" and gap > max(OVERFITTED, 2 * error):
        yield {"key": "data", "train": best.train_score, "validation": best.val_score}, "", ()
    close = _close(study, best, error)
    if close and study.plan.rows == 1:
        yield {"key": "noise", "count": close, "error": error}, "run", ("--folds", "5")
    if len(trials) > 1 and not study.interrupted and not grid:
        yield {"key": "trials", "all": len(trials)}, "resume", ("--trials", str(2 * len(trials)))


def standard_error_of(study: Study, summary: Mapping[str, Any]) -> float:
    """Return the standard error of the winner's score: over its networks, or over the validation samples; or NaN."""
    best = study.winner
    if best is not None and len(best.rows) > 1:
        return best.standard_error("val_score")
    value = (summary.get("validation") or {}).get("standard_error")
    return float(value) if isinstance(value, int | float) else math.nan


def _has_settled(study: Study, best: Trial) -> bool:
    """Return whether the winner did not improve in the last of its epochs."""
    losses = best.curves["val_loss"]
    return len(losses) < 2 or not losses[-1] < losses[-2]


def _close(study: Study, best: Trial, error: float) -> int:
    """Return how many trials that were compared to the end are within one standard error of the winner's score."""
    epoch, _ = study.last_comparison
    reached = [trial for trial in study.trials if trial.epochs >= epoch and trial.state != "diverged"]
    others = [trial for trial in reached if trial is not best]
    return sum(best.val_score - trial.val_score < error for trial in others)


def _wider(name: str, part: Single, end: str) -> str | None:
    """Return a range that is wider at an end, as text; None if a wider one is not valid."""
    low, high = part.low, part.high
    try:
        if isinstance(part, Log):
            wider: Single = Log(low / 10, high) if end == "lower" else Log(low, high * 10)
        elif isinstance(part, Uniform) and part.step is None:
            width = high - low
            wider = Uniform(max(0.0, low - width / 2), high) if end == "lower" else Uniform(low, high + width / 2)
        elif isinstance(part, Powers):
            wider = Powers(max(1, part.low // 2), part.high) if end == "lower" else Powers(part.low, 2 * part.high)
        elif isinstance(part, Integer) and part.step == 1:
            ends = (max(1, low // 2), high) if end == "lower" else (low, 2 * high)
            wider = Integer(*ends, log=part.log)
        else:
            return None
        Space({name: wider})
    except InputError:
        return None
    return wider.text()
