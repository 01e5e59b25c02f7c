"""Distributions of Optuna and SciPy are taken as they are."""

import numpy as np
import pytest
from optuna import distributions as od
from scipy import stats

from zerokara.errors import InputError
from zerokara.space.adapters import Quantile, as_distribution
from zerokara.space.distributions import Choice, Integer, Log, Uniform

KNOWN = [
    (od.FloatDistribution(1e-6, 1e-2, log=True), Log(1e-6, 1e-2)),
    (od.FloatDistribution(0, 0.5), Uniform(0, 0.5)),
    (od.FloatDistribution(0, 0.5, step=0.1), Uniform(0, 0.5, 0.1)),
    (od.IntDistribution(16, 64, step=16), Integer(16, 64, 16)),
    (od.IntDistribution(1, 64, log=True), Integer(1, 64, log=True)),
    (od.CategoricalDistribution(["relu", "tanh"]), Choice(("relu", "tanh"))),
    (stats.uniform(0.1, 0.4), Uniform(0.1, 0.5)),
    (stats.uniform(loc=0.25, scale=0.5), Uniform(0.25, 0.75)),
    (stats.loguniform(1e-6, 1e-2), Log(1e-6, 1e-2)),
    (stats.reciprocal(1e-6, 1e-2), Log(1e-6, 1e-2)),
    (stats.randint(16, 65), Integer(16, 64)),
    (stats.randint(0, 4, loc=2), Integer(2, 5)),
    (stats.beta(2, 5), Quantile("beta", (2.0, 5.0))),
    (stats.lognorm(1, scale=1e-3), Quantile("lognorm", (1.0,), (("scale", 1e-3),))),
    (stats.loguniform(1e-3, 1e-2, loc=1), Quantile("loguniform", (1e-3, 1e-2), (("loc", 1.0),))),
    (Log(1, 2), Log(1, 2)),
]


@pytest.mark.parametrize(("theirs", "ours"), KNOWN)
def test_theirs_and_ours(theirs, ours):
    assert as_distribution(theirs) == ours


@pytest.mark.parametrize("theirs", [theirs for theirs, _ in KNOWN if isinstance(theirs, od.BaseDistribution)])
def test_optuna_gets_its_own_back(theirs):
    assert as_distribution(theirs).optuna() == theirs


@pytest.mark.parametrize("value", [0.1, (100,), "relu", None, [1, 2], stats.norm, stats, od, Log])
def test_what_is_no_distribution(value):
    assert as_distribution(value) is None


def test_a_quantile_range_draws_what_scipy_draws():
    found = as_distribution(stats.beta(2, 5))
    u = np.linspace(0.001, 0.999, 999)
    values = np.array([found.decode(each) for each in u])
    assert stats.kstest(values, stats.beta(2, 5).cdf).statistic < 0.002
    assert found.ends() == (values[0], values[-1])
    assert found.optuna() == od.FloatDistribution(0.001, 0.999)


def test_an_endless_support_is_cut_at_the_outer_thousandths():
    assert as_distribution(stats.norm(0, 1)).ends() == pytest.approx((-3.09, 3.09), abs=0.01)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: as_distribution(stats.norm(0, -1)), "valid arguments of the distribution"),
        (lambda: as_distribution(stats.norm([0, 1], 1)), "must have numbers as arguments"),
        (lambda: as_distribution(stats.uniform(0, -1)), "a finite number"),
        (lambda: Quantile("nrom"), "a distribution of scipy.stats"),
        (lambda: Quantile("kstest"), "a distribution of scipy.stats"),
        (lambda: Quantile("gamma"), "must have the arguments of"),
        (lambda: Quantile("gamma", (1.0,), (("b", 2.0),)), "must have the arguments of"),
    ],
)
def test_arguments_that_make_no_range(make, rule):
    with pytest.raises(InputError, match=rule):
        make()
