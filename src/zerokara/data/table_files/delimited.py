"""CSV files as an Arrow table of texts: cells between commas, semicolons, tabs, bars or spaces.

A plain file goes straight to pyarrow. One with comments, blank lines, spaces before quotes or rows of another length is
first read by Python's csv module, which knows the line of every row.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from zerokara.data.columns.numerals import is_number
from zerokara.data.columns.raw import labeled
from zerokara.data.table_files.sniffing import split_head
from zerokara.errors import InputError

BLOCK = 1 << 26
"""The bytes that pyarrow parses at once; a row must fit in."""
_UNUSUAL = re.compile(r"(^|[\r\n])[ \t]*(#|[\r\n]|$)|[,;|\t][ \t]+\"")


class Lines:
    """The lines of a text, with the number and the end of the last one, and the lines of the last record."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.number = self.position = 0
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.position += len(line)
        self.record.append(line)
        return line


def read_delimited(text: str, spaces: bool = False) -> tuple[Any, list[str]]:
    """Return the cells of a CSV file as an Arrow table of texts, and notes on what was skipped.

    Args:
        spaces: spaces may separate cells.

    Raises:
        InputError: there is no header or no row, names repeat, a row has another number of cells, or a quote is open.
    """
    head = split_head(text, spaces)
    lines = Lines(head.text)
    names = next(_records(lines, head.delimiter, head.first_line), ["", ""])
    notes = [f"comment lines skipped: {head.comments:,}"] if head.comments else []
    if all(is_number(name) for name in names if name):
        raise _headless(names)
    body = head.text[lines.position :]
    if not body.strip():
        raise InputError("a table must have rows, got only a header: add rows")
    table = None
    if head.delimiter != " " and body.count('"') % 2 == 0 and not _UNUSUAL.search(body):
        table = _arrow_table(body, len(names), head.delimiter)
    if table is None:
        start = head.first_line + lines.number
        names, text, skipped = _rewritten(Lines(body), names, head.delimiter, start)
        notes += skipped
        table = _arrow_table(text, len(names), ",")
        assert table is not None
    return _with_names(table, names), notes


def _arrow_table(body: str, width: int, delimiter: str) -> Any:
    """Return the rows as an Arrow table, or None if they have other numbers of cells."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names = list(map(str, range(width)))
    data = body.encode()
    try:
        return pc.read_csv(
            pa.BufferReader(data),
            pc.ReadOptions(block_size=min(len(data) + 1, BLOCK), column_names=names, use_threads=False),
            # In a single column, an empty line is a missing cell.
            pc.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=width > 1),
            pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            raise InputError(
                f"a row must be shorter than {BLOCK:,} bytes, got a longer one: close its quotes"
            ) from error
        return None


def _records(lines: Lines, delimiter: str, above: int = 0) -> Iterator[list[str]]:
    """Yield the cells of each row; raise for an open quote, ``above`` lines below the top."""
    source = (line.replace("\t", " ") for line in lines) if delimiter == " " else lines
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    last: list[str] = []
    while True:
        begin, lines.record = above + lines.number + 1, []
        try:
            row = next(reader)
        except StopIteration:
            # A record that ends within quotes is an error only for a strict reader.
            with suppress(StopIteration):
                try:
                    next(csv.reader(last, delimiter=delimiter, skipinitialspace=True, strict=True))
                except csv.Error as error:
                    if "unexpected end" in str(error):
                        raise _open_quote(begin - len(last), "the end of the file") from None
            return
        except csv.Error as error:
            raise _open_quote(begin, str(error)) from None
        last = lines.record
        yield [cell for cell in row if cell] if delimiter == " " else row


def _open_quote(line: int, why: str) -> InputError:
    return InputError(f"every quote must be closed, got an open one in line {line} ({why}): close it")


def _rewritten(lines: Lines, names: list[str], delimiter: str, start: int) -> tuple[list[str], str, list[str]]:
    """Return the names, the rows as plain CSV, and notes."""
    width, comments, row_begin = len(names), 0, 0
    rows: list[list[str]] = []
    numbers: list[int] = []
    for row in _records(lines, delimiter, start):
        begin, row_begin = row_begin + 1, lines.number
        blank = not any(cell.strip() for cell in row)
        if blank and len(row) < 2 and width > 1:
            continue
        if row and row[0].lstrip().startswith("#") and len(row) != width:
            comments += 1
            continue
        rows.append(row or [""])
        numbers.append(start + begin)
    notes = [f"comment lines skipped: {comments:,}"] if comments else []
    widths = Counter(map(len, rows))
    surplus = [row for row in rows if len(row) == width + 1]
    if surplus and set(widths) <= {width, width + 1} and not any(row[-1].strip() for row in surplus):
        rows = [row[:width] for row in rows]
        notes.append("the empty cells behind the last separator were dropped")
    elif set(widths) == {width + 1} and width > 1:
        names = ["", *names]
        notes.append("the first cell of each row has no name: read as the row's name")
    elif set(widths) == {width - 1} and not names[-1].strip():
        names = names[:-1]
    elif set(widths) != {width}:
        odd = next(k for k, row in enumerate(rows) if len(row) != width)
        raise InputError(
            f"every row must have as many cells as the header, {width}, got {len(rows[odd])} in line {numbers[odd]}: "
            "correct it, put quotes around cells with a separator, and delete lines above the header"
        )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)  # A cell may hold a carriage return.
    return names, text.getvalue(), notes


def _with_names(table: Any, names: list[str]) -> Any:
    """Return the table with its names; raise if the header is a row of values."""
    import pyarrow.compute as pc

    def blank(column: Any) -> bool:
        return not pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py()

    empty = [k for k, name in enumerate(names) if not name.strip() and blank(table.column(k))]
    if empty:
        kept = [k for k in range(len(names)) if k not in set(empty)]
        table, names = table.select(kept), [names[k] for k in kept]
    if (nameless := sum(not name.strip() for name in names)) > 1:
        raise InputError(
            f"the first line must name every column, got {nameless} without a name: name them, or delete lines above "
            "the header"
        )
    labels = labeled(names)
    numbers = sum(map(is_number, labels))
    texts = [(k, label) for k, label in enumerate(labels) if label and not is_number(label)]
    repeated = sum(pc.any(pc.equal(pc.utf8_trim_whitespace(table.column(k)), label)).as_py() for k, label in texts)
    if (numbers and repeated) or repeated * 2 > len(labels):
        raise _headless(labels)
    return table.rename_columns(labels)


def _headless(names: list[str]) -> InputError:
    return InputError(f"the first line must hold the column names, got values: {', '.join(names[:5])}; add a header")
