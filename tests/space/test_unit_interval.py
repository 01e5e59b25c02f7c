"""A range as the unit interval: there and back, and every value alike."""

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from zerokara.space.unit_interval import cardinality, edges, from_unit, to_unit

RANGES = [
    FloatDistribution(-1.0, 3.0),
    FloatDistribution(1e-6, 1e-2, log=True),
    FloatDistribution(0.1, 0.6, step=0.1),
    FloatDistribution(2.0, 2.0),
    FloatDistribution(2.0, 2.0, log=True),
    IntDistribution(-3, 9, step=4),
    IntDistribution(1, 100, log=True),
    IntDistribution(5, 5),
    CategoricalDistribution(["8", "8,8", "linear"]),
]


@pytest.mark.parametrize("found", RANGES, ids=str)
@given(place=st.floats(0, 1))
def test_each_place_has_a_value_of_the_range_and_that_value_keeps_its_place(found, place):
    value = from_unit(found, place)
    optuna.create_trial(params={"x": value}, distributions={"x": found}, value=0.0)
    again = from_unit(found, to_unit(found, value))
    assert again == (pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value)
    assert type(value) is {FloatDistribution: float, IntDistribution: int}.get(type(found), str)


@pytest.mark.parametrize(("found", "number"), list(zip(RANGES, [None, None, 6, None, None, 4, 100, 1, 3], strict=True)))
def test_values_that_can_be_counted(found, number):
    assert cardinality(found) == number


@pytest.mark.parametrize("found", [RANGES[2], RANGES[5], RANGES[8]], ids=str)
def test_every_value_has_as_much_room(found):
    values, times = np.unique([from_unit(found, place) for place in np.arange(0.5, 600) / 600], return_counts=True)
    assert len(values) == cardinality(found)
    assert set(times) == {600 // len(values)}


@pytest.mark.parametrize(
    "found", [found for found in RANGES if not isinstance(found, CategoricalDistribution)], ids=str
)
def test_the_ends_of_a_range_are_the_ends_of_the_interval(found):
    assert from_unit(found, 0.0) == found.low
    assert from_unit(found, 1.0) == found.high
    if found.low < found.high:
        assert edges(found, found.low, found.high) == pytest.approx((0, 1))
