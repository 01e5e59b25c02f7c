"""The arguments of `zerokara.tune`: the data, the space, and the settings of the search and of training."""

import inspect
import textwrap
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import KW_ONLY, dataclass, field, fields
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from zerokara.data import Dataset
from zerokara.engine.progress import Progress
from zerokara.engine.settings import TrainingSettings, at_least, is_text, setting
from zerokara.errors import unknown
from zerokara.samplers.registry import SAMPLERS
from zerokara.train import Epoch

P = ParamSpec("P")
Settings = TypeVar("Settings")
Result = TypeVar("Result")

DATA = "The data, with a training and a validation part; the test part is read only for ``study.test_score``."


@dataclass(frozen=True)
class SearchSettings(TrainingSettings):
    """The arguments of `zerokara.tune`."""

    data: Dataset = field(metadata={"help": DATA, "group": "Python", "shown": None})
    space: Mapping[str, Any] | None = setting(
        None,
        "For each hyperparameter a fixed value or a range (`zerokara.log`, `uniform`, `integer`, `choice`).",
        group="Python",
        shown="learning rate, weight decay and dropout are searched",
    )
    _: KW_ONLY
    trials: int = setting(100, "The number of trials.", group="Search", check=at_least(1))
    sampler: str = setting(
        "random",
        f"The sampler that proposes trials: {'; '.join(f'{name}, {kind.about}' for name, kind in SAMPLERS.items())}.",
        group="Search",
        check=is_text,
    )
    race: str = setting(
        "halving",
        "The scheduler that stops trials early: none, halving[:ETA[:FIRST_RUNG]] or hyperband[:ETA[:FIRST_RUNG]].",
        group="Search",
        check=is_text,
    )
    generation: int | None = setting(
        None,
        "The maximum number of trials that are proposed and trained together.",
        group="Search",
        check=at_least(1),
        shown="256, or a fifth of the trials if the sampler learns or the study is shared",
    )
    refit: int = setting(
        5,
        "Train the winner again on all training and validation samples, from so many initial weights; the model is "
        "their mean. 0 is the winner alone.",
        group="Search",
        check=at_least(0),
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
    workers: int | str | Executor | None = setting(
        None,
        "The workers: a number of threads, processes[:N], dask[:N], or the address of a Dask scheduler, "
        "tcp://HOST:PORT; in Python also any `concurrent.futures.Executor`. Results do not depend on them.",
        group="Run",
        shown="a thread for each core, and processes if the search takes long",
        option=str | None,
    )
    progress: Callable[[Progress], None] | None = setting(
        None, "Called about four times a second with the state of the search.", group="Python"
    )
    on_epoch: Callable[[Epoch], None] | None = setting(
        None,
        "Called with every epoch of every population; worker processes report theirs every 2 seconds.",
        group="Python",
    )
    warn: Callable[[str], None] = setting(
        warnings.warn, "Called with the text of each warning, such as a worker that died.", group="Python"
    )


def takes_fields(name: str, kind: Callable[P, Settings], function: Callable[[Settings], Result]) -> Callable[P, Result]:
    """Return ``function`` with the fields of a settings class as its parameters, documented by their help texts.

    Type checkers read the signature from ``kind``, notebooks and `help` from ``__signature__``.
    """
    signature = inspect.signature(kind)
    known = {row.name: row for row in fields(kind)}  # type: ignore[arg-type]

    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
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
