"""The arguments of `zerokara.tune`: the data, the space, and the settings of the search and of training."""

import inspect
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import KW_ONLY, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from zerokara.checks import require_positive
from zerokara.data import Dataset, as_dataset
from zerokara.data.dataset import DEFAULT_VALIDATION
from zerokara.data.loaders.catalog import absolute
from zerokara.display import check_progress
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.progress import Progress
from zerokara.engine.settings import TrainingSettings, at_least, is_text, setting
from zerokara.errors import InputError, unknown, warn
from zerokara.samplers.registry import SAMPLERS, check_sampler
from zerokara.space.defaults import default_validation
from zerokara.study.events import check_callbacks
from zerokara.train import Epoch

P = ParamSpec("P")
Settings = TypeVar("Settings")
Result = TypeVar("Result")

DATA = "The data, with a training and a validation part; the test part is read only for ``study.test_score``."


def is_mapping(name: str, value: Any) -> None:
    """Raise unless the value is a mapping."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must map names to values or ranges, got {value!r:.60}: pass {{'lr': zk.log(1e-4, 0.1)}}"
        )


def check_race(name: str, value: Any) -> None:
    """Raise InputError unless this is a scheduler."""
    is_text(name, value)
    make_scheduler(value)


def check_workers(name: str, value: Any) -> None:
    """Raise InputError unless these are workers; none is started."""
    open_pool(value)


@dataclass(frozen=True)
class SearchSettings(TrainingSettings):
    """The arguments of `zerokara.tune`."""

    data: Dataset = field(metadata={"help": DATA, "group": "Python", "shown": None})
    space: Mapping[str, Any] | Any | None = setting(  # Any for type checkers: `paired` moves targets to the data.
        None,
        "For each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`).",
        group="Python",
        check=is_mapping,
        shown="of pictures learning rate, weight decay and dropout; of a table its default search",
    )
    _: KW_ONLY
    # None until the search knows its data, see `with_defaults`.
    epochs: int | None = setting(  # type: ignore[assignment]
        None,
        "The number of epochs: passes over the training samples.",
        check=at_least(1),
        shown="50; of a default search of a table at most 200",
    )
    folds: int | None = setting(  # type: ignore[assignment]
        None,
        "The number of cross-validation folds of each trial, cut from the training and validation samples.",
        check=at_least(1),
        shown="1; of a default search of a table 5",
    )
    trials: int | None = setting(
        None, "The number of trials.", group="Search", check=at_least(1), shown="100; of a default search of a table 15"
    )
    seconds: float | None = setting(
        None,
        "End the search before the generation that would not end within so many seconds (the first always trains); "
        "the final training has as many networks as fit. How much fits depends on the machine, so that two runs may "
        "differ; ``trials`` gives identical results.",
        group="Search",
        check=require_positive,
        shown="no limit",
    )
    sampler: str | Any = setting(
        "random",
        f"The sampler that proposes trials: {'; '.join(f'{name}, {kind.about}' for name, kind in SAMPLERS.items())}. "
        "In Python also a sampler object of Optuna.",
        group="Search",
        check=check_sampler,
        option=str,
    )
    race: str | None = setting(
        None,
        "The scheduler that stops trials early: none, halving[:ETA[:FIRST_RUNG]] or hyperband[:ETA[:FIRST_RUNG]].",
        group="Search",
        check=check_race,
        shown="halving:3:1; of a default search of a table halving:3:9",
    )
    generation: int | None = setting(
        None,
        "The maximum number of trials that are proposed and trained together.",
        group="Search",
        check=at_least(1),
        shown="256, or a fifth of the trials if the sampler learns or the study is shared; with seconds 1, 3 or 32",
    )
    refit: int | None = setting(
        None,
        "Train the winner again on all training and validation samples, from so many initial weights; the model is "
        "their mean. 0 is the winner alone, or with folds the weighted mean of the best trials' networks.",
        group="Search",
        check=at_least(0),
        shown="5; with folds 0",
    )
    ensemble: int | None = setting(
        None,
        "Also select, test and save an ensemble of up to this many networks, with repetition, from the 50 best trials.",
        group="Search",
        check=at_least(1),
        shown="no ensemble",
    )
    storage: str | None = setting(
        None,
        "A database through which several processes, on one machine or many, share one study, each with its own run "
        "folder: postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE. The password may also be in "
        "PGPASSWORD or ~/.pgpass. Intended for long trials.",
        group="Search",
        check=is_text,
        shown="no database",
    )
    study: str | None = setting(
        None, "The name of the study in the database.", group="Search", check=is_text, shown="zerokara"
    )
    out: str | Path | None = setting(
        None,
        "The folder for the results.",
        group="Run",
        shown="none; on the command line runs/DATASET-N",
        option=Path | None,
    )
    force: bool = setting(False, "Replace an existing run in that folder.", group="Run")
    samples: bool = setting(
        True,
        "Keep in the run what its page shows of the data: a few samples, and one mini-batch.",
        group="Run",
        config=True,
    )
    board: bool = setting(
        False,
        "Show the search in the browser while it trains, at an address that is printed: see `zerokara board`.",
        group="Run",
    )
    workers: int | str | Executor | None = setting(
        None,
        "The workers: a number of threads, processes[:N], dask[:N], or the address of a Dask scheduler, "
        "tcp://HOST:PORT; in Python also any `concurrent.futures.Executor`. Results do not depend on them.",
        group="Run",
        check=check_workers,
        shown="a thread for each core; where NumPy computes, processes if the search takes long",
        option=str | None,
    )
    progress: bool | Callable[[Progress], Any] | None = setting(
        True,
        "Show a call that lasts more than two seconds, in a notebook or on a terminal; False shows nothing. Or a "
        "function that is called about four times a second with the state of the search.",
        group="Python",
        check=check_progress,
    )
    callbacks: Sequence[Any] = setting(
        (),
        "Objects that are called at every generation, rung and end of a trial, and may end the search: see "
        "`zerokara.callbacks.Callback`.",
        group="Python",
        check=check_callbacks,
        shown="none",
    )
    on_epoch: Callable[[Epoch], None] | None = setting(
        None,
        "Called with every epoch of every population; worker processes report theirs every 2 seconds.",
        group="Python",
    )
    warn: Callable[[str], None] = setting(
        warnings.warn, "Called with the text of each warning, such as a worker that died.", group="Python"
    )


GIVEN = (
    "The data: (X, y), with X an array, a sparse matrix or a DataFrame; a DataFrame (pandas, Polars, pyarrow) or the "
    "path of a table's file, with ``target``; the path of an .npz file or of a folder of pictures; a dataset's name; "
    "or a `Dataset`, which remains scaled as it is. Arrays are standardized, pictures scaled to [0, 1]. ``tune(X, y)`` "
    "is ``tune((X, y))``."
)


@dataclass(frozen=True)
class TuneArguments(SearchSettings):
    """The arguments of `zerokara.tune` as they are given: the data in any form."""

    data: Any = field(metadata={"help": GIVEN, "group": "Python", "shown": None})
    _: KW_ONLY
    target: Any = setting(None, "The column of a table to predict.", group="Python")
    task: str | None = setting(
        None,
        "classification, multilabel or regression.",
        group="Python",
        shown="inferred from the targets: floats are a regression, texts and whole numbers classes",
    )
    validation: Any = setting(
        None,
        "The validation samples: a fraction or a number of the training samples, by class in classification; or "
        "(X, y), or a table.",
        group="Python",
        shown="the validation part of the data, or 20 %; with folds none",
    )
    test: Any = setting(
        None,
        "The test samples, read only for ``study.test_score``: likewise.",
        group="Python",
        shown="none, or the test part of the data",
    )

    @property
    def about(self) -> dict[str, Any] | None:
        """Where the data come from, for a run's config, if they have a name or a path."""
        return {"dataset": absolute(self.data)} if isinstance(self.data, str | PathLike) else None

    def settings(self) -> SearchSettings:
        """Return the settings of the search, with the data as a dataset."""
        validation = validation_of(self.validation, self.folds, self.space is None)
        how = {"target": self.target, "task": self.task, "validation": validation, "test": self.test}
        values = {row.name: getattr(self, row.name) for row in fields(SearchSettings)}
        return SearchSettings(**values | {"data": as_dataset(self.data, **how, seed=self.seed)})


def validation_of(given: Any, folds: int | None, default_search: bool) -> Any:
    """Return the validation part that a search splits off: what was given, but none with folds.

    For a default search, which may divide the samples into folds, it is a function of the data.
    """
    if (folds or 1) > 1:
        if given and isinstance(given, int | float):
            warn(f"validation={given:g} is not used: the {folds} folds are cut from all samples")
        return None if isinstance(given, int | float | None) else given
    if given is not None:
        return given
    return default_validation if default_search and folds is None else DEFAULT_VALIDATION


def paired(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments (X, y, ...) as ((X, y), ...); a second one that may be a space is not y.

    >>> paired(("X", "y")), paired(("data", {"lr": 0.1}))
    ((('X', 'y'),), ('data', {'lr': 0.1}))
    """
    if len(args) < 2 or args[1] is None or isinstance(args[1], Mapping):
        return args
    return ((args[0], args[1]), *args[2:])


def takes_fields(name: str, kind: Callable[P, Settings], function: Callable[[Settings], Result]) -> Callable[P, Result]:
    """Return ``function`` with the fields of a settings class as its parameters, documented by their help texts.

    Type checkers read the signature from ``kind``, notebooks and `help` from ``__signature__``.
    """
    signature = inspect.signature(kind)
    own = inspect.get_annotations(kind)  # Before the fields that it inherits.
    parameters = sorted(signature.parameters.values(), key=lambda each: (each.kind, each.name not in own))
    signature = signature.replace(parameters=parameters)
    known = {row.name: row for row in fields(kind)}  # type: ignore[arg-type]

    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        args = paired(args)  # type: ignore[assignment]
        if unexpected := [given for given in kwargs if given not in known]:
            raise TypeError(f"{name}: {unknown('argument', unexpected[0], known)}")
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None
        return function(kind(*args, **kwargs))

    returns = inspect.signature(function).return_annotation
    call.__signature__ = signature.replace(return_annotation=returns)  # type: ignore[attr-defined]
    call.__name__, call.__qualname__, call.__module__ = name, name, function.__module__
    call.__code__ = call.__code__.replace(co_name=name, co_qualname=name)  # A traceback shows it too.
    lines = []
    for parameter in signature.parameters:
        about = known[parameter].metadata
        default = f" [default: {about['shown']}]" if about["shown"] else ""
        lines.append(textwrap.fill(f"{parameter}: {about['help']}{default}", 108, subsequent_indent=" " * 4))
    args = textwrap.indent("\n".join(lines), " " * 4)
    call.__doc__ = (inspect.getdoc(function) or "").replace("    SETTINGS", args)
    return call
