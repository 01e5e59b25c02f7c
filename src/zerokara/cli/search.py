"""The commands tune, resume and train; to train one network is a search with one trial."""

import dataclasses
import json
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import Console

from zerokara.cli.live import ProgressView, duration, pace
from zerokara.cli.options import DataOptions, settings_of, trials_of
from zerokara.cli.show import print_columns, print_line, print_note
from zerokara.report.run import BEST, leaderboard, mean
from zerokara.space.space import Space
from zerokara.study.config import space_from_config
from zerokara.study.run_folder import RunFolder, next_folder
from zerokara.study.settings import SearchSettings
from zerokara.study.study import Study
from zerokara.train import Epoch
from zerokara.train.metrics import METRICS
from zerokara.tuning import run_search, saved_settings

INTERRUPTED = 130


def run_tune(
    console: Console,
    started: float,
    dataset: str,
    space: dict[str, Any],
    data_options: DataOptions,
    search: Any,
    training: Any,
    run: Any,
) -> int:
    """Run a search, show its progress and the best trials, and return the exit code."""
    data = data_options.load(dataset, training.seed)
    out = run.out or next_folder("runs", data.name)
    searched = Space(space)
    print_line(console, data.describe())
    print_columns(console, data)
    print_line(console, f"searching {', '.join(searched.searches()) or 'nothing: every hyperparameter is given'}")
    with ProgressView(console, searched, METRICS[data.task]) as view:
        settings = settings_of(search, training, run) | {
            "out": out,
            "progress": view,
            "warn": partial(print_note, console),
        }
        study = run_search(
            SearchSettings(data, space, **settings), about={"dataset": absolute(dataset)}, started=started
        )
    print_leaderboard(console, study)
    return print_summary(console, study, out)


def run_resume(
    console: Console, started: float, out: Path, trials: int | None, workers: str | None, storage: str | None
) -> int:
    """Finish a search, show its progress and the best trials, and return the exit code."""
    config = RunFolder(out).config()
    if trials in (None, config["trials"]) and summary_of(out).get("finished"):
        print_line(console, f"{out} is already finished: {config['trials']} trials")
        return 0
    names = {field.name for field in dataclasses.fields(DataOptions)}
    data = DataOptions(**{name: config[name] for name in names & set(config)}).load(config["dataset"], config["seed"])
    with ProgressView(console, Space(space_from_config(config)), METRICS[data.task]) as view:
        settings = saved_settings(RunFolder(out), data, trials, storage, partial(print_note, console))
        settings = dataclasses.replace(settings, workers=workers, progress=view)
        study = run_search(settings, folder=RunFolder(out), started=started)
    print_leaderboard(console, study)
    return print_summary(console, study, out)


def summary_of(run: Path) -> dict[str, Any]:
    """Return the content of a run's summary; empty if there is none."""
    try:
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary if isinstance(summary, dict) else {}


def print_leaderboard(console: Console, study: Study) -> None:
    """Print the best trials, one per line."""
    best = study.ranking(BEST)
    print_line(console, f"\nthe best {len(best)} of {len(study.trials)} trials:")
    for line in leaderboard(best, study):
        print_line(console, line)


def run_train(
    console: Console,
    started: float,
    dataset: str,
    space: dict[str, Any],
    data_options: DataOptions,
    training: Any,
    run: Any,
    source: Path | None = None,
    trial: int | None = None,
) -> int:
    """Train one network, or a ``trial`` of the run ``source``, show every epoch, and return the exit code."""
    data = data_options.load(dataset, training.seed)
    if source and data.fingerprint() != RunFolder(source).config().get("record", {}).get("data_sha256"):
        print_note(console, f"the data differ from those of {source}, so the numbers will differ")
    if source and trial is not None:
        row = trials_of(source)[str(trial)]
        if int(row["epochs"]) < training.epochs:
            state = f"{row['state']} after {row['epochs']} epochs"
            print_note(console, f"trial {trial} was {state}; here it trains for {training.epochs}")
    out = run.out or next_folder("runs", data.name)
    print_line(console, data.describe())
    print_columns(console, data)
    metric = METRICS[data.task]

    def print_epoch(epoch: Epoch) -> None:
        train = f"train loss {epoch.train_loss[0]:.4f}, {metric} {epoch.train_score[0]:.4f}; "
        print_line(
            console,
            f"epoch {epoch.number:>{len(str(training.epochs))}}: {'' if isnan(epoch.train_score[0]) else train}"
            f"validation loss {epoch.val_loss[0]:.4f}, {metric} {epoch.val_score[0]:.4f}; {epoch.seconds:.2f} s",
        )

    settings = settings_of(training, run) | {"trials": 1, "race": "none", "out": out}
    settings |= {"on_epoch": print_epoch if training.seeds == training.folds == 1 else None}
    settings |= {"warn": partial(print_note, console)}
    study = run_search(SearchSettings(data, space, **settings), about={"dataset": absolute(dataset)}, started=started)
    return print_summary(console, study, out)


def print_summary(console: Console, study: Study, out: Path) -> int:
    """Print the winner, its test score and the folder, and return the exit code."""
    metric = METRICS[study.plan.data.task]
    if not study.candidates:
        print_line(console, f"written: {out}")
        if study.interrupted:
            print_line(console, "interrupted before any network finished an epoch")
            return INTERRUPTED
        _ = study.best
    best = study.best.trial
    name = f"winner, trial {best.number}" if len(study.trials) > 1 else "network"
    print_line(
        console,
        f"\nthe {name} at epoch {best.epoch}: "
        f"validation {metric} {mean(best, 'val_score')}, loss {mean(best, 'val_loss')}",
    )
    if study.interrupted:
        print_line(console, "interrupted: the trained networks are saved and ranked, the test data were not read")
        print_line(console, f"to resume: zerokara resume {out}")
    elif study.plan.data.test is not None:
        print_line(console, f"test {metric} of the {name.split(',')[0]}, read once: {study.test_score:.4f}")
        for target in study.plan.data.classes if study.test_errors else ():
            parts = [f"{kind.replace('_', ' ')} {errors[target]:.6g}" for kind, errors in study.test_errors.items()]
            print_line(console, f"in the units of {target}: {', '.join(parts)}")
    if ensemble := summary_of(out).get("ensemble"):
        scores = ", ".join(
            f"{metric.replace('_', ' ').replace('val', 'validation')} {value:.4f}"
            for metric, value in ensemble.items()
            if metric != "trials"
        )
        picked = f"{sum(ensemble['trials'].values())} picks of {len(ensemble['trials'])} trials"
        print_line(console, f"the ensemble, {picked}: {scores}")
    rate, proposing = study.epochs_trained / study.seconds, study.proposing_seconds / study.seconds
    print_line(
        console,
        f"{study.epochs_trained:,} network-epochs in {duration_of(study.seconds)} ({pace(rate)}), "
        f"{proposing:.1%} of the time in the sampler",
    )
    names = sorted(path.name for path in Path(out).iterdir())
    print_line(console, f"written: {out} ({', '.join(names)})")
    return INTERRUPTED if study.interrupted else 0


def duration_of(seconds: float) -> str:
    """Return a duration, with tenths of a second below a minute."""
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


def absolute(dataset: str) -> str:
    """Return a dataset's name, or its absolute path, so that a config is valid in any folder."""
    path = Path(dataset)
    return str(path.resolve()) if path.exists() and (path.suffix or path.is_dir()) else dataset
