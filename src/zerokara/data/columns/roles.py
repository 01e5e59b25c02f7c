"""What the columns of a table are for: inputs or left out; and what a network cannot take, by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerokara.data.columns.column import Column, is_number
from zerokara.errors import InputError, unknown

CAP = 100
"""Different values that a category may have, unless ``max_categories`` says otherwise."""
SENTENCE = 4
"""Words from which texts are no names, on average."""
MANY = 20
"""Different texts above which most being numbers means that all were meant to be."""
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}.*)?")
_WRITTEN = re.compile(r"[-+]?[$€£¥]?\s*[-+]?\d[\d,. _']*\s*[%$€£¥]?")


@dataclass(frozen=True)
class Found:
    """What was understood of one column: ``role`` is "input", "target" or "left out"; ``note`` says it to people."""

    name: str
    role: str
    kind: str
    note: str
    missing: int = 0


def find_inputs(
    columns: Mapping[str, Column], drop: tuple[str, ...], categories: tuple[str, ...], cap: int
) -> tuple[dict[str, Column], list[Found]]:
    """Return the columns that are inputs, and what was understood of every column.

    A constant column, one without a name and one of texts that are all different (an identifier) are left out.

    Raises:
        InputError: dates, free text, too many categories, infinite numbers, each by name with the remedy; or no
            column is left.
    """
    for names in (drop, categories):
        for name in names:
            if name not in columns:
                raise unknown("column", name, list(columns)[:40])
    inputs: dict[str, Column] = {}
    notes: list[Found] = []
    refused: dict[str, str] = {}
    for name, given in columns.items():
        column = given.as_category() if name in categories and given.kind in ("number", "boolean") else given
        missing = len(column) - len(column.present) if column.kind not in ("time", "other") else 0
        if why := "as asked" if name in drop else _useless(name, column, name in categories):
            notes.append(Found(name, "left out", column.kind, why, missing))
        elif why := _impossible(column, cap, name in categories):
            refused[name] = why
        else:
            inputs[name] = column
            notes.append(Found(name, "input", column.kind, describe(column), missing))
    if refused:
        each = "; ".join(f"{name!r} {why}" for name, why in refused.items())
        option = " ".join(f"--drop {name!r}" for name in refused)
        raise InputError(
            f"columns that a network cannot take: {each}. Or leave them out: {option}, in Python drop={list(refused)}"
        )
    if not inputs:
        left = "; ".join(f"{found.name!r}: {found.note}" for found in notes)
        raise InputError(f"a table needs a column to learn from beside the target, got none that is left ({left})")
    return inputs, notes


def _useless(name: str, column: Column, asked: bool) -> str:
    """Return why a column is left out, or nothing."""
    if not name.strip():
        return "it has no name (the row numbers of a saved DataFrame?)"
    if column.kind in ("time", "other"):
        return ""
    if column.empty:
        return "it is empty"
    if len(column.present) == len(column) and (column.values == column.values[0]).all():
        return f"it is constant: {first(column)} in every row"
    if column.kind == "category" and not asked and all_different(column):
        return "" if _sentences(column) or _misread(column) else "its texts are all different: an identifier"
    return ""


def _impossible(column: Column, cap: int, asked: bool) -> str:
    """Return what a network cannot take in a column and the remedy, or nothing."""
    if column.kind == "time":
        return f"holds {column.note}: give numbers, such as the year, the month or the days since a day"
    if column.kind == "other":
        return f"holds {column.note}: give numbers or texts"
    if column.kind != "category":
        column.require_finite()
        return ""
    levels, count = column.levels, len(column.levels)
    if not asked and (odd := _misread(column)):
        return odd
    if _sentences(column) and (count > cap or (all_different(column) and not asked)):
        return f"holds text ({levels[0][:40]!r}): give numbers drawn from it, such as its length or counts of words"
    if count > cap:
        return (
            f"has {count:,} different values, and {cap} are the most: merge the rare ones, or --max-categories {count}"
        )
    return ""


def _misread(column: Column) -> str:
    """Return what is wrong with texts that were meant as dates or numbers, or nothing."""
    levels = column.levels
    if all(map(_DATE.fullmatch, levels)):
        return f"holds dates or times, such as {levels[0]}: give numbers, such as the year or the days since a day"
    odd = [level for level in levels if not is_number(level)]
    if len(levels) <= MANY or not odd:
        return ""
    if len(odd) * 5 <= len(levels):
        return f"holds numbers but for {', '.join(map(repr, odd[:3]))}: correct these cells, or empty them"
    if all(map(_WRITTEN.fullmatch, levels)):
        return f"holds numbers written as text ({odd[0]!r}): write plain ones, such as 1234.5"
    return ""


def describe(column: Column) -> str:
    """Return what a column holds, for people.

    >>> describe(Column("age", "number", np.array([30.0, 41, 2.5])))
    '2.5 to 41, median 30'
    """
    if column.kind == "number":
        low, middle, high = np.quantile(column.present, [0, 0.5, 1])
        note = f"{low:.6g} to {high:.6g}, median {middle:.6g}"
        steps = np.diff(column.values)
        if len(steps) > 1 and (steps == 1).all():
            note += "; it counts the rows: drop it if it is only their number"
        return note
    if column.kind == "boolean":
        return f"true in {column.present.mean():.0%}"
    return f"{len(column.levels)} values: {listed(column.levels, 4, 16)}"


def listed(names: Mapping[str, object] | list[str] | tuple[str, ...], most: int = 12, width: int = 40) -> str:
    """Return names for a reader, the first ones of many."""
    short = [name if len(name) <= width else name[: width - 1] + "…" for name in list(names)[:most]]
    return ", ".join(short) + (", ..." if len(names) > most else "")


def first(column: Column) -> str:
    """Return the first cell, for people."""
    value = column.values[0]
    return repr(column.levels[int(value)]) if column.kind == "category" else f"{value:g}"


def all_different(column: Column) -> bool:
    """Tell whether no text comes twice, of three or more."""
    return len(column.levels) == len(column.present) > 2


def _sentences(column: Column) -> bool:
    sample = column.levels[:1000]
    return sum(len(level.split()) for level in sample) >= SENTENCE * len(sample)
