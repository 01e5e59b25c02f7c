"""One call from data to a tuned network: the search, and the folder that it leaves."""

import shutil
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from zerokara.checks import check_counts
from zerokara.data import Dataset
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_race
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress
from zerokara.engine.settings import in_config, values_of
from zerokara.errors import DatabaseError, InputError
from zerokara.report.run import write_run, write_summary
from zerokara.samplers.registry import generation_size, make_sampler
from zerokara.space.space import Space, default_space
from zerokara.storage.store import Store
from zerokara.study.config import config_of, differences, space_of
from zerokara.study.loop import search
from zerokara.study.opening import open_local, open_shared
from zerokara.study.run_folder import CONFIG, RunFolder, toml
from zerokara.study.settings import SearchSettings, takes_fields
from zerokara.study.study import Study
from zerokara.train import Epoch


class LostDatabaseError(DatabaseError):
    """The database failed in the middle of a study; ``study`` has what is known of it."""

    def __init__(self, text: str, study: Study) -> None:
        super().__init__(text)
        self.study = study


def run_search(
    settings: SearchSettings,
    *,
    folder: RunFolder | None = None,
    about: Mapping[str, Any] | None = None,
    started: float | None = None,
) -> Study:
    """Search for good hyperparameters by training all trials as populations, and return the study.

    The first Ctrl-C ends the search and returns what was trained until then (``study.interrupted``); a second one
    raises KeyboardInterrupt.

    Args:
        SETTINGS

    Raises:
        InputError: an argument breaks its rule.
        OutsideError: the disk, the database or the workers failed.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (32,)}, trials=4, epochs=5)
    >>> len(study.trials), study.best.val_accuracy > 0.8, study.test_score > 0.8
    (4, True, True)
    """
    started = time.perf_counter() if started is None else started
    plan = Plan(settings.data, **values_of(settings))
    space = Space(default_space() if settings.space is None else settings.space)
    if settings.generation is None:
        # A fifth of a study that is shared, or the first process would take all trials.
        sampler = settings.sampler if settings.storage is None else "tpe"
        settings = replace(settings, generation=generation_size(sampler, settings.trials))
    # All names are checked before a folder is made.
    make_sampler(settings.sampler, space, plan.seed, trials=settings.trials)
    how: dict[str, Any] = {"race": make_race(settings.race), "pool": open_pool(settings.workers)}
    how |= {name: getattr(settings, name) for name in ("refit", "ensemble", "progress", "on_epoch", "warn")}
    new = settings.out if folder is None else None
    with ExitStack() as opened:
        store: Store
        if settings.storage is None:
            if settings.study is not None:
                raise InputError(f"study names a study in a database, got study={settings.study!r} alone: add storage")
            if new is not None:
                folder = RunFolder.create(new, config_of(settings, plan, space, about), settings.force)
            store = opened.enter_context(open_local(settings, plan, space, folder))
        else:
            settings = replace(settings, study=settings.study or "zerokara")
            owner = None if folder is None else opened.enter_context(folder.held())
            # A process that was killed before its name was written has no trials.
            name = (owner and owner.read_text()) or uuid4().hex
            if owner:
                owner.write_text(name)
            store = shared = opened.enter_context(open_shared(settings, plan, space, name, again=owner is not None))
            if new is not None:
                settings = replace(settings, storage=shared.database.address)
                folder = RunFolder.create(new, config_of(settings, plan, space, about), settings.force)
                opened.enter_context(folder.held()).write_text(name)
        how["checkpoints"] = None if folder is None else folder.checkpoints
        return _finish(search(plan, store, **how), folder, started)


tune = takes_fields("tune", SearchSettings, run_search)


def resume(
    run: str | Path,
    data: Dataset,
    *,
    trials: int | None = None,
    workers: int | str | Executor | None = None,
    storage: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    warn: Callable[[str], None] = warnings.warn,
) -> Study:
    """Finish a search that was interrupted or killed, to the numbers that it would have had, and return the study.

    Args:
        run: the folder that `tune` was given as ``out``.
        data: the same data, split and scaled in the same way.
        trials: the total number of trials, if more than planned.
        workers, progress, on_epoch: as for `tune`.
        storage: the database URL with its password, which a run folder never contains.
        warn: called with a sentence about every difference, such as another version or a damaged file.

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
    folder = RunFolder(run)
    settings = saved_settings(folder, data, trials, storage, warn)
    return run_search(replace(settings, workers=workers, progress=progress, on_epoch=on_epoch), folder=folder)


def saved_settings(
    folder: RunFolder, data: Dataset, trials: int | None, storage: str | None, warn: Callable[[str], None]
) -> SearchSettings:
    """Return the settings of a run, which the folder keeps; ``trials`` extends them there too."""
    config = folder.config()
    for difference in differences(config, data):
        warn(difference)
    if trials is not None:
        check_counts(max(1, config["trials"]), trials=trials)
        if trials > config["trials"] and config["sampler"] == "grid":
            raise InputError("a grid is laid out for its number of trials: start another search for more of them")
        config["trials"] = trials
        folder.write(CONFIG, toml(config))
    if storage is not None and "storage" not in config:
        raise InputError(f"{folder.path} keeps its study in a local journal, got storage: leave storage out")
    settings = SearchSettings(data, space_of(config), warn=warn, **in_config(SearchSettings, config))
    return settings if storage is None else replace(settings, storage=storage)


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
