"""How a CSV file is laid out: its delimiter, and what stands above its header."""

import csv
import io
import re
from dataclasses import dataclass

from zerokara.data.columns.numerals import is_number

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEAD, LINES = 65536, 20
"""The characters to look at, and the lines."""
_SEPARATOR = re.compile(r"\s*\"?sep=([,;|\t])\"?[ \t]*(\r\n|\r|\n)", re.IGNORECASE)
_ABOVE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*")
"""Blank lines and comments."""


@dataclass(frozen=True)
class Head:
    """A text that begins with the header, and what was found above it."""

    text: str
    delimiter: str
    comments: int = 0
    first_line: int = 0
    """The number of lines above the header."""


def split_head(text: str, spaces: bool = False) -> Head:
    """Return a CSV file from its header on.

    A first line ``sep=;``, as spreadsheets write it, sets the delimiter. Comments and blank lines are skipped, but a
    last comment with as many cells as the first row is the header.

    >>> split_head("sep=;\\n# made by hand\\na;b\\n1;2\\n").text
    'a;b\\n1;2\\n'
    >>> split_head("#id,size\\n1,2.5\\n").text
    'id,size\\n1,2.5\\n'
    """
    delimiter, begin = "", 0
    if match := _SEPARATOR.match(text):
        delimiter, begin = match[1], match.end()
    match = _ABOVE.match(text, begin)
    end = match.end() if match else begin
    above, rest = text[begin:end], text[end:]
    comments = [line.strip() for line in above.splitlines() if line.strip()]
    delimiter = delimiter or sniff(rest or above, spaces)
    first_line = len(text[:end].splitlines())
    if comments:
        header = comments[-1].lstrip("# \t")
        cells, below = _cells(header, delimiter), _cells(rest.splitlines()[0] if rest else "", delimiter)
        if len(cells) == len(below) > 1 and sum(map(is_number, below)) > sum(map(is_number, cells)):
            return Head(f"{header}\n{rest}", delimiter, len(comments) - 1, first_line - 1)
    return Head(rest, delimiter, len(comments), first_line)


def sniff(text: str, spaces: bool = False) -> str:
    """Return the delimiter: the one that splits most of the first lines into the same, largest number of cells.

    >>> sniff("a;b;c\\n1,5;2;3\\n")
    ';'
    """
    lines = io.StringIO(text[:HEAD], newline="")
    first = [line for line in lines if line.strip() and not line.lstrip().startswith("#")][:LINES]
    if len(text) > HEAD and 1 < len(first) < LINES:
        first.pop()  # It may be incomplete.
    best, cells = ",", 1
    for delimiter in [*DELIMITERS, " "] if spaces and first else DELIMITERS:
        if delimiter == " " and cells > 1:
            break
        rows = _widths(first, delimiter)
        if rows and rows[0] > cells and rows.count(rows[0]) * 2 > len(rows):
            best, cells = delimiter, rows[0]
    return best


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line, which may end within quotes."""
    return line.split() if delimiter == " " else next(csv.reader([line], delimiter=delimiter), [])


def _widths(lines: list[str], delimiter: str) -> list[int]:
    """Return the number of cells of each row; none where a cell is too long for one."""
    try:
        rows = map(str.split, lines) if delimiter == " " else csv.reader(lines, delimiter=delimiter)
        return [len(row) for row in rows]
    except csv.Error:
        return []
