"""A range as the unit interval: each of its values has a place in [0, 1], on the range's own scale.

Of n values that can be counted, each has a cell of width 1 / n; on a log scale a whole number k has log(k ± 1/2).
"""

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def count(found: "BaseDistribution") -> int | None:
    """Return how many values a range has; None if they cannot be counted."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(found, CategoricalDistribution):
        return len(found.choices)
    assert isinstance(found, FloatDistribution | IntDistribution)
    return None if found.step is None else round((found.high - found.low) / found.step) + 1


def value_at(found: "BaseDistribution", place: float) -> Any:
    """Return the value that has a place.

    >>> from optuna.distributions import FloatDistribution
    >>> round(value_at(FloatDistribution(1e-6, 1e-2, log=True), 0.5), 9)
    0.0001
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(found, CategoricalDistribution):
        return found.choices[_cell(place, len(found.choices))]
    assert isinstance(found, FloatDistribution | IntDistribution)
    low, high = found.low, found.high
    if not 0 < place < 1:  # To the bit.
        return low if place <= 0 else high
    if found.log:
        first, last = _log_ends(found)
        value = math.exp(first + place * (last - first))
        return min(max(round(value) if isinstance(found, IntDistribution) else value, low), high)
    if (cells := count(found)) is None:
        return min(low + place * (high - low), high)
    if isinstance(found, IntDistribution):
        return low + _cell(place, cells) * found.step
    # In decimals, or 5 steps of 0.1 above 0.1 would lie beside the grid; Optuna counts so too.
    return float(Decimal(str(low)) + _cell(place, cells) * Decimal(str(found.step)))


def place_of(found: "BaseDistribution", value: Any) -> float:
    """Return the place of a value: the middle of its cell where it has one.

    >>> from optuna.distributions import IntDistribution
    >>> place_of(IntDistribution(16, 64, step=16), 16)
    0.125
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(found, CategoricalDistribution):
        return (found.to_internal_repr(value) + 0.5) / len(found.choices)
    assert isinstance(found, FloatDistribution | IntDistribution)
    if found.log:
        first, last = _log_ends(found)
        return (math.log(value) - first) / (last - first) if last > first else 0.5
    if (cells := count(found)) is None:
        return (value - found.low) / (found.high - found.low) if found.high > found.low else 0.5
    assert found.step is not None
    return float((round((value - found.low) / found.step) + 0.5) / cells)


def edges(found: "BaseDistribution", low: Any, high: Any) -> tuple[float, float]:
    """Return the places where the cells of all values from low to high begin and end."""
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(found, IntDistribution) and found.log:
        first, last = _log_ends(found)
        return (math.log(low - 0.5) - first) / (last - first), (math.log(high + 0.5) - first) / (last - first)
    cells = count(found)
    half = 0.5 / cells if cells else 0.0
    assert isinstance(found, FloatDistribution | IntDistribution)
    return place_of(found, low) - half, place_of(found, high) + half


def _cell(place: float, cells: int) -> int:
    return min(max(int(place * cells), 0), cells - 1)


def _log_ends(found: Any) -> tuple[float, float]:
    from optuna.distributions import IntDistribution

    half = 0.5 if isinstance(found, IntDistribution) else 0.0
    return math.log(found.low - half), math.log(found.high + half)
