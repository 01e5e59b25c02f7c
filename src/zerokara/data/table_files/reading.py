"""Reading the file of a table, by its suffix."""

import os
from pathlib import Path, PurePath

from zerokara.data.columns.frames import missing_package, raw_table
from zerokara.data.columns.raw import RawTable
from zerokara.data.columns.texts import Texts
from zerokara.data.table_files.arrow import read_arrow
from zerokara.data.table_files.compressed import STREAMS, unpacked
from zerokara.data.table_files.delimited import read_delimited
from zerokara.data.table_files.encodings import decoded
from zerokara.data.table_files.excel import read_excel
from zerokara.data.table_files.records import read_json
from zerokara.errors import InputError, OutsideError

SPACED = (".txt", ".dat", ".data")
"""Files whose cells may be separated by spaces."""
DELIMITED = (".csv", ".tsv", ".tab", *SPACED)
JSON = (".json", ".jsonl", ".ndjson")
ARROW = (".parquet", ".pq", ".feather", ".arrow")
TABLE_SUFFIXES = (*DELIMITED, *ARROW, *JSON, ".xlsx", ".xls", ".ods")
TABLE_KINDS = ".csv, .tsv, .txt, .parquet, .feather, .json, .jsonl, .xlsx, or one of them in a .gz, .zip or .zst"


def is_table(path: str | PurePath) -> bool:
    """Return whether a path has the suffix of a table.

    >>> is_table("houses.CSV"), is_table("houses.csv.gz"), is_table("houses.npz"), is_table("train.gz")
    (True, True, False, False)
    """
    suffix, packed = _suffixes(path)
    return suffix in TABLE_SUFFIXES or packed == ".zip"


def read_table_file(path: str | Path, encoding: str | None = None) -> RawTable:
    """Return the cells of a table's file.

    The first line of a CSV file has the names; commas, semicolons, tabs, bars, or in a .txt file spaces, separate its
    cells. Its encoding is found if it is not given.

    Raises:
        InputError: the file is missing, empty or damaged, or column names are missing or repeated.
        OutsideError: the file cannot be read.
    """
    path = Path(os.path.expanduser(path))
    raw = _content(path)
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise missing_package(str(path), "pyarrow", "narwhals") from error
    suffix, packed = _suffixes(path)
    try:
        if packed:
            raw, member = unpacked(raw, packed, is_table)
            suffix = _suffixes(member)[0] or suffix
        if not raw.strip():
            raise InputError("a table's file must hold a table, got an empty file: save it again")
        return _read_as(raw, suffix, encoding)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (pa.ArrowException, OSError, RecursionError, MemoryError) as error:
        raise InputError(f"{path} must be a complete table, got: {str(error)[:300]}; save or copy it again") from error


def _read_as(raw: bytes, suffix: str, encoding: str | None) -> RawTable:
    if suffix in (".xls", ".ods"):
        raise InputError(f"a workbook must be an .xlsx file, got {suffix}: save it as .xlsx or as CSV")
    if encoding is not None and suffix not in (*DELIMITED, *JSON):
        raise InputError(f"--encoding is for text files, got {suffix}: leave it out")
    if suffix in ARROW:
        return raw_table(read_arrow(raw, suffix))
    if suffix == ".xlsx":
        columns, notes = read_excel(raw)
        return _with_notes(raw_table(columns), notes)
    text, name = decoded(raw, encoding)
    notes = [] if name == "utf-8" or encoding is not None else [f"read as {name}; --encoding sets the encoding"]
    if suffix in JSON:
        return _with_notes(raw_table(read_json(text, lines=suffix != ".json")), notes)
    table, skipped = read_delimited(text, suffix in SPACED)
    cells = {name: Texts.of_arrow(table.column(k)) for k, name in enumerate(table.column_names)}
    return RawTable(cells, typed=False, notes=(*notes, *skipped), source=table)


def _with_notes(table: RawTable, notes: list[str]) -> RawTable:
    return RawTable(table.cells, table.index, table.typed, tuple(notes), table.source)


def _suffixes(path: str | PurePath) -> tuple[str, str]:
    """Return the suffix of a table and that of its compression, in lower case: (".csv", ".gz")."""
    path = PurePath(path)
    last = path.suffix.lower()
    if last == ".zip" or last in STREAMS:
        return PurePath(path.stem).suffix.lower(), last
    return last, ""


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"a table must be a file, got the folder {path}: name a file in it")
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"a table must be an existing file, got {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
