"""The options of the command line, one dataclass for each group, and their conversion to arguments of Python."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, ArgumentCollection, Group, Parameter, Token
from cyclopts.config import Dict

from zerokara.data import Dataset, load
from zerokara.errors import InputError
from zerokara.samplers.registry import SAMPLERS
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.parsing import GRAMMAR
from zerokara.space.space import Space, default_space, parse_searches
from zerokara.study.run_folder import RunFolder, read_toml


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _written(kind: Any, tokens: Sequence[Any]) -> str:
    text: str = tokens[0].value
    return text


def _hyperparameter(name: str) -> tuple[str, Any, Any]:
    row = HYPERPARAMETERS[name]
    rule = f": {row.rule}" if row.kind == "structure" and not isinstance(row.default, bool) else ""
    parameter = Parameter(help=f"{row.help}{rule} [default: {row.text(row.default)}]")
    # Except for flags the parser passes the text on: the table of hyperparameters parses it, and states its rule.
    only = Parameter(negative=_option("no_" + name)) if isinstance(row.default, bool) else Parameter(converter=_written)
    parameter = Parameter.combine(parameter, only)
    kind = type(row.default) if isinstance(row.default, float | int) else str
    return name, Annotated[kind | None, parameter], field(default=None)


Hyperparameters = make_dataclass("Hyperparameters", map(_hyperparameter, HYPERPARAMETERS), frozen=True)
Hyperparameters.__module__ = __name__
Hyperparameters = Parameter(
    name="*", group=Group("Hyperparameters", help="Each name can also be searched with --search.", sort_key=2)
)(Hyperparameters)


def given(hyperparameters: Any) -> dict[str, Any]:
    """Return the values of the hyperparameters that were given.

    Raises:
        InputError: a value breaks its rule, or is a range.
    """
    values = {name: getattr(hyperparameters, name) for name in HYPERPARAMETERS}
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    for name, text in texts.items():
        if text.partition(":")[0] in GRAMMAR:
            raise InputError(f"{_option(name)} takes one value, got a range: use --search {name}={text}")
    flags = {name: value for name, value in values.items() if value is not None and name not in texts}
    return flags | {name: HYPERPARAMETERS[name].parse(text) for name, text in texts.items()}


@Parameter(name="*", group=Group("Data", sort_key=1))
@dataclass(frozen=True)
class DataOptions:
    """The dataset, its split and its scaling."""

    train_size: int | None = None
    """Use only the first N training samples, before the split. [default: all]"""
    validation: float = 0.2
    """The fraction of the training samples for validation."""
    test: float = 0.2
    """The fraction held out for the final test, if the dataset has no test samples."""
    stratify: Annotated[bool, Parameter(negative="--no-stratify")] = False
    """Keep the class proportions in every part."""
    scaling: str = "auto"
    """The scaling of the features, fitted on the training part: none, target, center, standard, range or
    whiten[:COMPONENTS[:SMOOTHING]], such as whiten:500:10; auto keeps pictures in [0, 1], scales tables by quantiles
    and standardizes other data."""
    target: str | None = None
    """The column of a table to predict."""
    task: Literal["classification", "regression"] | None = None
    """The task for a table's target. [default: classification for text, booleans and few integers]"""
    drop: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """A column of a table to leave out; may be repeated."""
    categories: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """A column of a table whose numbers are categories, such as a postal code; may be repeated."""
    max_categories: int | None = None
    """The maximum number of categories of a text column. [default: 100]"""

    def load(self, dataset: str, seed: int) -> Dataset:
        """Return the dataset, split and scaled."""
        more = {"drop": self.drop, "categories": self.categories, "max_categories": self.max_categories}
        columns: dict[str, Any] = {name: value for name, value in more.items() if value not in ((), None)}
        data = load(dataset, self.target, self.task, **columns)
        if self.train_size is not None:
            data = data.first(self.train_size)
        data = data.split(self.validation, None if data.test is not None else self.test or None, seed, self.stratify)
        scaling = self.scaling
        if scaling == "auto" and data.encoder is not None:
            return data
        if scaling == "auto":
            scaling = "none" if len(data.sample_shape) > 1 else "standard"
        return data.scaled(scaling)


SEARCH = (
    "NAME=log:LOW:HIGH, uniform:LOW:HIGH, integer:LOW:HIGH[:STEP], powers:LOW:HIGH (of two) or choice:A|B|C, once for "
    "each hyperparameter to search; hidden=layers:FEWEST:MOST:LOW:HIGH for the number of layers and their common "
    "width. [default: lr, weight_decay and dropout, unless they are given]"
)
SAMPLER = (
    "The sampler that proposes trials: " + "; ".join(f"{name}, {kind.about}" for name, kind in SAMPLERS.items()) + "."
)


@Parameter(name="*", group=Group("Search", sort_key=3))
@dataclass(frozen=True)
class SearchOptions:
    """The search."""

    search: Annotated[tuple[str, ...], Parameter(help=SEARCH, show_default=False)] = ()
    trials: int = 100
    """The number of trials."""
    sampler: Annotated[str, Parameter(help=SAMPLER)] = "random"
    race: str = "halving"
    """How trials are stopped early: none, halving or hyperband, with [:ETA[:FIRST_RUNG]], such as halving:3:2."""
    generation: int | None = None
    """The maximum number of trials proposed and trained at once. [default: 256; for samplers that learn, and with
    --storage, a fifth of the trials]"""
    storage: str | None = None
    """A database that several processes, on one machine or many, share to search one study, each with its own --out:
    postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE. The password may also be in PGPASSWORD or
    ~/.pgpass. Meant for longer trials."""
    study: str | None = None
    """The name of the study in the database of --storage. [default: zerokara]"""
    ensemble: int | None = None
    """Also select, test and save an ensemble of at most this many picks. [default: no ensemble]"""
    paired: Annotated[bool, Parameter(negative="--no-paired")] = True
    """Let trials share random draws (mini-batches, dropout, initial weights), for a paired comparison."""

    def space(self, hyperparameters: Any) -> dict[str, Any]:
        """Return the search space: ranges, and the values that were given."""
        fixed, searched = given(hyperparameters), parse_searches(self.search)
        both = [name for name in searched if name in fixed]
        if both:
            name = both[0]
            raise InputError(
                f"{name} must be either searched or given, got both: drop --search {name}=... or {_option(name)}"
            )
        space: dict[str, Any] = {**(default_space(fixed) if not searched else {}), **searched, **fixed}
        Space(space)
        return space


@Parameter(name="*", group=Group("Training", sort_key=4))
@dataclass(frozen=True)
class TrainingOptions:
    """The training."""

    epochs: int = 50
    """Passes over the training samples."""
    rank: Literal["loss", "accuracy"] = "loss"
    """The validation metric by which trials are ranked."""
    keep_best: Annotated[bool, Parameter(negative="--no-keep-best")] = False
    """Use the weights and the score of a network's best epoch instead of its last."""
    patience: int | None = None
    """Stop a network after this many epochs in a row without improvement. [default: no early stopping]"""
    seeds: int = 1
    """The number of initializations of each trial; its score is their mean."""
    folds: int = 1
    """The number of cross-validation folds of each trial, from the training and validation samples."""
    refit: Annotated[bool, Parameter(negative="--no-refit")] = False
    """Train the winner again on all training and validation samples, and test and save that network."""
    evaluate_train_every: int = 1
    """Epochs between evaluations on the training samples."""
    seed: int = 0
    """The seed of all random draws."""
    replicate: int = 0
    """Another set of draws of the same seed: initial weights, order of the samples, dropout."""
    dtype: Literal["float32", "float64"] = "float32"
    """The floating-point precision."""
    augment: str = "none"
    """Random augmentation of pictures at each step: none, flip (half are mirrored), shift:PIXELS, or
    flip,shift:PIXELS."""


@Parameter(name="*", group=Group("Run", sort_key=5))
@dataclass(frozen=True)
class RunOptions:
    """The run folder and the workers."""

    out: Path | None = None
    """The folder for the results. [default: runs/DATASET-N]"""
    force: bool = False
    """Replace an existing run in that folder."""
    workers: str | None = None
    """A number of threads, processes[:N], dask[:N], or the address of a Dask scheduler, tcp://HOST:PORT. Results do not
    depend on it. [default: a thread for each core; processes when the search takes long]"""
    config: Path | None = None
    """A TOML file with any of these options, such as a run's config.toml; the command line overrides it."""


def from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Add options that the command line does not have, from its ``--config FILE`` or its ``--from RUN --trial N``.

    A file's ``dataset`` is the positional argument; its table ``record``, where and when a run was made, is ignored.
    A hyperparameter that the command line searches or gives is not read from the file.
    """
    options = {argument.name: argument for argument in arguments}
    given = {name: [token.value for token in argument.tokens] for name, argument in options.items() if argument.tokens}
    config, run, trial = (given.get(option, [""])[0] for option in ("--config", "--from", "--trial"))
    if config and run:
        raise InputError(f"options must come from one file, got --config {config} and --from {run}: drop one")
    if config:
        content = read_toml(Path(config))
    elif run and trial.isdecimal():
        content = trial_config(Path(run), int(trial))
    else:
        return
    content.pop("record", None)
    if tables := [name for name, value in content.items() if isinstance(value, dict)]:
        raise InputError(f"a config must have no table but [record], got [{tables[0]}] in {config}: drop it")
    if (dataset := content.pop("dataset", None)) and "DATASET" not in given:
        options["DATASET"].append(Token(value=str(dataset)))
    searched = {_option(text.split("=")[0]) for text in given.get("--search", [])}
    if search := options.get("--search"):
        texts = content.pop("search", [])
        names = searched | given.keys()
        search.tokens[:0] = [
            Token(value=text)
            for text in ([texts] if isinstance(texts, str) else texts)
            if _option(text.split("=")[0]) not in names
        ]
    values = {
        name: ",".join(map(str, value)) if isinstance(value, list) and name not in ("drop", "categories") else value
        for name, value in content.items()
        if _option(name) not in searched
    }
    Dict(values, source=config or run, use_commands_as_keys=False)(app, commands, arguments)


SEARCH_ONLY = ("trials", "sampler", "race", "generation", "ensemble", "storage", "study")
"""The options of a search that training one network does not have."""


def trial_config(source: Path, number: int) -> dict[str, Any]:
    """Return the config to train one trial of a run again, with the trial's values of the searched hyperparameters."""
    config, rows = RunFolder(source).config(), trials_of(source)
    if str(number) not in rows:
        raise InputError(f"the trials of {source} are 0 to {len(rows) - 1}, got --trial {number}")
    for name in parse_searches(config.pop("search", [])):
        if value := rows[str(number)][name]:  # Empty where the trial has no such hyperparameter.
            config[name] = value
    if not config.pop("paired", True):
        config["replicate"] = config.get("replicate", 0) + number * config.get("seeds", 1)
    return {name: value for name, value in config.items() if name not in SEARCH_ONLY}


def trials_of(run: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a run's ``trials.csv`` by the trials' numbers."""
    try:
        with open(run / "trials.csv", encoding="utf-8", newline="") as file:
            return {row["number"]: row for row in csv.DictReader(file)}
    except OSError as error:
        raise InputError(f"trials.csv not found in {run}: wait until the run has finished") from error
