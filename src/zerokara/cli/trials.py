"""The command trials: the trials of a run as a table, CSV or JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Literal

from zerokara.cli.show import print_line
from zerokara.cli.terminal import PlainConsole, print_csv
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.space.hyperparameters import show, to_text
from zerokara.study.saved import open as open_run
from zerokara.study.study import Study
from zerokara.study.views.table import Columns, curve_columns, ready_for_json, study_columns

Format = Literal["table", "csv", "json"]
SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json"}


def run_trials(
    run: Path,
    /,
    *,
    best: int | None = None,
    curves: bool = False,
    fixed: bool = False,
    format: Format | None = None,
    out: Path | None = None,
    storage: str | None = None,
) -> int:
    """Print the trials of a run, best first, or write them to a file; the run may be unfinished, and is not changed.

    Example: zerokara trials runs/digits-1 --best 10

    Args:
        run: the folder of the run.
        best: only so many trials, the best.
        curves: a row for each epoch of each trial, with losses, scores and the learning rate.
        fixed: also the hyperparameters that were not searched.
        format: table, csv or json. [default: a table; of a file, by its suffix]
        out: the .csv or .json file to write.
        storage: as for resume.
    """
    if best is not None and best < 1:
        raise InputError(f"--best must be 1 or above, got {best}: leave it out for all trials")
    kind = format or ("table" if out is None else SUFFIXES.get(out.suffix.lower()))
    if kind is None or (out is not None and kind == "table"):
        raise InputError(f"trials are written as .csv or .json, got --out {out}: name such a file, or add --format csv")
    study = open_run(run, storage=storage)
    columns = columns_of_run(study, best, curves, fixed)
    console = PlainConsole()
    if kind == "table":
        missing = "" if not study.interrupted else "; the run is not finished"
        print_line(console, f"{study.plan.name}: {len(study.trials)} trials{missing}")
        shown = {name: cells for name, cells in columns.items() if curves or not name.startswith("train_")}
        for line in table_lines(shown):
            print_line(console, line)
        return 0
    text = trials_text(columns, kind)
    if out is None:
        print_csv(text)
    else:
        print_line(console, f"{len(next(iter(columns.values()))):,} rows written: {write(out, text)}")
    return 0


def columns_of_run(study: Study, best: int | None, curves: bool, fixed: bool) -> Columns:
    """Return the columns of the trials, or of their curves, best first."""
    trials = study.ranking(best)
    if curves:
        return curve_columns(study, trials)
    rows = {trial.number: row for row, trial in enumerate(study.trials)}
    order = [rows[trial.number] for trial in trials]
    return {name: [column[row] for row in order] for name, column in study_columns(study, fixed).items()}


def trials_text(columns: Columns, kind: Format) -> str:
    """Return columns as CSV or JSON, with numbers as they are; what is not finite or not there is empty or null."""
    rows = ready_for_json(columns)
    if kind == "json":
        return json.dumps(rows, indent=1) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if cell is None else to_text(cell) for cell in row.values()] for row in rows)
    return text.getvalue()


def table_lines(columns: Columns) -> list[str]:
    """Return columns as lines of text; no cell is cut.

    >>> table_lines({"number": [7, 12], "lr": [0.0123456, None]})
    ['number  lr', '7       0.01235', '12']
    """
    shown = {name: [name, *map(_brief, cells)] for name, cells in columns.items()}
    widths = [max(map(len, cells)) for cells in shown.values()]
    rows = zip(*shown.values(), strict=True)
    return ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _brief(cell: object) -> str:
    return "" if cell is None or cell != cell else show(cell)
