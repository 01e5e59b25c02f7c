"""The search space: a fixed value or a range for every hyperparameter, from Python or from text."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.errors import InputError
from zerokara.space.adapters import as_distribution
from zerokara.space.conditions import Condition, ConditionalSpace
from zerokara.space.distributions import Choice, Distribution, Integer, Log, Single, Uniform
from zerokara.space.first import read_first
from zerokara.space.hyperparameters import HYPERPARAMETERS, Hyperparameter, Need, complete, lookup, to_text
from zerokara.space.parsing import SYNTAX, read_range
from zerokara.space.ranges import PlainRange
from zerokara.space.structures import Layers, Powers

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def log(low: float, high: float) -> Log:
    """Search log-uniformly from low to high: ``zk.log(1e-6, 1e-2)``."""
    return Log(low, high)


def uniform(low: float, high: float, step: float | None = None) -> Uniform:
    """Search uniformly from low to high; with a step, among low, low + step, ..., high."""
    return Uniform(low, high, step)


def integer(low: int, high: int, step: int = 1, *, log: bool = False) -> Integer:
    """Search the whole numbers low, low + step, ..., high; with ``log``, on a log scale."""
    return Integer(low, high, step, log)


def choice(options: Iterable[Any]) -> Choice:
    """Search among the given options: ``zk.choice([(100,), (100, 100)])``."""
    return Choice(options)  # type: ignore[arg-type]


def powers(low: int, high: int) -> Powers:
    """Search the powers of two from low to high: ``zk.powers(16, 256)``."""
    return Powers(low, high)


def layers(depth: Any, width: Any) -> Layers:
    """Search the number of hidden layers and their common width: ``zk.layers(depth=(1, 4), width=(16, 256))``.

    A pair of widths is a range of powers of two; `integer` or `choice` gives other widths.
    """
    return Layers(depth, width)


class Space:
    """A value or a range for every hyperparameter; those not given have their defaults.

    Attributes:
        first: the parameters of the first trials that were asked for, as Optuna has them.
        fixed: the values of the hyperparameters that are not searched, by name.
        searched: the ranges of the others, by name.
        parts: the searched parameters, by display name: for layers, their depth and their width.

    Raises:
        InputError: a name is unknown, a value is invalid, a range has invalid values, or no trial would use a range,
            such as one of momentum with Adam.

    >>> space = Space({"lr": log(1e-3, 1e-1), "hidden": choice([(50,), (50, 50)])})
    >>> params = space.decode({"lr": 0.01, "hidden": "50,50"})
    >>> params["lr"], params["hidden"], params["optimizer"], space.searches()
    (0.01, (50, 50), 'adam', ['lr=log:0.001:0.1', 'hidden=choice:50|50,50'])
    """

    def __init__(self, space: Mapping[str, Any], first: "Sequence[str | Mapping[str, Any]]" = ()) -> None:
        ranges = {name: as_distribution(value) for name, value in space.items()}
        fixed = complete({name: _value(name, space[name]) for name in space if ranges[name] is None})
        fitted = {name: checked_range(name, dist) for name, dist in ranges.items() if dist is not None}
        # In the order of the table, so that proposals do not depend on the order of the mapping.
        self.searched: dict[str, Distribution] = {n: fitted[n] for n in HYPERPARAMETERS if n in fitted}
        self.fixed: dict[str, Any] = {n: value for n, value in fixed.items() if n not in fitted}
        for name in self.searched:
            if not is_used(lookup(name), self.fixed, self.searched):
                raise _unused_error(lookup(name), self.fixed, self.searched)
        self.parts: dict[str, Single] = {
            part: one for name, dist in self.searched.items() for part, one in dist.parts(name).items()
        }
        self.first = tuple(self._first(read_first(each)) for each in first)

    def _first(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return Optuna's parameters of a first trial; raise InputError for a value that the space does not have."""
        for name, value in params.items():
            if name in self.fixed and self.fixed[name] != value:
                raise InputError(
                    f"a first trial must lie in the space, got {name}={to_text(value)} where {name} is "
                    f"{to_text(self.fixed[name])}: leave it out, or search {name}"
                )
        own = {name: value for name, value in params.items() if name in self.searched}
        for part, value in self.values(own).items():
            one = self.parts[part]
            inside = value in one.options if isinstance(one, Choice) else one.low <= value <= one.high
            if not inside:
                raise InputError(
                    f"a first trial must lie in the space, got {part}={to_text(value)} outside {one.text()}: widen the "
                    "range, or choose a value in it"
                )
        return self.encode(own)

    def __repr__(self) -> str:
        return f"Space({', '.join(self.searches())})"

    def distributions(self) -> "ConditionalSpace[BaseDistribution]":
        """Return the space as Optuna sees it: its parameters with their distributions and conditions."""
        ranges = self.ranges()
        return ConditionalSpace({name: one.optuna() for name, one in ranges.items()}, ranges.conditions)

    def ranges(self) -> ConditionalSpace[PlainRange]:
        """Return its parameters with their ranges and conditions."""
        needed = {row.needs.name for row in map(lookup, self.searched) if row.needs}
        # Parents first.
        names = sorted(self.searched, key=lambda name: name not in needed)
        ranges = {key: one.range() for name in names for key, one in self._keys(name).items()}
        conditions: dict[str, Condition] = {}
        for name in names:
            keys = list(self._keys(name))
            needs = lookup(name).needs
            if needs and needs.name in self.searched:
                conditions |= dict.fromkeys(keys, self._condition(needs))
            dist = self.searched[name]
            if isinstance(dist, Layers) and dist.depth.low == 0:
                depth, width = keys
                conditions[width] = Condition((depth,), itemgetter(depth))
        return ConditionalSpace(ranges, conditions)

    def _keys(self, name: str) -> dict[str, Single]:
        return {one.key(part): one for part, one in self.searched[name].parts(name).items()}

    def _condition(self, needs: Need) -> Condition:
        dist = self.searched[needs.name]
        return Condition(tuple(self._keys(needs.name)), lambda params: needs.met(dist.read(needs.name, params)))

    def decode(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return a trial's hyperparameters from Optuna's parameters, without those that are inactive."""
        decoded = {
            name: lookup(name).clean(dist.read(name, raw))
            for name, dist in self.searched.items()
            if next(iter(self._keys(name))) in raw
        }
        known = {**self.fixed, **decoded}
        return {name: known[name] for name in HYPERPARAMETERS if name in known}

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the searched parameters that a trial has.

        >>> Space({"hidden": layers((1, 3), (16, 64)), "lr": log(1e-3, 1)}).values({"lr": 0.1, "hidden": (32, 32)})
        {'lr': 0.1, 'hidden_depth': 2, 'hidden_width': 32}
        """
        return {
            part: value
            for name, dist in self.searched.items()
            if name in params
            for part, value in dist.values(name, params[name]).items()
        }

    def encode(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return Optuna's parameters of a trial; the inverse of `decode`.

        >>> Space({"hidden": layers((1, 3), (16, 64))}).encode({"hidden": (32, 32)})
        {'hidden_depth': 2, 'hidden_width_log2': 5}
        """
        return {self.parts[part].key(part): self.parts[part].encode(v) for part, v in self.values(params).items()}

    def ends(self) -> dict[str, tuple[Any, ...]]:
        """Return all options of each hyperparameter, the ends of its range, or its value."""
        searched = {name: dist.ends() for name, dist in self.searched.items()}
        return {name: (value,) for name, value in self.fixed.items()} | searched

    def searches(self) -> list[str]:
        """Return the ranges as text, the inverse of ``parse_searches``."""
        return [f"{name}={dist.text()}" for name, dist in self.searched.items()]


def _value(name: str, value: Any) -> Any:
    try:
        return lookup(name).check(value)
    except InputError as error:
        if not isinstance(value, list | tuple | set | range | np.ndarray):
            raise
        raise InputError(f"{error}; to search several values use zk.choice([...])") from error


def is_used(row: Hyperparameter, fixed: Mapping[str, Any], searched: Mapping[str, Distribution]) -> bool:
    """Return whether any trial would use a hyperparameter."""
    if row.needs is None:
        return True
    on = row.needs.name
    return any(map(row.needs.met, searched[on].ends() if on in searched else [fixed[on]]))


def _unused_error(row: Hyperparameter, fixed: Mapping[str, Any], searched: Mapping[str, Distribution]) -> InputError:
    assert row.needs is not None
    on = row.needs.name
    got = searched[on].text() if on in searched else to_text(fixed[on])
    return InputError(f"{row.name} needs {row.needs.rule}, got {on}={got}: set --{on}, or do not search {row.name}")


def checked_range(name: str, dist: Distribution) -> Distribution:
    """Return the range with its options in canonical form, or raise InputError if it has invalid values."""
    row = lookup(name)
    if dist.kind not in row.ranges:
        *others, last = row.ranges
        kinds = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"{name} can be searched with {kinds}, got {dist.kind}: use {name}={SYNTAX[row.ranges[0]]}")
    if not isinstance(dist, Choice):
        try:
            _ = [row.check(end) for end in dist.ends()]
        except InputError as error:
            raise InputError(f"{name}={dist.text()} must have only valid values: {error}") from error
        return dist
    # Options from the command line and from Optuna are texts.
    options = [row.parse(option) if isinstance(option, str) else row.check(option) for option in dist.options]
    repeated = [option for index, option in enumerate(options) if option in options[:index]]
    if repeated:
        raise InputError(f"the options of {name} must differ, got {to_text(repeated[0])} twice: remove one")
    return Choice(tuple(options))


def parse_search(text: str) -> tuple[str, Distribution]:
    """Return the name and the range of one ``--search NAME=KIND:...``.

    >>> parse_search("lr=log:1e-6:1e-2")
    ('lr', Log(low=1e-06, high=0.01))
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"a search must be NAME=KIND:..., got {text!r}: write for example lr=log:1e-6:1e-2")
    lookup(name)
    try:
        return name, checked_range(name, read_range(rest))
    except InputError as error:
        raise InputError(f"--search {text}: {error}") from error


def parse_searches(texts: Iterable[str]) -> dict[str, Distribution]:
    """Return the ranges of all ``--search`` options, by name; a name given twice is an error."""
    ranges: dict[str, Distribution] = {}
    for text in texts:
        name, dist = parse_search(text)
        if name in ranges:
            raise InputError(f"--search must have each name once, got {name} twice: remove one")
        ranges[name] = dist
    return ranges
