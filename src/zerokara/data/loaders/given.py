"""What a user gives to `zerokara.tune` or `Trainer`, as a dataset: loaded, split and scaled."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from zerokara.arrays import python_number
from zerokara.data.columns.frames import raw_table
from zerokara.data.columns.raw import RawTable, column_label
from zerokara.data.dataset import DEFAULT_VALIDATION, Dataset
from zerokara.data.loaders.arrays import from_arrays
from zerokara.data.loaders.catalog import load
from zerokara.data.loaders.inputs import has_columns
from zerokara.data.loaders.tables import from_table, like
from zerokara.data.split import split_indices, warn_of_missing
from zerokara.errors import InputError

FORMS = (
    "a Dataset, (X, y), a DataFrame or a dict of columns with target=NAME, the path of a file or folder, or a "
    "dataset's name"
)


class Pair(NamedTuple):
    """Samples and their targets."""

    X: Any
    y: Any


def as_dataset(
    data: Any,
    *,
    target: Any = None,
    task: str | None = None,
    validation: Any = DEFAULT_VALIDATION,
    test: Any = None,
    seed: int = 0,
    stratify: bool | None = None,
    scaling: str = "auto",
    **columns: Any,
) -> Dataset:
    """Return data in any form as a dataset with a validation part, split and scaled as `zerokara.tune` does.

    Args:
        data: a Dataset, (X, y), a DataFrame (pandas, Polars, pyarrow) or a dict of columns, the path of a file or
            folder, or the name of a dataset. X may be an array, a sparse matrix or a DataFrame.
        target: the column to predict, for a table.
        task: "classification", "multilabel" or "regression"; None infers it from the targets.
        validation: a fraction or a number of the training samples; or the samples themselves, (X, y), or for a table
            with ``target`` another table. None: no validation part. An official validation part is kept. Or a function
            that returns the fraction for the data.
        test: likewise; None: no test part, or the official one.
        seed, stratify: of the split, see `Dataset.split`.
        scaling: as in `Dataset.scaled`, or "auto": see `divided`. A Dataset remains scaled as it is.
        columns: how a table is read, see `from_table`.

    Raises:
        InputError: the data have another form, or an argument does not apply to them.

    >>> as_dataset(([[0.0, 1.0], [1.0, 0.0]] * 10, ["cat", "dog"] * 10)).describe()
    'arrays: 20 samples of 2 features, 2 classes; train 16, validation 4 (20 % stratified), no test'
    """
    choose, validation = (validation, None) if callable(validation) else (None, validation)
    parts = {"validation": validation, "test": test}
    sizes = {what: part if _is_size(part) else None for what, part in parts.items()}
    own = {what: part for what, part in parts.items() if not _is_size(part)}
    if isinstance(data, Dataset):
        _not_for({"target": target, "task": task, **columns, **own}, "a Dataset, which has its own")
        sizes |= {"validation": choose(data)} if choose else {}
        return held_out_of(data, **sizes, seed=seed, stratify=stratify)
    if _is_pair(data):
        _not_for({"target": target}, "(X, y)")
        loaded = _of_pair(Pair(*data), task, own, columns)
    elif isinstance(data, str | PathLike):
        loaded = with_tables(load(data, target, task, **columns), own)
    elif has_columns(data):
        loaded = with_tables(from_table(data, target, task, **columns), own)
    else:
        raise InputError(f"data must be {FORMS}, got a {type(data).__name__}: pass an array with its targets, (X, y)")
    sizes |= {"validation": choose(loaded)} if choose else {}
    return divided(loaded, **sizes, seed=seed, stratify=stratify, scaling=scaling)


def divided(
    data: Dataset,
    validation: float | None = DEFAULT_VALIDATION,
    test: float | None = None,
    seed: int = 0,
    stratify: bool | None = None,
    scaling: str = "auto",
) -> Dataset:
    """Return a dataset split, and then scaled.

    The scaling "auto" keeps images in [0, 1] and scales others to it, leaves tables as their encoder scales them, and
    standardizes other samples.
    """
    if validation is not None or test is not None:
        data = data.split(validation, test, seed, stratify)
    if scaling == "auto" and data.encoder is not None:
        return data
    if scaling == "auto" and len(data.sample_shape) > 1:
        within = data.train.x.min() >= 0 and data.train.x.max() <= 1
        scaling = "range" if not within else "target" if data.task == "regression" else "none"
    elif scaling == "auto":
        scaling = "standard"
    return data.scaled(scaling)


def held_out_of(
    data: Dataset, validation: float | None, test: float | None = None, seed: int = 0, stratify: bool | None = None
) -> Dataset:
    """Return a dataset with the parts that it lacks, taken from its training samples, and scaled as it was."""
    if test is None and (validation is None or (data.validation is not None and validation == DEFAULT_VALIDATION)):
        return data
    plain = data.original or data
    settings = plain.split_settings
    if validation is not None and test is None and settings.get("validation", 0) is None and plain.validation is None:
        # It has a test part already. Its samples lie in shuffled order, so that two splits are the same as one.
        labels, order = plain.train.t if plain.stratified else None, np.arange(len(plain.train))
        indices, by_class = split_indices(order, {"validation": validation}, labels, refuse=stratify is not None)
        train, held_out = (plain.train.take(indices[what]) for what in ("train", "validation"))
        if plain.task == "classification":
            warn_of_missing({"train": train.t, "validation": held_out.t}, plain.classes)
        settings = {**settings, "validation": python_number(validation), "stratify": by_class}
        parts = replace(plain.with_parts(train, held_out, plain.test), split_settings=settings)
    else:
        parts = plain.split(validation, test, seed, stratify)
    return parts if data.original is None else parts.scaled(data.preprocess.kind)


def for_trainer(data: Any, target: Any, validation: Any, test: Any, seed: int) -> Dataset:
    """Return the data of a trainer; a dataset keeps the parts that it has, unless others are asked for."""
    if isinstance(data, Dataset):
        return as_dataset(data, target=target, validation=validation, test=test, seed=seed)
    size = DEFAULT_VALIDATION if validation is None else validation
    return as_dataset(data, target=target, validation=size, test=test, seed=seed)


def with_tables(data: Dataset, own: Mapping[str, Any]) -> Dataset:
    """Return a dataset of a table with other tables as its validation and test part."""
    if not own:
        return data
    table, encoder = data.train.table, data.encoder
    if table is None or encoder is None:
        what, part = next(iter(own.items()))
        raise InputError(
            f"{what} of {data.name} must be a fraction or a number of samples, got a {type(part).__name__}: pass "
            f"{what}=0.2, or all samples as arrays, (X, y)"
        )
    parts = {}
    for what, rows in own.items():
        given = _table_of(Pair(*rows), table.target)[0] if _is_pair(rows) else rows
        parts[what] = like(given, encoder, data.task, data.classes, weights=table.settings.get("weights")).train
    return data.with_parts(data.train, parts.get("validation"), parts.get("test"))


def _of_pair(pair: Pair, task: str | None, own: Mapping[str, Any], columns: Mapping[str, Any]) -> Dataset:
    """Return a dataset of samples and their targets: a table, if the samples have named columns."""
    if isinstance(pair.y, str):
        raise InputError(f"y must have a target for each sample, got {pair.y!r}: for a column pass target={pair.y!r}")
    if has_columns(pair.X):
        raw, target = _table_of(pair)
        return with_tables(from_table(raw, target, task, **columns), own)
    _not_for(columns, "(X, y) of arrays")
    parts: dict[str, Any] = {}
    for what, part in own.items():
        if not _is_pair(part):
            raise InputError(f"{what} must be (X, y), a fraction or a number, got a {type(part).__name__}: pass (X, y)")
        short = what.replace("validation", "val")
        parts |= {f"x_{short}": part[0], f"t_{short}": part[1]}
    return from_arrays(pair.X, pair.y, task=task, **parts)


def _table_of(pair: Pair, target: str | None = None) -> tuple[RawTable, str]:
    """Return the columns of a table with the targets as one more, and its name: ``target``, or that of y."""
    raw = raw_table(pair.X)
    if has_columns(pair.y):
        (name, cells), *more = raw_table(pair.y).cells.items()
        if more:
            raise InputError(f"y of a table must be one column, got {len(more) + 1}: choose one, or pass X as an array")
    else:
        name = column_label(getattr(pair.y, "name", None) or "target")
        cells = raw_table({name: pair.y}).cells[name]
    name = target or name
    if name in raw.cells:
        raise InputError(
            f"X must not have the column of the targets, got {name!r} in both: drop it from X, or rename y"
        )
    if len(set(map(len, (cells, *raw.cells.values())))) > 1:
        got = f"{len(next(iter(raw.cells.values())))} rows and {len(cells)} targets"
        raise InputError(f"X and y must have one length, got {got}: correct one")
    return replace(raw, cells={**raw.cells, name: cells}, source=None), name


def _is_pair(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2


def _is_size(part: Any) -> bool:
    return part is None or isinstance(part, int | float | np.number | np.bool_)


def _not_for(given: Mapping[str, Any], what: str) -> None:
    """Raise for an argument about the data that does not apply to them."""
    if names := [name for name, value in given.items() if value is not None]:
        raise InputError(f"{names[0]} does not apply to {what}, got {names[0]}={given[names[0]]!r:.60}: leave it out")
