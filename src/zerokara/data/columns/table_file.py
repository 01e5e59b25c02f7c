"""CSV and Parquet files as columns, through pyarrow."""

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from zerokara.data.columns.column import Column, is_number
from zerokara.data.columns.frames import as_columns, duplicates, missing_extra
from zerokara.errors import InputError, OutsideError

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "?", "-NaN", "<NA>"]
"""Cells of a CSV file that count as missing; the UCI datasets use the question mark."""


def is_table(path: str | Path) -> bool:
    """Return whether a path has the suffix of a table.

    >>> is_table("houses.CSV"), is_table("houses.npz")
    (True, False)
    """
    return Path(path).suffix.lower() in TABLE_SUFFIXES


def read_table_file(path: str | Path, text: Collection[str] = ()) -> dict[str, Column]:
    """Return the columns of a CSV or Parquet file, with inferred types.

    A CSV file is UTF-8 text with a header; commas, semicolons, tabs or bars separate its cells. Except with commas, it
    may have decimal commas. Columns named in ``text`` are read as text, such as ``007``.

    Raises:
        InputError: the file is missing, empty, damaged or not UTF-8, or column names are missing or repeated.
        OutsideError: the file cannot be read.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"a table must be a file, got the folder {path}: name a file in it")
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"a table must be an existing file, got {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    if not raw.strip():
        raise InputError(f"{path} must hold a table, got an empty file: save it again")
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise missing_extra(str(path), "pyarrow") from error
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return as_columns(_parquet(raw))
        return as_columns(_csv(raw, text))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} must be a complete table, got: {str(error)[:300]}; save or copy it again") from error


def _parquet(raw: bytes) -> Any:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(raw))
    _check_names(table.column_names)
    return table


def _csv(raw: bytes, text: Collection[str]) -> Any:
    import pyarrow as pa
    import pyarrow.csv as pc

    raw = _utf8(raw)
    delimiter = sniff(raw.decode())
    names = next(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=delimiter))
    _check_header(names)
    if raw.count(b'"') % 2:
        raise InputError(
            "every quote must be closed, got an odd number of quotes: write a quote inside a quoted cell twice"
        )
    parse = pc.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        ignore_empty_lines=len(names) > 1,  # In a single column, an empty line is a missing cell.
    )
    # Types are inferred from the first block only, so the file is one block.
    size = min(len(raw) + 1, 2**31 - 1)
    read = pc.ReadOptions(block_size=size, column_names=names, use_threads=False)  # Errors then name the row.

    def convert(point: str) -> Any:
        options = pc.ConvertOptions(
            null_values=MISSING,
            strings_can_be_null=True,
            decimal_point=point,
            column_types={name: pa.string() for name in names if name in text},
        )
        return pc.read_csv(pa.BufferReader(_body(raw)), read_options=read, parse_options=parse, convert_options=options)

    try:
        table = convert(".")
        if delimiter != "," and _decimal_commas(table, text):
            table = convert(",")
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise InputError("a table must have rows, got only a header: add rows") from error
        raise
    return table


def _utf8(raw: bytes) -> bytes:
    """Return the content without a byte order mark; raise if it is not UTF-8."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:4096]:
        raise InputError("a CSV file must be UTF-8 text, got UTF-16 or binary data: save it as 'CSV UTF-8'")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"a CSV file must be UTF-8 text, got the byte 0x{raw[error.start]:02x} in line {line}: save it as "
            "'CSV UTF-8', or convert it: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    return raw


def sniff(text: str) -> str:
    """Return the delimiter: the one that splits most of the first lines into the same, largest number of cells.

    >>> sniff("a;b;c\\n1,5;2;3\\n")
    ';'
    """
    lines = io.StringIO(text[:65536], newline="")
    first = [line for line in lines if line.strip()][:20]
    if len(text) > 65536 and len(first) > 1:
        first.pop()  # It may be incomplete.
    best, cells = ",", 1
    for delimiter in DELIMITERS:
        rows = [len(row) for row in csv.reader(first, delimiter=delimiter)]
        if rows[0] > cells and rows.count(rows[0]) * 2 > len(rows):
            best, cells = delimiter, rows[0]
    return best


def _body(raw: bytes) -> bytes:
    """Return the content after the header, which may span several lines in quotes."""
    lines = io.StringIO(raw.decode(), newline="")
    quotes = 0
    for line in lines:
        quotes += line.count('"')
        if line.strip() and quotes % 2 == 0:
            break
    return lines.read().encode()


def _check_header(names: list[str]) -> None:
    _check_names(names)
    if all(is_number(name) for name in names if name):
        raise InputError(
            f"the first line must hold the column names, got numbers: {', '.join(names[:5])}; add a header"
        )


def _check_names(names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise duplicates(twice)


def _decimal_commas(table: Any, text: Collection[str]) -> bool:
    """Return whether a text column holds numbers with decimal commas."""
    import pyarrow as pa

    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) and name not in text:
            cells = [cell.replace(",", ".", 1) for cell in column.to_pylist() if cell is not None]
            if cells and all(map(is_number, cells)):
                return True
    return False
