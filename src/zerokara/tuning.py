"""One call from data to a tuned network: the search, and the folder that it leaves."""

import shutil
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any
from uuid import uuid4

from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.data.augment import Augment
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_race
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress
from zerokara.errors import DatabaseError, InputError
from zerokara.report.run import write_run, write_summary
from zerokara.samplers.registry import generation_size, make_sampler
from zerokara.space.space import Space, default_space
from zerokara.study.config import PLAN, config_of, differences, space_of
from zerokara.study.loop import search
from zerokara.study.opening import open_local, open_shared
from zerokara.study.run_folder import CONFIG, RunFolder, toml
from zerokara.study.study import Study
from zerokara.train import Epoch


class LostDatabaseError(DatabaseError):
    """The database failed in the middle of a study; ``study`` has what is known of it."""

    def __init__(self, text: str, study: Study) -> None:
        super().__init__(text)
        self.study = study


def tune(
    data: Dataset,
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 100,
    epochs: int = 50,
    sampler: str = "random",
    race: str = "halving",
    seeds: int = 1,
    folds: int = 1,
    patience: int | None = None,
    refit: bool = False,
    ensemble: int | None = None,
    seed: int = 0,
    rank: str = "loss",
    keep_best: bool = False,
    paired: bool = True,
    replicate: int = 0,
    generation: int | None = None,
    evaluate_train_every: int = 1,
    dtype: str = "float32",
    augment: str | Augment | None = None,
    workers: int | str | Executor | None = None,
    storage: str | None = None,
    study: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    note: Callable[[str], None] = warnings.warn,
    started: float | None = None,
    about: Mapping[str, Any] | None = None,
) -> Study:
    """Search for good hyperparameters by training all trials as populations, and return the study.

    The first Ctrl-C ends the search and returns what was trained so far (``study.interrupted``); a second one
    raises KeyboardInterrupt.

    Args:
        data: with a training and a validation part; the test part is read only for ``study.test_score``.
        space: for each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`);
            by default learning rate, weight decay and dropout are searched.
        trials, epochs: how many proposals are tried, and for how many epochs each.
        sampler: what proposes them: "random", "grid", "qmc", "tpe", "cmaes" or "narrowing".
        race: who trains to the end: "none" (all), "halving" or "hyperband", with [:ETA[:FIRST_RUNG]].
        seeds: initializations that each trial is trained from; its score is their mean.
        folds: cross-validation folds that each trial is trained on, cut from the training and validation samples.
        patience: epochs without an improvement after which a network stops; None never stops one.
        ensemble: keep the networks of the 50 best trials for ``study.ensemble``, and leave the ensemble of at most so
            many picks in the run folder, beside the winner.
        refit: train the winner once more, on all training and validation samples, for as many epochs.
        rank: trials are ranked by validation "loss", or "accuracy" (R2 in regression).
        keep_best: judge each trial by its best epoch, not by its last, and keep that epoch's weights.
        paired: trials share their draws (mini-batches, dropout, initial weights); False gives each its own.
        replicate: which draws those are: another number, another initialization and order of the samples.
        generation: how many are proposed at once; None leaves it to the sampler.
        evaluate_train_every: epochs from one evaluation of the whole training set to the next.
        dtype: "float32" or "float64".
        augment: what is done to pictures at each step, such as "flip,shift:4" (see `Trainer`).
        workers: a number of threads; "processes[:N]", "dask[:N]", the address of a Dask scheduler, or any
            `concurrent.futures.Executor`. By default a thread for each core, and a process for each as soon as those
            will pay. The numbers do not depend on it.
        storage: a database in which several processes search one study together, each with a call like this:
            "postgresql+psycopg://USER@HOST/DATABASE" or "sqlite:///FILE". Meant for longer trials.
        study: what the study is called there, by default "zerokara".
        out: the folder that the run is written to, if any; ``force`` replaces a run that it holds.
        progress: called about four times a second with how far the study is.
        on_epoch: called with every epoch of every population; of processes when they hand it back, every 2 seconds.
        note: told in a sentence of what was lost and is done again.
        started, about: for a caller's clock and its own lines in the run's config.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (32,)}, trials=4, epochs=5)
    >>> len(study.trials), study.best.val_accuracy > 0.8, study.test_score > 0.8
    (4, True, True)
    """
    started = time.perf_counter() if started is None else started
    plan = Plan(
        data,
        epochs,
        seed,
        rank,
        keep_best,
        paired,
        replicate,
        evaluate_train_every,
        dtype,
        seeds,
        folds,
        patience,
        augment,
    )
    ranges = Space(default_space() if space is None else space)
    check_counts(trials=trials)
    if generation is None:
        # A fifth of a study that is shared, or the first process would take it all.
        generation = generation_size(sampler if storage is None else "tpe", trials)
    check_counts(generation=generation)
    check_counts(ensemble=1 if ensemble is None else ensemble)
    settings: dict[str, Any] = {"trials": trials, "sampler": sampler, "race": race, "generation": generation}
    settings |= {"refit": refit, "ensemble": ensemble}
    # Every name is checked before a folder is made.
    make_sampler(sampler, ranges, seed, trials=trials)
    how: dict[str, Any] = {"race": make_race(race), "pool": open_pool(workers), "refit": refit, "ensemble": ensemble}
    how |= {"progress": progress, "on_epoch": on_epoch, "note": note}
    if storage is None:
        if study is not None:
            raise InputError(f"a study has a name in a database, got {study!r} and no database: give storage too")
        folder = None if out is None else RunFolder.create(out, config_of(plan, ranges, settings, about), force)
        how["checkpoints"] = None if folder is None else folder.checkpoints
        with open_local(plan, ranges, settings, folder) as local:
            return _finish(search(plan, local, **how), folder, started)
    settings["study"] = study or "zerokara"
    with open_shared(plan, ranges, settings, storage, uuid4().hex, note) as shared:
        if out is None:
            return _finish(search(plan, shared, **how), None, started)
        settings["storage"] = shared.database.address
        folder = RunFolder.create(out, config_of(plan, ranges, settings, about), force)
        with folder.held() as owner:
            owner.write_text(shared.owner)
            return _finish(search(plan, shared, checkpoints=folder.checkpoints, **how), folder, started)


def resume(
    run: str | Path,
    data: Dataset,
    *,
    trials: int | None = None,
    workers: int | str | Executor | None = None,
    storage: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    note: Callable[[str], None] = warnings.warn,
    started: float | None = None,
) -> Study:
    """Finish a search that was interrupted or killed, to the numbers that it would have had, and return the study.

    Args:
        run: the folder that `tune` was given as ``out``.
        data: the same data, cut and scaled alike.
        trials: how many there shall be in total, if more than were planned.
        workers, progress, on_epoch, started: as for `tune`.
        storage: the run's database with its password, which a run folder never holds.
        note: told in a sentence of what is not as it was: other versions, a damaged file.

    Raises:
        InputError: other data; no run at the path.
        OutsideError: another process has the run.

    >>> import tempfile
    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=4, epochs=3, out=folder)
    ...     again = zk.resume(folder, data, trials=6)
    >>> len(again.trials), again.trials[3].val_loss == study.trials[3].val_loss
    (6, True)
    """
    started = time.perf_counter() if started is None else started
    folder = RunFolder(run)
    config = folder.config()
    for difference in differences(config, data):
        note(difference)
    if trials is not None:
        check_counts(max(1, config["trials"]), trials=trials)
        if trials > config["trials"] and config["sampler"] == "grid":
            raise InputError("a grid is laid out for its number of trials: start another search for more of them")
        config["trials"] = trials
        folder.write(CONFIG, toml(config))
    plan, space = Plan(data, **{name: config[name] for name in PLAN if name in config}), space_of(config)
    how: dict[str, Any] = {name: config[name] for name in ("refit", "ensemble") if name in config}
    how |= {"race": make_race(config["race"]), "pool": open_pool(workers), "checkpoints": folder.checkpoints}
    how |= {"progress": progress, "on_epoch": on_epoch, "note": note}
    if "storage" not in config:
        if storage is not None:
            raise InputError(f"{run} keeps its study in a local journal, got storage: leave storage out")
        with open_local(plan, space, config, folder) as local:
            return _finish(search(plan, local, **how), folder, started)
    with folder.held() as owner:
        # One that was killed before its name was written has no trials.
        name = owner.read_text() or uuid4().hex
        owner.write_text(name)
        with open_shared(plan, space, config, storage or config["storage"], name, note, again=True) as shared:
            return _finish(search(plan, shared, **how), folder, started)


def _finish(study: Study, folder: RunFolder | None, started: float) -> Study:
    """Leave the results of a study in its folder, if it has one, and return it.

    Raises:
        LostDatabaseError: the database failed. What was trained until then is in the folder.
    """
    text = str(study.failure)
    if folder is not None:
        write_run(study, folder)
        if study.finalists and not study.interrupted:
            _ = study.test_score
        write_summary(study, folder, time.perf_counter() - started)
        if not study.interrupted:
            shutil.rmtree(folder.checkpoints, ignore_errors=True)
            (folder.path / "owner").unlink(missing_ok=True)
        text += (
            f". What was trained is saved in {folder.path}; to finish it when the database is back: "
            f"zerokara resume {folder.path}"
        )
    if study.failure:
        raise LostDatabaseError(text, study) from study.failure
    return study
