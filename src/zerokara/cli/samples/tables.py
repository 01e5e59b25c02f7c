"""Tables on the command line: reading the rows of a file, and predicting each."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from zerokara.cli.show import print_line, print_note, print_prediction
from zerokara.cli.terminal import PlainConsole, print_csv
from zerokara.data import Dataset
from zerokara.data.columns.numerals import is_number
from zerokara.data.columns.raw import RawTable
from zerokara.data.loaders.tables import like, read_rows
from zerokara.data.table_files.reading import is_table, read_table_file
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.model import Model

FORMULA = tuple("=+-@\t\r＝＋－＠")
"""A spreadsheet runs a cell that begins with one of these, unless it is a number."""


def predict_rows(
    console: Console,
    path: Path,
    given: str,
    index: int | None,
    out: Path | None,
    *,
    keep_columns: bool = False,
    encoding: str | None = None,
) -> int:
    """Predict every row of a table's file to CSV, printed or in a file; or print the prediction of one row."""
    model = Model.load(path)
    if (table := model.table) is None:
        raise InputError(
            f"the model {path} was not trained on a table, got {given}: name a picture, or a dataset with --index"
        )
    raw = read_table_file(Path(given), encoding)
    read = read_rows(raw, table)
    columns = read.columns
    try:
        left_out = (model.about.get("table") or {}).get("left_out") or ()
        inputs = [coding.name for coding in table.codings]
        notes = [*raw.notes, *read.notes(inputs), *table.notes(columns, left_out)]
        if index is not None:
            size = len(next(iter(columns.values())))
            if not 0 <= index < size:
                raise InputError(f"the rows are 0 to {size - 1}, got --index {index}")
            columns = {name: column.take([index]) for name, column in columns.items()}
        header, rows = predictions(model, columns)
        if keep_columns:
            header, rows = _beside(raw, table.target, header, rows)
    except InputError as error:
        raise InputError(f"{given}: {error}") from error
    if index is not None:
        print_prediction(console, model, columns)
        return 0
    text, escaped = as_csv([header, *rows])
    if escaped:
        notes.append(f"an apostrophe was put before {escaped:,} cells that a spreadsheet would run as formulas")
    for note in notes:
        print_note(PlainConsole(stderr=True), note)
    if out is None:
        print_csv(text)
        return 0
    for other, what in ((path, "model"), (Path(given), "rows")):
        if out.exists() and os.path.samefile(out, other):
            raise InputError(f"--out must be a new file, got the file of the {what}: name another one")
    if out.suffix.lower() not in (".csv", ".txt", ""):
        raise InputError(f"predictions are written as CSV, got --out {out}: name a .csv file")
    write(out, text)
    print_line(console, f"{len(rows):,} rows predicted: {out}")
    return 0


def predictions(model: Model, columns: Any) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of predictions: the target, and for classes the probability of each."""
    assert model.first.encoder is not None
    if model.task == "regression":
        # Nine digits of the target's spread, however far from zero it lies.
        digits = [8 - int(np.floor(np.log10(scale))) for scale in model.first.preprocess.target_scale]
        values = model.predict(columns)
        return list(model.classes), [
            [repr(round(float(v), d)) for v, d in zip(row, digits, strict=True)] for row in values
        ]
    p = model.predict_proba(columns)
    header = [model.first.encoder.target, *(f"probability {name}" for name in model.classes)]
    return header, [
        [model.classes[best], *map(str, row)] for row, best in zip(p, np.argmax(p, axis=1).tolist(), strict=True)
    ]


def as_csv(rows: Sequence[Sequence[str]]) -> tuple[str, int]:
    """Return rows as CSV, and the number of cells that were escaped because a spreadsheet would run them.

    >>> as_csv([["name", "price"], ["=1+1", "-5"]])
    ("name,price\\n'=1+1,-5\\n", 1)
    """
    text, escaped = io.StringIO(), 0
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        safe = [f"'{cell}" if cell.startswith(FORMULA) and not is_number(cell) else cell for cell in row]
        escaped += sum(map(str.__ne__, safe, row))
        writer.writerow(safe)
    return text.getvalue(), escaped


def _beside(raw: RawTable, target: str, header: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return predictions with the columns of the file before them, as they were read."""
    columns = raw.rows()
    header = [f"predicted {name}" if name == target else name for name in header]
    if taken := [name for name in header if name in columns]:
        raise InputError(f"--keep-columns needs a free name for its columns, got {taken[0]!r} twice: rename the column")
    kept = [["" if cell is None else str(cell) for cell in column] for column in columns.values()]
    return [*columns, *header], [[*cells, *row] for *cells, row in zip(*kept, rows, strict=True)]


def read_table(model: Model, path: str, encoding: str | None = None) -> Dataset:
    """Return the rows of a file, prepared as for the model's training."""
    if model.first.encoder is None or not is_table(path):
        raise InputError(f"the model takes the rows of a table, such as a CSV file, got {path}")
    try:
        how = model.first.encoder, model.task, model.classes, Path(path).stem, encoding
        return like(Path(path), *how, (model.about.get("table") or {}).get("weights"))
    except InputError as error:
        raise InputError(f"{path}: {error}" if path not in str(error) else str(error)) from error
