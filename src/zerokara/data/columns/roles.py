"""Column roles: which columns are inputs, which are left out, and which a network cannot use."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zerokara.data.columns.column import Column
from zerokara.errors import InputError, reading, unknown

CAP = 100
"""The default of ``max_categories``, the most different values of a category."""
SENTENCE = 4
"""From this average number of words, texts are sentences and not names."""
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}.*)?")


ASKED = "as asked"
FEW = 8
"""The maximum number of columns in a message."""


@dataclass(frozen=True)
class ColumnInfo:
    """The inferred role of one column: "input", "target" or "left out"; ``note`` explains it."""

    name: str
    role: str
    kind: str
    note: str
    missing: int = 0


def find_inputs(
    columns: Mapping[str, Column],
    drop: tuple[str, ...],
    categories: tuple[str, ...],
    cap: int,
    index: Collection[str] = (),
) -> tuple[dict[str, Column], list[ColumnInfo]]:
    """Return the input columns, and a `ColumnInfo` for every column.

    Constant columns, columns without a name, columns of unique texts (identifiers) and those of ``index``, the saved
    index of a DataFrame, are left out.

    Raises:
        InputError: a column holds dates, free text, too many categories or infinite numbers, or no column is left.
    """
    for asked in (drop, categories):
        for name in asked:
            if name not in columns:
                raise unknown("column", name, list(columns)[:40])
    inputs: dict[str, Column] = {}
    infos: list[ColumnInfo] = []
    refused: dict[str, str] = {}
    for name, given in columns.items():
        column = given.as_category() if name in categories and given.kind in ("number", "boolean") else given
        missing = len(column) - len(column.present) if column.kind not in ("time", "other") else 0
        why = ASKED if name in drop else "it is the saved index of a DataFrame" if name in index else ""
        if why := why or _why_left_out(name, column, name in categories):
            infos.append(ColumnInfo(name, "left out", column.kind, why, missing))
        elif why := _why_refused(column, cap, name in categories):
            refused[name] = why
        else:
            inputs[name] = column
            infos.append(ColumnInfo(name, "input", column.kind, describe_column(column), missing))
    if refused:
        each = "; ".join(f"{name!r} {why}" for name, why in list(refused.items())[:FEW])
        each += f"; and {len(refused) - FEW:,} more" if len(refused) > FEW else ""
        names = list(refused)[:FEW]
        leave_out = reading(" ".join(f"--drop {name!r}" for name in names), drop=names)
        raise InputError(
            f"columns must hold numbers, booleans or categories, got others: {each}. Or take them out of the table, or "
            f"leave them out: {leave_out}"
        )
    if not inputs:
        got = f"only columns left out ({left_out(infos)})" if left_out(infos) else "the target alone"
        raise InputError(f"a table needs an input column besides the target, got {got}: add one")
    return inputs, infos


def left_out(infos: Sequence[ColumnInfo]) -> str:
    """Return as text which columns are left out without being asked for, and why."""
    reasons: dict[str, list[str]] = {}
    for info in infos:
        if info.role == "left out" and info.note != ASKED:
            reasons.setdefault(info.note.partition(":")[0], []).append(repr(info.name))
    each = [
        f"{', '.join(names[:FEW])}{f' and {len(names) - FEW:,} more' * (len(names) > FEW)} ({why})"
        for why, names in reasons.items()
    ]
    return "; ".join(each)


def _why_left_out(name: str, column: Column, asked: bool) -> str:
    """Return why a column is left out, or an empty string."""
    if not name.strip():
        return "it has no name (the row numbers of a saved DataFrame?)"
    if column.kind in ("time", "other") or (column.kind == "number" and column.note):
        return ""
    if column.empty:
        return "it is empty"
    if len(column.present) == len(column) and (column.values == column.values[0]).all():
        return f"it is constant: {first(column)} in every row"
    if column.kind == "category" and not asked and all_different(column):
        other = column.note or _sentences(column) or _dates(column)
        return "" if other else "its texts are all different, as in an identifier"
    return ""


def _why_refused(column: Column, cap: int, asked: bool) -> str:
    """Return why a network cannot use a column and the remedy, or an empty string."""
    category = reading(f"--categories {column.name!r}", categories=[column.name]) + ", or a pandas category"
    if column.kind == "time":
        return f"holds {column.note}: use numbers, such as the year, the month or the days since a date"
    if column.kind == "other":
        return f"holds {column.note}: use numbers or texts"
    if column.kind != "category":
        column.require_finite()
        return f"{column.note}, or make it a category: {category}" if column.note else ""
    levels, count = column.levels, len(column.levels)
    if not asked and column.note:
        return f"{column.note}, or keep its texts as categories: {category}"
    if not asked and _dates(column):
        return f"holds dates or times, such as {levels[0]}: use numbers, such as the year or the days since a date"
    if _sentences(column) and (count > cap or (all_different(column) and not asked)):
        return f"holds text ({levels[0][:40]!r}): use numbers computed from it, such as its length or word counts"
    if count > cap:
        more = reading(f"--max-categories {count}", max_categories=count)
        return f"has {count:,} different values, more than {cap}: merge rare values, or use {more}"
    return ""


def _dates(column: Column) -> bool:
    return bool(column.levels) and all(map(_DATE.fullmatch, column.levels))


def describe_column(column: Column) -> str:
    """Return a short description of the cells of a column.

    >>> describe_column(Column("age", "number", np.array([30.0, 41, 2.5])))
    '2.5 to 41, median 30'
    """
    if column.kind == "number":
        low, middle, high = np.quantile(column.present, [0, 0.5, 1])
        note = f"{low:.6g} to {high:.6g}, median {middle:.6g}"
        steps = np.diff(column.values)
        if len(steps) > 1 and (steps == 1).all():
            note += "; it counts the rows: drop it if it is only a row number"
        return note
    if column.kind == "boolean":
        return f"true in {column.present.mean():.0%}"
    return f"{len(column.levels)} values: {listed(column.levels, 4, 16)}"


def listed(names: Mapping[str, object] | list[str] | tuple[str, ...], most: int = 12, width: int = 40) -> str:
    """Return the first names as text, each cut to ``width`` characters."""
    short = [name if len(name) <= width else name[: width - 1] + "…" for name in list(names)[:most]]
    return ", ".join(short) + (", ..." if len(names) > most else "")


def first(column: Column) -> str:
    """Return the first cell as text."""
    value = column.values[0]
    return repr(column.levels[int(value)]) if column.kind == "category" else f"{value:g}"


def all_different(column: Column) -> bool:
    """Return whether a column has three or more texts, all different."""
    return len(column.levels) == len(column.present) > 2


def _sentences(column: Column) -> bool:
    sample = column.levels[:1000]
    return sum(len(level.split()) for level in sample) >= SENTENCE * len(sample)
