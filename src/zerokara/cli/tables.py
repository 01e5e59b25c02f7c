"""Tables on the command line: reading the rows of a file, and predicting each."""

import csv
import io
import os
from pathlib import Path

import numpy as np
from rich.console import Console

from zerokara.cli.show import print_line, print_note, print_prediction
from zerokara.data import Dataset
from zerokara.data.columns.table_file import is_table
from zerokara.data.loaders.tables import like, read_rows
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.model import Model


def predict_rows(console: Console, path: Path, given: str, index: int | None, out: Path | None) -> int:
    """Predict every row of a CSV or Parquet file to CSV, printed or in a file; or print the prediction of one row."""
    model = Model.load(path)
    if model.encoder is None:
        raise InputError(
            f"the model {path} was not trained on a table, got {given}: name a picture, or a dataset with --index"
        )
    columns = read_rows(Path(given), model.encoder)
    try:
        notes = model.encoder.notes(columns, (model.about.get("table") or {}).get("left_out") or ())
        if index is not None:
            size = len(next(iter(columns.values())))
            if not 0 <= index < size:
                raise InputError(f"the rows are 0 to {size - 1}, got --index {index}")
            columns = {name: column.take([index]) for name, column in columns.items()}
        text = predictions_csv(model, columns)
    except InputError as error:
        raise InputError(f"{given}: {error}") from error
    if index is not None:
        print_prediction(console, model, columns)
        return 0
    for note in notes:
        print_note(Console(stderr=True), note)
    if out is None:
        print(text, end="")
        return 0
    for other, what in ((path, "model"), (Path(given), "rows")):
        if out.exists() and os.path.samefile(out, other):
            raise InputError(f"--out must be a new file, got the file of the {what}: name another one")
    if out.suffix.lower() not in (".csv", ".txt", ""):
        raise InputError(f"predictions are written as CSV, got --out {out}: name a .csv file")
    write(out, text)
    print_line(console, f"{text.count(chr(10)) - 1:,} rows predicted: {out}")
    return 0


def predictions_csv(model: Model, columns: object) -> str:
    """Return the predictions for rows as CSV: the target, and in classification the probability of each class."""
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


def read_table(model: Model, path: str) -> Dataset:
    """Return the rows of a file, prepared as for the model's training."""
    if model.encoder is None or not is_table(path):
        raise InputError(f"the model takes the rows of a table, a CSV or Parquet file, got {path}")
    try:
        return like(Path(path), model.encoder, model.task, model.classes, Path(path).stem)
    except InputError as error:
        raise InputError(f"{path}: {error}" if path not in str(error) else str(error)) from error
