"""Excel workbooks: the first sheet with cells (extra ``excel``)."""

import io
import warnings
import zipfile
from typing import Any

from zerokara.data.columns.frames import missing_package
from zerokara.data.limits import max_bytes, too_large
from zerokara.errors import InputError

CELL = 64
"""Bytes that a cell takes in memory."""
LAST_ROW = 1_048_576
"""The rows that a sheet can have."""


def read_excel(raw: bytes) -> tuple[dict[str, list[Any]], list[str]]:
    """Return the columns of a workbook, and a note on its other sheets; the first row that is not empty has the names.

    Raises:
        InputError: the file is damaged or too large, or holds no table.
    """
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise missing_package("an Excel file", "openpyxl") from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        most = max_bytes(len(raw))
        if size > most:
            raise too_large("a workbook", most, f"{size:,}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of formats that it does not know; the cells are read.
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            sheets = [(sheet.title, rows) for sheet in book.worksheets if (rows := _sheet_rows(sheet, most // CELL))]
    except InputError:
        raise
    except Exception as error:  # A damaged workbook makes openpyxl raise nearly anything.
        raise InputError(f"a workbook must be a complete .xlsx file, got {error}: save it again, or as CSV") from error
    if not sheets:
        raise InputError("a workbook must hold a table, got empty sheets: name another file")
    title, (names, *rows) = sheets[0]
    used = [k for k in range(len(names)) if names[k] is not None or any(row[k] is not None for row in rows)]
    columns = {"" if names[k] is None else str(names[k]): [row[k] for row in rows] for k in used}
    if not rows or len(columns) < len(used):
        got = "only a header" if not rows else "one name twice, or several columns without one"
        raise InputError(f"sheet {title!r} must hold a header of different names and rows, got {got}: correct it")
    others = [other for other, _ in sheets[1:]]
    return columns, [f"sheet {title!r} read, not {', '.join(map(repr, others))}"] if others else []


def _sheet_rows(sheet: Any, most: int) -> list[tuple[Any, ...]]:
    """Return the rows with cells, all of one length; raise for more than ``most`` cells."""
    sheet.reset_dimensions()  # A file may claim any; without them, a row is as long as its cells.
    rows, width = [], 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > LAST_ROW:
            raise InputError(f"a sheet has {LAST_ROW:,} rows at most, got more: save it again, or as CSV")
        if any(cell is not None for cell in row):
            rows.append(row)
            width = max(width, len(row))
            if width * len(rows) > most:
                raise too_large("a sheet", CELL * most, f"{width:,} columns and {number:,} rows or more")
    return [row + (None,) * (width - len(row)) for row in rows]
