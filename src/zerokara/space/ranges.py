"""The parameters of a search as Optuna describes them, in classes that need no Optuna.

They have the attributes and the text of Optuna's distributions, and whatever reads a range takes both.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


class Range(Protocol):
    """What the range of a parameter has, of zerokara or of Optuna."""

    def single(self) -> bool:
        """Return whether it has only one value."""

    def to_internal_repr(self, value: Any, /) -> float:
        """Return a value as a journal has it: a number, of a choice the place of the option."""

    def to_external_repr(self, number: float, /) -> Any:
        """Return the value for a number of a journal."""


class Numbers(Protocol):
    """A range of numbers; of whole numbers if its ends are."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def log(self) -> bool: ...
    @property
    def step(self) -> float | None: ...


def options_of(given: Any) -> Sequence[Any] | None:
    """Return the options of a choice; None if the range is one of numbers."""
    options: Sequence[Any] | None = getattr(given, "choices", None)
    return options


def is_whole(numbers: Numbers) -> bool:
    """Return whether a range has whole numbers only."""
    return isinstance(numbers.low, int)


@dataclass(frozen=True)
class FloatRange:
    """Real numbers from low to high, or low, low + step, ..., high; Optuna's ``FloatDistribution``."""

    # In the order of Optuna's attributes, which a journal shows.
    step: float | None
    low: float
    high: float
    log: bool = False

    def single(self) -> bool:
        return self.low == self.high

    def to_internal_repr(self, value: Any) -> float:
        return float(value)

    def to_external_repr(self, number: float) -> Any:
        return number

    def optuna(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class IntRange:
    """Whole numbers low, low + step, ..., high; Optuna's ``IntDistribution``."""

    log: bool
    step: int
    low: int
    high: int

    def single(self) -> bool:
        return self.low == self.high

    def to_internal_repr(self, value: Any) -> float:
        return float(value)

    def to_external_repr(self, number: float) -> Any:
        return int(number)

    def optuna(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class Options:
    """One of several texts; Optuna's ``CategoricalDistribution``."""

    choices: tuple[str, ...]

    def single(self) -> bool:
        return len(self.choices) == 1

    def to_internal_repr(self, value: Any) -> float:
        return self.choices.index(value)

    def to_external_repr(self, number: float) -> Any:
        return self.choices[int(number)]

    def optuna(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.choices)


PlainRange = FloatRange | IntRange | Options

_DISTRIBUTIONS: dict[type[PlainRange], str] = {
    FloatRange: "FloatDistribution",
    IntRange: "IntDistribution",
    Options: "CategoricalDistribution",
}


@lru_cache(maxsize=1024)
def range_to_json(given: PlainRange) -> str:
    """Return the text of a range in a journal, as Optuna writes it.

    >>> range_to_json(IntRange(False, 1, 4, 8))
    '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}'
    """
    return json.dumps({"name": _DISTRIBUTIONS[type(given)], "attributes": asdict(given)})


@lru_cache(maxsize=1024)
def range_from_json(text: str) -> PlainRange:
    """Return the range of a text in a journal; the inverse of `range_to_json`."""
    content = json.loads(text)
    kind = {name: kind for kind, name in _DISTRIBUTIONS.items()}[content["name"]]
    attributes = content["attributes"]
    if kind is Options:
        return Options(tuple(attributes["choices"]))
    return kind(**attributes)
