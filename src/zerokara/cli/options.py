"""The options of the command line, one dataclass for each group, and how they become what Python takes."""

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
    # But for flags the parser hands on what was written: the table reads it, and states its rule.
    only = Parameter(negative=_option("no_" + name)) if isinstance(row.default, bool) else Parameter(converter=_written)
    parameter = Parameter.combine(parameter, only)
    kind = type(row.default) if isinstance(row.default, float | int) else str
    return name, Annotated[kind | None, parameter], field(default=None)


Hyperparameters = make_dataclass("Hyperparameters", map(_hyperparameter, HYPERPARAMETERS), frozen=True)
Hyperparameters.__module__ = __name__
Hyperparameters = Parameter(
    name="*", group=Group("Hyperparameters", help="Each is also a NAME for --search.", sort_key=2)
)(Hyperparameters)


def given(hyperparameters: Any) -> dict[str, Any]:
    """Return the hyperparameters that were given, as values.

    Raises:
        InputError: one breaks its rule, or is a range.
    """
    found = {name: getattr(hyperparameters, name) for name in HYPERPARAMETERS}
    written = {name: value for name, value in found.items() if isinstance(value, str)}
    for name, text in written.items():
        if text.partition(":")[0] in GRAMMAR:
            raise InputError(f"{_option(name)} takes one value, got a range: search it with --search {name}={text}")
    flags = {name: value for name, value in found.items() if value is not None and name not in written}
    return flags | {name: HYPERPARAMETERS[name].parse(text) for name, text in written.items()}


@Parameter(name="*", group=Group("Data", sort_key=1))
@dataclass(frozen=True)
class DataOptions:
    """Which samples are used, and for what."""

    train_size: int | None = None
    """Use only the first N training samples, before the split. [default: all]"""
    validation: float = 0.2
    """The share of the training samples that judges the trials."""
    test: float = 0.2
    """The share held out for the final test, where the dataset brings no test samples of its own."""
    stratify: Annotated[bool, Parameter(negative="--no-stratify")] = False
    """Keep the proportions of the classes in every part."""
    scaling: str = "auto"
    """How features are scaled, fitted on the training part: none, target, center, standard, range or
    whiten[:COMPONENTS[:SMOOTHING]], such as whiten:500:10; auto leaves pictures in [0, 1], scales tables by quantiles
    and standardizes others."""
    target: str | None = None
    """The column of a table that is predicted."""
    task: Literal["classification", "regression"] | None = None
    """What is made of a table's target. [default: text, booleans and few whole numbers are classes]"""
    drop: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """A column of a table to leave out; once for each."""
    categories: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """A column of a table whose numbers are names, such as a postal code; once for each."""
    max_categories: int | None = None
    """Different values that a column of texts may have. [default: 100]"""

    def load(self, dataset: str, seed: int) -> Dataset:
        """Return the dataset, cut and scaled."""
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
    "each hyperparameter to be searched; hidden=layers:FEWEST:MOST:LOW:HIGH for the number of layers and the one width "
    "of them all. Without any: lr, weight_decay and dropout, unless they are given."
)
SAMPLER = "What proposes them: " + "; ".join(f"{name}, {kind.about}" for name, kind in SAMPLERS.items()) + "."


@Parameter(name="*", group=Group("Search", sort_key=3))
@dataclass(frozen=True)
class SearchOptions:
    """What is tried."""

    search: Annotated[tuple[str, ...], Parameter(help=SEARCH, show_default=False)] = ()
    trials: int = 100
    """How many proposals are tried."""
    sampler: Annotated[str, Parameter(help=SAMPLER)] = "random"
    race: str = "halving"
    """Who trains to the end: none (all do), halving or hyperband, with [:ETA[:FIRST_RUNG]], such as halving:3:2."""
    generation: int | None = None
    """Trials proposed and trained at once, at most. [default: 256; for samplers that learn, and with
    --storage, a fifth of the trials]"""
    storage: str | None = None
    """A database in which several processes, on one machine or many, search one study together, each with its --out:
    postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE. The password may also stand in PGPASSWORD or
    ~/.pgpass. Meant for longer trials."""
    study: str | None = None
    """What the study is called in the database of --storage. [default: zerokara]"""
    ensemble: int | None = None
    """Also pick an ensemble of at most so many of the trained networks, test it, and save it. [default: none]"""
    paired: Annotated[bool, Parameter(negative="--no-paired")] = True
    """Let trials share mini-batches, dropout and initial draws, so that hyperparameters are compared, not luck."""

    def space(self, hyperparameters: Any) -> dict[str, Any]:
        """Return the space: what is searched, and what was given a value."""
        fixed, searched = given(hyperparameters), parse_searches(self.search)
        both = [name for name in searched if name in fixed]
        if both:
            name = both[0]
            raise InputError(
                f"{name} is either searched or given, got both: drop --search {name}=... or {_option(name)}"
            )
        space: dict[str, Any] = {**(default_space(fixed) if not searched else {}), **searched, **fixed}
        Space(space)
        return space


@Parameter(name="*", group=Group("Training", sort_key=4))
@dataclass(frozen=True)
class TrainingOptions:
    """How long and how exactly."""

    epochs: int = 50
    """Times that each network sees all training samples."""
    rank: Literal["loss", "accuracy"] = "loss"
    """What networks are ranked by on the validation samples."""
    keep_best: Annotated[bool, Parameter(negative="--no-keep-best")] = False
    """Judge a network by its best epoch, and keep those weights, instead of its last."""
    patience: int | None = None
    """Epochs in a row without an improvement after which a network stops. [default: none stops early]"""
    seeds: int = 1
    """Initializations that each trial is trained from; its score is their mean."""
    folds: int = 1
    """Cross-validation folds that each trial is trained on, cut from the training and validation samples."""
    refit: Annotated[bool, Parameter(negative="--no-refit")] = False
    """Train the winner once more on all training and validation samples, and test and save that network."""
    evaluate_train_every: int = 1
    """Epochs from one evaluation on all training samples to the next."""
    seed: int = 0
    """What all random draws derive from."""
    replicate: int = 0
    """Which draws of that seed: initial weights, order of the samples, dropout."""
    dtype: Literal["float32", "float64"] = "float32"
    """The precision."""
    augment: str = "none"
    """What is done to pictures at each step, drawn anew: none, flip (half are mirrored), shift:PIXELS, or
    flip,shift:PIXELS."""


@Parameter(name="*", group=Group("Run", sort_key=5))
@dataclass(frozen=True)
class RunOptions:
    """Where it runs and what it leaves."""

    out: Path | None = None
    """The folder for the results. [default: runs/DATASET-N]"""
    force: bool = False
    """Replace the run that the folder holds."""
    workers: str | None = None
    """A number of threads, processes[:N], dask[:N], or tcp://HOST:PORT, the address of a Dask scheduler. The numbers do
    not depend on it. [default: a thread for each core; processes when the search lasts]"""
    config: Path | None = None
    """A TOML file with any of these options, such as a run's config.toml; the command line overrides it."""


def from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Fill in what the command line leaves out, from its ``--config FILE`` or its ``--from RUN --trial N``.

    A file's ``dataset`` stands for the argument; its table ``record`` tells where a run was made and is skipped.
    A name that the command line searches or gives is neither searched nor given by the file.
    """
    options = {argument.name: argument for argument in arguments}
    given = {name: [token.value for token in argument.tokens] for name, argument in options.items() if argument.tokens}
    config, run, trial = (given.get(option, [""])[0] for option in ("--config", "--from", "--trial"))
    if config and run:
        raise InputError(f"options come from one place, got --config {config} and --from {run}: drop one")
    if config:
        content = read_toml(Path(config))
    elif run and trial.isdecimal():
        content = trial_config(Path(run), int(trial))
    else:
        return
    content.pop("record", None)
    if tables := [name for name, value in content.items() if isinstance(value, dict)]:
        raise InputError(f"a config has options and no tables but [record], got [{tables[0]}] in {config}: drop it")
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
"""What a config says that one network has no use for."""


def trial_config(source: Path, number: int) -> dict[str, Any]:
    """Return the config with which one trial of a run is trained again alone, its own values in place."""
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
        raise InputError(f"{run} must hold trials.csv, got none: let the run end first") from error
