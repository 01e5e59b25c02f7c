"""Numbers as they are written: decimal points and commas, grouped thousands, a currency or a percent sign."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array

DECIMALS = (".", ",")
UNITS = "$€£¥₩₹%"
_GROUPS = {".": ",'’ \u00a0\u202f", ",": ".'’ \u00a0\u202f"}
_ARABIC = str.maketrans("０１２３４５６７８９．，－＋％￥−", "0123456789.,-+%¥-")
"""Full-width digits and signs, as Japanese keyboards type them, and the minus sign."""
_UNIT = re.compile(rf"([-+]?)([{UNITS}]?)\s*([-+]?.*?)\s*([{UNITS}]?)", re.DOTALL)


def _form(decimal: str) -> "re.Pattern[str]":
    point = re.escape(decimal)
    whole = rf"(?:\d+|[1-9]\d{{0,2}}([{_GROUPS[decimal]}])\d{{3}}(?:\1\d{{3}})*)"
    return re.compile(rf"[-+]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?|[-+]?(?:inf|infinity)", re.I)


_FORMS = {decimal: _form(decimal) for decimal in DECIMALS}
_PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?inf(inity)?", re.ASCII | re.IGNORECASE)
_PLAIN_LETTERS = frozenset("0123456789.+-eE")
_CODE = re.compile(r"0\d+|[1-9]\d{15,}")


@dataclass(frozen=True, eq=False)
class Numerals:
    """Distinct texts read as numbers, once for each decimal mark; NaN where a text is not a number.

    >>> numerals = Numerals.of(["257.543", "1.000"])
    >>> numerals.values["."], numerals.values[","], numerals.decimals
    (array([257.543,   1.   ]), array([257543.,   1000.]), ('.', ','))
    """

    texts: tuple[str, ...]
    plain: tuple[str, ...]
    """The texts without their unit."""
    values: dict[str, Array]
    mixed_units: bool = False
    """Whether all texts are numbers, but with different currency or percent signs, or some without one."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Numerals":
        """Return the numbers of these texts; a currency or percent sign counts only where all texts have the same."""
        if _PLAIN_LETTERS.issuperset("".join(texts)):
            return cls(tuple(texts), tuple(texts), _both(texts))
        plain = [text.translate(_ARABIC) for text in texts]
        parts = [match for text in plain if (match := _UNIT.fullmatch(text))]
        units = {match[2] + match[4] for match in parts}
        bare = [match[1] + match[3] for match in parts] if units != {""} and len(parts) == len(plain) else plain
        values = _both(bare)
        if len(units) == 1:
            return cls(tuple(texts), tuple(bare), values)
        mixed = any(not np.isnan(numbers).any() for numbers in values.values())
        return cls(tuple(texts), tuple(plain), _both(plain), mixed)

    @property
    def decimals(self) -> tuple[str, ...]:
        """The decimal marks with which every text is a number."""
        return tuple(decimal for decimal in DECIMALS if not np.isnan(self.values[decimal]).any())

    @property
    def ambiguous(self) -> bool:
        """Whether every text is a number with both decimal marks, but another one: 1.234 or 1,234."""
        return len(self.decimals) == 2 and not np.array_equal(self.values["."], self.values[","])

    @property
    def example(self) -> str:
        """The first text whose number depends on the decimal mark."""
        return self.texts[int(np.argmax(self.values["."] != self.values[","]))]

    @property
    def guess(self) -> str:
        """The likely decimal mark of ambiguous texts, or an empty string.

        Whole numbers up to 999 beside 1,234 show thousands, and 1234 beside 1,234 shows decimals. Otherwise a point is
        a decimal point, and a comma could be either.
        """
        mark = "." if "." in self.example else ","
        digits = [len(text.lstrip("+-")) for text in self.plain if text.lstrip("+-").isdecimal()]
        if any(count > 3 for count in digits):
            return mark
        if digits:
            return "," if mark == "." else "."
        return "." if mark == "." else ""

    @property
    def odd(self) -> Array:
        """Which texts are not numbers with the decimal mark that reads most of them."""
        missed = [np.isnan(self.values[decimal]) for decimal in DECIMALS]
        return min(missed, key=lambda mask: int(mask.sum()))

    @property
    def code(self) -> str:
        """A text with leading zeros or more than 15 digits, which names something, or an empty string."""
        return next(filter(_CODE.fullmatch, self.texts), "")

    def unusual(self, mark: str) -> str:
        """The first text that Python would not read as this number, or an empty string."""
        return next((t for t in self.texts if not _PLAIN_NUMBER.fullmatch(t) or (mark == "," and "." in t)), "")


def is_number(text: str) -> bool:
    """Return whether a text is a number with a decimal point.

    >>> is_number(" -1.5e3"), is_number("1,5"), is_number("2024-01-01")
    (True, False, False)
    """
    return _PLAIN_NUMBER.fullmatch(text.strip()) is not None


def as_written(text: str) -> float | str:
    """Return a key that is equal for two texts of one number, or of true or false in any case; else the text itself.

    >>> as_written("007") == as_written("7.0"), as_written("10000000000000001") == as_written("1e16"), as_written("A")
    (True, False, 'A')
    """
    if not is_number(text):
        return lower if (lower := text.lower()) in ("true", "false") else text
    try:
        return int(text)  # Of any size, and compared with floats exactly.
    except ValueError:
        return float(text)


def alike(
    texts: Collection[str], known: Collection[str], key: Callable[[str], float | str] = as_written
) -> dict[str, str]:
    """Return the known text that means the same, if there is exactly one, for each text that is not known itself.

    >>> alike(["007", "7.0", "8"], ["7", "8", "08"])
    {'007': '7', '7.0': '7'}
    """
    others = set(texts) - set(known)
    if not others:
        return {}
    same: dict[float | str, list[str]] = {}
    for name in known:
        same.setdefault(key(name), []).append(name)
    pairs = [(text, same.get(key(text), [])) for text in texts if text in others]
    return {text: names[0] for text, names in pairs if len(names) == 1}


def _both(texts: Sequence[str]) -> dict[str, Array]:
    """Return the numbers for each decimal mark. Where a point reads all texts, a comma reads all or none."""
    try:
        point = (
            np.array(texts, "U").astype(float)
            if _PLAIN_LETTERS.issuperset("".join(texts))
            else _numbers_with(texts, ".")
        )
    except ValueError:  # A letter at the wrong place.
        point = _numbers_with(texts, ".")
    if not np.isnan(point).any() and not all(map(_FORMS[","].fullmatch, texts)):
        return {".": point, ",": np.full(len(texts), np.nan)}
    return {".": point, ",": _numbers_with(texts, ",")}


def _numbers_with(texts: Sequence[str], decimal: str) -> Array:
    form, groups = _FORMS[decimal], re.compile(f"[{_GROUPS[decimal]}]")

    def value(text: str) -> float:
        if not form.fullmatch(text):
            return np.nan
        return float(groups.sub("", text).replace(decimal, "."))

    return np.array([value(text) for text in texts], float)
