"""Distributions of Optuna and scipy.stats as search ranges."""

import math
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any, ClassVar

from zerokara.errors import InputError, install
from zerokara.space.distributions import Choice, Distribution, Integer, Log, Single, Uniform
from zerokara.space.hyperparameters import to_text


@dataclass(frozen=True)
class Quantile(Single):
    """A distribution of scipy.stats, searched by its quantile u in [0.001, 0.999]: value = ppf(u).

    The outer thousandth on each side is left out: the support may be infinite there, and a rule such as lr > 0 may
    exclude its end.
    """

    family: str
    args: tuple[float, ...] = ()
    kwds: tuple[tuple[str, float], ...] = ()
    kind: ClassVar[str] = "scipy"
    low, high = 0.001, 0.999

    def __post_init__(self) -> None:
        self._require(all(map(math.isfinite, self.ends())), "valid arguments of the distribution")

    def ends(self) -> tuple[Any, ...]:
        return self.decode(self.low), self.decode(self.high)

    def decode(self, raw: Any) -> Any:
        return float(_frozen(self).ppf(raw))

    def encode(self, value: Any) -> Any:
        return min(max(float(_frozen(self).cdf(value)), self.low), self.high)

    def _parts(self) -> str:
        kwds = [f"{name}={to_text(value)}" for name, value in self.kwds]
        return ":".join([self.family, *map(to_text, self.args), *kwds])


@lru_cache(maxsize=64)
def _frozen(quantile: Quantile) -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise InputError(f"{quantile.text()} needs SciPy: {install('scipy')}") from error
    family = getattr(stats, quantile.family, None)
    if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
        raise InputError(f"a scipy range must name a distribution of scipy.stats, got {quantile.family!r}: try lognorm")
    try:
        return family(*quantile.args, **dict(quantile.kwds))
    except TypeError as error:
        raise InputError(f"{quantile.text()} must have the arguments of {quantile.family}: {error}") from error


def as_distribution(value: Any) -> Distribution | None:
    """Return a value of a space as a distribution, or None if it is not a distribution.

    ``uniform``, ``loguniform`` and ``randint`` of scipy.stats are converted; others are searched by quantile.

    >>> from optuna.distributions import IntDistribution
    >>> as_distribution(IntDistribution(16, 64, step=16)), as_distribution(0.1)
    (Integer(low=16, high=64, step=16, log=False), None)
    """
    if isinstance(value, Distribution):
        return value
    if type(value).__module__.startswith("optuna."):
        return _from_optuna(value)
    if hasattr(value, "ppf") and hasattr(value, "dist"):
        return _from_scipy(value)
    return None


def _from_optuna(value: Any) -> Distribution | None:
    from optuna import distributions

    if isinstance(value, distributions.FloatDistribution):
        return Log(value.low, value.high) if value.log else Uniform(value.low, value.high, value.step)
    if isinstance(value, distributions.IntDistribution):
        return Integer(value.low, value.high, value.step, value.log)
    if isinstance(value, distributions.CategoricalDistribution):
        return Choice(value.choices)
    return None


def _from_scipy(value: Any) -> Distribution:
    family, kwds = value.dist.name, value.kwds
    if not all(isinstance(number, Real) for number in (*value.args, *kwds.values())):
        raise InputError(f"a scipy range must have numbers as arguments, got {value.args} {kwds}: pass scalars")
    args = tuple(map(float, value.args))
    low, high = value.support()
    if family == "uniform":
        return Uniform(low, high)
    if family == "randint":
        return Integer(int(low), int(high))
    # With a loc it is shifted, so it is not uniform on a log scale.
    if family in ("loguniform", "reciprocal") and len(args) <= 2 and "loc" not in kwds:
        return Log(low, high)
    return Quantile(family, args, tuple(sorted((name, float(number)) for name, number in kwds.items())))
