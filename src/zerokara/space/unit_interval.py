"""Optuna's distributions mapped to the unit interval, on the distribution's own scale.

Each of n discrete values has a cell of width 1 / n; on a log scale an integer k has log(k ± 1/2). Importing this file
imports Optuna: do so inside a function.
"""

import math
from decimal import Decimal
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution


def cardinality(distribution: BaseDistribution) -> int | None:
    """Return the number of values of a distribution; None if it is continuous."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return None if distribution.step is None else round((distribution.high - distribution.low) / distribution.step) + 1


def from_unit(distribution: BaseDistribution, u: float) -> Any:
    """Return the value at a position in the unit interval.

    >>> round(from_unit(FloatDistribution(1e-6, 1e-2, log=True), 0.5), 9)
    0.0001
    """
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[_cell(u, len(distribution.choices))]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    if not 0 < u < 1:  # Exact to the last bit.
        return low if u <= 0 else high
    if distribution.log:
        first, last = _log_ends(distribution)
        value = math.exp(first + u * (last - first))
        return min(max(round(value) if isinstance(distribution, IntDistribution) else value, low), high)
    if (cells := cardinality(distribution)) is None:
        return min(low + u * (high - low), high)
    if isinstance(distribution, IntDistribution):
        return low + _cell(u, cells) * distribution.step
    # In decimals, as Optuna does: 5 binary steps of 0.1 above 0.1 are not on the grid.
    return float(Decimal(str(low)) + _cell(u, cells) * Decimal(str(distribution.step)))


def to_unit(distribution: BaseDistribution, value: Any) -> float:
    """Return the position of a value in the unit interval; of a discrete value, the middle of its cell.

    >>> to_unit(IntDistribution(16, 64, step=16), 16)
    0.125
    """
    if isinstance(distribution, CategoricalDistribution):
        return (distribution.to_internal_repr(value) + 0.5) / len(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    if distribution.log:
        first, last = _log_ends(distribution)
        return (math.log(value) - first) / (last - first) if last > first else 0.5
    if (cells := cardinality(distribution)) is None:
        return (value - low) / (high - low) if high > low else 0.5
    assert distribution.step is not None
    return float((round((value - low) / distribution.step) + 0.5) / cells)


def edges(distribution: BaseDistribution, low: Any, high: Any) -> tuple[float, float]:
    """Return the lower edge of the cell of ``low`` and the upper edge of the cell of ``high``."""
    if isinstance(distribution, IntDistribution) and distribution.log:
        first, last = _log_ends(distribution)
        return (math.log(low - 0.5) - first) / (last - first), (math.log(high + 0.5) - first) / (last - first)
    cells = cardinality(distribution)
    half = 0.5 / cells if cells else 0.0
    return to_unit(distribution, low) - half, to_unit(distribution, high) + half


def _cell(u: float, cells: int) -> int:
    return min(max(int(u * cells), 0), cells - 1)


def _log_ends(distribution: FloatDistribution | IntDistribution) -> tuple[float, float]:
    half = 0.5 if isinstance(distribution, IntDistribution) else 0.0
    return math.log(distribution.low - half), math.log(distribution.high + half)
