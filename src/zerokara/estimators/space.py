"""The search space in scikit-learn's notation: lists are choices, and names have the prefix of a pipeline step."""

import warnings
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from zerokara.errors import InputError, unknown
from zerokara.estimators.base import NetworkEstimator
from zerokara.space.adapters import adopt
from zerokara.space.distributions import Choice
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.space import Space


def space_of(space: Any, net: NetworkEstimator, prefix: str, settings: Mapping[str, Any]) -> Space:
    """Return the search space; hyperparameters that are not searched have the values of the network.

    Raises:
        InputError: a name is not a hyperparameter of the network, or has one value only.
    """
    if not isinstance(space, Mapping):
        raise InputError(f"space must be a dict of names to ranges or lists, got {type(space).__name__}")
    own = {name: _own_name(name, net, prefix) for name in space}
    return Space({**settings, **{own[name]: _range(name, own[name], value) for name, value in space.items()}})


def _own_name(name: Any, net: NetworkEstimator, prefix: str) -> str:
    own = str(name).removeprefix(prefix)
    if prefix and own == name:
        raise InputError(
            f"{name} is not a parameter of the network, and other steps are fitted once per split for all trials: "
            f"search names that begin with {prefix}"
        )
    params = net.get_params()
    if own in params and own not in HYPERPARAMETERS:
        raise InputError(f"{own} cannot be searched, it is the same for all trials: set it on the estimator")
    if own not in params:
        raise unknown("hyperparameter", own, [known for known in HYPERPARAMETERS if known in params])
    return own


def _range(name: str, own: str, value: Any) -> Any:
    if own == "hidden" and isinstance(value, list | tuple) and any(isinstance(size, Integral) for size in value):
        raise InputError(f"{name} must be a range or a list of networks, got one network {value!r}: write [{value!r}]")
    if isinstance(value, list | tuple | range | np.ndarray):
        return Choice(np.asarray(value).tolist() if isinstance(value, np.ndarray) else tuple(value))
    if adopt(value) is None:
        raise InputError(
            f"{name} must be a range or a list of options, got {value!r}: write [{value!r}], or set it on the estimator"
        )
    return value


def without_repeats(space: Space, trials: int, sampler: str) -> tuple[int, str]:
    """Return the number of trials and the sampler: a space of lists only is sampled without replacement."""
    if sampler != "random" or not all(isinstance(found, Choice) for found in space.searched.values()):
        return trials, sampler
    points = space.distributions().points() or 1
    if points < trials:
        warnings.warn(f"the space has {points} points, fewer than n_iter={trials}; each is tried once", stacklevel=4)
    return min(points, trials), "grid" if space.searched else sampler
