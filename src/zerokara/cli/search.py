"""``zerokara tune`` and ``zerokara train``: a search, and one network, which is a search with one trial."""

import dataclasses
import json
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import Console

from zerokara.cli.live import View, duration, pace
from zerokara.cli.options import DataOptions, RunOptions, SearchOptions, TrainingOptions, trials_of
from zerokara.cli.tables import show_columns
from zerokara.report.run import BEST, leaderboard, mean
from zerokara.space.space import Space
from zerokara.study.config import space_of
from zerokara.study.run_folder import RunFolder, next_folder
from zerokara.study.study import Study
from zerokara.train import Epoch
from zerokara.train.metrics import METRICS
from zerokara.tuning import resume, tune

INTERRUPTED = 130


def run_search(
    console: Console,
    started: float,
    dataset: str,
    space: dict[str, Any],
    data_options: DataOptions,
    search: SearchOptions,
    training: TrainingOptions,
    run: RunOptions,
) -> int:
    """Search, show the progress and the best, and return the exit code."""
    data = data_options.load(dataset, training.seed)
    out = run.out or next_folder("runs", data.name)
    whole = Space(space)
    console.print(data.describe(), highlight=False, soft_wrap=True)
    show_columns(console, data)
    console.print(
        f"searching {', '.join(whole.searches()) or 'nothing: all is given'}", highlight=False, soft_wrap=True
    )
    with View(console, whole, METRICS[data.task]) as view:
        study = tune(
            data,
            space,
            trials=search.trials,
            sampler=search.sampler,
            race=search.race,
            generation=search.generation,
            storage=search.storage,
            study=search.study,
            ensemble=search.ensemble,
            paired=search.paired,
            **dataclasses.asdict(training),
            workers=run.workers,
            out=out,
            force=run.force,
            progress=view,
            note=noting(console),
            started=started,
            about={"dataset": spelled(dataset)},
        )
    return tell(console, study, out)


def run_resume(
    console: Console, started: float, out: Path, trials: int | None, workers: str | None, storage: str | None
) -> int:
    """Finish a search, show the progress and the best, and return the exit code."""
    config = RunFolder(out).config()
    if trials in (None, config["trials"]) and summary_of(out).get("finished"):
        console.print(f"{out} is finished: {config['trials']} trials, nothing is left to do", highlight=False)
        return 0
    named = {field.name for field in dataclasses.fields(DataOptions)}
    data = DataOptions(**{name: config[name] for name in named & set(config)}).load(config["dataset"], config["seed"])
    with View(console, space_of(config), METRICS[data.task]) as view:
        study = resume(
            out,
            data,
            trials=trials,
            workers=workers,
            storage=storage,
            progress=view,
            note=noting(console),
            started=started,
        )
    return tell(console, study, out)


def summary_of(run: Path) -> dict[str, Any]:
    """Return what a run's summary says; nothing where there is none."""
    try:
        found = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def noting(console: Console) -> Callable[[str], None]:
    """Return what prints a note."""
    return lambda text: console.print(f"note: {text}", highlight=False, soft_wrap=True, markup=False)


def tell(console: Console, study: Study, out: Path) -> int:
    """Print the best trials and how it ended, and return the exit code."""
    best = study.ranking(BEST)
    console.print(f"\nthe best {len(best)} of {len(study.trials)} trials:", highlight=False)
    for line in leaderboard(best, study):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return conclude(console, study, out)


def run_one(
    console: Console,
    started: float,
    dataset: str,
    space: dict[str, Any],
    data_options: DataOptions,
    training: TrainingOptions,
    run: RunOptions,
    source: Path | None = None,
    trial: int | None = None,
) -> int:
    """Train one network, show every epoch, and return the exit code; ``trial`` of the run ``source`` is repeated."""
    data = data_options.load(dataset, training.seed)
    if source and data.fingerprint() != RunFolder(source).config().get("record", {}).get("data_sha256"):
        console.print(f"note: these are not the data of {source}, so the numbers will be others", soft_wrap=True)
    if source and trial is not None:
        row = trials_of(source)[str(trial)]
        if int(row["epochs"]) < training.epochs:
            noting(console)(
                f"trial {trial} was {row['state']} after {row['epochs']} epochs; here it trains on to {training.epochs}"
            )
    out = run.out or next_folder("runs", data.name)
    console.print(data.describe(), highlight=False, soft_wrap=True)
    show_columns(console, data)
    metric = METRICS[data.task]

    def line(epoch: Epoch) -> None:
        train = f"train loss {epoch.train_loss[0]:.4f}, {metric} {epoch.train_score[0]:.4f}; "
        console.print(
            f"epoch {epoch.number:>{len(str(training.epochs))}}: {'' if isnan(epoch.train_score[0]) else train}"
            f"validation loss {epoch.val_loss[0]:.4f}, {metric} {epoch.val_score[0]:.4f}; {epoch.seconds:.2f} s",
            highlight=False,
            soft_wrap=True,
        )

    study = tune(
        data,
        space,
        trials=1,
        race="none",
        **dataclasses.asdict(training),
        workers=run.workers,
        out=out,
        force=run.force,
        on_epoch=line if training.seeds == training.folds == 1 else None,
        note=noting(console),
        started=started,
        about={"dataset": spelled(dataset)},
    )
    return conclude(console, study, out)


def conclude(console: Console, study: Study, out: Path) -> int:
    """Tell how it ended: the winner, its test score, the folder."""
    metric = METRICS[study.plan.data.task]
    if not study.finalists:
        console.print(f"written: {out}", highlight=False, soft_wrap=True)
        if study.interrupted:
            console.print("interrupted before any network finished an epoch", highlight=False)
            return INTERRUPTED
        _ = study.best
    best = study.best.trial
    who = f"winner, trial {best.number}" if len(study.trials) > 1 else "network"
    console.print(
        f"\nthe {who} at epoch {best.epoch}: "
        f"validation {metric} {mean(best, 'val_score')}, loss {mean(best, 'val_loss')}",
        highlight=False,
        soft_wrap=True,
    )
    if study.interrupted:
        console.print("interrupted: what was trained is saved and ranked, the test data were not read", highlight=False)
        console.print(f"to finish it: zerokara resume {out}", highlight=False, soft_wrap=True)
    elif study.plan.data.test is not None:
        console.print(f"test {metric} of the {who.split(',')[0]}, read once: {study.test_score:.4f}", highlight=False)
        for name in study.plan.data.classes if study.test_errors else ():
            parts = [f"{kind.replace('_', ' ')} {errors[name]:.6g}" for kind, errors in study.test_errors.items()]
            console.print(f"in the units of {name}: {', '.join(parts)}", highlight=False, soft_wrap=True, markup=False)
    if ensemble := summary_of(out).get("ensemble"):
        scores = ", ".join(
            f"{name.replace('_', ' ').replace('val', 'validation')} {value:.4f}"
            for name, value in ensemble.items()
            if name != "trials"
        )
        picked = f"{sum(ensemble['trials'].values())} picks of {len(ensemble['trials'])} trials"
        console.print(f"the ensemble, {picked}: {scores}", highlight=False, soft_wrap=True)
    rate, proposing = study.epochs_trained / study.seconds, study.proposing_seconds / study.seconds
    console.print(
        f"{study.epochs_trained:,} network-epochs in {duration_of(study.seconds)} ({pace(rate)}), "
        f"{proposing:.1%} of it proposing",
        highlight=False,
    )
    names = sorted(path.name for path in Path(out).iterdir())
    console.print(f"written: {out} ({', '.join(names)})", highlight=False, soft_wrap=True)
    return INTERRUPTED if study.interrupted else 0


def duration_of(seconds: float) -> str:
    """Return a time with tenths below a minute."""
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


def spelled(dataset: str) -> str:
    """Return a dataset's name, or its whole path, so that a config means the same from any folder."""
    path = Path(dataset)
    return str(path.resolve()) if path.exists() and (path.suffix or path.is_dir()) else dataset
