"""The commands tune, resume and train; to train one network is a search with one trial."""

import dataclasses
import time
from functools import partial
from math import isnan
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from zerokara.cli.live import ProgressView
from zerokara.cli.options import (
    DataOptions,
    Hyperparameters,
    RunOptions,
    SearchOptions,
    TrainingOptions,
    given,
    settings_of,
    space_from_options,
    trials_of,
    winner_of,
)
from zerokara.cli.show import print_data, print_line, print_note, print_verdict
from zerokara.cli.terminal import PlainConsole, print_error
from zerokara.data.loaders.catalog import absolute
from zerokara.display import duration, pace
from zerokara.engine.settings import check_values
from zerokara.errors import InputError, command_line
from zerokara.report.data import MOST_TRIALS, PAGE_FILE, write_page
from zerokara.report.run import BEST, leaderboard, mean, what_mattered, write_pictures
from zerokara.samplers.registry import make_local_sampler
from zerokara.space.defaults import default_space
from zerokara.space.space import Space
from zerokara.study.config import space_from_config
from zerokara.study.data import load_data
from zerokara.study.defaults import USUAL, with_defaults
from zerokara.study.run_folder import RunFolder, check_free, out_folder, read_summary
from zerokara.study.settings import SearchSettings
from zerokara.study.study import Study
from zerokara.train import Epoch
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import ranking
from zerokara.tuning import resumed_config, run_search, saved_settings

STARTED = time.perf_counter()
INTERRUPTED = 130


def run_tune(
    dataset: str,
    /,
    *,
    data: DataOptions = DataOptions(),
    hyperparameters: Hyperparameters = Hyperparameters(),  # type: ignore[valid-type]
    search: SearchOptions = SearchOptions(),
    training: TrainingOptions = TrainingOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Search for good hyperparameters: train many networks at once, draw the best, test the winner once.

    Example: zerokara tune mnist --train-size 500 --search lr=log:1e-6:1e-2 --search weight_decay=log:1e-8:1e-4

    Args:
        dataset: digits, mnist, fashion-mnist, cifar10, a .npz file, a folder of pictures by class, or a table's
            file, such as CSV.
    """
    console, (space, fixed) = PlainConsole(), space_from_options(search, hyperparameters)
    options = settings_of(search, training, run)
    # Before the data are loaded, which may take long.
    check_values(SearchSettings, options)
    checked = Space(default_space(fixed) | fixed if space is None else space, options["first"] if space else ())
    make_local_sampler(options["sampler"], checked, training.seed, trials=options["trials"] or USUAL["trials"])
    if run.out is not None:
        check_free(run.out, run.force)
    loaded = data.load(dataset, training.seed, training.folds, space is None)
    options |= {"warn": partial(print_note, console), "out": None}
    settings = with_defaults(SearchSettings(loaded, space, **options), fixed)
    assert settings.space is not None
    searched = Space(settings.space, settings.first)
    print_data(console, loaded)
    print_line(console, f"searching {', '.join(searched.searches()) or 'nothing: every hyperparameter is given'}")
    metric = ranking(training.rank, loaded.task, loaded.n_outputs)
    with out_folder(run.out, loaded.name) as out:
        with ProgressView(console, searched, metric.shown.title) as view:
            settings = dataclasses.replace(settings, out=out, progress=view)
            study = run_search(
                settings, about={"dataset": absolute(dataset), "size": data.size}, started=STARTED, draw=False
            )
        print_leaderboard(console, study)
        return print_summary(console, study, out)


def run_resume(
    out: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    trials: int | None = None,
    workers: str | None = None,
    storage: str | None = None,
    repair: bool = False,
    board: bool = False,
) -> int:
    """Finish a search that was interrupted or killed, with the same numbers as an uninterrupted one.

    Args:
        out: the folder of the run.
        trials: the total number of trials, if more than planned.
        workers: as for tune.
        storage: the database URL with its password, if it is in no other place: a run folder never contains it.
        repair: cut a damaged journal before its first damaged line, keep a copy, and train the trials after it again.
        board: as for tune.
    """
    console = PlainConsole()
    folder = RunFolder(out)
    if not repair and (summary := folder.finished(trials)):
        print_line(console, f"{out} is already finished: {summary['trials']} trials")
        return 0
    config = resumed_config(folder, trials, storage)
    check_values(SearchSettings, {"workers": workers})
    data = load_data({"stratify": False} | config)
    metric = ranking(config.get("rank", "loss"), data.task)
    with ProgressView(console, Space(space_from_config(config)), metric.shown.title) as view:
        settings = saved_settings(folder, data, trials, storage, partial(print_note, console))
        settings = dataclasses.replace(settings, workers=workers, progress=view, board=board)
        study = run_search(settings, folder=folder, repair=repair, started=STARTED, draw=False)
    print_leaderboard(console, study)
    return print_summary(console, study, out)


def print_leaderboard(console: Console, study: Study) -> None:
    """Print the best trials, one per line."""
    best = study.ranking(BEST)
    order = "by how long they trained, then " if len({trial.epochs for trial in best}) > 1 else ""
    print_line(console, "")
    print_line(console, f"the best {len(best)} of {len(study.trials)} trials, {order}by validation {study.plan.rank}:")
    for line in leaderboard(best, study):
        print_line(console, line)
    if line := what_mattered(study):
        print_line(console, "")
        print_line(console, line)


def run_train(
    dataset: str,
    /,
    *,
    data: DataOptions = DataOptions(),
    hyperparameters: Hyperparameters = Hyperparameters(),  # type: ignore[valid-type]
    training: TrainingOptions = TrainingOptions(),
    run: RunOptions = RunOptions(),
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    trial: int | None = None,
) -> int:
    """Train one network and show every epoch; --from RUN trains the winner of a run again, or its --trial N.

    Args:
        dataset: as for tune; may be left out with --from.
        source: a run whose options, data and seed are used; the command line overrides them.
        trial: the number of the trial in that run. [default: its winner]
    """
    if trial is not None and source is None:
        raise InputError(f"--trial needs the run that has the trial, got --trial {trial} alone: add --from RUN")
    if source is not None and trial is None:
        trial = winner_of(source)
    console, space = PlainConsole(), given(hyperparameters)
    check_values(SearchSettings, settings_of(training, run))
    training = dataclasses.replace(
        training, **{name: USUAL[name] for name in ("epochs", "folds") if getattr(training, name) is None}
    )
    if run.out is not None:
        check_free(run.out, run.force)
    loaded = data.load(dataset, training.seed, training.folds)
    if source and loaded.fingerprint() != RunFolder(source).config().get("record", {}).get("data_sha256"):
        print_note(console, f"the data differ from those of {source}, so the numbers will differ")
    if source and trial is not None:
        row = trials_of(source)[str(trial)]
        if int(row["epochs"]) < training.epochs:
            state = f"{row['state']} after {row['epochs']} epochs"
            print_note(console, f"trial {trial} was {state}; here it trains for {training.epochs}")
    print_data(console, loaded)
    metric, rank = METRICS[loaded.task], ranking(training.rank, loaded.task, loaded.n_outputs)

    def print_epoch(epoch: Epoch) -> None:
        train = f"train loss {epoch.train_loss[0]:.4f}, {metric} {epoch.train_score[0]:.4f}; "
        more = "".join(f", {rank.title} {getattr(epoch, name)[0]:.4f}" for name in rank.more)
        print_line(
            console,
            f"epoch {epoch.number:>{len(str(training.epochs))}}: {'' if isnan(epoch.train_score[0]) else train}"
            f"validation loss {epoch.val_loss[0]:.4f}, {metric} {epoch.val_score[0]:.4f}{more}; {epoch.seconds:.2f} s",
        )

    options = settings_of(training, run) | {"trials": 1, "race": "none", "refit": 0, "progress": False}
    options |= {"on_epoch": print_epoch if training.seeds == training.folds == 1 else None}
    with out_folder(run.out, loaded.name) as out:
        settings = SearchSettings(loaded, space, **options | {"out": out}, warn=partial(print_note, console))
        study = run_search(
            settings, about={"dataset": absolute(dataset), "size": data.size}, started=STARTED, draw=False
        )
        return print_summary(console, study, out)


def print_summary(console: Console, study: Study, out: Path) -> int:
    """Print the winner, its test score and the folder, draw the pictures, and return the exit code."""
    metric, rank = METRICS[study.plan.data.task], study.plan.metric
    if not study.candidates:
        print_line(console, f"written: {out}")
        if study.interrupted:
            print_line(console, "interrupted before any network finished an epoch")
            return INTERRUPTED
        _ = study.best
    best = study.best.trial
    name = f"winner, trial {best.number}" if len(study.trials) > 1 else "network"
    more = "".join(f"{rank.title} {mean(best, name)}, " for name in rank.more)
    scores = f"validation {more}{metric} {mean(best, 'val_score')}, loss {mean(best, 'val_loss')}"
    print_line(console, "")
    print_line(console, f"the {name} at {best.epoch_text}: {scores}")
    written = read_summary(out)
    if len(study.trials) > 1:
        epoch, count = study.last_comparison
        trained = f", trained on to epoch {best.epochs}" if epoch < best.epochs else ""
        print_line(console, f"it is the best of {count} trials at epoch {epoch}{trained}")
    for part, end in study.at_ends.items():
        dist = study.space.parts[part].text()
        print_line(console, f"{part} is at the {end} end of its range, {dist}: widen the range")
    if encoding := (written.get("best") or {}).get("encoding"):
        print_line(console, f"inputs of the winner: {encoding}")
    if study.fold_mean is not None:
        weights = sorted(study.fold_mean.weights.items(), key=lambda each: -each[1])
        trials = ", ".join(f"trial {number} {weight:.1%}" for number, weight in weights)
        print_line(console, f"the model: the mean of the networks of all {study.plan.folds} folds, weighted: {trials}")
        print_line(
            console, f"its {metric} on samples that its networks were not trained on: {study.fold_mean.score:.4f}"
        )
    print_verdict(console, written.get("validation"))
    if study.refitted is not None:
        samples = sum(len(part) for part in (study.plan.data.train, study.plan.data.validation) if part is not None)
        print_line(
            console,
            f"the model: the mean of {study.refitted.population} networks, trained as the winner for {best.epoch} "
            f"epochs on all {samples:,} training and validation samples",
        )
    if study.stopped:
        trials = f"{len(study.trials):,} trial{'s' * (len(study.trials) != 1)}"
        print_line(console, f"the search was stopped after {trials}: {study.stopped.text}")
    if study.interrupted:
        print_line(console, "interrupted: the trained networks are saved and ranked, the test data were not read")
        print_line(console, f"to resume: {command_line('resume', out)}")
    elif study.plan.data.test is not None:
        tested = name.split(",")[0] if study.refitted is None and study.fold_mean is None else "model"
        print_line(console, f"test {metric} of the {tested}, read once: {study.test_score:.4f}")
        for curve in rank.more:
            label = curve.replace("val", "test", 1)
            print_line(console, f"{label.replace('_', ' ')}: {written.get(label, float('nan')):.4f}")
        for target in study.plan.data.classes if study.test_errors else ():
            parts = [f"{kind.replace('_', ' ')} {errors[target]:.6g}" for kind, errors in study.test_errors.items()]
            print_line(console, f"in the units of {target}: {', '.join(parts)}")
    if ensemble := written.get("ensemble"):
        scores = ", ".join(
            f"{metric.replace('_', ' ').replace('val', 'validation')} {value:.4f}"
            for metric, value in ensemble.items()
            if metric != "trials"
        )
        picked = f"{sum(ensemble['trials'].values())} picks of {len(ensemble['trials'])} trials"
        print_line(console, f"the ensemble, {picked}: {scores}")
    rate, proposing = study.epochs_trained / study.seconds, study.proposing_seconds / study.seconds
    took = f"{study.seconds:.1f} s" if study.seconds < 60 else duration(study.seconds)
    speed = f"{study.epochs_trained:,} network-epochs in {took} ({pace(rate)})"
    print_line(console, f"{speed}, {proposing:.1%} of the time in the sampler")
    print_line(console, f"engine: {study.engine}")
    failures: list[str] = []
    write_pictures(study, RunFolder(out), failures.append)
    if len(study.trials) <= MOST_TRIALS:
        write_page(study, RunFolder(out), failures.append)
    else:
        print_line(console, f"for a page of all trials: {command_line('report', out)}")
    for failure in failures:
        print_error(failure)
    names = sorted(path.name for path in Path(out).iterdir())
    print_line(console, f"written: {out} ({', '.join(names)})")
    if PAGE_FILE in names:
        print_line(console, f"to see it: open {Path(out) / PAGE_FILE} in a browser")
    return INTERRUPTED if study.interrupted else 1 if failures else 0
