"""The target of a table: which column it is, and whether it holds classes or numbers."""

from collections.abc import Mapping

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column
from zerokara.data.columns.roles import all_different, first, listed
from zerokara.data.targets import FEW_CLASSES, require_samples
from zerokara.errors import InputError, unknown

MAX_NUMBER_CLASSES = 10
"""Up to this many different whole numbers are classes, if each has ``MIN_ROWS_PER_CLASS`` rows on average."""
MIN_ROWS_PER_CLASS = 5


def find_target(columns: Mapping[str, Column], target: str | None) -> Column:
    """Return the target column; raise with similar names if there is no such column."""
    if target is None:
        raise InputError(
            f"a table needs a target, the column to predict, got None: add --target NAME, in Python "
            f"target=NAME, one of {listed(columns)}"
        )
    if target not in columns and len(columns) == 1:
        raise InputError(
            f"the target must be a column, got {target!r} and the single column {listed(columns)!r}: separate "
            "cells by commas, semicolons, tabs or bars"
        )
    if target not in columns:
        raise unknown("target", target, list(columns)[:40])
    return columns[target]


def decide(column: Column, task: str | None, written: Column | None = None) -> tuple[str, Array, list[str] | None, str]:
    """Return the task, the targets (class numbers for classes), the names of the classes, and a description.

    Text, booleans and few whole numbers (two of them, or up to ten with five rows each on average) are classes.

    Args:
        written: the texts that the targets were read from, as a category; their form is that of the classes.

    Raises:
        InputError: the target holds dates or infinity, is constant, or does not fit the task.
    """
    name, values = column.name, column.values
    if task not in (None, "classification", "regression"):
        raise unknown("task", str(task), ("classification", "regression"))
    if column.kind in ("time", "other"):
        raise InputError(f"the target {name!r} must be numbers, texts or booleans, got {column.note}: choose another")
    column.require_finite()
    if column.kind == "number" and column.note:
        raise InputError(f"the target {name!r} {column.note}, or write classes as texts")
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise InputError(
            f"the target {name!r} must differ between rows, got {first(column)} in all {len(values)}: choose another"
        )
    if column.kind == "category":
        if column.note and task != "classification":
            raise InputError(f"the target {name!r} {column.note}, or choose the task classification for its texts")
        if task == "regression":
            raise InputError(
                f"regression needs numbers in {name!r}, got texts such as {column.levels[0]!r}: choose classification"
            )
        if all_different(column) or 2 * len(distinct) > max(len(values), 2 * FEW_CLASSES):
            raise InputError(
                f"the classes of the target {name!r} must have several rows each, got {len(distinct):,} different "
                f"texts in {len(values):,} rows: choose another target, or correct cells that should be numbers"
            )
        column = column.pruned()
        description = f"{len(distinct)} classes: {listed(column.levels, 4, 16)}"
        return "classification", column.values.astype(np.int64), list(column.levels), description
    if task is None:
        task = "classification" if column.kind == "boolean" or _few(values, distinct) else "regression"
    if task == "regression":
        if column.kind == "boolean":
            return task, values, None, "true and false as 1 and 0"
        return task, values, None, f"{distinct[0]:.6g} to {distinct[-1]:.6g}, median {np.median(values):.6g}"
    if not _whole(values):
        odd = values[(np.trunc(values) != values) | (np.abs(values) >= 2**53)][0]
        raise InputError(
            f"classes must be texts or whole numbers below 2**53, got {odd:g} in {name!r}: choose regression, or write "
            "the classes as text"
        )
    require_samples(len(distinct), len(values), f"the target {name!r}")
    names = _names(column, distinct, written)
    return task, np.searchsorted(distinct, values), names, f"{len(names)} classes: {listed(names, 4, 16)}"


def _whole(values: Array) -> bool:
    return bool((np.trunc(values) == values).all()) and bool((np.abs(values) < 2**53).all())


def _few(values: Array, distinct: Array) -> bool:
    return _whole(values) and (
        len(distinct) == 2
        or (len(distinct) <= MAX_NUMBER_CLASSES and len(values) >= MIN_ROWS_PER_CLASS * len(distinct))
    )


def _names(column: Column, distinct: Array, written: Column | None) -> list[str]:
    """Return the name of each class: its text, if each class has one, or its number."""
    if written is not None and len(written.levels) == len(distinct):
        rows = [int(np.argmax(column.values == value)) for value in distinct]
        return [written.levels[int(written.values[row])] for row in rows]
    return [str(bool(v)) if column.kind == "boolean" else str(int(v)) for v in distinct]
