"""Each sampler as Optuna tests its own."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from zerokara.samplers.builtin import MAKERS
from zerokara.samplers.registry import SAMPLERS
from zerokara.space.conditions import ConditionalSpace

SPACES = {
    "test_nan_objective_value": {"x": FloatDistribution(0.1, 0.2)},
    "test_partial_fixed_sampling": {
        "x": FloatDistribution(-1, 1),
        "y": IntDistribution(-1, 1),
        "z": FloatDistribution(-1, 1),
    },
    "test_conditional_parameter_objective": {
        "x": CategoricalDistribution([True, False]),
        "y": FloatDistribution(0, 1),
        "z": FloatDistribution(0, 1),
    },
    "test_dynamic_range_objective": {"x": FloatDistribution(0, 10), "y": IntDistribution(0, 10)},
    "test_sample_relative_categorical": {
        "x": CategoricalDistribution([1, 10, 100]),
        "y": CategoricalDistribution([-1, -10, -100]),
    },
    "test_sample_relative_mixed": {"y": CategoricalDistribution([-1, -10, -100])},
    "test_trial_relative_params": {"x": FloatDistribution(-10, 10), "y": FloatDistribution(-10, 10)},
}
"""What a test searches, where its parameters do not say it: our samplers learn that when they are made."""

EXCEPTIONS = {
    ("grid", "test_sample_relative_categorical"): "a grid has each point once: 9 points, asked for 12",
    ("grid", "test_single_parameter_objective[<lambda>2]"): "a grid has each point once: 3 points, asked for 10",
}
"""Tests that do not apply to a sampler, with the reason. They run all the same: one that passes is an error.

The suite's cases for several objectives apply to none: a search has one.
"""


def searched(test):
    """Return what a test asks for."""
    space = dict(SPACES.get(test.originalname, {}))
    for name, value in test.callspec.params.items() if hasattr(test, "callspec") else ():
        if name.startswith("suggest_method"):
            trial = optuna.create_study(sampler=RandomSampler(0)).ask()
            value(trial)
            space |= trial.distributions
        elif name.endswith("_distribution"):
            space[name[0]] = value
    return ConditionalSpace(space)


def contract(name):
    """Return the tests of one sampler."""

    class Contract(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
        @pytest.fixture
        def sampler(self, request):
            if reason := EXCEPTIONS.get((name, request.node.name)):
                request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
            space = searched(request.node)
            return lambda: MAKERS[name](space, 0, 4, min(space.n_points() or 20, 20))

    return Contract


TestRandom, TestGrid, TestQmc, TestTpe, TestCmaes, TestNarrowing = map(contract, SAMPLERS)


def test_every_exception_names_a_test():
    assert all(name in SAMPLERS and hasattr(TestGrid, test.split("[")[0]) for name, test in EXCEPTIONS)
