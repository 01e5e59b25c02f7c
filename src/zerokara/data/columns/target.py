"""What is made of a table's target: which column it is, and whether it is of classes or of amounts."""

from collections.abc import Mapping

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column
from zerokara.data.columns.roles import CAP, all_different, first, listed
from zerokara.errors import InputError, unknown

FEW = 10
"""Different whole numbers that still are classes, if they come ``OFTEN`` times on average."""
OFTEN = 5


def find_target(columns: Mapping[str, Column], target: str | None) -> Column:
    """Return the column of the target, or raise and offer the nearest name."""
    if target is None:
        raise InputError(f"name the column to predict: --target NAME, in Python target=NAME; one of {listed(columns)}")
    if target not in columns and len(columns) == 1:
        raise InputError(
            f"there is one column, {listed(columns)!r}, and no {target!r}: cells are divided by commas, semicolons, "
            "tabs or bars"
        )
    if target not in columns:
        raise unknown("target", target, list(columns)[:40])
    return columns[target]


def decide(column: Column, task: str | None) -> tuple[str, Array | list[str], str]:
    """Return the task, the targets as `Targets` takes them, and how it was decided, for people.

    Text, booleans and few whole numbers (two of them, or up to ten that come five times on average) are classes.

    Raises:
        InputError: a target that is a date, constant, infinite, or does not go with the task.
    """
    name, values = column.name, column.values
    if task not in (None, "classification", "regression"):
        raise unknown("task", str(task), ("classification", "regression"))
    if column.kind in ("time", "other"):
        raise InputError(f"the target {name!r} must be numbers, texts or booleans, got {column.note}")
    column.require_finite()
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise InputError(f"the target {name!r} must differ between rows, got {first(column)} in all {len(values)}")
    if column.kind == "category":
        if task == "regression":
            raise InputError(f"regression needs numbers in {name!r}, got texts such as {column.levels[0]!r}")
        if len(distinct) > max(CAP, 2) or all_different(column):
            raise InputError(
                f"the target {name!r} has {len(distinct)} different texts in {len(values)} rows, and a class needs "
                f"examples ({CAP} classes are the most): name another target, or correct cells that should be numbers"
            )
        labels = [column.levels[int(v)] for v in values]
        return "classification", labels, f"{len(distinct)} classes: {listed(sorted(set(labels)), 4, 16)}"
    if column.kind == "boolean":
        if task == "regression":
            return "regression", values, "true and false as 1 and 0"
        return "classification", values.astype(bool), "2 classes: False, True"
    whole = bool((np.trunc(values) == values).all()) and bool((np.abs(values) < 2**53).all())
    few = whole and (len(distinct) == 2 or (len(distinct) <= FEW and len(values) >= OFTEN * len(distinct)))
    if task is None:
        task = "classification" if few else "regression"
    if task == "classification":
        if not whole:
            raise InputError(
                f"classes are texts or whole numbers, got {values[np.trunc(values) != values][0]:g} in {name!r}: "
                "choose regression, or write the classes as text"
            )
        if len(distinct) > CAP:
            raise InputError(f"{CAP} classes are the most, got {len(distinct)} in {name!r}: choose regression")
        shown = listed([str(int(v)) for v in distinct], 4, 16)
        return task, values.astype(np.int64), f"{len(distinct)} classes: {shown}"
    why = f"{distinct[0]:.6g} to {distinct[-1]:.6g}, median {np.median(values):.6g}"
    return task, values, why
