"""A dataset from a table: a CSV or Parquet file, a DataFrame, a dict of columns."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data.columns.column import Column
from zerokara.data.columns.encoder import Encoder
from zerokara.data.columns.frames import columns_of
from zerokara.data.columns.roles import CAP, Found, find_inputs
from zerokara.data.columns.table import Table
from zerokara.data.columns.table_file import read_table
from zerokara.data.columns.target import decide, find_target
from zerokara.data.dataset import Dataset
from zerokara.data.part import Part
from zerokara.data.preprocess import Preprocess
from zerokara.data.targets import Targets
from zerokara.errors import InputError, unknown


def from_table(
    frame: Any,
    target: str | None,
    task: str | None = None,
    *,
    drop: Sequence[str] = (),
    categories: Sequence[str] = (),
    max_categories: int = CAP,
    name: str = "table",
) -> Dataset:
    """Return a dataset of the rows of a DataFrame (pandas, Polars, pyarrow), or of a dict from names to cells.

    The inputs are fitted on the training part (see `zerokara.data.columns.coding`), and fitted anew by whatever
    changes that part, such as ``split``; a regression's target is standardized likewise. Rows without a target are
    left out. What was understood of each column stands in ``data.train.table.found``.

    Args:
        target: the column to predict.
        task: "classification" or "regression"; None decides by the target: text, booleans and few whole numbers are
            classes.
        drop: columns to leave out.
        categories: columns whose numbers are names, such as a postal code.
        max_categories: different values that a category may have.

    Raises:
        InputError: no such column, dates, free text, too many categories, infinite numbers, a target that is constant.

    >>> data = from_table({"size": [1.0, 2.0, None, 4.0], "price": [10.5, 20.0, 31.0, 40.0]}, target="price")
    >>> data.describe(), data.encoder.inputs
    ('table: 4 rows, 1 column as 2 inputs, 1 target; train 4', ('size', 'size is missing'))
    """
    columns = columns_of(frame)
    settings: dict[str, Any] = {
        "target": target,
        "task": task,
        "drop": list(_names(drop)),
        "categories": list(_names(categories)),
    }
    if isinstance(max_categories, bool) or not isinstance(max_categories, int | np.integer) or max_categories < 2:
        raise InputError(f"max_categories must be a whole number, 2 or above, got {max_categories!r}")
    goal = find_target(columns, target)
    others = {name: column for name, column in columns.items() if name != goal.name}
    if goal.name in (*_names(drop), *_names(categories)):
        raise InputError(f"{goal.name!r} is the target and no input: take it out of drop and categories")
    columns, goal, left_out = _with_target(others, goal)
    inputs, found = find_inputs(columns, _names(drop), _names(categories), int(max_categories))
    chosen, t, why = decide(goal, task)
    targets = Targets.learn(t, chosen, classes=None if chosen == "classification" else [goal.name])
    told = "as asked" if task else "told from the values, --task sets it"
    found.append(Found(goal.name, "target", chosen, f"{why}; {told}", left_out))
    settings |= {"task": chosen, "max_categories": int(max_categories)}
    table = Table(inputs, targets.encode(t), goal.name, tuple(found), settings)
    train = Part(np.empty((len(table), 0), np.float32), table.t, table=table)
    nothing = Preprocess.identity(0, len(targets.classes))
    return Dataset(name, targets.task, train, None, None, targets.classes, (0,), nothing).with_parts(train)


def load_table(path: str | PathLike[str], target: str | None, task: str | None = None, **settings: Any) -> Dataset:
    """Return a dataset of a CSV or Parquet file; see `from_table`."""
    path = Path(path)
    columns = read_table(path, text=_names(settings.get("categories", ())))
    try:
        return from_table(columns, target, task, name=path.stem, **settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_rows(source: Any, encoder: Encoder) -> dict[str, Column]:
    """Return rows as an encoder takes them: from the path of a CSV or Parquet file, a DataFrame or a dict."""
    if isinstance(source, str | PathLike):
        return read_table(Path(source), encoder.text)
    return columns_of(source)


def like(source: Any, encoder: Encoder, task: str, classes: Sequence[str], name: str = "table") -> Dataset:
    """Return rows with their target as a dataset like the one that an encoder was fitted on, nothing decided anew.

    Raises:
        InputError: a column is missing or of another type, or the target holds a class that is not among ``classes``.
    """
    columns = read_rows(source, encoder)
    if encoder.target not in columns:
        raise unknown("target", encoder.target, list(columns)[:40])
    encoder.require(columns)
    inputs = {coding.name: columns[coding.name] for coding in encoder.codings}
    inputs, goal, left_out = _with_target(inputs, columns[encoder.target])
    if task == "regression":
        if goal.kind not in ("number", "boolean"):
            got = goal.note or f"texts such as {goal.levels[0]!r}"
            raise InputError(f"the target {goal.name!r} must be numbers, as in training, got {got}")
        t, targets = goal.values, Targets("regression", tuple(classes), ())
    else:
        text = goal.as_category()
        t = np.array([text.levels[int(v)] for v in text.values])
        targets = Targets("classification", tuple(classes), tuple(classes))
    goal.require_finite()
    found = (Found(goal.name, "target", task, "", left_out),)
    table = Table(inputs, targets.encode(t, f"the target {goal.name!r}"), encoder.target, found)
    part = Part(encoder.transform(inputs), table.t, table=table)
    scaling = Preprocess.identity(part.x.shape[1], len(classes))
    return Dataset(name, targets.task, part, None, None, tuple(classes), part.x.shape[1:], scaling, encoder=encoder)


def _with_target(columns: Mapping[str, Column], goal: Column) -> tuple[dict[str, Column], Column, int]:
    """Return the rows that have a target, and how many have none."""
    if goal.kind in ("time", "other"):
        return dict(columns), goal, 0
    kept = ~np.isnan(goal.values)
    if kept.sum() < 2:
        raise InputError(f"a table must have 2 rows with the target {goal.name!r} or more, got {int(kept.sum())}")
    if kept.all():
        return dict(columns), goal, 0
    rows = {name: column.take(kept).pruned() for name, column in columns.items()}
    return rows, goal.take(kept).pruned(), int((~kept).sum())


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
