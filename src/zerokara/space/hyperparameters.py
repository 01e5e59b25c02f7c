"""The table of hyperparameters: their defaults, valid values and search ranges."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from zerokara.errors import InputError, unknown
from zerokara.nn import ACTIVATIONS
from zerokara.nn.encodings import CATEGORY_ENCODINGS, FEW_LEVELS, NUMERIC_ENCODINGS, ONE_HOT, STANDARD
from zerokara.nn.layers.embedding import DIMENSION
from zerokara.optim import OPTIMIZERS, schedules


@dataclass(frozen=True)
class Need:
    """The condition on another hyperparameter, ``name``, under which one is used; ``rule`` completes "it needs"."""

    name: str
    met: Callable[[Any], bool]
    rule: str


@dataclass(frozen=True)
class Hyperparameter:
    """One row of the table.

    Args:
        name: as in a space, an option and a TOML file.
        kind: ``"number"`` is an array (P,) in training; trials of equal ``"structure"`` train together.
        default: the default value.
        help: one line for the command line.
        rule: the valid values, for error messages.
        clean: returns the canonical form of a value; raises ValueError if it is invalid.
        read: converts text to a value for ``clean``; raises ValueError.
        ranges: the kinds of distributions it can be searched with.
        needs: when it is used; None for always. Trials that do not use it do not get a value from the search.

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
        """Return the canonical form of a value: a float, an int, a bool, a tuple of ints or a name.

        Raises:
            InputError: the value is invalid.
        """
        return self._checked(value, self.clean)

    def parse(self, text: str) -> Any:
        """Return the value of a text; the inverse of ``text``."""
        return self._checked(text, lambda text: self.clean(self.read(text.strip())))

    def text(self, value: Any) -> str:
        """Return the canonical text of a value; equal values have equal texts."""
        return to_text(self.check(value))

    def _checked(self, got: Any, clean: Callable[[Any], Any]) -> Any:
        try:
            return clean(got)
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            default = to_text(self.default)
            raise InputError(f"{self.name} must be {self.rule}, got {got!r}: the default is {default}") from error


def to_text(value: Any) -> str:
    """Return the text of a value in canonical form: ``0.001``, ``100,100``, ``linear``, ``true`` or a name."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "linear"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def show(value: Any) -> str:
    """Return a hyperparameter's value as shown to users, floats with four significant digits.

    >>> show(0.0092347), show((100, 50)), show(1e-7)
    ('0.009235', '100,50', '1e-07')
    """
    return f"{value:.4g}" if isinstance(value, float) else to_text(value)


_Rule = tuple[str, Callable[[float], bool]]
_POSITIVE: _Rule = ("{} > 0", lambda number: number > 0)
_NOT_NEGATIVE: _Rule = ("{} >= 0", lambda number: number >= 0)
_FRACTION: _Rule = ("0 <= {} < 1", lambda number: 0 <= number < 1)


def _numeric(name: str, default: float, rule: _Rule, help: str, needs: Need | None = None) -> Hyperparameter:
    formula, valid = rule

    def clean(value: Any) -> float:
        # A bool is an int in Python, but as a rate it is a mistake.
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError
        number = float(value) + 0.0  # -0.0 becomes 0.0, so that equal values have equal texts.
        if not (math.isfinite(number) and valid(number)):
            raise ValueError
        return number

    ranges = ("log", "uniform", "integer", "choice", "scipy")
    rule_text = f"a number with {formula.format(name)}"
    return Hyperparameter(name, "number", default, help, rule_text, clean, float, ranges, needs)


_SIZES = "layer sizes, whole numbers >= 1 (100,100 on the command line; linear for no hidden layer)"


def _positive(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError
    if value < 1:
        raise ValueError
    return int(value)


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError
    return tuple(_positive(size) for size in value)


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
    if value == schedules.AUTO:
        return value
    kind = value.partition(":")[0]
    numbers = [to_text(number) for number in vars(schedules.parse(value)).values()]
    # cosine without a warm-up is written cosine, not cosine:0.
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


def _categorical(name: str, default: str, names: Iterable[str], help: str, needs: Need | None = None) -> Hyperparameter:
    def clean(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in names:
            raise unknown(name, value, names)
        return value

    return _structure(name, default, clean, f"one of {', '.join(names)}", help, needs=needs)


def _optimizer_with(number: str) -> Need:
    """Return the condition for a hyperparameter that only some optimizers have."""
    users = [name for name, optimizer in OPTIMIZERS.items() if number in optimizer.hyperparameters]
    return Need("optimizer", users.__contains__, f"the optimizer {' or '.join(users)}")


_HIDDEN = Need("hidden", bool, "a hidden layer")

_ROWS = (
    _numeric("lr", 0.001, _POSITIVE, "initial learning rate"),
    _numeric("weight_decay", 0.0, _NOT_NEGATIVE, "coefficient of the L2 penalty on the weights (decoupled with adamw)"),
    _numeric("clip_norm", 0.0, _NOT_NEGATIVE, "largest norm of a network's gradient, over all its weights (0 for any)"),
    _numeric("momentum", 0.9, _FRACTION, "momentum factor", _optimizer_with("momentum")),
    _numeric("beta1", 0.9, _FRACTION, "decay rate of the first moment estimate", _optimizer_with("beta1")),
    _numeric("beta2", 0.999, _FRACTION, "decay rate of the second moment estimate", _optimizer_with("beta2")),
    _numeric("dropout", 0.0, _FRACTION, "fraction of the hidden units dropped in training", _HIDDEN),
    _numeric("init_scale", 1.0, _POSITIVE, "scale factor of the initial weights"),
    _numeric("label_smoothing", 0.0, _FRACTION, "fraction of each label spread evenly over all classes"),
    _categorical(
        "numeric_encoding", STANDARD, NUMERIC_ENCODINGS, "encoding of numbers; piecewise adds their quantile bins"
    ),
    _categorical(
        *("category_encoding", ONE_HOT, CATEGORY_ENCODINGS),
        "encoding of categories; scaled divides one-hot inputs by twice their standard deviation, embedding learns "
        f"{DIMENSION} numbers for each value of those with more than {FEW_LEVELS}",
    ),
    _structure("hidden", (100, 100), _sizes, _SIZES, "the hidden layers", _read_sizes, ("layers", "choice")),
    _categorical("activation", "relu", ACTIVATIONS, "activation function of the hidden layers", _HIDDEN),
    _categorical("optimizer", "adam", OPTIMIZERS, "optimization algorithm"),
    _structure(
        "batch_size", 100, _positive, "a whole number >= 1", "samples per batch", int, ("powers", "integer", "choice")
    ),
    _structure("batch_norm", False, _flag, "true or false", "use batch normalization", _read_flag, needs=_HIDDEN),
    _structure(
        "schedule",
        schedules.AUTO,
        _schedule,
        "auto, constant, exponential:RATE, step:EPOCHS:RATE, cosine or cosine:WARMUP_EPOCHS",
        "learning rate schedule; auto is cosine for adam and adamw, and constant for the others",
    ),
)
HYPERPARAMETERS: dict[str, Hyperparameter] = {row.name: row for row in _ROWS}
"""All hyperparameters by name, in display order."""


def lookup(name: str) -> Hyperparameter:
    """Return the hyperparameter of this name; the error for an unknown one suggests the nearest."""
    if name not in HYPERPARAMETERS:
        raise unknown("hyperparameter", str(name), HYPERPARAMETERS)
    return HYPERPARAMETERS[name]


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every hyperparameter: the given ones, checked, and the defaults of the others.

    >>> complete({"lr": 1, "hidden": [50]})["hidden"], complete({})["batch_size"]
    ((50,), 100)
    """
    given = {name: lookup(name).check(value) for name, value in values.items()}
    return {name: given.get(name, row.default) for name, row in HYPERPARAMETERS.items()}


def split(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (numbers, structure): arrays over the networks in training, and what networks that train together share.

    >>> split({"lr": 0.1, "hidden": (50,)})
    ({'lr': 0.1}, {'hidden': (50,)})
    """
    numbers = {name: value for name, value in params.items() if lookup(name).kind == "number"}
    return numbers, {name: value for name, value in params.items() if name not in numbers}
