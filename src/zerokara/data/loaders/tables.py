"""Datasets from tables: CSV and Parquet files, DataFrames, dicts of columns."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data.columns.column import Column
from zerokara.data.columns.encoder import Encoder
from zerokara.data.columns.frames import as_columns
from zerokara.data.columns.roles import CAP, ColumnInfo, find_inputs
from zerokara.data.columns.table import Table
from zerokara.data.columns.table_file import read_table_file
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
    """Return a dataset of the rows of a DataFrame (pandas, Polars, pyarrow) or of a dict from names to cells.

    The encoding of the inputs is fitted on the training part (see `zerokara.data.columns.coding`) and refitted when
    that part changes, for example in ``split``. Regression targets are standardized in the same way. Rows without a
    target are left out. ``data.train.table.column_info`` holds the inferred role of each column.

    Args:
        target: the column to predict.
        task: "classification" or "regression"; None infers it: text, booleans and few whole numbers are classes.
        drop: columns to leave out.
        categories: columns whose numbers are categories, such as postal codes.
        max_categories: the most different values of a category.

    Raises:
        InputError: an unknown column, dates, free text, too many categories, infinite numbers, or a constant target.

    >>> data = from_table({"size": [1.0, 2.0, None, 4.0], "price": [10.5, 20.0, 31.0, 40.0]}, target="price")
    >>> data.describe(), data.encoder.inputs
    ('table: 4 rows, 1 column as 2 inputs, 1 target; train 4', ('size', 'size is missing'))
    """
    columns = as_columns(frame)
    settings: dict[str, Any] = {
        "target": target,
        "task": task,
        "drop": list(_as_names(drop)),
        "categories": list(_as_names(categories)),
    }
    if isinstance(max_categories, bool) or not isinstance(max_categories, int | np.integer) or max_categories < 2:
        raise InputError(f"max_categories must be a whole number, 2 or above, got {max_categories!r}: try {CAP}")
    target_column = find_target(columns, target)
    others = {name: column for name, column in columns.items() if name != target_column.name}
    if target_column.name in (*_as_names(drop), *_as_names(categories)):
        raise InputError(f"drop and categories must name inputs, got the target {target_column.name!r}: remove it")
    columns, target_column, left_out = _with_target(others, target_column)
    inputs, column_info = find_inputs(columns, _as_names(drop), _as_names(categories), int(max_categories))
    chosen, t, description = decide(target_column, task)
    targets = Targets.learn(t, chosen, classes=None if chosen == "classification" else [target_column.name])
    reason = "as asked" if task else "inferred from the values, --task sets it"
    column_info.append(ColumnInfo(target_column.name, "target", chosen, f"{description}; {reason}", left_out))
    settings |= {"task": chosen, "max_categories": int(max_categories)}
    table = Table(inputs, targets.encode(t), target_column.name, tuple(column_info), settings)
    train = Part(np.empty((len(table), 0), np.float32), table.t, table=table)
    unscaled = Preprocess.identity(0, len(targets.classes))
    return Dataset(name, targets.task, train, None, None, targets.classes, (0,), unscaled).with_parts(train)


def load_table(path: str | PathLike[str], target: str | None, task: str | None = None, **settings: Any) -> Dataset:
    """Return a dataset of a CSV or Parquet file; see `from_table`."""
    path = Path(path)
    columns = read_table_file(path, text=_as_names(settings.get("categories", ())))
    try:
        return from_table(columns, target, task, name=path.stem, **settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_rows(source: Any, encoder: Encoder) -> dict[str, Column]:
    """Return rows for an encoder, from the path of a CSV or Parquet file, a DataFrame or a dict."""
    if isinstance(source, str | PathLike):
        return read_table_file(Path(source), encoder.text)
    return as_columns(source)


def like(source: Any, encoder: Encoder, task: str, classes: Sequence[str], name: str = "table") -> Dataset:
    """Return rows and their target as a dataset, with the encoder, task and classes of a trained model.

    Raises:
        InputError: a column is missing or has another type, or the target has a class that is not in ``classes``.
    """
    columns = read_rows(source, encoder)
    if encoder.target not in columns:
        raise unknown("target", encoder.target, list(columns)[:40])
    encoder.require(columns)
    inputs = {coding.name: columns[coding.name] for coding in encoder.codings}
    inputs, target, left_out = _with_target(inputs, columns[encoder.target])
    if task == "regression":
        if target.kind not in ("number", "boolean"):
            got = target.note or f"texts such as {target.levels[0]!r}"
            raise InputError(f"the target {target.name!r} must be numbers, as in training, got {got}: correct it")
        t, targets = target.values, Targets("regression", tuple(classes), ())
    else:
        text = target.as_category()
        t = np.array([text.levels[int(v)] for v in text.values])
        targets = Targets("classification", tuple(classes), tuple(classes))
    target.require_finite()
    column_info = (ColumnInfo(target.name, "target", task, "", left_out),)
    table = Table(inputs, targets.encode(t, f"the target {target.name!r}"), encoder.target, column_info)
    part = Part(encoder.transform(inputs), table.t, table=table)
    scaling = Preprocess.identity(part.x.shape[1], len(classes))
    return Dataset(name, targets.task, part, None, None, tuple(classes), part.x.shape[1:], scaling, encoder=encoder)


def _with_target(columns: Mapping[str, Column], target: Column) -> tuple[dict[str, Column], Column, int]:
    """Return the rows with a target, and the number of rows without one."""
    if target.kind in ("time", "other"):
        return dict(columns), target, 0
    kept = ~np.isnan(target.values)
    if kept.sum() < 2:
        raise InputError(
            f"a table must have at least 2 rows with the target {target.name!r}, got {int(kept.sum())}: add rows"
        )
    if kept.all():
        return dict(columns), target, 0
    rows = {name: column.take(kept).pruned() for name, column in columns.items()}
    return rows, target.take(kept).pruned(), int((~kept).sum())


def _as_names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
