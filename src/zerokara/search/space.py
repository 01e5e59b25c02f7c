"""What is searched: for every hyperparameter a fixed value or a range, from Python or from text."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.errors import InputError, unknown
from zerokara.search.distributions import Choice, Distribution, Integer, Log, Uniform
from zerokara.search.foreign import Quantile, adopt
from zerokara.search.hyperparameters import HYPERPARAMETERS, complete, find, to_text

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def log(low: float, high: float) -> Log:
    """Search every power of ten from low to high alike: ``zk.log(1e-6, 1e-2)``."""
    return Log(low, high)


def uniform(low: float, high: float, step: float | None = None) -> Uniform:
    """Search every value from low to high alike; with a step, low, low + step, ..., high."""
    return Uniform(low, high, step)


def integer(low: int, high: int, step: int = 1, *, log: bool = False) -> Integer:
    """Search the whole numbers low, low + step, ..., high; with ``log``, every power of ten alike."""
    return Integer(low, high, step, log)


def choice(options: Iterable[Any]) -> Choice:
    """Search among options: ``zk.choice([(100,), (100, 100)])``."""
    return Choice(options)  # type: ignore[arg-type]


def default_space() -> dict[str, Any]:
    """Return what a bare search tries: the step size and the two ways to keep a network from overfitting.

    Good for Adam, the default optimizer, on data of a few hundred to some ten thousand samples.
    """
    return {"lr": log(1e-4, 1e-1), "weight_decay": log(1e-6, 1e-2), "dropout": uniform(0.0, 0.5)}


class Space:
    """A value or a range for every hyperparameter; one that is not named has its default.

    Attributes:
        fixed: the values that every trial has, by name.
        searched: the ranges of the others, by name.

    Raises:
        InputError: an unknown name, a value against its rule, a range that leaves its rule anywhere.

    >>> space = Space({"lr": log(1e-3, 1e-1), "hidden": choice([(50,), (50, 50)])})
    >>> params = space.decode({"lr": 0.01, "hidden": "50,50"})
    >>> params["lr"], params["hidden"], params["optimizer"], space.searches()
    (0.01, (50, 50), 'adam', ['lr=log:0.001:0.1', 'hidden=choice:50|50,50'])
    """

    def __init__(self, space: Mapping[str, Any]) -> None:
        ranges = {name: adopt(value) for name, value in space.items()}
        fixed = complete({name: _value(name, space[name]) for name in space if ranges[name] is None})
        fitted = {name: fit(name, found) for name, found in ranges.items() if found is not None}
        # In the table's order, whatever the caller's: so a trial draws the same either way.
        self.searched: dict[str, Distribution] = {n: fitted[n] for n in HYPERPARAMETERS if n in fitted}
        self.fixed: dict[str, Any] = {n: value for n, value in fixed.items() if n not in fitted}

    def distributions(self) -> dict[str, "BaseDistribution"]:
        """Return what Optuna is to propose, by name; a choice as the texts of its options."""
        return {name: found.optuna() for name, found in self.searched.items()}

    def decode(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return a trial's value for every hyperparameter, from what Optuna proposed."""
        decoded = {name: find(name).clean(found.decode(raw[name])) for name, found in self.searched.items()}
        return {name: decoded[name] if name in decoded else self.fixed[name] for name in HYPERPARAMETERS}

    def searches(self) -> list[str]:
        """Return the ranges as ``parse_searches`` reads them."""
        return [f"{name}={found.text()}" for name, found in self.searched.items()]


def _value(name: str, value: Any) -> Any:
    try:
        return find(name).check(value)
    except InputError as error:
        if not isinstance(value, list | tuple | set | range | np.ndarray):
            raise
        raise InputError(f"{error}; to try each of several values write zk.choice([...])") from error


def fit(name: str, found: Distribution) -> Distribution:
    """Return the range as this hyperparameter keeps it, or raise where it leaves the rule."""
    row = find(name)
    if found.kind not in row.ranges:
        raise InputError(
            f"{name} can be searched by {' or '.join(row.ranges)}, got {found.kind}: "
            f"write --search {name}={GRAMMAR[row.ranges[0]]}"
        )
    if not isinstance(found, Choice):
        try:
            _ = [row.check(end) for end in found.ends()]
        except InputError as error:
            raise InputError(f"{name}={found.text()} must keep to its rule from end to end: {error}") from error
        return found
    # An option may be text: so it comes from the command line, and from Optuna's own categories.
    kept = [row.parse(option) if isinstance(option, str) else row.check(option) for option in found.options]
    twice = [option for index, option in enumerate(kept) if option in kept[:index]]
    if twice:
        raise InputError(f"the options of {name} must differ, got {to_text(twice[0])} twice: drop one")
    return Choice(tuple(kept))


GRAMMAR = {
    "log": "log:LOW:HIGH",
    "uniform": "uniform:LOW:HIGH[:STEP]",
    "integer": "integer:LOW:HIGH[:STEP]",
    "choice": "choice:A|B|C",
    "scipy": "scipy:FAMILY[:ARGUMENT...]",
}
"""How a range is written after ``NAME=``; an integer's STEP may be ``log``, for every power of ten alike."""


def parse_search(text: str) -> tuple[str, Distribution]:
    """Return the name and the range of one ``--search NAME=KIND:...``.

    >>> parse_search("lr=log:1e-6:1e-2")
    ('lr', Log(low=1e-06, high=0.01))
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"a search must be NAME=KIND:..., got {text!r}: write for example lr=log:1e-6:1e-2")
    find(name)
    try:
        return name, fit(name, _read(*rest.partition(":")[::2]))
    except InputError as error:
        raise InputError(f"--search {text}: {error}") from error


def _read(kind: str, body: str) -> Distribution:
    if kind not in GRAMMAR:
        raise unknown("kind of range", kind, GRAMMAR)
    if kind == "choice":
        return Choice(tuple(body.split("|")))
    parts = body.split(":")
    if kind == "scipy":
        named = dict(part.split("=", 1) for part in parts if "=" in part)
        args = _numbers(float, [part for part in parts[1:] if "=" not in part])
        return Quantile(parts[0], tuple(args), tuple(zip(named, _numbers(float, named.values()), strict=True)))
    if not 2 <= len(parts) <= GRAMMAR[kind].count(":"):
        raise InputError(f"it must be written {GRAMMAR[kind]}, got {len(parts)} parts after {kind}: mend it")
    if kind != "integer":
        return (Log if kind == "log" else Uniform)(*_numbers(float, parts))
    on_log = parts[2:] == ["log"]
    low, high, *step = _numbers(int, parts[:2] if on_log else parts)
    return Integer(low, high, step[0] if step else 1, on_log)


def _numbers(read: Callable[[str], Any], parts: Iterable[str]) -> list[Any]:
    try:
        return [read(part) for part in parts]
    except ValueError as error:
        what = "whole numbers" if read is int else "numbers"
        raise InputError(f"a range must have {what}, got {':'.join(parts)!r}: mend it") from error


def parse_searches(texts: Iterable[str]) -> dict[str, Distribution]:
    """Return the ranges of all ``--search`` options, by name; a name given twice is an error."""
    ranges: dict[str, Distribution] = {}
    for text in texts:
        name, found = parse_search(text)
        if name in ranges:
            raise InputError(f"--search takes each name once, got {name} twice: drop one of them")
        ranges[name] = found
    return ranges
