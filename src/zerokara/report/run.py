"""The files of a run folder at the end of a study: trials, winner, pictures, summary."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerokara import figures
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Trial
from zerokara.errors import InputError, ZerokaraError, warn
from zerokara.pictures import is_image
from zerokara.report.uncertainty import standard_error
from zerokara.report.verdict import verdict
from zerokara.space.hyperparameters import show, to_text
from zerokara.space.space import Space
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study
from zerokara.study.views import series
from zerokara.train.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = 20
"""The number of best trials that are listed and drawn."""


def trials_csv(study: Study) -> str:
    """Return the trials as CSV, one row each, in the order of their numbers; numbers are written without rounding."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(trial_columns(study.plan, study.space))
    writer.writerows(trial_row(trial, study.plan, study.space) for trial in study.trials)
    return text.getvalue()


def trial_columns(plan: Plan, space: Space) -> list[str]:
    """Return the names of the columns of a `trial_row`."""
    metric, more = METRICS[plan.task], plan.metric.more
    columns = ["number", "state", "epochs", "val_loss", f"val_{metric}", f"train_{metric}", *more]
    named = [f"{name.replace('score', metric)}_standard_error" for name in _averaged(plan)]
    return [*columns, *named, *space.searched]


def trial_row(trial: Trial, plan: Plan, space: Space) -> list[str]:
    """Return how a trial ended, its scores, and its searched hyperparameters, as the cells of a table."""
    scores = [trial.val_loss, trial.val_score, trial.train_score, *map(trial.at, plan.metric.more)]
    scores += map(trial.standard_error, _averaged(plan))
    numbers = [repr(score) if math.isfinite(score) else "" for score in scores]
    params = [to_text(trial.params[name]) if name in trial.params else "" for name in space.searched]
    return [str(trial.number), trial.state, str(trial.epochs), *numbers, *params]


def _averaged(plan: Plan) -> list[str]:
    """Return the curves whose standard errors are written."""
    return ["val_loss", "val_score", *plan.metric.more] if plan.rows > 1 else []


def summary(study: Study, wall_seconds: float) -> dict[str, Any]:
    """Return the content of ``summary.json``. The test data are read here, unless the study was interrupted."""
    metric, rank, stop = METRICS[study.plan.task], study.plan.metric, study.stopped
    states = [trial.state for trial in study.trials]
    content: dict[str, Any] = {
        "trials": len(study.trials),
        "finished": not study.interrupted,
        "stopped": stop and {"callback": stop.callback, "reason": stop.reason, "trials": stop.trials},
        "states": {state: states.count(state) for state in sorted(set(states))},
        "epochs_trained": study.epochs_trained,
        "engine": study.engine,
        "seconds": study.seconds,
        "train_seconds": study.train_seconds,
        "proposing_seconds": study.proposing_seconds,
        "wall_seconds": wall_seconds,
        "rank": {"metric": rank.label, "direction": rank.direction},
        "best": None,
        "model": None,
        "final_networks": study.final_networks,
        f"test_{metric}": None,
    }
    if study.candidates:
        best = study.best.trial
        epoch, count = study.last_comparison
        content["best"] = {"number": best.number, "epoch": best.epoch, "params": series.searched(study, best)}
        scores = {rank.label: rank.curve} | {f"val_{metric}": "val_score", "val_loss": "val_loss"}
        content["best"] |= {name: best.at(curve) for name, curve in scores.items()}
        if best.rows:
            content["best"] |= {f"{name}_standard_error": best.standard_error(c) for name, c in scores.items()}
        content["best"] |= {"compared_at_epoch": epoch, "compared_trials": count, "at_ends": study.at_ends}
        content["best"] |= {"encoding": study.candidates[0][1][0].encoding_text}
        networks = study.model.population
        content["model"] = {"networks": networks, "refit": study.refitted is not None, "epochs": best.epoch}
        if study.fold_mean is not None:
            content["model"] |= {"folds": study.plan.folds, "weights": study.fold_mean.weights}
            content["model"][f"out_of_fold_{metric}"] = study.fold_mean.score
        if not study.interrupted and not math.isnan(study.test_score):
            content |= {f"test_{metric}": study.test_score} | _test_error(study)
            if rank.more:
                content[rank.label.replace("val", "test", 1)] = study.model.score(study.plan.rank, study.test_data)
            content |= {f"test_{kind}": errors for kind, errors in study.test_errors.items()}
        content["validation"] = verdict(study)
    if has_ensemble(study):
        content["ensemble"] = _ensemble_scores(study)
    return content


def _test_error(study: Study) -> dict[str, Any]:
    """Return the number of test samples, and the standard error of the model's score on them."""
    part, scores = study.model.outputs(study.test_data)
    error = standard_error(scores, part, study.plan.task)
    return {"test_samples": len(part), f"test_{METRICS[study.plan.task]}_standard_error": error}


def has_ensemble(study: Study) -> bool:
    """Return whether an ensemble was requested, and there are several networks to select from."""
    return bool(study.ensemble_size) and len(study.candidates) > 1


def _ensemble_scores(study: Study) -> dict[str, Any]:
    """Return the trials of the ensemble and its scores; the test data are read unless the study was interrupted."""
    model, data, metric = study.ensemble(), study.plan.parts[0], METRICS[study.plan.task]
    loss, score = model.evaluate(data, "validation", study.plan.loss_on(data))
    scores = {"trials": model.about["trials"], f"val_{metric}": score, "val_loss": loss}
    rank, tested = study.plan.metric, data.test is not None and not study.interrupted
    if rank.more:
        scores[rank.label] = model.score(study.plan.rank, data, "validation")
    if tested:
        scores[f"test_{metric}"] = model.evaluate(data)[1]
    if tested and rank.more:
        scores[rank.label.replace("val", "test", 1)] = model.score(study.plan.rank, data)
    return scores


def write_run(study: Study, folder: RunFolder) -> list[Path]:
    """Write ``trials.csv`` and, if there is a winner, the models; return their paths.

    The models are ``model.safetensors``, the one to use, ``best.safetensors``, the winner of the search, and, if an
    ensemble was requested, ``ensemble.safetensors``.
    """
    written = [folder.write("trials.csv", trials_csv(study))]
    if not study.candidates:
        return written
    written.append(study.best.model.save(folder.path / "best.safetensors"))
    written.append(study.model.save(folder.path / "model.safetensors"))
    if has_ensemble(study):
        written.append(study.ensemble().save(folder.path / "ensemble.safetensors"))
    return written


def write_pictures(study: Study, folder: RunFolder, failed: Callable[[str], object] = warn) -> None:
    """Write the pictures of a study that has a winner; ``failed`` is called with a sentence for each that fails.

    Pictures of a search: the losses of all trials, the curves of the best, the scores against what was searched, and
    the rounds of a narrowing sampler. Pictures of one network: its losses and scores, and for images the weights of its
    first layer.
    """
    pictures = _pictures(study)
    try:
        if pictures:
            figures.load_matplotlib()
    except InputError as error:  # Once for all.
        failed(f"no picture was drawn, all results are in {folder.path}: {error}")
        return
    for name, draw in pictures.items():
        try:
            figures.save_figure(draw(), folder.path / name)
        except Exception as error:  # Of matplotlib, its settings and fonts, memory, the disk.
            reason = str(error).strip() or "no reason"
            kind = "" if isinstance(error, ZerokaraError) else f"{type(error).__name__}: "
            failed(f"{name} was not drawn, all results are in {folder.path}: {kind}{reason.splitlines()[0]}")


def _pictures(study: Study) -> dict[str, Callable[[], "Figure"]]:
    """Return for each file of a picture the function that draws it."""
    if not study.candidates:
        return {}
    if len(study.trials) > 1:
        drawn: dict[str, Callable[[], Figure]] = {
            "race.png": lambda: figures.draw_race(series.race(study)),
            "curves.png": lambda: figures.draw_curves(series.curves(study, BEST)),
        }
        if study.space.searched:
            drawn["scatter.png"] = lambda: figures.draw_scatter(series.scatter(study))
        if study.rounds:
            drawn["narrowing.png"] = lambda: figures.draw_narrowing(series.narrowing(study))
        return drawn
    drawn = {"curves.png": lambda: figures.draw_learning(series.learning(study))}
    if is_image(study.plan.data.sample_shape):
        drawn["weights.png"] = lambda: figures.draw_weights(series.first_weights(study))
    return drawn


def write_summary(study: Study, folder: RunFolder, wall_seconds: float) -> Path:
    """Write ``summary.json``, the last data file of a run; the pictures come after it."""
    return folder.write("summary.json", json.dumps(summary(study, wall_seconds), indent=2) + "\n")


def leaderboard(trials: list[Trial], study: Study) -> list[str]:
    """Return a line for each trial, as the book prints them: ``Best-1 (val acc:0.83) | lr:0.0092, ...``."""
    short, rank = {"accuracy": "val acc", "r2": "val R2"}[METRICS[study.plan.task]], study.plan.metric
    lines = []
    for place, trial in enumerate(trials, start=1):
        params = ", ".join(f"{name}:{show(value)}" for name, value in series.searched(study, trial).items())
        state = f" [{trial.state}]" if trial.state in ("diverged", "interrupted") else ""
        epochs = trial.epoch_text + (f" of {trial.epochs}" if trial.epoch < trial.epochs else "")
        more = "".join(f"val {rank.title}:{mean(trial, name)}, " for name in rank.more)
        lines.append(
            f"Best-{place} ({more}{short}:{mean(trial, 'val_score')}, val loss:{mean(trial, 'val_loss')}) | "
            f"trial {trial.number}{state}, {epochs}" + (f" | {params}" if params else "")
        )
    return lines


def what_mattered(study: Study) -> str:
    """Return one line on what mattered, such as ``what mattered: lr 0.83, dropout 0.17 (at epoch 1, all 100 trials)``.

    Empty if too few trials can be compared.
    """
    comparison = study.comparison()
    shares = [f"{name} {share:.2f}" for name, share in study.importances(comparison.epoch).items()]
    if not shares:
        return ""
    count, total = len(comparison.trials), len(study.trials)
    compared = f"all {total}" if count == total else f"{count} of {total}"
    return f"what mattered: {', '.join(shares)} (at epoch {comparison.epoch}, {compared} trials)"


def mean(trial: Trial, curve: str) -> str:
    """Return a trial's value with four decimals, and its standard error if it has several networks."""
    return f"{trial.at(curve):.4f}" + (f" ± {trial.standard_error(curve):.4f}" if trial.rows else "")
