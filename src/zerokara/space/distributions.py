"""The distributions of a search, each with a text form and an Optuna form."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zerokara.errors import InputError
from zerokara.space.hyperparameters import to_text
from zerokara.space.ranges import FloatRange, IntRange, Options, PlainRange

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


MAX_TICKS = 10
"""The maximum number of values that are all labeled on an axis."""


class Distribution(ABC):
    """The search range of a hyperparameter; its kind is the first word of its text."""

    kind: ClassVar[str]

    def text(self) -> str:
        """Return the range as written after ``NAME=`` on the command line.

        >>> Log(1e-6, 0.01).text(), Choice(((), (100, 50))).text()
        ('log:1e-06:0.01', 'choice:linear|100,50')
        """
        return f"{self.kind}:{self._parts()}"

    @abstractmethod
    def ends(self) -> tuple[Any, ...]:
        """Return the extreme values: if they are valid, all values of the range are."""

    @abstractmethod
    def parts(self, name: str) -> dict[str, "Single"]:
        """Return the parameters that determine the hyperparameter of this name."""

    @abstractmethod
    def read(self, name: str, params: Mapping[str, Any]) -> Any:
        """Return the hyperparameter's value from Optuna's parameters."""

    @abstractmethod
    def values(self, name: str, value: Any) -> dict[str, Any]:
        """Return the value of each part; the inverse of ``read``."""

    @abstractmethod
    def _parts(self) -> str: ...

    def _require(self, condition: bool, rule: str) -> None:
        if not condition:
            got = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
            raise InputError(f"{self.kind} needs {rule}, got {got}: change the range")

    def _make_floats(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            self._require(number and math.isfinite(value), f"a finite number as {name}")
            object.__setattr__(self, name, float(value) + 0.0)


class Single(Distribution):
    """A range, or a list of options, that is one parameter in Optuna."""

    on_log: ClassVar[bool] = False
    """Whether it is searched on a log scale, and drawn on a log axis."""
    low: Any
    high: Any
    step: float | None = None

    def steps(self) -> tuple[Any, ...]:
        """Return all values of a range of whole numbers, if they are few enough to be labeled on an axis."""
        return ()

    def ends(self) -> tuple[Any, ...]:
        return self.low, self.high

    def parts(self, name: str) -> dict[str, "Single"]:
        return {name: self}

    def read(self, name: str, params: Mapping[str, Any]) -> Any:
        return self.decode(params[self.key(name)])

    def values(self, name: str, value: Any) -> dict[str, Any]:
        return {name: value}

    def position(self, value: Any) -> float:
        """Return where a value lies in the range, on its own scale: 0 at the lower end, 1 at the upper end."""
        low, high, at = (math.log(v) if self.on_log else float(v) for v in (self.low, self.high, value))
        return (at - low) / (high - low)

    def key(self, name: str) -> str:
        """Return the name of the parameter in Optuna."""
        return name

    def decode(self, raw: Any) -> Any:
        """Return the value for a value of Optuna's distribution."""
        return raw

    def encode(self, value: Any) -> Any:
        """Return the value of Optuna's distribution; the inverse of ``decode``."""
        return value

    def range(self) -> PlainRange:
        """Return the range whose values ``decode`` takes."""
        return FloatRange(self.step, self.low, self.high, self.on_log)

    def optuna(self) -> "BaseDistribution":
        """Return the Optuna distribution whose values ``decode`` takes."""
        return self.range().optuna()

    def _parts(self) -> str:
        step = "" if self.step is None else f":{to_text(self.step)}"
        return f"{to_text(self.low)}:{to_text(self.high)}{step}"


@dataclass(frozen=True)
class Log(Single):
    """Log-uniform: log(value) is uniform on [log(low), log(high)]."""

    low: float
    high: float
    kind: ClassVar[str] = "log"
    on_log: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._make_floats("low", "high")
        self._require(0 < self.low <= self.high, "0 < low <= high")


@dataclass(frozen=True)
class Uniform(Single):
    """Uniform on [low, high]; with a step, on low, low + step, ..., high."""

    low: float
    high: float
    step: float | None = None
    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        self._make_floats("low", "high")
        self._require(self.low <= self.high, "low <= high")
        if self.step is not None:
            self._make_floats("step")
            self._require(self.step > 0, "step > 0")
            # In decimals, as Optuna does: in binary 0.1 does not divide 0.3.
            low, high, step = (Decimal(str(number)) for number in (self.low, self.high, self.step))
            self._require((high - low) % step == 0, "high = low + a whole number of steps")


@dataclass(frozen=True)
class Integer(Single):
    """Whole numbers low, low + step, ..., high, uniform; with ``log``, uniform on a log scale."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    kind: ClassVar[str] = "integer"

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = getattr(self, name)
            self._require(isinstance(value, Integral) and not isinstance(value, bool), f"a whole number as {name}")
            object.__setattr__(self, name, int(value))
        self._require(self.low <= self.high, "low <= high")
        self._require(self.step > 0, "step > 0")
        self._require((self.high - self.low) % self.step == 0, "high = low + a whole number of steps")
        self._require(not self.log or (self.low > 0 and self.step == 1), "low > 0 and step = 1 on a log scale")

    def steps(self) -> tuple[Any, ...]:
        values = range(self.low, self.high + 1, self.step)
        return tuple(values) if len(values) <= MAX_TICKS else ()

    @property
    def on_log(self) -> bool:  # type: ignore[override]
        return self.log

    def range(self) -> PlainRange:
        return IntRange(self.log, self.step, self.low, self.high)

    def _parts(self) -> str:
        last = ":log" if self.log else f":{self.step}" if self.step > 1 else ""
        return f"{self.low}:{self.high}{last}"


@dataclass(frozen=True)
class Choice(Single):
    """A categorical choice: one of the options, uniform."""

    options: tuple[Any, ...]
    kind: ClassVar[str] = "choice"

    def __post_init__(self) -> None:
        # A set has no defined order, so proposals would not be reproducible.
        self._require(isinstance(self.options, list | tuple | range | np.ndarray), "a list of options")
        self._require(len(self.options) > 0, "at least one option")
        options = (tuple(option) if isinstance(option, list) else option for option in self.options)
        object.__setattr__(self, "options", tuple(options))

    def ends(self) -> tuple[Any, ...]:
        return self.options

    def decode(self, raw: Any) -> Any:
        """Return the option with this text."""
        return next(option for option in self.options if to_text(option) == raw)

    def encode(self, value: Any) -> Any:
        return to_text(value)

    def range(self) -> PlainRange:
        """Return a choice of the options' texts."""
        # A journal turns a tuple into a list, which Optuna takes for another option.
        return Options(tuple(to_text(option) for option in self.options))

    def _parts(self) -> str:
        return "|".join(map(to_text, self.options))
