"""The search space in scikit-learn's notation, divided into trials that can train together."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.random import sample_without_replacement

from zerokara.errors import InputError, unknown
from zerokara.estimators.base import NetworkEstimator
from zerokara.space.adapters import as_distribution
from zerokara.space.distributions import Choice, Single
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.space import Space


@dataclass(frozen=True)
class Combination:
    """Trials that differ in hyperparameters of the network only, so that they train together.

    Args:
        settings: the values of all other parameters that are searched, by their names in the estimator.
        ranges: the searched hyperparameters, by their own names.
        trials, sampler: how many, and the sampler that proposes them.
    """

    settings: Mapping[str, Any]
    ranges: Mapping[str, Any]
    trials: int
    sampler: str

    def space(self, params: Mapping[str, Any]) -> Space:
        """Return the search space; hyperparameters that are not searched have the values of ``params``."""
        return Space({**params, **self.ranges})


@dataclass(frozen=True)
class Subspace:
    """One dict of a space: the ranges of hyperparameters, and the lists or distributions of other parameters."""

    ranges: Mapping[str, Any]
    others: Mapping[str, Any]

    @property
    def listed(self) -> bool:
        """Whether it consists of lists only."""
        return all(isinstance(value, tuple | Choice) for value in (*self.others.values(), *self.ranges.values()))

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of options of each other parameter."""
        return tuple(map(len, self.others.values()))

    def points(self, params: Mapping[str, Any]) -> int:
        """Return the number of points of the hyperparameters."""
        return Space({**params, **self.ranges}).ranges().n_points() or 1

    def draw(self, rng: np.random.RandomState) -> dict[str, Any]:
        """Return one option of each other parameter."""
        return {name: _draw(value, rng) for name, value in self.others.items()}

    def option(self, number: int) -> dict[str, Any]:
        """Return a combination of the others' options, by its number."""
        places = np.unravel_index(number, self.shape) if self.others else ()
        return {name: options[k] for (name, options), k in zip(self.others.items(), places, strict=True)}


def combinations(
    space: Any,
    estimator: Any,
    net: NetworkEstimator,
    prefix: str,
    trials: int,
    sampler: str,
    rng: np.random.RandomState,
) -> list[Combination]:
    """Return the trials of a search: random draws from the space, or from each of a list of spaces equally many.

    The random sampler draws from lists alone without replacement.

    Raises:
        InputError: a name is not a parameter of the estimator, or has one value only.
    """
    given = [space] if isinstance(space, Mapping) else space
    if not isinstance(given, list | tuple) or not given or not all(isinstance(each, Mapping) for each in given):
        raise InputError(f"space must be a dict of names to ranges or lists, or a list of such dicts, got {space!r}")
    params, known = net._params(1), estimator.get_params()
    subspaces = [_subspace(each, known, net, prefix) for each in given]
    if sampler == "random" and all(each.listed for each in subspaces):
        return _without_repeats(subspaces, params, trials, rng)
    found: dict[Any, Combination] = {}
    for number in (k % len(subspaces) for k in range(trials)):
        settings = subspaces[number].draw(rng)
        key = number, *map(repr, settings.values())
        ranges = subspaces[number].ranges
        same = found.get(key, Combination(settings, ranges, 0, sampler if ranges else "random"))
        found[key] = replace(same, trials=same.trials + 1)
    return list(found.values())


def _without_repeats(
    subspaces: list[Subspace], params: Mapping[str, Any], trials: int, rng: np.random.RandomState
) -> list[Combination]:
    points = [each.points(params) for each in subspaces]
    ends = np.cumsum([size * prod(each.shape) for size, each in zip(points, subspaces, strict=True)])
    if ends[-1] < trials:
        text = f"the space has {ends[-1]} points, fewer than n_iter={trials}; each is tried once"
        warnings.warn(text, stacklevel=4)
        trials = int(ends[-1])
    counts: dict[tuple[int, int], int] = {}
    for pick in sample_without_replacement(int(ends[-1]), trials, random_state=rng):
        number = int(np.searchsorted(ends, pick, side="right"))
        start = ends[number - 1] if number else 0
        key = number, int(pick - start) // points[number]
        counts[key] = counts.get(key, 0) + 1
    return [
        Combination(subspaces[k].option(place), subspaces[k].ranges, count, "grid" if subspaces[k].ranges else "random")
        for (k, place), count in sorted(counts.items())
    ]


def _subspace(given: Mapping[str, Any], known: Mapping[str, Any], net: NetworkEstimator, prefix: str) -> Subspace:
    ranges: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in given.items():
        own = str(name).removeprefix(prefix)
        searchable = own in HYPERPARAMETERS and hasattr(net, own)
        if name not in known and searchable:
            raise InputError(f"{name} is not a parameter of the estimator: write {prefix}{own}")
        if name not in known:
            raise unknown("parameter", str(name), [prefix + each for each in HYPERPARAMETERS if hasattr(net, each)])
        dist = _range(str(name), own, value)
        if searchable and name == prefix + own:
            ranges[own] = dist
        else:
            others[name] = tuple(dist.options) if isinstance(dist, Choice) else dist
    return Subspace(ranges, others)


def _range(name: str, own: str, value: Any) -> Any:
    if own == "hidden" and isinstance(value, list | tuple) and any(isinstance(size, Integral) for size in value):
        raise InputError(f"{name} must be a range or a list of networks, got one network {value!r}: write [{value!r}]")
    if isinstance(value, list | tuple | range | np.ndarray):
        return Choice(np.asarray(value).tolist() if isinstance(value, np.ndarray) else tuple(value))
    if (dist := as_distribution(value)) is None:
        raise InputError(
            f"{name} must be a range or a list of options, got {value!r}: write [{value!r}], or set it on the estimator"
        )
    return dist


def _draw(value: Any, rng: np.random.RandomState) -> Any:
    from zerokara.space.unit_interval import from_unit

    if isinstance(value, tuple):
        return value[rng.randint(len(value))]
    if not isinstance(value, Single):
        raise InputError(f"only hidden can be searched with layers, got {value.text()}: use a list of options")
    return value.decode(from_unit(value.range(), rng.uniform()))
