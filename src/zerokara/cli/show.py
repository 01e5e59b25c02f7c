"""Printing shared by several commands: lines, notes, predictions, the columns of a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from zerokara.cli.terminal import PlainConsole, printable
from zerokara.data import Dataset
from zerokara.data.columns.roles import left_out
from zerokara.model import Model
from zerokara.report.verdict import verdict_lines, verdict_table

if TYPE_CHECKING:
    from zerokara.onnx import TensorInfo

BAR = 40
"""The length of the bar for a probability of 1, in characters."""
SHOWN = 60
"""The maximum number of columns to list; the others are counted."""


def print_line(console: Console, text: str) -> None:
    """Print a text without wrapping."""
    console.print(text, soft_wrap=True)


def print_note(console: Console, text: str) -> None:
    """Print a note to the user."""
    print_line(console, f"note: {text}")


def print_prediction(console: Console, model: Model, x: Any) -> None:
    """Print the prediction for one sample, or for the first of several, with a bar for each probability."""
    if model.task == "regression":
        for name, value in zip(model.classes, model.predict(x)[0], strict=True):
            print_line(console, f"{name}: {value:.6g}")
        return
    probabilities = model.predict_proba(x)[0]
    chosen = [int(probabilities.argmax())] if model.task == "classification" else np.flatnonzero(probabilities > 0.5)
    width = max(map(len, map(printable, model.classes)))
    bar = "█" if has_character(console, "█") else "#"
    for k, (name, p) in enumerate(zip(model.classes, probabilities, strict=True)):
        mark = "<" if k in chosen else ""
        print_line(console, f"{printable(name):>{width}} {p:6.4f} {bar * round(BAR * float(p)):<{BAR}} {mark}".rstrip())
    print_line(console, "prediction: " + (", ".join(model.classes[k] for k in chosen) or "none of the labels"))


def print_data(console: Console, data: Dataset) -> None:
    """Print what a dataset is, and for a table the role and kind of each column."""
    print_line(console, data.describe())
    rows, encoder = data.train.table, data.encoder
    if rows is None or encoder is None:
        return
    widths = {coding.name: coding.width for coding in encoder.codings}
    cells = []
    columns = sorted(rows.column_info, key=lambda column: column.role == "target")
    for column in columns[-SHOWN:]:
        role = column.kind if column.role == "input" else f"{column.role}: {column.kind}"
        if column.role == "left out":
            role = "left out"
        missing, note = f"{column.missing:,}" if column.missing else "", column.note
        if column.role == "target" and column.missing:
            note += "; rows without it are left out"
        cells.append((column.name, role, missing, str(widths.get(column.name, "")), note))
    _print_table(console, ("column", "is", "missing", "inputs", "understood"), cells)
    if len(columns) > SHOWN:
        print_line(console, f"and {len(columns) - SHOWN:,} more columns before these")
        print_line(console, f"columns left out: {left_out(columns) or 'none'}")


def print_verdict(console: Console, content: Mapping[str, Any] | None) -> None:
    """Print what the validation score of a run means; see `verdict`."""
    if content is None:
        return
    for line in verdict_lines(content):
        print_line(console, line)
    header, *rows = verdict_table(content) or [[]]
    if header:
        _print_table(console, header, rows)


def print_inputs(console: Console, inputs: "Sequence[TensorInfo]") -> None:
    """Print what each input of a table's ONNX graph takes."""
    _print_table(console, ("input", "is", "a cell is"), [(x.name, x.kind, x.about) for x in inputs[:SHOWN]])
    if len(inputs) > SHOWN:
        print_line(console, f"and {len(inputs) - SHOWN:,} more columns")


def has_character(console: Console, character: str) -> bool:
    """Return whether the encoding of a console has a character."""
    try:
        return bool(character.encode(console.encoding))
    except UnicodeEncodeError:
        return False


def _print_table(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*headers, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    wide = console if console.is_terminal else PlainConsole(width=200)  # Logs are wide.
    wide.print(table)
