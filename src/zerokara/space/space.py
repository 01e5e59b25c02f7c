"""What is searched: for every hyperparameter a fixed value or a range, from Python or from text."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from zerokara.errors import InputError
from zerokara.space.adapters import as_distribution
from zerokara.space.conditions import Condition, ConditionalSpace, Params
from zerokara.space.distributions import Choice, Distribution, Integer, Log, Single, Uniform
from zerokara.space.hyperparameters import HYPERPARAMETERS, Hyperparameter, Need, complete, lookup, to_text
from zerokara.space.parsing import SYNTAX, read_range
from zerokara.space.structures import Layers, Powers


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


def powers(low: int, high: int) -> Powers:
    """Search the powers of two from low to high: ``zk.powers(16, 256)``."""
    return Powers(low, high)


def layers(depth: Any, width: Any) -> Layers:
    """Search the number of hidden layers, and the one width of them all: ``zk.layers(depth=(1, 4), width=(16, 256))``.

    Two widths stand for the powers of two between them; `integer` and `choice` give others.
    """
    return Layers(depth, width)


def default_space(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a bare search tries: the step size and the two ways to keep a network from overfitting.

    What is given, or is of no use to what is given, is left out. Good for Adam, the default optimizer, on data of
    a few hundred to some ten thousand samples.
    """
    space = {"lr": log(1e-4, 1e-1), "weight_decay": log(1e-6, 1e-2), "dropout": uniform(0.0, 0.5)}
    values = complete(given or {})
    return {n: found for n, found in space.items() if n not in (given or {}) and _used(lookup(n), values, {})}


class Space:
    """A value or a range for every hyperparameter; one that is not named has its default.

    Attributes:
        fixed: the values that every trial has, by name.
        searched: the ranges of the others, by name.
        parts: what is asked of a trial, by the name that a reader sees: of layers, their depth and their width.

    Raises:
        InputError: an unknown name, a value against its rule, a range that leaves its rule anywhere, or one that no
            trial would use, such as that of the momentum with Adam.

    >>> space = Space({"lr": log(1e-3, 1e-1), "hidden": choice([(50,), (50, 50)])})
    >>> params = space.decode({"lr": 0.01, "hidden": "50,50"})
    >>> params["lr"], params["hidden"], params["optimizer"], space.searches()
    (0.01, (50, 50), 'adam', ['lr=log:0.001:0.1', 'hidden=choice:50|50,50'])
    """

    def __init__(self, space: Mapping[str, Any]) -> None:
        ranges = {name: as_distribution(value) for name, value in space.items()}
        fixed = complete({name: _value(name, space[name]) for name in space if ranges[name] is None})
        fitted = {name: fit(name, found) for name, found in ranges.items() if found is not None}
        # In the table's order, whatever the caller's: so a trial draws the same either way.
        self.searched: dict[str, Distribution] = {n: fitted[n] for n in HYPERPARAMETERS if n in fitted}
        self.fixed: dict[str, Any] = {n: value for n, value in fixed.items() if n not in fitted}
        for name in self.searched:
            if not _used(lookup(name), self.fixed, self.searched):
                raise _unused_error(lookup(name), self.fixed, self.searched)
        self.parts: dict[str, Single] = {
            part: one for name, found in self.searched.items() for part, one in found.parts(name).items()
        }

    def __repr__(self) -> str:
        return f"Space({', '.join(self.searches())})"

    def distributions(self) -> ConditionalSpace:
        """Return what Optuna is to be asked, under its own names, and when; a choice as the texts of its options."""
        needed = {row.needs.name for row in map(lookup, self.searched) if row.needs}
        # What others depend on is asked first.
        names = sorted(self.searched, key=lambda name: name not in needed)
        ranges = {key: one.optuna() for name in names for key, one in self._keys(name).items()}
        conditions: dict[str, Condition] = {}
        for name in names:
            keys = list(self._keys(name))
            needs = lookup(name).needs
            if needs and needs.name in self.searched:
                conditions |= dict.fromkeys(keys, self._condition(needs))
            found = self.searched[name]
            if isinstance(found, Layers) and found.depth.low == 0:
                depth, width = keys
                conditions[width] = Condition((depth,), _has(depth))
        return ConditionalSpace(ranges, conditions)

    def _keys(self, name: str) -> dict[str, Single]:
        return {one.key(part): one for part, one in self.searched[name].parts(name).items()}

    def _condition(self, needs: Need) -> Condition:
        found = self.searched[needs.name]
        return Condition(tuple(self._keys(needs.name)), lambda params: needs.met(found.read(needs.name, params)))

    def decode(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return a trial's hyperparameters, from what Optuna answered: those that it was not asked are left out."""
        decoded = {
            name: lookup(name).clean(found.read(name, raw))
            for name, found in self.searched.items()
            if next(iter(self._keys(name))) in raw
        }
        known = {**self.fixed, **decoded}
        return {name: known[name] for name in HYPERPARAMETERS if name in known}

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of each part that a trial has.

        >>> Space({"hidden": layers((1, 3), (16, 64)), "lr": log(1e-3, 1)}).values({"lr": 0.1, "hidden": (32, 32)})
        {'lr': 0.1, 'hidden_depth': 2, 'hidden_width': 32}
        """
        return {
            part: value
            for name, found in self.searched.items()
            if name in params
            for part, value in found.values(name, params[name]).items()
        }

    def searches(self) -> list[str]:
        """Return the ranges as ``parse_searches`` reads them."""
        return [f"{name}={found.text()}" for name, found in self.searched.items()]


def _value(name: str, value: Any) -> Any:
    try:
        return lookup(name).check(value)
    except InputError as error:
        if not isinstance(value, list | tuple | set | range | np.ndarray):
            raise
        raise InputError(f"{error}; to try each of several values write zk.choice([...])") from error


def _has(depth: str) -> Callable[[Params], bool]:
    return lambda params: bool(params[depth])


def _used(row: Hyperparameter, fixed: Mapping[str, Any], searched: Mapping[str, Distribution]) -> bool:
    """Return whether any trial uses a hyperparameter."""
    if row.needs is None:
        return True
    on = row.needs.name
    return any(map(row.needs.met, searched[on].ends() if on in searched else [fixed[on]]))


def _unused_error(row: Hyperparameter, fixed: Mapping[str, Any], searched: Mapping[str, Distribution]) -> InputError:
    assert row.needs is not None
    on = row.needs.name
    got = searched[on].text() if on in searched else to_text(fixed[on])
    return InputError(
        f"{row.name} needs {row.needs.rule}, got {on}={got}: give that with --{on}, or do not search {row.name}"
    )


def fit(name: str, found: Distribution) -> Distribution:
    """Return the range as this hyperparameter keeps it, or raise where it leaves the rule."""
    row = lookup(name)
    if found.kind not in row.ranges:
        *others, last = row.ranges
        kinds = f"{', '.join(others)} or {last}" if others else last
        raise InputError(
            f"{name} can be searched by {kinds}, got {found.kind}: write --search {name}={SYNTAX[row.ranges[0]]}"
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
        return name, fit(name, read_range(rest))
    except InputError as error:
        raise InputError(f"--search {text}: {error}") from error


def parse_searches(texts: Iterable[str]) -> dict[str, Distribution]:
    """Return the ranges of all ``--search`` options, by name; a name given twice is an error."""
    ranges: dict[str, Distribution] = {}
    for text in texts:
        name, found = parse_search(text)
        if name in ranges:
            raise InputError(f"--search takes each name once, got {name} twice: drop one of them")
        ranges[name] = found
    return ranges
