"""`tune` and `resume`: from data to a tuned network and a run folder, in one call."""

import shutil
import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from zerokara.board.child import BoardProcess, print_address
from zerokara.callbacks.time_limit import TimeLimit
from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.display import shown
from zerokara.engine.executors import check_shipping, open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress
from zerokara.engine.settings import in_config, values_of
from zerokara.errors import DatabaseError, InputError, command_line
from zerokara.figures import preload
from zerokara.files import outside, write
from zerokara.nn.encodings import without_effect
from zerokara.report.kept import write_kept
from zerokara.report.run import write_pictures, write_run, write_summary
from zerokara.samplers.registry import SAMPLERS, check_proposals, make_local_sampler, sampler_text
from zerokara.space.space import Space
from zerokara.storage.store import Store
from zerokara.study.config import config_of, differences, engine_of, space_from_config
from zerokara.study.data import data_again
from zerokara.study.defaults import with_defaults
from zerokara.study.loop import search
from zerokara.study.opening import open_local, open_shared
from zerokara.study.run_folder import WORKER_ID, RunFolder, read_id
from zerokara.study.settings import SearchSettings, TuneArguments, takes_fields
from zerokara.study.study import Study
from zerokara.study.views.progress_table import table_of
from zerokara.train import Epoch
from zerokara.train.ranking import RANKS, Rank, rank_text


class SearchDatabaseError(DatabaseError):
    """The database failed during a search; ``study`` has the results so far."""

    def __init__(self, text: str, study: Study) -> None:
        super().__init__(text)
        self.study = study


def run_search(
    settings: SearchSettings,
    *,
    folder: RunFolder | None = None,
    repair: bool = False,
    about: Mapping[str, Any] | None = None,
    started: float | None = None,
    draw: bool = True,
) -> Study:
    """Search for good hyperparameters, with all trials trained as populations, and return the study.

    The first Ctrl-C ends the search, which returns its results so far (``study.interrupted``); a second one raises
    KeyboardInterrupt.

    Args:
        SETTINGS

    Raises:
        InputError: an argument is invalid.
        OutsideError: the disk, the database or the workers failed.

    >>> import zerokara as zk
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> study = zk.tune((X, y), {"lr": zk.log(1e-3, 1e-1), "hidden": (32,)}, trials=4, epochs=20)
    >>> study.plan.data.describe()
    'arrays: 150 samples of 4 features, 3 classes; train 120, validation 30 (20 % stratified), no test'
    >>> len(study.trials), study.best.val_accuracy > 0.8
    (4, True)
    """
    # Documented as `tune`, whose arguments it takes too; besides, ``folder`` resumes a run, ``repair`` repairs its
    # journal, ``about`` is added to its config, ``started`` is a clock. Without ``draw`` the caller draws the pictures.
    begun = time.perf_counter() if started is None else started
    if isinstance(settings, TuneArguments):
        about, settings = settings.about, settings.settings()
    settings = with_defaults(settings)
    assert settings.space is not None
    trials, race = settings.trials, settings.race
    assert trials
    assert race
    plan = Plan(settings.data, **values_of(settings))
    space = Space(settings.space, plan.first)
    # All names are checked before a folder is created.
    check_proposals(make_local_sampler(settings.sampler, space, plan.seed, trials=trials))
    check_shipping(settings.rank, settings.workers)
    for report in without_effect(space.ends(), plan.data):
        settings.warn(report)
    how: dict[str, Any] = {"scheduler": make_scheduler(race), "pool": open_pool(settings.workers)}
    how |= {name: getattr(settings, name) for name in ("refit", "ensemble", "on_epoch", "warn")}
    limit = None
    if settings.seconds is not None:
        final = folder.final_networks(trials) if folder else None
        limit = TimeLimit(settings.seconds, settings.refit or 0, begun, final)
    how |= {"callbacks": [*settings.callbacks, *([limit] if limit else [])], "limit": limit}
    new = settings.out if folder is None else None
    with ExitStack() as opened:
        store: Store
        board = opened.enter_context(BoardProcess(print_address, settings.warn)) if settings.board else None
        if settings.storage is None:
            if settings.study is not None:
                raise InputError(f"study requires storage, got study={settings.study!r} without: add storage")
            if new is not None:
                folder = RunFolder.create(new, config_of(settings, plan, space, about), settings.force)
            store = opened.enter_context(open_local(settings, plan, space, folder, repair))
        else:
            settings = replace(settings, study=settings.study or "zerokara")
            id_file = None if folder is None else opened.enter_context(folder.lock())
            if repair:
                raise InputError("repair is for a local journal, but this run uses a database: leave it out")
            # A process that was killed before its id was written has no trials.
            worker_id = (id_file and read_id(id_file)) or uuid4().hex
            if id_file:
                write(id_file, worker_id)
            shared = opened.enter_context(open_shared(settings, plan, space, worker_id, resuming=id_file is not None))
            store = shared
            if new is not None:
                settings = replace(settings, storage=shared.database.address)
                folder = RunFolder.create(new, config_of(settings, plan, space, about), settings.force)
                write(opened.enter_context(folder.lock()), worker_id)
        if folder is not None and new is None:
            # Before anything is trained: a kill must not leave a longer journal than the config asks for.
            folder.resumed(trials)
            names = folder.config()["record"].get("callbacks", [])
            if names and not settings.callbacks and not store.finished:
                settings.warn(
                    f"This run had the callbacks {', '.join(names)}, and resumes without: what they would stop now is "
                    "not stopped. Pass them to zerokara.resume(run, data, callbacks=[...])."
                )
        if board:
            if folder is None:
                raise InputError("a board shows the folder of a run, got board=True without out: add out='runs/mine'")
            board.start(folder, settings.storage)
        if folder is not None and not isinstance(settings.workers, Executor):  # Those may fork within an import.
            preload()
        with shown(settings.progress, table_of(plan, space), stay=True) as progress:
            study = search(plan, store, folder=folder, progress=progress, **how)
        if not study.interrupted:
            store.write_comparison(study.comparison())
        return _finish(study, folder, begun, draw, settings)


tune = takes_fields("tune", TuneArguments, run_search)


def resume(
    run: str | Path,
    data: Any,
    *,
    target: Any = None,
    task: str | None = None,
    validation: Any = None,
    test: Any = None,
    trials: int | None = None,
    workers: int | str | Executor | None = None,
    storage: str | None = None,
    sampler: Any = None,
    rank: Rank | None = None,
    progress: bool | Callable[[Progress], Any] | None = True,
    board: bool = False,
    callbacks: Sequence[Any] = (),
    on_epoch: Callable[[Epoch], None] | None = None,
    warn: Callable[[str], None] = warnings.warn,
    repair: bool = False,
) -> Study:
    """Finish a search that was interrupted or killed, with identical results, and return the study.

    Args:
        run: the folder that was the ``out`` of `tune`.
        data, target, task, validation, test: the same data as in `tune`; fractions are those of the run.
        trials: the total number of trials, if more than before.
        workers, progress, board, callbacks, on_epoch, warn: as in `tune`.
        storage: the database URL with its password, which a run folder never contains.
        repair: cut a damaged journal before its first damaged line, keep a copy, and train the trials after it again.
        sampler, rank: the sampler object and the function that were given to `tune`; a run folder has their names only.

    Raises:
        InputError: the data differ, the journal is damaged, or the path is not a run.
        OutsideError: another process uses the run.

    >>> import tempfile
    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=4, epochs=3, out=folder)
    ...     again = zk.resume(folder, data, trials=6)
    >>> len(again.trials), again.trials[3].val_loss == study.trials[3].val_loss
    (6, True)
    """
    folder = RunFolder(run)
    data = data_again(folder.config(), data, target=target, task=task, validation=validation, test=test)
    settings = saved_settings(folder, data, trials, storage, warn, rank, sampler)
    settings = replace(
        settings, workers=workers, progress=progress, board=board, callbacks=callbacks, on_epoch=on_epoch
    )
    return run_search(settings, folder=folder, repair=repair)


def saved_settings(
    folder: RunFolder,
    data: Dataset,
    trials: int | None,
    storage: str | None,
    warn: Callable[[str], None],
    rank: Rank | None = None,
    sampler: Any = None,
) -> SearchSettings:
    """Return the settings of a run from its folder, with this total number of trials."""
    config = resumed_config(folder, trials, storage, rank, sampler)
    if "stratify" not in config:  # A run of data without a split, from when the folds of such data were plain.
        data = replace(data, split_settings={**data.split_settings, "stratify": False})
    for difference in differences(config, data):
        warn(difference)
    settings = SearchSettings(data, space_from_config(config), warn=warn, **in_config(SearchSettings, config))
    return settings if storage is None else replace(settings, storage=storage)


def resumed_config(
    folder: RunFolder,
    trials: int | None = None,
    storage: str | None = None,
    rank: Rank | None = None,
    sampler: Any = None,
) -> dict[str, Any]:
    """Return a run's config with this total number of trials; raise InputError if it cannot be resumed so."""
    config = folder.config()
    if storage is not None and "storage" not in config:
        raise InputError(f"{folder.path} uses a local journal, got storage: remove --storage")
    config["rank"] = _again("rank", rank, rank_text, config.get("rank", "loss"), RANKS)
    config["sampler"] = _again("sampler", sampler, sampler_text, config["sampler"], SAMPLERS)
    config["engine"] = engine_of(config)
    if trials is None:
        return config
    check_counts(max(1, config["trials"]), trials=trials)
    if trials > config["trials"] and config["sampler"] == "grid":
        raise InputError(
            f"a grid search keeps its number of trials, got {trials} for {config['trials']}: start another search"
        )
    return config | {"trials": trials}


def _again(name: str, given: Any, text: Callable[[Any], str], saved: str, known: Collection[str]) -> Any:
    """Return a setting that may be an object of Python, of which a run's config has the name ``saved`` only."""
    if given is None and saved not in known:
        raise InputError(
            f"a run whose {name} is a Python object must get it again, and this run needs {saved}: in Python, pass it "
            f"to zerokara.resume(run, data, {name}=...)"
        )
    if given is not None and text(given) != saved:
        raise InputError(
            f"a run keeps its {name}, got {text(given)} for a run with {saved}: pass what it started with, or leave "
            f"{name} out"
        )
    return saved if given is None else given


def _finish(study: Study, folder: RunFolder | None, started: float, draw: bool, settings: SearchSettings) -> Study:
    """Write the results of a study to its folder, if it has one, tell the callbacks, and return it.

    Raises:
        SearchDatabaseError: the database failed; the results so far are in the folder.
    """
    text = str(study.failure)
    if folder is not None:
        write_run(study, folder)
        if study.candidates and not study.interrupted:
            _ = study.test_score
        write_kept(study, folder, settings.samples)
        # After all other data: it says that the run is finished, and a finished run is not resumed.
        write_summary(study, folder, time.perf_counter() - started)
        if not study.interrupted:
            shutil.rmtree(folder.checkpoints, ignore_errors=True)
            with outside(folder.path):
                (folder.path / WORKER_ID).unlink(missing_ok=True)
        if draw or study.failure:
            write_pictures(study, folder)
        text += (
            f". The results so far are in {folder.path}. When the database is available again, resume with "
            f"`{command_line('resume', folder.path)}`."
        )
    for callback in settings.callbacks:
        if hasattr(callback, "on_end"):
            callback.on_end(study)
    if study.failure:
        raise SearchDatabaseError(text, study) from study.failure
    return study
