"""Datasets from tables: files, DataFrames, dicts of columns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data.columns.column import Column
from zerokara.data.columns.encoder import Encoder
from zerokara.data.columns.frames import raw_table
from zerokara.data.columns.interpret import Interpretation, interpret
from zerokara.data.columns.numerals import alike, as_written
from zerokara.data.columns.raw import column_label
from zerokara.data.columns.roles import CAP, ColumnInfo, find_inputs, left_out
from zerokara.data.columns.table import Table
from zerokara.data.columns.target import decide, find_target
from zerokara.data.columns.texts import TextRules
from zerokara.data.columns.weights import find_weights
from zerokara.data.dataset import Dataset
from zerokara.data.part import Part
from zerokara.data.preprocess import Preprocess
from zerokara.data.table_files.reading import read_table_file
from zerokara.data.targets import Targets, Task
from zerokara.errors import InputError, unknown, warn


def from_table(
    frame: Any,
    target: Any,
    task: str | None = None,
    *,
    drop: Sequence[Any] = (),
    categories: Sequence[Any] = (),
    max_categories: int = CAP,
    missing: str | Collection[str] | None = None,
    decimal: str | None = None,
    weights: Any = None,
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
        missing: texts that are missing cells, such as ["NA", "?"] or "NA,?"; "none" for the empty text alone.
        decimal: the decimal mark of numbers in texts, "." or ","; None finds it.
        weights: a column with the weight of each row, which is no input.

    Warns:
        ZerokaraWarning: for each kind of decision about texts, and for the columns and rows that are left out.

    Raises:
        InputError: an unknown column, dates, free text, too many categories, infinite numbers, or a constant target.

    >>> data = from_table({"size": [1.0, 2.0, None, 4.0], "price": [10.5, 20.0, 31.0, 40.0]}, target="price")
    >>> data.describe(), data.encoder.inputs
    ('table: 4 rows, 1 column as 2 inputs, 1 target; train 4', ('size', 'size is missing'))
    """
    if isinstance(max_categories, bool) or not isinstance(max_categories, int | np.integer) or max_categories < 2:
        raise InputError(f"max_categories must be a whole number, 2 or above, got {max_categories!r}: try {CAP}")
    drop, categories = _as_names(drop), _as_names(categories)
    target, weights = (None if name is None else column_label(name) for name in (target, weights))
    raw, rules = raw_table(frame), TextRules.of(missing, decimal, (*categories, *drop))
    if task == "regression" and target is not None:
        rules = rules.with_number(target)
    if weights is not None:
        rules = rules.with_number(weights)
    read = interpret(raw.cells, rules, raw.typed)
    target_column = find_target(read.columns, target)
    for role, taken in (("target", target_column.name), ("weights", weights)):
        if taken is not None and taken in (*drop, *categories):
            raise InputError(f"drop and categories must name inputs, got the {role} {taken!r}: remove it")
    if weights == target_column.name:
        raise InputError(f"weights must be another column than the target, got {weights!r} for both: correct one")
    others = {name: column for name, column in read.columns.items() if name not in (target_column.name, weights)}
    columns, target_column, kept = _with_target(others, target_column)
    rows_left_out = 0 if kept is None else int((~kept).sum())
    written = read.texts.get(target_column.name)
    if written is not None and kept is not None:
        written = written.take(kept).pruned()
    inputs, column_info = find_inputs(columns, drop, categories, int(max_categories), raw.index)
    chosen, t, classes, description = decide(target_column, task, written)
    targets = Targets.learn(t, chosen, classes=classes if chosen == "classification" else [target_column.name])
    reason = "as asked" if task else "inferred from the values, --task sets it"
    column_info.append(ColumnInfo(target_column.name, "target", chosen, f"{description}; {reason}", rows_left_out))
    row_weights = None
    if weights is not None:
        row_weights, info = find_weights(read.columns, weights, kept)
        column_info.append(info)
    settings: dict[str, Any] = {
        "target": target_column.name,
        "task": chosen,
        "drop": list(drop),
        "categories": list(categories),
        "max_categories": int(max_categories),
        "missing": missing if missing is None else ",".join(rules.missing) or "none",
        "decimal": decimal,
        "weights": weights,
    }
    notes = [*raw.notes, *read.notes(inputs, target_column.name)]
    if rows_left_out:
        notes.append(_rows_note(read, target_column.name, rows_left_out))
    table = Table(
        inputs,
        targets.encode(t) if chosen == "classification" else t.reshape(-1, 1),
        target_column.name,
        tuple(column_info),
        rules.missing,
        read.decimal,
        settings,
    )
    if unused := left_out(column_info):
        notes.append(f"columns left out: {unused}")
    for note in notes:
        warn(note)
    train = Part(np.empty((len(table), 0), np.float32), table.t, row_weights, table)
    unscaled = Preprocess.identity(0, len(targets.classes))
    return Dataset(name, targets.task, train, None, None, targets.classes, (0,), unscaled).with_parts(train)


def load_table(
    path: str | PathLike[str], target: str | None, task: str | None = None, encoding: str | None = None, **settings: Any
) -> Dataset:
    """Return a dataset of a table's file; see `from_table`."""
    path = Path(path)
    raw = read_table_file(path, encoding)
    try:
        data = from_table(raw, target, task, name=path.name.partition(".")[0] or path.stem, **settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if encoding is not None and data.train.table is not None:
        table = replace(data.train.table, settings={**data.train.table.settings, "encoding": encoding})
        data = replace(data, train=replace(data.train, table=table))
    return data


def read_rows(
    source: Any, encoder: Encoder, encoding: str | None = None, labels: bool = False, weights: str | None = None
) -> Interpretation:
    """Return rows for an encoder, from the path of a table's file, a DataFrame, a dict, or columns that were read.

    Args:
        labels: the texts of the target are classes.
        weights: the column of numbers with the weight of each row.
    """
    if are_columns(source):
        return Interpretation(dict(source))
    raw = read_table_file(Path(source), encoding) if isinstance(source, str | PathLike) else raw_table(source)
    rules = encoder.rules.with_text(encoder.target) if labels else encoder.rules.with_number(encoder.target)
    used = {encoder.target, *(coding.name for coding in encoder.codings)}
    if weights is not None:
        rules, used = rules.with_number(weights), used | {weights}
    read = interpret({name: cells for name, cells in raw.cells.items() if name in used}, rules, raw.typed)
    for name, cells in raw.cells.items():
        if name not in used:
            read.columns[name] = Column(name, "other", np.full(len(cells), np.nan), note="not used")
    return read


def are_columns(source: Any) -> bool:
    """Return whether rows were read before."""
    return isinstance(source, Mapping) and bool(source) and all(isinstance(each, Column) for each in source.values())


def like(
    source: Any,
    encoder: Encoder,
    task: str,
    classes: Sequence[str],
    name: str = "table",
    encoding: str | None = None,
    weights: str | None = None,
) -> Dataset:
    """Return rows and their target as a dataset, with the encoder, task and classes of a trained model.

    The column ``weights`` has the weight of each row; rows without such a column count alike.

    Raises:
        InputError: a column is missing or has another type, or the target has a class that is not in ``classes``.
    """
    columns = read_rows(source, encoder, encoding, task == "classification", weights).columns
    if encoder.target not in columns:
        raise unknown("target", encoder.target, list(columns)[:40])
    encoder.require(columns)
    inputs = {coding.name: columns[coding.name] for coding in encoder.codings}
    inputs, target, kept = _with_target(inputs, columns[encoder.target])
    if task == "regression":
        if target.kind not in ("number", "boolean"):
            got = target.note or f"texts such as {target.levels[0]!r}"
            raise InputError(f"the target {target.name!r} must be numbers, as in training, got {got}: correct it")
        target.require_finite()
        t = target.values.reshape(-1, 1)
    else:
        target.require_finite()
        labels = Targets("classification", tuple(classes), tuple(classes))
        t = labels.encode(_class_labels(target.as_category(), classes), f"the target {target.name!r}")
    column_info = (ColumnInfo(target.name, "target", task, "", 0 if kept is None else int((~kept).sum())),)
    table = Table(inputs, t, encoder.target, column_info, encoder.missing, encoder.decimal)
    row_weights = find_weights(columns, weights, kept)[0] if weights in columns else None
    part = Part(encoder.transform(inputs), table.t, row_weights, table)
    scaling = Preprocess.identity(part.x.shape[1], len(classes))
    return Dataset(name, cast(Task, task), part, None, None, tuple(classes), part.x.shape[1:], scaling, encoder=encoder)


def _class_labels(column: Column, classes: Sequence[str]) -> Array:
    """Return the class of each cell; 7, 7.0 and 007 are one class if no other class is that number."""
    same = alike(column.levels, classes, lambda text: as_written(text.lower()))
    levels = np.array([same.get(level, level) for level in column.levels])
    labels: Array = levels[column.values.astype(np.intp)]
    return labels


def _with_target(columns: Mapping[str, Column], target: Column) -> tuple[dict[str, Column], Column, Index | None]:
    """Return the rows with a target, and which rows they are; None for all."""
    if target.kind in ("time", "other"):
        return dict(columns), target, None
    kept = ~np.isnan(target.values)
    if kept.sum() < 2:
        raise InputError(
            f"a table must have at least 2 rows with the target {target.name!r}, got {int(kept.sum())}: add rows"
        )
    if kept.all():
        return dict(columns), target, None
    rows = {name: column.take(kept).pruned() for name, column in columns.items()}
    return rows, target.take(kept).pruned(), kept


def _rows_note(read: Interpretation, target: str, count: int) -> str:
    """Return a note on rows without a target, with the texts that were read as missing."""
    words = read.missing.get(target, {})
    shown = ", ".join(f"{word!r} in {rows:,}" for word, rows in words.items())
    why = f", read as missing: {shown}" if words else ""
    keep = "; --missing none keeps such texts as classes" if words and read.columns[target].kind == "category" else ""
    rows = "1 row without a target is" if count == 1 else f"{count:,} rows without a target are"
    return f"{rows} left out{why}{keep}"


def _as_names(names: Sequence[Any]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(map(column_label, names))
