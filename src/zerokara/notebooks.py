"""What prompts and notebooks show of an object: a small table in text or HTML."""

from collections.abc import Mapping, Sequence
from html import escape

ALIGNED = "text-align:left"


def html_table(title: str, rows: Mapping[str, object] | Sequence[Sequence[object]], more: str = "") -> str:
    """Return a title and a table as HTML: names with their values, or rows of which the first is the header.

    Args:
        title: plain text, as all cells.
        more: HTML below the table.

    >>> html_table("digits", {"classes": "<10>"}).count("<td style"), html_table("a", [["b", "c"]])[:16]
    (1, '<div><b>a</b><ta')
    """
    named = isinstance(rows, Mapping)
    cells = list(rows.items()) if isinstance(rows, Mapping) else list(rows)
    lines = []
    for number, row in enumerate(cells):
        kinds = ["th" if (named and column == 0) or (not named and number == 0) else "td" for column in range(len(row))]
        texts = (f'<{k} style="{ALIGNED}">{escape(str(cell))}</{k}>' for k, cell in zip(kinds, row, strict=True))
        lines.append(f"<tr>{''.join(texts)}</tr>")
    return f"<div><b>{escape(title)}</b><table>{''.join(lines)}</table>{more}</div>"


def text_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines with aligned columns; columns of numbers are right-aligned, by their header too.

    >>> text_table([("name", "size"), ("W1", "15"), ("b1", "3")])
    ['name  size', 'W1      15', 'b1       3']
    """
    columns = list(zip(*rows, strict=True))
    right = [bool(cells[1:]) and all(not cell or cell[-1] in "0123456789%" for cell in cells[1:]) for cells in columns]
    right = [aligned and k > 0 for k, aligned in enumerate(right)]
    widths = [max(map(len, cells)) for cells in columns]
    return [
        "  ".join(f"{cell:{'>' if r else '<'}{w}}" for cell, r, w in zip(row, right, widths, strict=True)).rstrip()
        for row in rows
    ]


def few(names: Sequence[str], most: int = 12) -> str:
    """Return the first names, and an ellipsis for the others.

    >>> few(["a", "b", "c"], 2)
    'a, b, ...'
    """
    return ", ".join([*names[:most], *["..."] * (len(names) > most)])


def brief(value: object) -> str:
    """Return a value as text, a float with four significant digits.

    >>> brief(0.0092347), brief((100, 50)), brief(True)
    ('0.009235', '100,50', 'True')
    """
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
