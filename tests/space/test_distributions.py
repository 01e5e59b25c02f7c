"""Ranges: their rules, their texts, and what Optuna draws from them."""

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from scipy import stats

from zerokara.errors import InputError
from zerokara.space.distributions import Choice, Integer, Log, Uniform


def draws(found, count, seed=0):
    study = optuna.create_study(sampler=RandomSampler(seed))
    return [found.decode(study.ask({"x": found.optuna()}).params["x"]) for _ in range(count)]


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Log(0, 1), "0 < low <= high"),
        (lambda: Log(-1, 1), "0 < low <= high"),
        (lambda: Log(1, 0.1), "0 < low <= high, got low=1.0, high=0.1"),
        (lambda: Log(1, float("inf")), "a finite number as high"),
        (lambda: Log(float("nan"), 1), "a finite number as low"),
        (lambda: Log("1e-6", 1), "a finite number as low"),
        (lambda: Log(True, 1), "a finite number as low"),
        (lambda: Uniform(1, 0), "low <= high"),
        (lambda: Uniform(0, 1, 0), "step > 0"),
        (lambda: Uniform(0, 1, 0.3), "a whole number of steps"),
        (lambda: Uniform(None, 1), "a finite number as low"),
        (lambda: Integer(1, 4.0), "a whole number as high"),
        (lambda: Integer(4, 1), "low <= high"),
        (lambda: Integer(1, 4, 0), "step > 0"),
        (lambda: Integer(1, 4, 2), "a whole number of steps"),
        (lambda: Integer(0, 4, log=True), "low > 0 and step = 1"),
        (lambda: Integer(1, 5, 2, log=True), "low > 0 and step = 1"),
        (lambda: Choice([]), "at least one option"),
        (lambda: Choice("relu"), "a list of options"),
        (lambda: Choice({"relu", "tanh"}), "a list of options"),
    ],
)
def test_a_range_that_breaks_its_rule(make, rule):
    with pytest.raises(InputError, match=rule):
        make()


def test_tenths_divide_a_range():
    assert draws(Uniform(0, 0.3, 0.1), 100) == pytest.approx(np.array(draws(Integer(0, 3), 100)) / 10)


def test_a_range_of_one_value():
    assert draws(Log(0.1, 0.1), 3) == [0.1] * 3
    assert draws(Integer(7, 7), 3) == [7] * 3


def test_options_come_back_as_they_were_given():
    options = ((), (100, 50), 0.1, True, "relu", 3)
    found = Choice(options)
    assert [found.decode(text) for text in found.optuna().choices] == list(options)
    assert set(draws(found, 100)) == set(options)


@pytest.mark.parametrize(
    ("found", "shape"),
    [
        (Log(1e-6, 1e-2), lambda x: stats.loguniform(1e-6, 1e-2).cdf(x)),
        (Uniform(-2, 3), lambda x: stats.uniform(-2, 5).cdf(x)),
    ],
)
def test_draws_follow_the_law_that_the_range_names(found, shape):
    values = np.array(draws(found, 2000))
    assert values.min() >= found.low
    assert values.max() <= found.high
    assert stats.kstest(values, shape).pvalue > 0.01
    # The test sees a wrong scale: the same draws do not look like the other's.
    wrong = stats.uniform(found.low, found.high - found.low) if isinstance(found, Log) else stats.norm(0.5, 1.4)
    assert stats.kstest(values, wrong.cdf).pvalue < 0.01


def test_integers_are_drawn_alike():
    values = draws(Integer(16, 64, 16), 2000)
    assert {type(value) for value in values} == {int}
    counts = np.bincount(values)[[16, 32, 48, 64]]
    assert counts.sum() == 2000
    assert stats.chisquare(counts).pvalue > 0.01


def test_integers_on_a_log_scale_favor_no_power():
    values = np.array(draws(Integer(1, 9999, log=True), 3000))
    assert values.min() >= 1
    assert values.max() <= 9999
    # Optuna takes whole k as the bin from k - 1/2 to k + 1/2.
    shares = np.histogram(values, [0.5, 9.5, 99.5, 999.5, 9999.5])[0] / 3000
    expected = np.diff(np.log([0.5, 9.5, 99.5, 999.5, 9999.5])) / np.log(9999.5 / 0.5)
    assert shares == pytest.approx(expected, abs=0.03)
