"""The texts of a column as they are written, and which of them are missing cells."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import require_unicode
from zerokara.data.columns.column import Column
from zerokara.data.columns.numerals import DECIMALS
from zerokara.errors import InputError

MISSING = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-NaN", "NULL", "null", "None", "<NA>", "?")
"""Texts that count as missing; an empty cell always does. The UCI datasets use the question mark."""


@dataclass(frozen=True)
class TextRules:
    """How the texts of a table are read; a model keeps those of its training."""

    missing: tuple[str, ...] = MISSING
    """Texts that are missing cells, beside the empty one."""
    decimal: str | None = None
    """The decimal mark of all columns; None finds it in the texts."""
    text: Collection[str] = ()
    """Columns whose texts are categories, whatever is written."""
    numbers: Collection[str] = ()
    """Columns whose texts are numbers, even with leading zeros."""
    likely: str = ""
    """The decimal mark where the texts allow both."""

    @classmethod
    def of(cls, missing: "str | Collection[str] | None", decimal: str | None, text: Collection[str]) -> "TextRules":
        """Return the rules for arguments of the user; ``missing`` may be one text, "NA,?", or "none".

        >>> TextRules.of("NA, ?", None, ()).missing
        ('NA', '?')
        """
        if decimal is not None and decimal not in DECIMALS:
            raise InputError(f"the decimal mark must be '.' or ',', got {decimal!r}: choose one, or leave it out")
        if missing is None:
            words: tuple[str, ...] = MISSING
        elif isinstance(missing, str):
            words = () if missing.strip().lower() == "none" else tuple(word.strip() for word in missing.split(","))
        else:
            words = tuple(missing)
        if not all(isinstance(word, str) for word in words):
            raise InputError(f'missing must be texts, got {missing!r}: write missing=["NA", "?"]')
        return cls(tuple(word for word in words if word), decimal, tuple(text))

    def with_number(self, name: str) -> "TextRules":
        """Return the rules with one more column whose texts are numbers."""
        return replace(self, numbers=frozenset([*self.numbers, name]))

    def with_text(self, name: str) -> "TextRules":
        """Return the rules with one more column whose texts are categories."""
        return replace(self, text=frozenset([*self.text, name]))


class Texts:
    """The cells of one column as texts; None is a missing cell.

    Args:
        numbers: they are the digits of numbers, some of which float64 does not hold.
    """

    def __init__(self, cells: Iterable[str | None], numbers: bool = False) -> None:
        self.numbers = numbers
        listed = list(cells)
        place = {cell: k for k, cell in enumerate(dict.fromkeys(listed))}
        self._distinct = list(place)
        self._places: Array = np.fromiter(map(place.__getitem__, listed), np.intp, len(listed))

    @classmethod
    def of_arrow(cls, cells: Any) -> "Texts":
        """Return the texts of an Arrow array, which finds the distinct ones itself."""
        coded = cells.combine_chunks().dictionary_encode()
        texts = cls(())
        texts._distinct = [*coded.dictionary.to_pylist(), None]
        texts._places = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False).astype(np.intp)
        return texts

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def column(self) -> Column:
        """The texts as a category without a name, without the spaces around them; an empty text is a missing cell."""
        tidy = [cell and cell.strip() for cell in self._distinct]
        levels = sorted({cell for cell in tidy if cell})
        require_unicode(levels, "the cells of a table")
        place = {level: float(k) for k, level in enumerate(levels)}
        values = np.array([place.get(cell or "", np.nan) for cell in tidy], float)
        return Column("", "category", values[self._places] if len(values) else np.empty(0), tuple(levels))


def without_missing(column: Column, words: Collection[str]) -> tuple[Column, dict[str, int]]:
    """Return a category whose cells with these texts are missing, and how many cells each text had.

    >>> column, counts = without_missing(Texts(["a", "?", "b", "?"]).column, ["?", "NA"])
    >>> column.levels, column.values, counts
    (('a', 'b'), array([ 0., nan,  1., nan]), {'?': 2})
    """
    places = [k for k, level in enumerate(column.levels) if level in words or not level]
    if not places:
        return column, {}
    gone = np.isin(column.values, places)
    counts = {column.levels[k]: int((column.values == k).sum()) for k in places if column.levels[k]}
    return replace(column, values=np.where(gone, np.nan, column.values)).pruned(), counts
