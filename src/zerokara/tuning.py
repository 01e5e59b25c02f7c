"""One call from data to a tuned network: the search, and the folder that it leaves."""

import platform
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data import Dataset
from zerokara.data.augment import Augment
from zerokara.search.hyperparameters import to_text
from zerokara.search.plan import Plan, check_counts
from zerokara.search.progress import Progress
from zerokara.search.proposing import generation_size, make_sampler
from zerokara.search.race import make_race
from zerokara.search.runfolder import RunFolder
from zerokara.search.space import Space, default_space
from zerokara.search.study import Study, search
from zerokara.search.workers import cores
from zerokara.train import Epoch


def tune(
    data: Dataset,
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 100,
    epochs: int = 50,
    sampler: str = "random",
    race: str = "none",
    seed: int = 0,
    rank: str = "loss",
    keep_best: bool = False,
    paired: bool = True,
    replicate: int = 0,
    generation: int | None = None,
    evaluate_train_every: int = 1,
    dtype: str = "float32",
    augment: str | Augment | None = None,
    workers: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
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
        rank: trials are ranked by validation "loss", or "accuracy" (R2 in regression).
        keep_best: judge each trial by its best epoch, not by its last, and keep that epoch's weights.
        paired: trials share their draws (mini-batches, dropout, initial weights); False gives each its own.
        replicate: which draws those are: another number, another initialization and order of the samples.
        generation: how many are proposed at once; None leaves it to the sampler.
        evaluate_train_every: epochs from one evaluation of the whole training set to the next.
        dtype: "float32" or "float64".
        augment: what is done to pictures at each step, such as "flip,shift:4" (see `Trainer`).
        workers: threads; by default one for each core. The numbers do not depend on it.
        out: the folder that the run is written to, if any; ``force`` replaces a run that it holds.
        progress: called about four times a second with how far the study is.
        on_epoch: called with every epoch of every population, from the thread that trained it.
        started, about: for a caller's clock and its own lines in the run's config.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (32,)}, trials=4, epochs=5)
    >>> len(study.trials), study.best.val_accuracy > 0.8, study.test_score > 0.8
    (4, True, True)
    """
    started = time.perf_counter() if started is None else started
    plan = Plan(data, epochs, seed, rank, keep_best, paired, replicate, evaluate_train_every, dtype, augment)
    whole = Space(default_space() if space is None else space)
    check_counts(trials=trials, workers=cores() if workers is None else workers)
    generation = generation_size(sampler, trials) if generation is None else generation
    check_counts(generation=generation)
    settings: dict[str, Any] = {"trials": trials, "sampler": sampler, "race": race, "generation": generation}
    make_race(race)
    make_sampler(sampler, whole, seed, trials=trials)  # Every name is checked before a folder is made.
    run = partial(search, plan, whole, **settings, workers=workers, progress=progress, on_epoch=on_epoch)
    if out is None:
        return run()

    from zerokara.report.run import write_run, write_summary
    from zerokara.search.journal import Journal

    folder = RunFolder.create(out, config(plan, whole, settings, about), force)
    with Journal(folder.path / "journal.log") as journal:
        study = run(journal=journal)
    write_run(study, folder)
    if study.network is not None and not study.interrupted:
        _ = study.test_score
    write_summary(study, folder, time.perf_counter() - started)
    return study


def config(plan: Plan, space: Space, settings: Mapping[str, Any], about: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all that is needed to repeat a run, under the names that ``--config`` reads, and a record of where it ran.

    The bits are promised for the same data, NumPy and processor features, so these are recorded.
    """
    data = plan.data
    return {
        "dataset": data.name,
        **(about or {}),
        **{name: value for name, value in data.split_settings.items() if name != "seed"},
        "scaling": data.preprocess.kind,
        "seed": plan.seed,
        **settings,
        "epochs": plan.epochs,
        "rank": plan.rank,
        "keep_best": plan.keep_best,
        "paired": plan.paired,
        "replicate": plan.replicate,
        "evaluate_train_every": plan.evaluate_train_every,
        "dtype": plan.dtype,
        "augment": str(Augment.parse(plan.augment) or "none"),
        **{name: to_text(v) if isinstance(v, tuple) else v for name, v in space.fixed.items()},
        "search": space.searches(),
        "record": record(data),
    }


def record(data: Dataset) -> dict[str, Any]:
    """Return the versions, the processor features that NumPy uses, and the hash of the data."""
    import optuna

    from zerokara import __version__

    features = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "zerokara": __version__,
        "numpy": np.__version__,
        "optuna": optuna.__version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "processor_features": [*features.get("baseline", []), *features.get("found", [])],
        "data_sha256": data.fingerprint(),
    }
