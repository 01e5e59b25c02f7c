"""A run's config: everything that is needed to repeat the run, and a record of the versions and the data."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, get_type_hints

import numpy as np

from zerokara.checks import is_of
from zerokara.data import Dataset
from zerokara.data.augment import Augment
from zerokara.engine.plan import Plan
from zerokara.engine.settings import in_config
from zerokara.errors import InputError, unknown
from zerokara.native.library import why_numpy
from zerokara.samplers.registry import sampler_text
from zerokara.space.first import first_text
from zerokara.space.hyperparameters import HYPERPARAMETERS, lookup, to_text
from zerokara.space.space import Space, parse_searches
from zerokara.study.settings import SearchSettings
from zerokara.train.engine import resolve
from zerokara.train.objective import class_weight_text
from zerokara.train.ranking import name_of, rank_text
from zerokara.version import __version__


def config_of(
    settings: SearchSettings, plan: Plan, space: Space, about: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return everything that is needed to repeat a run, under the names that ``--config`` reads, and a record.

    Results are identical with the same data, NumPy and processor features, so the record has these.
    """
    data, callbacks = settings.data, list(map(name_of, settings.callbacks))
    table = {} if data.train.table is None else data.train.table.settings
    return {
        "dataset": data.name,
        **(about or {}),
        **{name: value for name, value in table.items() if value},
        "stratify": data.stratified,
        **{name: value for name, value in data.split_settings.items() if name != "seed"},
        # The command line's defaults are others.
        **{what: data.split_settings.get(what) or 0 for what in ("validation", "test")},
        "scaling": data.preprocess.kind,
        **in_config(SearchSettings, vars(settings)),
        "first": list(map(first_text, settings.first)),
        "rank": rank_text(settings.rank),
        "sampler": sampler_text(settings.sampler),
        "class_weight": class_weight_text(settings.class_weight),
        "augment": str(Augment.parse(settings.augment) or "none"),
        **{name: to_text(v) if isinstance(v, tuple) else v for name, v in space.fixed.items()},
        "search": space.searches(),
        "record": record(data, plan.computed_by) | ({"callbacks": callbacks} if callbacks else {}),
    }


DATA_KEYS: dict[str, Any] = {
    "dataset": str,
    "train_size": int,
    "validation": float,
    "test": float,
    "stratify": bool,
    "scaling": str,
    "target": str,
    "task": Literal["classification", "regression"],
    "drop": list[str],
    "categories": list[str],
    "max_categories": int,
    "missing": str,
    "decimal": Literal[".", ","],
    "encoding": str,
    "weights": str,
    "size": str,
}
"""The types of the keys about the data."""
TYPES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", dict: "a table"}
"""The names of types for messages."""
EARLIER_NUMBERS = (
    "Numbers of tables are standardized since version 0.2. The earlier trials of this run had them scaled by their "
    "quartiles: their scores compare with those of new trials only roughly."
)
REQUIRED = ("dataset", "trials", "generation", "sampler", "seed", "search", "record")
"""The keys without which a run cannot be resumed."""


def check_config(config: Mapping[str, Any], path: Path) -> None:
    """Raise InputError unless every key of a run's config is known, and has a value of its type."""
    types = get_type_hints(SearchSettings)
    rows = (row for row in fields(SearchSettings) if row.metadata.get("config"))
    kinds = {row.name: row.metadata["option"] or types[row.name] for row in rows}
    kinds |= dict.fromkeys(HYPERPARAMETERS, str | float | bool) | DATA_KEYS | {"search": list[str], "record": dict}
    if ":" in str(config.get("rank")):  # The name of a function, with its direction.
        kinds["rank"] = str
    remedy = f"restore {path}, or start another search"
    if missing := [name for name in REQUIRED if name not in config]:
        raise InputError(f"a run's config must have the key {missing[0]}, got only {', '.join(config)}: {remedy}")
    for name, value in config.items():
        if name not in kinds:
            raise InputError(f"{unknown('key of a config', name, kinds)}; {remedy}")
        if not is_of(value, kinds[name]):
            kind = TYPES.get(kinds[name], kinds[name])
            raise InputError(f"{name} must be {kind} in a run's config, got {value!r:.80}: {remedy}")
    if not isinstance(config["record"].get("data_sha256"), str):
        raise InputError(f"the record of a run's config must have the text data_sha256, but it does not: {remedy}")


def space_from_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the search space of a run's config."""
    fixed = {name: config[name] for name in HYPERPARAMETERS if name in config}
    values = {name: lookup(name).parse(value) if isinstance(value, str) else value for name, value in fixed.items()}
    return values | parse_searches(config["search"])


def engine_of(config: Mapping[str, Any]) -> str:
    """Return the engine that resumes a run: the one that it started with.

    Raises:
        InputError: this installation does not have it.
    """
    then = config["record"].get("engine", "numpy")  # Before there was a kernel, NumPy computed.
    if then == "native" and (reason := why_numpy("auto")):
        raise InputError(
            f"a run that started with the engine native must resume with it, but {reason}: resume where "
            "`zerokara info` names the engine native, or start another search"
        )
    given = str(config.get("engine", "auto"))
    return given if resolve(given, config.get("dtype", "float32")) == then else then


def differences(config: Mapping[str, Any], data: Dataset) -> list[str]:
    """Return a warning for everything that may change the last bits of the results; raise InputError for other data."""
    then = config["record"]
    now = record(data, then.get("engine", "numpy"))
    if then["data_sha256"] != now["data_sha256"]:
        split = config.get("stratify", data.stratified)
        remedy = "Use the original data" if split == data.stratified else f"Split the data with stratify={split}"
        raise InputError(
            f"The data changed since this run started (hash differs): expected SHA-256 {then['data_sha256'][:12]}..., "
            f"got {now['data_sha256'][:12]}... for {data.name}. {remedy}, or start another search."
        )
    names = ["zerokara", "numpy", "platform"]
    names += ["processor_features"] if now["engine"] == "numpy" else []  # The kernel's bits do not depend on them.
    earlier = [] if then.get("numbers") == now.get("numbers") else [EARLIER_NUMBERS]
    return earlier + [
        f"This run started with {name.replace('_', ' ')} {_one_line(then.get(name))}, and resumes with "
        f"{_one_line(now[name])}: results may differ in the last bits."
        for name in names
        if then.get(name) != now[name]
    ]


def _one_line(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _version_of(package: str) -> dict[str, str]:
    """Return the version of a package by its name; nothing if it is not installed."""
    try:
        return {package: version(package)}
    except PackageNotFoundError:
        return {}


def record(data: Dataset, engine: str) -> dict[str, Any]:
    """Return the versions, the engine, the processor features that NumPy uses, and the hash of the data."""
    features = np.show_config(mode="dicts")["SIMD Extensions"]
    return ({} if data.encoder is None else {"numbers": "standard"}) | {
        "zerokara": __version__,
        "numpy": np.__version__,
        **_version_of("optuna"),
        "engine": engine,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "processor_features": [*features.get("baseline", []), *features.get("found", [])],
        "data_sha256": data.fingerprint(),
        "data_name": data.name,
        "data_parts": data.parts_text,
        "task": data.task,
        "outputs": data.n_outputs,
    }
