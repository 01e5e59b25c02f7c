"""What the texts of a table mean: numbers, true and false, or categories; the same for files and DataFrames."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.column import Column, ColumnKind
from zerokara.data.columns.numerals import Numerals
from zerokara.data.columns.roles import all_different
from zerokara.data.columns.texts import TextRules, Texts, without_missing
from zerokara.errors import reading

MANY = 20
"""Above this number of different texts, a column of mostly numbers must be all numbers."""
CODES = 100
"""Up to this number of different codes with leading zeros are categories."""
NAMED_COLUMNS = 8
"""The maximum number of columns in a note."""


@dataclass
class Interpretation:
    """The columns of a table, and what was decided about their texts."""

    columns: dict[str, Column] = field(default_factory=dict)
    texts: dict[str, Column] = field(default_factory=dict)
    """The columns of texts, as categories."""
    missing: dict[str, dict[str, int]] = field(default_factory=dict)
    """How many cells of a column were read as missing, by text."""
    decided: dict[str, dict[str, str]] = field(default_factory=dict)
    """What else was decided, with an example from each column."""
    decimal: str = "."

    def notes(self, inputs: Collection[str], target: str = "") -> list[str]:
        """Return what was decided for these columns, one line for each kind of decision."""
        words: dict[str, dict[str, int]] = {}
        for name in inputs:
            for word, count in self.missing.get(name, {}).items():
                words.setdefault(word, {})[name] = count
        notes = [
            f"{word!r} read as missing ({sum(each.values()):,}), --missing sets such texts: {_some_of(each)}"
            for word, each in words.items()
        ]
        for what, examples in self.decided.items():
            if names := [f"{name} ({text})" for name, text in examples.items() if name == target or name in inputs]:
                notes.append(f"{what}: {_some_of(names)}")
        return notes

    def _decide(self, what: str, name: str, example: str) -> None:
        self.decided.setdefault(what, {})[name] = example


def interpret(raw: Mapping[str, Column | Texts], rules: TextRules, typed: bool = False) -> Interpretation:
    """Return the columns with texts as what they mean, and every decision.

    A column whose numbers could have a decimal point or a decimal comma has the mark of the table's other columns. A
    column whose meaning is unclear stays a category, with a ``note`` that says why.

    Args:
        typed: the source has types, like a DataFrame: texts that are numbers are unusual, and reported.

    >>> raw = {"a": Texts(["257.543", "1.000"]), "b": Texts(["51,3", "NA"]), "c": Texts(["true", None])}
    >>> result = interpret(raw, TextRules())
    >>> [(c.kind, c.values.tolist()) for c in result.columns.values()], result.decimal, result.missing
    ([('number', [257543.0, 1000.0]), ('number', [51.3, nan]), ('boolean', [1.0, nan])], ',', {'b': {'NA': 1}})
    """
    result = Interpretation()
    numerals: dict[str, Numerals] = {}
    for name, cells in raw.items():
        column = replace(cells.column, name=name) if isinstance(cells, Texts) else cells
        if isinstance(cells, Texts) and cells.numbers:
            result.columns[name] = column if name in rules.text else _rounded(column)
            continue
        if column.kind == "category":
            column, counts = without_missing(column, rules.missing)
            if counts:
                result.missing[name] = counts
        result.columns[name] = column
        if not isinstance(cells, Texts) or name in rules.text or not column.levels:
            continue
        result.texts[name] = column
        lower = np.array([level.lower() for level in column.levels])
        if np.isin(lower, ("true", "false")).all():
            result.columns[name] = _coded(column, "boolean", lower == "true")
        elif any(any(map(str.isdecimal, level)) for level in column.levels):
            numerals[name] = Numerals.of(column.levels)
    marks = {n.decimals[0] for n in numerals.values() if len(n.decimals) == 1}
    if rules.decimal:
        marks = {rules.decimal}
    result.decimal = next(iter(marks)) if len(marks) == 1 else rules.likely or "."
    for name, numbers in numerals.items():
        result.columns[name] = _as_meant(result, result.columns[name], numbers, rules, marks, typed)
    return result


def _as_meant(
    result: Interpretation, column: Column, numbers: Numerals, rules: TextRules, marks: set[str], typed: bool
) -> Column:
    """Return a column of texts as numbers, or as a category if it holds other texts or codes."""
    name, forced = column.name, column.name in rules.numbers
    possible = [mark for mark in numbers.decimals if rules.decimal in (None, mark)]
    if not possible:
        return _mixed(result, column, numbers, rules.decimal)
    if numbers.code and not forced:
        few = len(column.levels) <= CODES or len(column.levels) == len(column.present)
        if few or not numbers.code.startswith("0"):
            result._decide("codes, kept as categories", name, repr(numbers.code))
            return column
        result._decide("codes read as numbers, without leading zeros; --categories keeps them", name, numbers.code)
    mark, guessed = possible[0], False
    if len(possible) == 2 and numbers.ambiguous:
        mark = next(iter(marks)) if len(marks) == 1 else "" if marks else rules.likely or numbers.guess
        guessed = not (marks or rules.likely)
    if not mark:
        rule = f"holds numbers such as {numbers.example!r}, with a decimal comma or grouped thousands"
        return replace(column, note=f"{rule}: say which with {reading('--decimal , or --decimal .', decimal=',')}")
    if example := numbers.example if guessed else numbers.unusual(mark):
        value = numbers.values[mark][numbers.texts.index(example)]
        what = "a guessed decimal mark, --decimal sets it" if guessed else "read as numbers"
        result._decide(what, name, f"{example!r} as {value:.15g}")
    elif typed and not forced:
        result._decide("texts read as numbers, --categories keeps them", name, repr(numbers.texts[0]))
    return _coded(column, "number", numbers.values[mark])


def _mixed(result: Interpretation, column: Column, numbers: Numerals, mark: str | None) -> Column:
    """Return a column of numbers and other texts as a category; with few other cells, its note refuses it."""
    odd = np.isnan(numbers.values[mark]) if mark else numbers.odd
    if numbers.mixed_units:
        texts = f"{column.levels[0]!r} and {column.levels[-1]!r}"
        return replace(column, note=f"holds numbers with different signs, such as {texts}: write all of them alike")
    neither = np.isnan(numbers.values["."]) & np.isnan(numbers.values[","])
    if odd.all() and neither.any():
        return column
    strays = np.isin(column.values, np.flatnonzero(odd))
    row = int(np.argmax(strays))
    text = column.levels[int(column.values[row])]
    holds = f"holds numbers except {text!r} in row {row} (counted from 0)"
    if not neither.any():
        rule = "write all of them with the same decimal mark"
        if mark:
            other = "." if mark == "," else ","
            rule = f"add {reading(f'--decimal {other}', decimal=other)}"
        return replace(column, note=f"{holds}: {rule}")
    count, share = int(odd.sum()), strays.sum() / len(column.present)
    some = len(odd) - count
    if (some > MANY and (count * 5 <= len(odd) or share <= 0.2)) or (some >= 5 and share <= 0.05):
        words = {word: None for counts in result.missing.values() for word in counts} | {text: None}
        missing = ",".join(words)
        remedy = f"read it as missing: {reading(f'--missing {missing!r}', missing=missing)}"
        return replace(column, note=f"{holds}: correct or empty the cell, or {remedy}")
    result._decide("numbers and texts, kept as categories", column.name, repr(text))
    return column


def _rounded(column: Column) -> Column:
    """Return digits as numbers, with a note if float64 does not tell two of them apart; an identifier as it is."""
    values = np.array(column.levels, float)
    order = np.argsort(values)
    numbers = _coded(column, "number", values)
    if not (same := np.flatnonzero(np.diff(values[order]) == 0)).size:
        return numbers
    if all_different(column):
        return column
    pair = " and ".join(column.levels[k] for k in np.sort(order[same[0] : same[0] + 2]))
    note = (
        f"holds whole numbers that float64 does not tell apart, such as {pair}: use smaller ones, such as differences"
    )
    return replace(numbers, note=note)


def _coded(column: Column, kind: ColumnKind, values: Array) -> Column:
    """Return a category with a number for each level."""
    gaps = np.isnan(column.values)
    coded: Array = np.asarray(values, float)[np.where(gaps, 0, column.values).astype(np.intp)]
    coded[gaps] = np.nan
    return Column(column.name, kind, coded)


def _some_of(names: Iterable[str]) -> str:
    each = list(names)
    return ", ".join(each[:NAMED_COLUMNS]) + (
        f" and {len(each) - NAMED_COLUMNS:,} more" if len(each) > NAMED_COLUMNS else ""
    )
