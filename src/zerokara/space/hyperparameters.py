"""The one table of hyperparameters: what can be set, what can be searched, and the rule each obeys."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from zerokara.errors import InputError, unknown
from zerokara.nn import ACTIVATIONS
from zerokara.optim import OPTIMIZERS, schedules


@dataclass(frozen=True)
class Need:
    """What another hyperparameter, ``name``, must be for one to be used; ``rule`` completes "it needs"."""

    name: str
    met: Callable[[Any], bool]
    rule: str


@dataclass(frozen=True)
class Hyperparameter:
    """One row of the table.

    Args:
        name: as in a space, an option and a TOML file.
        kind: ``"number"`` rides through training as an array (P,), ``"structure"`` groups trials.
        default: the value where nothing is said.
        help: one line for the command line.
        rule: what a value must be, as an error states it.
        clean: returns the one form of a value that is kept; raises ValueError for one that breaks the rule.
        read: turns text into a value for ``clean``; raises ValueError.
        ranges: the distributions it can be searched on.
        needs: when it is used; None for always. A trial that does not use it has no value of a search for it.

    >>> HYPERPARAMETERS["hidden"].parse("100,50"), HYPERPARAMETERS["hidden"].text(())
    ((100, 50), 'linear')
    """

    name: str
    kind: Literal["number", "structure"]
    default: Any
    help: str
    rule: str
    clean: Callable[[Any], Any]
    read: Callable[[str], Any]
    ranges: tuple[str, ...]
    needs: Need | None = None

    def check(self, value: Any) -> Any:
        """Return the value in its one form: a float, an int, a bool, a tuple of ints or a name.

        Raises:
            InputError: the value breaks the rule.
        """
        return self._obeying(value, self.clean)

    def parse(self, text: str) -> Any:
        """Return the value that a text names, the inverse of ``text``."""
        return self._obeying(text, lambda text: self.clean(self.read(text.strip())))

    def text(self, value: Any) -> str:
        """Return the canonical text of a value: equal values have equal texts."""
        return to_text(self.check(value))

    def _obeying(self, got: Any, clean: Callable[[Any], Any]) -> Any:
        try:
            return clean(got)
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            default = to_text(self.default)
            raise InputError(f"{self.name} must be {self.rule}, got {got!r}: the default is {default}") from error


def to_text(value: Any) -> str:
    """Return the text of a clean value: ``0.001``, ``100,100``, ``linear``, ``true`` or a name."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "linear"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def show(value: Any) -> str:
    """Return a hyperparameter's value for a reader: numbers with four digits.

    >>> show(0.0092347), show((100, 50)), show(1e-7)
    ('0.009235', '100,50', '1e-07')
    """
    return f"{value:.4g}" if isinstance(value, float) else to_text(value)


_Rule = tuple[str, Callable[[float], bool]]
_POSITIVE: _Rule = ("{} > 0", lambda number: number > 0)
_NOT_NEGATIVE: _Rule = ("{} >= 0", lambda number: number >= 0)
_SHARE: _Rule = ("0 <= {} < 1", lambda number: 0 <= number < 1)


def _number(name: str, default: float, rule: _Rule, help: str, needs: Need | None = None) -> Hyperparameter:
    stated, obeyed = rule

    def clean(value: Any) -> float:
        # A bool is an int to Python; as a rate it is a slip.
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError
        number = float(value) + 0.0  # -0.0 becomes 0.0: equal values, equal texts.
        if not (math.isfinite(number) and obeyed(number)):
            raise ValueError
        return number

    ranges = ("log", "uniform", "integer", "choice", "scipy")
    rule_in_words = f"a number with {stated.format(name)}"
    return Hyperparameter(name, "number", default, help, rule_in_words, clean, float, ranges, needs)


_SIZES = "layer sizes, whole numbers >= 1 (100,100 on the command line; linear for no hidden layer)"


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError
    if value < 1:
        raise ValueError
    return int(value)


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError
    return tuple(_whole(size) for size in value)


def _read_sizes(text: str) -> tuple[int, ...]:
    return () if text == "linear" else tuple(int(size) for size in text.split(","))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError
    return bool(value)


def _read_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _schedule(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    kind = value.partition(":")[0]
    numbers = [to_text(number) for number in vars(schedules.parse(value)).values()]
    # Without a warm-up: cosine, not cosine:0.
    return ":".join([kind, *(number for number in numbers if number != "0")])


def _structure(
    name: str,
    default: Any,
    clean: Callable[[Any], Any],
    rule: str,
    help: str,
    read: Callable[[str], Any] = str,
    ranges: tuple[str, ...] = ("choice",),
    needs: Need | None = None,
) -> Hyperparameter:
    return Hyperparameter(name, "structure", default, help, rule, clean, read, ranges, needs)


def _name(name: str, default: str, names: Iterable[str], help: str, needs: Need | None = None) -> Hyperparameter:
    def clean(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in names:
            raise unknown(name, value, names)
        return value

    return _structure(name, default, clean, f"one of {', '.join(names)}", help, needs=needs)


def _optimizer_with(number: str) -> Need:
    """Return the need of a number that some optimizers have; they themselves say which."""
    users = [name for name, optimizer in OPTIMIZERS.items() if number in optimizer.hyperparameters]
    return Need("optimizer", users.__contains__, f"the optimizer {' or '.join(users)}")


_HIDDEN = Need("hidden", bool, "a hidden layer")

_ROWS = (
    _number("lr", 0.001, _POSITIVE, "learning rate, a step"),
    _number("weight_decay", 0.0, _NOT_NEGATIVE, "pull of the weights towards zero"),
    _number("momentum", 0.9, _SHARE, "share of the velocity kept, a step", _optimizer_with("momentum")),
    _number("beta1", 0.9, _SHARE, "decay of the mean gradient, a step", _optimizer_with("beta1")),
    _number("beta2", 0.999, _SHARE, "decay of the mean squared gradient, a step", _optimizer_with("beta2")),
    _number("dropout", 0.0, _SHARE, "share of the hidden units dropped", _HIDDEN),
    _number("init_scale", 1.0, _POSITIVE, "factor on the initial weights"),
    _number("label_smoothing", 0.0, _SHARE, "share of a label spread over all classes"),
    _structure("hidden", (100, 100), _sizes, _SIZES, "the hidden layers", _read_sizes, ("layers", "choice")),
    _name("activation", "relu", ACTIVATIONS, "what follows each hidden layer", _HIDDEN),
    _name("optimizer", "adam", OPTIMIZERS, "how gradients move the weights"),
    _structure(
        "batch_size", 100, _whole, "a whole number >= 1", "samples a step", int, ("powers", "integer", "choice")
    ),
    _structure("batch_norm", False, _flag, "true or false", "normalize each hidden layer", _read_flag, needs=_HIDDEN),
    _structure(
        "schedule",
        "constant",
        _schedule,
        "constant, exponential:RATE, step:EPOCHS:RATE, cosine or cosine:WARMUP_EPOCHS",
        "how the learning rate moves over the epochs",
    ),
)
HYPERPARAMETERS: dict[str, Hyperparameter] = {row.name: row for row in _ROWS}
"""Every hyperparameter by name, in the order in which they are shown."""


def find(name: str) -> Hyperparameter:
    """Return the row of a name; an unknown name is an error that offers the nearest."""
    if name not in HYPERPARAMETERS:
        raise unknown("hyperparameter", str(name), HYPERPARAMETERS)
    return HYPERPARAMETERS[name]


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every hyperparameter, checked: those given, and the defaults of the others.

    >>> complete({"lr": 1, "hidden": [50]})["hidden"], complete({})["batch_size"]
    ((50,), 100)
    """
    given = {name: find(name).check(value) for name, value in values.items()}
    return {name: given.get(name, row.default) for name, row in HYPERPARAMETERS.items()}


def split(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (numbers, structure): what rides as an array over networks, and what groups them.

    >>> split({"lr": 0.1, "hidden": (50,)})
    ({'lr': 0.1}, {'hidden': (50,)})
    """
    numbers = {name: value for name, value in params.items() if find(name).kind == "number"}
    return numbers, {name: value for name, value in params.items() if name not in numbers}
