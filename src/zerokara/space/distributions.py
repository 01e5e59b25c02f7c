"""The ranges that a hyperparameter is searched on, each with a text form and an Optuna form."""

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

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


MAX_TICKS = 10
"""Values that can all be named on an axis."""


class Distribution(ABC):
    """Where a hyperparameter is searched; its kind is the first word of its text."""

    kind: ClassVar[str]

    def text(self) -> str:
        """Return what stands after ``NAME=`` on the command line.

        >>> Log(1e-6, 0.01).text(), Choice(((), (100, 50))).text()
        ('log:1e-06:0.01', 'choice:linear|100,50')
        """
        return f"{self.kind}:{self._parts()}"

    @abstractmethod
    def ends(self) -> tuple[Any, ...]:
        """Return the values that stand for all: where both ends obey a rule, the whole range does."""

    @abstractmethod
    def parts(self, name: str) -> dict[str, "Single"]:
        """Return what is asked to know the hyperparameter of this name."""

    @abstractmethod
    def read(self, name: str, answers: Mapping[str, Any]) -> Any:
        """Return the hyperparameter's value, from what Optuna answered by its own names."""

    @abstractmethod
    def values(self, name: str, value: Any) -> dict[str, Any]:
        """Return what a value says of each part."""

    @abstractmethod
    def _parts(self) -> str: ...

    def _require(self, holds: bool, rule: str) -> None:
        if not holds:
            got = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
            raise InputError(f"{self.kind} needs {rule}, got {got}: change the range")

    def _make_floats(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            self._require(number and math.isfinite(value), f"a finite number as {name}")
            object.__setattr__(self, name, float(value) + 0.0)


class Single(Distribution):
    """A range, or a list of options, that is one question to Optuna."""

    on_log: ClassVar[bool] = False
    """Whether its values belong on a log axis."""
    low: Any
    high: Any

    def steps(self) -> tuple[Any, ...]:
        """Return all values of a range of whole numbers, if they are few enough to stand on an axis."""
        return ()

    def ends(self) -> tuple[Any, ...]:
        """Return the least and the greatest value."""
        return self.low, self.high

    def parts(self, name: str) -> dict[str, "Single"]:
        """Return itself."""
        return {name: self}

    def read(self, name: str, answers: Mapping[str, Any]) -> Any:
        """Return the value of the one answer."""
        return self.decode(answers[self.key(name)])

    def values(self, name: str, value: Any) -> dict[str, Any]:
        """Return the value."""
        return {name: value}

    def key(self, name: str) -> str:
        """Return the name under which Optuna is asked."""
        return name

    def decode(self, raw: Any) -> Any:
        """Return the value that one proposed by Optuna stands for."""
        return raw

    @abstractmethod
    def optuna(self) -> "BaseDistribution":
        """Return the Optuna distribution that proposes values for ``decode``."""


@dataclass(frozen=True)
class Log(Single):
    """Every power of ten is as likely: log(value) is uniform on [log(low), log(high)]."""

    low: float
    high: float
    kind: ClassVar[str] = "log"
    on_log: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._make_floats("low", "high")
        self._require(0 < self.low <= self.high, "0 < low <= high")

    def optuna(self) -> "BaseDistribution":
        """Return a FloatDistribution on a log scale."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=True)

    def _parts(self) -> str:
        return f"{to_text(self.low)}:{to_text(self.high)}"


@dataclass(frozen=True)
class Uniform(Single):
    """Every value from low to high is as likely; with a step, every low + k step."""

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
            # In decimals, or 0.1 would not divide 0.3; Optuna counts so too.
            low, high, step = (Decimal(str(number)) for number in (self.low, self.high, self.step))
            self._require((high - low) % step == 0, "high = low + a whole number of steps")

    def optuna(self) -> "BaseDistribution":
        """Return a FloatDistribution."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, step=self.step)

    def _parts(self) -> str:
        step = "" if self.step is None else f":{to_text(self.step)}"
        return f"{to_text(self.low)}:{to_text(self.high)}{step}"


@dataclass(frozen=True)
class Integer(Single):
    """Whole numbers low, low + step, ..., high; with ``log``, every power of ten is as likely."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    kind: ClassVar[str] = "integer"

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            self._require(whole, f"a whole number as {name}")
            object.__setattr__(self, name, int(value))
        self._require(self.low <= self.high, "low <= high")
        self._require(self.step > 0, "step > 0")
        self._require((self.high - self.low) % self.step == 0, "high = low + a whole number of steps")
        self._require(not self.log or (self.low > 0 and self.step == 1), "low > 0 and step = 1 on a log scale")

    def steps(self) -> tuple[Any, ...]:
        """Return all values, if they are few."""
        values = range(self.low, self.high + 1, self.step)
        return tuple(values) if len(values) <= MAX_TICKS else ()

    @property
    def on_log(self) -> bool:  # type: ignore[override]
        """Whether its values belong on a log axis."""
        return self.log

    def optuna(self) -> "BaseDistribution":
        """Return an IntDistribution."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log, step=self.step)

    def _parts(self) -> str:
        last = ":log" if self.log else f":{self.step}" if self.step > 1 else ""
        return f"{self.low}:{self.high}{last}"


@dataclass(frozen=True)
class Choice(Single):
    """One of some options, each as likely, kept in their order."""

    options: tuple[Any, ...]
    kind: ClassVar[str] = "choice"

    def __post_init__(self) -> None:
        # A set has no order of its own: a seed would not fix what it proposes.
        self._require(isinstance(self.options, list | tuple | range | np.ndarray), "a list of options")
        self._require(len(self.options) > 0, "at least one option")
        options = (tuple(option) if isinstance(option, list) else option for option in self.options)
        object.__setattr__(self, "options", tuple(options))

    def ends(self) -> tuple[Any, ...]:
        """Return all options."""
        return self.options

    def decode(self, raw: Any) -> Any:
        """Return the option of a text."""
        return next(option for option in self.options if to_text(option) == raw)

    def optuna(self) -> "BaseDistribution":
        """Return a CategoricalDistribution over the texts of the options."""
        from optuna.distributions import CategoricalDistribution

        # A tuple would come back from a journal as a list, which Optuna takes for another option.
        return CategoricalDistribution([to_text(option) for option in self.options])

    def _parts(self) -> str:
        return "|".join(map(to_text, self.options))
