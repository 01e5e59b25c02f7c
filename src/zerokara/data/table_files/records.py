"""JSON files: records, one for each line or in a list, or columns."""

import json
import re
from typing import Any

from zerokara.data.limits import max_bytes, too_large
from zerokara.errors import InputError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a character above U+FFFF, which may lack the other half."""


def read_json(text: str, lines: bool) -> dict[str, list[Any]]:
    """Return the columns of a JSON file: records (in a list, or one for each line), lists, or what pandas writes.

    >>> read_json('[{"a": 1}, {"a": 2, "b": "x"}]', lines=False)
    {'a': [1, 2], 'b': [None, 'x']}
    >>> read_json('{"a": {"0": 1, "1": 2}}', lines=False)
    {'a': [1, 2]}
    """
    if not lines:
        content = _json(text, "")
        if isinstance(content, dict):
            return _columns(content, text)
        records = content
    else:
        records = [_json(line, f" in line {k + 1}") for k, line in enumerate(text.splitlines()) if line.strip()]
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise InputError('a JSON table must be a list of records, such as [{"a": 1}], got something else: convert it')
    names = dict.fromkeys(name for record in records for name in record)
    _require_size(len(names), len(records), text)
    return {name: [record.get(name) for record in records] for name in names}


def _json(text: str, where: str) -> Any:
    try:
        content = json.loads(text)
        if _SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except (ValueError, RecursionError) as error:
        raise InputError(f"a JSON table must be valid JSON, got {error}{where}: correct it") from error


def _columns(content: dict[str, Any], text: str) -> dict[str, list[Any]]:
    if content and all(isinstance(column, dict) for column in content.values()):
        rows = dict.fromkeys(row for column in content.values() for row in column)
        _require_size(len(content), len(rows), text)
        return {name: [column.get(row) for row in rows] for name, column in content.items()}
    if content and all(isinstance(column, list) for column in content.values()):
        return content
    raise InputError('a JSON table must have a list for each column, {"a": [1, 2]}, got something else: convert it')


def _require_size(columns: int, rows: int, text: str) -> None:
    """Raise for too many cells: records may leave most columns out."""
    if (size := columns * rows * 8) > (most := max_bytes(len(text))):
        raise too_large(f"a table of {rows:,} rows and {columns:,} columns", most, f"{size:,}")
