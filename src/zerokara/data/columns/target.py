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


def decide(column: Column, task: str | None) -> tuple[str, Array | list[str], str]:
    """Return the task, the targets as `Targets` takes them, and a description of their values.

    Text, booleans and few whole numbers (two of them, or up to ten with five rows each on average) are classes.

    Raises:
        InputError: the target holds dates or infinity, is constant, or does not fit the task.
    """
    name, values = column.name, column.values
    if task not in (None, "classification", "regression"):
        raise unknown("task", str(task), ("classification", "regression"))
    if column.kind in ("time", "other"):
        raise InputError(f"the target {name!r} must be numbers, texts or booleans, got {column.note}: choose another")
    column.require_finite()
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise InputError(
            f"the target {name!r} must differ between rows, got {first(column)} in all {len(values)}: choose another"
        )
    if column.kind == "category":
        if task == "regression":
            raise InputError(
                f"regression needs numbers in {name!r}, got texts such as {column.levels[0]!r}: choose classification"
            )
        if all_different(column) or 2 * len(distinct) > max(len(values), 2 * FEW_CLASSES):
            raise InputError(
                f"the classes of the target {name!r} must have several rows each, got {len(distinct):,} different "
                f"texts in {len(values):,} rows: choose another target, or correct cells that should be numbers"
            )
        labels = [column.levels[int(v)] for v in values]
        return "classification", labels, f"{len(distinct)} classes: {listed(sorted(set(labels)), 4, 16)}"
    if column.kind == "boolean":
        if task == "regression":
            return "regression", values, "true and false as 1 and 0"
        return "classification", values.astype(bool), "2 classes: False, True"
    is_whole = bool((np.trunc(values) == values).all()) and bool((np.abs(values) < 2**53).all())
    few = is_whole and (
        len(distinct) == 2
        or (len(distinct) <= MAX_NUMBER_CLASSES and len(values) >= MIN_ROWS_PER_CLASS * len(distinct))
    )
    if task is None:
        task = "classification" if few else "regression"
    if task == "classification":
        if not is_whole:
            raise InputError(
                f"classes must be texts or whole numbers, got {values[np.trunc(values) != values][0]:g} in {name!r}: "
                "choose regression, or write the classes as text"
            )
        require_samples(len(distinct), len(values), f"the target {name!r}")
        shown = listed([str(int(v)) for v in distinct], 4, 16)
        return task, values.astype(np.int64), f"{len(distinct)} classes: {shown}"
    description = f"{distinct[0]:.6g} to {distinct[-1]:.6g}, median {np.median(values):.6g}"
    return task, values, description
