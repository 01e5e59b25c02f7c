"""Ranges, of zerokara or of Optuna, mapped to the unit interval, on the range's own scale.

Each of n discrete values has a cell of width 1 / n; on a log scale an integer k has log(k ± 1/2).
"""

import math
from decimal import Decimal
from typing import Any

from zerokara.space.ranges import Numbers, is_whole, options_of


def cardinality(distribution: Any) -> int | None:
    """Return the number of values of a distribution; None if it is continuous."""
    options = options_of(distribution)
    if options is not None:
        return len(options)
    return None if distribution.step is None else round((distribution.high - distribution.low) / distribution.step) + 1


def from_unit(distribution: Any, u: float) -> Any:
    """Return the value at a position in the unit interval.

    >>> from zerokara.space.ranges import FloatRange
    >>> round(from_unit(FloatRange(None, 1e-6, 1e-2, log=True), 0.5), 9)
    0.0001
    """
    options = options_of(distribution)
    if options is not None:
        return options[_cell(u, len(options))]
    low, high = distribution.low, distribution.high
    if not 0 < u < 1:  # Exact to the last bit.
        return low if u <= 0 else high
    if distribution.log:
        first, last = _log_ends(distribution)
        value = math.exp(first + u * (last - first))
        return min(max(round(value) if is_whole(distribution) else value, low), high)
    if (cells := cardinality(distribution)) is None:
        return min(low + u * (high - low), high)
    if is_whole(distribution):
        return low + _cell(u, cells) * distribution.step
    # In decimals, as Optuna does: 5 binary steps of 0.1 above 0.1 are not on the grid.
    return float(Decimal(str(low)) + _cell(u, cells) * Decimal(str(distribution.step)))


def to_unit(distribution: Any, value: Any) -> float:
    """Return the position of a value in the unit interval; of a discrete value, the middle of its cell.

    >>> from zerokara.space.ranges import IntRange
    >>> to_unit(IntRange(False, 16, 16, 64), 16)
    0.125
    """
    options = options_of(distribution)
    if options is not None:
        return float((distribution.to_internal_repr(value) + 0.5) / len(options))
    low, high = distribution.low, distribution.high
    if distribution.log:
        first, last = _log_ends(distribution)
        return (math.log(value) - first) / (last - first) if last > first else 0.5
    if (cells := cardinality(distribution)) is None:
        return float((value - low) / (high - low)) if high > low else 0.5
    return float((round((value - low) / distribution.step) + 0.5) / cells)


def edges(distribution: Any, low: Any, high: Any) -> tuple[float, float]:
    """Return the lower edge of the cell of ``low`` and the upper edge of the cell of ``high``."""
    if options_of(distribution) is None and distribution.log and is_whole(distribution):
        first, last = _log_ends(distribution)
        return (math.log(low - 0.5) - first) / (last - first), (math.log(high + 0.5) - first) / (last - first)
    cells = cardinality(distribution)
    half = 0.5 / cells if cells else 0.0
    return to_unit(distribution, low) - half, to_unit(distribution, high) + half


def _cell(u: float, cells: int) -> int:
    return min(max(int(u * cells), 0), cells - 1)


def _log_ends(distribution: Numbers) -> tuple[float, float]:
    half = 0.5 if is_whole(distribution) else 0.0
    return math.log(distribution.low - half), math.log(distribution.high + half)
