"""Tables on the command line: what was understood of each column, and answers row for row."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from zerokara.cli.held_out import unseen
from zerokara.data import Dataset
from zerokara.data.columns.table_file import is_table
from zerokara.data.loaders.tables import like, read_rows
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.model import Model
from zerokara.onnx import Port

__all__ = ["is_table", "predict_rows", "show_columns", "show_inputs", "test_of"]

SHOWN = 60
"""Columns that are listed; more are counted."""


def show_columns(console: Console, data: Dataset) -> None:
    """Print what was understood of each column of a table; of other data nothing."""
    rows, encoder = data.train.table, data.encoder
    if rows is None or encoder is None:
        return
    widths = {coding.name: coding.width for coding in encoder.codings}
    table = Table("column", "is", "missing", "inputs", "understood", box=None, padding=(0, 2, 0, 0))
    for found in sorted(rows.found, key=lambda found: found.role == "target")[-SHOWN:]:
        role = found.kind if found.role == "input" else f"{found.role}: {found.kind}"
        if found.role == "left out":
            role = "left out"
        cells = [f"{found.missing:,}" if found.missing else "", str(widths.get(found.name, "")), found.note]
        if found.role == "target" and found.missing:
            cells[2] += "; rows without it are left out"
        table.add_row(*(_escape(cell) for cell in (found.name, role, *cells)))
    _print(console, table)
    if len(rows.found) > SHOWN:
        _say(console, f"and {len(rows.found) - SHOWN:,} more columns before these")


def show_inputs(console: Console, given: Sequence[Port]) -> None:
    """Print what each input of a table's ONNX graph takes."""
    table = Table("input", "is", "a cell is", box=None, padding=(0, 2, 0, 0))
    for port in given[:SHOWN]:
        table.add_row(*(_escape(cell) for cell in (port.name, port.kind, port.about)))
    _print(console, table)
    if len(given) > SHOWN:
        _say(console, f"and {len(given) - SHOWN:,} more columns")


def predict_rows(console: Console, path: Path, given: str, index: int | None, out: Path | None) -> int:
    """Answer every row of a CSV or Parquet file, or the one named; to a file, or printed as CSV."""
    from zerokara.cli.answers import answer

    model = Model.load(path)
    if model.encoder is None:
        raise InputError(
            f"the model {path} was not trained on a table and takes no {Path(given).suffix} file, got {given}"
        )
    columns = read_rows(Path(given), model.encoder)
    try:
        notes = model.encoder.notes(columns, (model.about.get("table") or {}).get("left_out") or ())
        if index is not None:
            size = len(next(iter(columns.values())))
            if not 0 <= index < size:
                raise InputError(f"the rows are 0 to {size - 1}, got --index {index}")
            columns = {name: column.take([index]) for name, column in columns.items()}
        text = answers(model, columns)
    except InputError as error:
        raise InputError(f"{given}: {error}") from error
    said = Console(stderr=True)
    for note in notes if index is None else []:
        _say(said, f"note: {note}")
    if index is not None:
        answer(console, model, columns)
        return 0
    if out is None:
        print(text, end="")
        return 0
    for other, what in ((path, "model"), (Path(given), "rows")):
        if out.exists() and os.path.samefile(out, other):
            raise InputError(f"the answers need a file of their own, got that of the {what}: another --out")
    if out.suffix.lower() not in (".csv", ".txt", ""):
        raise InputError(f"answers are written as CSV, got --out {out}: name a .csv file")
    write(out, text)
    _say(console, f"{text.count(chr(10)) - 1:,} rows answered: {out}")
    return 0


def answers(model: Model, columns: object) -> str:
    """Return the answers for rows as CSV: the target, and of classes the probability of each."""
    assert model.encoder is not None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if model.task == "regression":
        writer.writerow(model.classes)
        writer.writerows([str(v) for v in row] for row in model.predict(columns))
        return text.getvalue()
    p = model.predict_proba(columns)
    writer.writerow([model.encoder.target, *(f"probability {name}" for name in model.classes)])
    for row, best in zip(p, np.argmax(p, axis=1), strict=True):
        writer.writerow([model.classes[best], *(str(v) for v in row)])
    return text.getvalue()


def test_of(model: Model, path: str) -> tuple[Dataset, str, str]:
    """Return a table with the rows that the model has never seen, the part they are, and what to call them."""
    if model.encoder is None or not is_table(path):
        raise InputError(f"the model takes the rows of a table, a CSV or Parquet file, got {path}")
    try:
        data = like(Path(path), model.encoder, model.task, model.classes, Path(path).stem)
    except InputError as error:
        raise InputError(f"{path}: {error}" if path not in str(error) else str(error)) from error
    return unseen(model, data, "rows", path)


def _print(console: Console, table: Table) -> None:
    wide = console if console.is_terminal else Console(file=console.file, width=200)  # A log gets whole lines.
    wide.print(table)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
