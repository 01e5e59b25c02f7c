"""The options of the command line, one dataclass for each group, and their conversion to arguments of Python."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from cyclopts import App, ArgumentCollection, Group, Parameter, Token
from cyclopts.config import Dict

from zerokara.checks import is_of
from zerokara.data import Dataset
from zerokara.engine.settings import TrainingSettings, values_of
from zerokara.errors import InputError, command_line
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.parsing import SYNTAX
from zerokara.space.space import Space, parse_searches
from zerokara.study.data import load_data
from zerokara.study.run_folder import RunFolder, read_summary, read_toml
from zerokara.study.settings import SearchSettings, validation_of


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _hyperparameter(name: str) -> tuple[str, Any, Any]:
    row = HYPERPARAMETERS[name]
    rule = f": {row.rule}" if row.kind == "structure" and not isinstance(row.default, bool) else ""
    parameter = Parameter(help=f"{row.help}{rule} [default: {row.text(row.default)}]")
    # Except for flags the parser passes the text on: the table of hyperparameters parses it, and states its rule.
    text = Parameter(converter=lambda kind, tokens: tokens[0].value)
    flag = Parameter(negative=_option("no_" + name))
    parameter = Parameter.combine(parameter, flag if isinstance(row.default, bool) else text)
    kind = type(row.default) if isinstance(row.default, float | int) else str
    return name, Annotated[kind | None, parameter], field(default=None)


Hyperparameters = make_dataclass("Hyperparameters", map(_hyperparameter, HYPERPARAMETERS), frozen=True)
NETWORK = (
    *("hidden", "activation", "batch_norm", "dropout", "init_scale", "weight_decay", "label_smoothing"),
    *("numeric_encoding", "category_encoding"),
)
"""The hyperparameters that a network and its loss depend on, and not how it is trained."""
NetworkOptions = make_dataclass("NetworkOptions", map(_hyperparameter, NETWORK), frozen=True)
Hyperparameters.__module__ = NetworkOptions.__module__ = __name__
Hyperparameters = Parameter(
    name="*", group=Group("Hyperparameters", help="Each name can also be searched with --search.", sort_key=2)
)(Hyperparameters)
NetworkOptions = Parameter(name="*", group=Group("Network", sort_key=2))(NetworkOptions)


def given(hyperparameters: Any) -> dict[str, Any]:
    """Return the values of the hyperparameters that were given.

    Raises:
        InputError: a value breaks its rule, or is a range.
    """
    values = vars(hyperparameters)
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    for name, text in texts.items():
        if text.partition(":")[0] in SYNTAX:
            raise InputError(f"{_option(name)} takes one value, got a range: use --search {name}={text}")
    flags = {name: value for name, value in values.items() if value is not None and name not in texts}
    return flags | {name: HYPERPARAMETERS[name].parse(text) for name, text in texts.items()}


def _size(_: Any, tokens: Sequence[Token]) -> int | float:
    """Return a count, or a fraction; of their union cyclopts would round every number."""
    text = tokens[0].value
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError as error:
        raise ValueError(f"the size of a part is a fraction or a count, got {text!r:.40}: try 0.2 or 100") from error


SIZE = Parameter(converter=_size)
COLUMN_NAMES = Parameter(show_default=False, allow_leading_hyphen=True)  # A column may be called -log10(p).


@Parameter(name="*", group=Group("Data", sort_key=1))
@dataclass(frozen=True)
class DataOptions:
    """The dataset, its split and its scaling."""

    train_size: int | None = None
    """Use only the first N training samples, before the split. [default: all]"""
    validation: Annotated[int | float | None, SIZE] = None
    """The fraction or number of the training samples for validation. [default: 0.2; with folds none]"""
    test: Annotated[int | float, SIZE] = 0.2
    """The fraction or number of samples held out for the final test, if the dataset has no test samples."""
    stratify: Annotated[bool | None, Parameter(negative="--no-stratify")] = None
    """Keep the class proportions in every part. [default: for classes, if there are enough samples]"""
    scaling: str = "auto"
    """The scaling of the features, fitted on the training part: none, target, center, standard, range or
    whiten[:COMPONENTS[:SMOOTHING]], such as whiten:500:10; auto keeps or scales pictures to [0, 1], and
    standardizes tables and other data."""
    target: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """The column of a table to predict."""
    task: Literal["classification", "regression"] | None = None
    """The task for a table's target. [default: classification for text, booleans and few integers]"""
    drop: Annotated[tuple[str, ...], COLUMN_NAMES] = ()
    """A column of a table to leave out; may be repeated."""
    categories: Annotated[tuple[str, ...], COLUMN_NAMES] = ()
    """A column of a table whose numbers are categories, such as a postal code; may be repeated."""
    max_categories: int | None = None
    """The maximum number of categories of a text column. [default: 100]"""
    missing: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """The texts of a table that are missing cells, such as "NA,?"; none for empty cells alone. [default: NA, NaN, NULL,
    None, ? and the like]"""
    decimal: Literal[".", ","] | None = None
    """The decimal mark of a table's numbers. [default: found in the table]"""
    weights: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """The column of a table with the weight of each row in the loss and the scores."""
    encoding: str | None = None
    """The encoding of a text file. [default: UTF-8, or found in the file]"""

    size: str | None = None
    """The width and height to which the pictures of a folder are resized, such as 64 or 64x48. [default: their own, or
    the median of several sizes, at most 64]"""

    def load(self, dataset: str, seed: int, folds: int | None = 1, default_search: bool = False) -> Dataset:
        """Return the dataset, split and scaled."""
        validation = validation_of(self.validation, folds, default_search)
        return load_data({**vars(self), "dataset": dataset, "seed": seed, "validation": validation})


SEARCH = (
    "NAME=log:LOW:HIGH, uniform:LOW:HIGH, integer:LOW:HIGH[:STEP], powers:LOW:HIGH (of two) or choice:A|B|C, once for "
    "each hyperparameter to search; hidden=layers:FEWEST:MOST:LOW:HIGH for the number of layers and their common "
    "width. [default: lr, weight_decay and dropout, unless they are given; of a table also the layers and the "
    "encoding of numbers]"
)


def _options(group: str, sort_key: int, *more: tuple[str, Any, Any], at: int = 0) -> Any:
    """Return the options of a group of settings, with ``more`` options from the place ``at`` on."""
    types = get_type_hints(SearchSettings)
    rows: list[tuple[str, Any, Any]] = []
    # In the group Search, the settings that training does not have come first.
    training = values_of(TrainingSettings())
    ordered = sorted(fields(SearchSettings), key=lambda row: group == "Search" and row.name in training)
    for row in (row for row in ordered if row.metadata.get("group") == group):
        about = row.metadata
        shown = f" [default: {about['shown']}]" if about["shown"] else ""
        negative = [_option(f"no_{row.name}")] if isinstance(row.default, bool) and about["config"] else []
        parameter = Parameter(help=about["help"] + shown, negative=negative)
        kind = about["option"] or types[row.name]
        rows.append((row.name, Annotated[kind, parameter], field(default=row.default)))
    rows[at:at] = more
    options = make_dataclass(f"{group}Options", rows, frozen=True, namespace={"__doc__": f"{group} options."})
    options.__module__ = __name__
    return Parameter(name="*", group=Group(group, sort_key=sort_key))(options)


RANGES = Parameter(help=SEARCH, show_default=False)
CONFIG = Parameter(
    help="A TOML file with any of these options, such as a run's config.toml; the command line overrides it."
)
SearchOptions = _options("Search", 3, ("search", Annotated[tuple[str, ...], RANGES], field(default=())))
TrainingOptions = _options("Training", 4)
RunOptions = _options("Run", 5, ("config", Annotated[Path | None, CONFIG], field(default=None)), at=3)


def settings_of(*groups: Any) -> dict[str, Any]:
    """Return the settings of some groups of options, by name."""
    options = {name: value for group in groups for name, value in vars(group).items()}
    return {name: value for name, value in options.items() if name not in ("search", "config")}


def space_from_options(search: Any, hyperparameters: Any) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the search space, None for the default one, and the values that were given."""
    fixed, searched = given(hyperparameters), parse_searches(search.search)
    both = [name for name in searched if name in fixed]
    if both:
        name = both[0]
        raise InputError(
            f"{name} must be either searched or given, got both: drop --search {name}=... or {_option(name)}"
        )
    space: dict[str, Any] = {**searched, **fixed}
    Space(space)
    return space if searched else None, fixed


def from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Add options that the command line does not have, from its ``--config FILE`` or its ``--from RUN [--trial N]``.

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
    elif run and (trial.isdecimal() or not trial):
        content = trial_config(Path(run), int(trial) if trial else winner_of(Path(run)))
    else:
        return
    if content.pop("record", None) is not None:
        content.setdefault("test", 0.0)  # A run without test data.
        content.setdefault("stratify", False)  # A run from before splits were stratified by default.
    if tables := [name for name, value in content.items() if isinstance(value, dict)]:
        raise InputError(f"a config must have no table but [record], got [{tables[0]}] in {config}: drop it")
    if (dataset := content.pop("dataset", None)) and "DATASET" not in given:
        options["DATASET"].append(Token(value=str(dataset)))
    searched = {_option(text.split("=")[0]) for text in given.get("--search", [])}
    if search := options.get("--search"):
        texts = content.pop("search", [])
        if not is_of(texts, str | list[str]):
            raise InputError(
                f"search must be a string or a list of strings in {config or run}, got {texts!r:.80}: fix it"
            )
        names = searched | given.keys()
        search.tokens[:0] = [
            Token(value=text)
            for text in ([texts] if isinstance(texts, str) else texts)
            if _option(text.split("=")[0]) not in names
        ]
    values = {
        name: ",".join(map(str, value))
        if isinstance(value, list) and name not in ("drop", "categories", "first")
        else value
        for name, value in content.items()
        if _option(name) not in searched
    }
    # Under the name of the command: a flat file must have no key that is the name of a command, such as trials.
    nested: dict[str, Any] = values
    for command in reversed(commands):
        nested = {command: nested}
    Dict(nested, source=config or run)(app, commands, arguments)


SEARCH_ONLY = {row.name for row in fields(SearchSettings) if row.metadata.get("group") == "Search"}
"""The options of a search that training one network does not have."""


def trial_config(source: Path, number: int) -> dict[str, Any]:
    """Return the config to train one trial of a run again, with the trial's values of the searched hyperparameters."""
    config, rows = RunFolder(source).config(), trials_of(source)
    if str(number) not in rows:
        raise InputError(f"the trials of {source} are 0 to {len(rows) - 1}, got --trial {number}")
    for name in parse_searches(config.pop("search", [])):
        if value := rows[str(number)].get(name):  # Empty where the trial has no such hyperparameter.
            config[name] = value
    if not config.pop("paired", True):
        config["replicate"] = config.get("replicate", 0) + number * config.get("seeds", 1) * config.get("folds", 1)
    return {name: value for name, value in config.items() if name not in SEARCH_ONLY}


def winner_of(run: Path) -> int:
    """Return the number of the winner of a run that has ended."""
    _ = RunFolder(run)
    best = read_summary(run).get("best")
    number = best.get("number") if isinstance(best, dict) else None
    if not isinstance(number, int):
        raise InputError(
            f"{run} has no winner yet: finish it with `{command_line('resume', run)}`, or name a trial with --trial"
        )
    return number


def trials_of(run: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a run's ``trials.csv`` by the trials' numbers.

    Raises:
        InputError: the file is missing, or is not as `tune` wrote it.
    """
    path, rows = run / "trials.csv", {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                _ = int(row["epochs"]), row["state"]
                rows[str(int(row["number"]))] = row
    except FileNotFoundError as error:
        raise InputError(f"trials.csv not found in {run}: wait until the run has finished") from error
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise InputError(
            f"{path} must be as tune wrote it, got {error}: write it again with "
            f"`{command_line('resume', run, '--repair')}`"
        ) from error
    return rows
