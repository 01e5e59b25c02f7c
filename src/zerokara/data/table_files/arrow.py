"""Parquet, Feather and Arrow files (extra ``tables``): what they contain, up to a limit."""

import io
from typing import Any

from zerokara.data.limits import max_bytes, too_large
from zerokara.errors import InputError


def read_arrow(raw: bytes, suffix: str) -> Any:
    """Return an Arrow table, with valid texts and indices.

    Raises:
        InputError: it is damaged, or needs more memory than it may unpack to: nulls take no bytes in a file, and texts
            that repeat are stored once.
    """
    try:
        return _valid_table(raw, suffix, max_bytes(len(raw)))
    except InputError:
        raise
    except Exception as error:  # A damaged file makes pyarrow raise nearly anything.
        raise InputError(f"it must be a complete table, got: {str(error)[:300]}; save or copy it again") from error


def _valid_table(raw: bytes, suffix: str, most: int) -> Any:
    if suffix in (".parquet", ".pq"):
        import pyarrow.parquet as pq

        with pq.ParquetFile(io.BytesIO(raw)) as file:
            _require_rows(file.metadata.num_rows, file.metadata.num_columns, most)
            texts = [field.name for field in file.schema_arrow if str(field.type) in ("string", "large_string")]
            schema = file.schema_arrow
        table = pq.read_table(io.BytesIO(raw), read_dictionary=texts)
    else:
        import pyarrow.ipc as ipc

        try:
            table = ipc.open_file(io.BytesIO(raw)).read_all()
        except OSError:
            table = ipc.open_stream(io.BytesIO(raw)).read_all()
        schema = table.schema
        _require_rows(table.num_rows, table.num_columns, most)
    table.validate(full=True)  # The texts and offsets of a damaged file may point anywhere.
    _require_texts(table, most)
    return table.cast(schema)


def _require_rows(rows: int, columns: int, most: int) -> None:
    if (size := rows * columns * 8) > most:
        raise too_large(f"a table of {rows:,} rows and {columns:,} columns", most, f"{size:,}")


def _require_texts(table: Any, most: int) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    size = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type) and str(column.type.value_type) in ("string", "large_string"):
            lengths = [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
            size += sum(pc.sum(each).as_py() or 0 for each in lengths)
    if size > most:
        raise too_large("the texts of a table", most, f"{size:,}")
