"""Schedules against values computed by hand."""

import math

import pytest

from tests.cases import SCHEDULES
from zerokara.errors import InputError
from zerokara.optim import Constant, Cosine, Exponential, Schedule, Step
from zerokara.optim.schedules import parse

WANTED = [
    (Constant(), {0.0: 1, 3.7: 1, 100.0: 1}),
    (Exponential(0.5), {0.0: 1, 0.99: 1, 1.0: 0.5, 2.5: 0.25, 10.0: 0.5**10}),
    (Step(3, 0.1), {0.0: 1, 2.99: 1, 3.0: 0.1, 5.5: 0.1, 6.0: 0.01}),
    (Cosine(), {0.0: 1, 2.5: 0.5 + math.sqrt(0.125), 5.0: 0.5, 10.0: 0, 12.0: 0}),
    # The rise: 1/20 at first, 1 after two epochs, half of it and half of 1/20 in the middle.
    (Cosine(2), {0.0: 0.05, 1.0: 0.525, 1.9: 0.9525, 2.0: 1, 6.0: 0.5, 10.0: 0}),
    (Cosine(10), {0.0: 0.01, 5.0: 0.505, 10.0: 1}),
]


@pytest.mark.parametrize(("schedule", "wanted"), WANTED)
def test_factors_by_hand(schedule: Schedule, wanted: dict[float, float]) -> None:
    for epoch, factor in wanted.items():
        assert schedule.factor(epoch, 10) == pytest.approx(factor, abs=1e-12), epoch


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_factor_lies_between_0_and_1_and_falls_after_the_warm_up(text: str) -> None:
    schedule = parse(text)
    factors = [schedule.factor(i / 10, 5) for i in range(50)]
    assert all(0 < factor <= 1 for factor in factors)
    highest = factors.index(max(factors))
    assert factors[:highest] == sorted(factors[:highest])
    assert factors[highest:] == sorted(factors[highest:], reverse=True)


def test_the_table_has_every_schedule() -> None:
    assert {type(parse(text)) for text in SCHEDULES} == set(Schedule.__subclasses__())


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant", Constant()),
        ("exponential:0.9", Exponential(0.9)),
        ("step:30:0.1", Step(30, 0.1)),
        ("cosine", Cosine()),
        ("cosine:5", Cosine(5)),
    ],
)
def test_texts(text: str, schedule: Schedule) -> None:
    assert parse(text) == schedule


@pytest.mark.parametrize(
    "text",
    [
        *("", "cosin", "constant:1", "exponential", "exponential:x", "exponential:0", "exponential:1.1"),
        *("exponential:nan", "step:3", "step:0:0.1", "step:2.5:0.1", "step:3:0", "cosine:-1", "cosine:x:y"),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="a schedule must be constant|must hold for the"):
        parse(text)
