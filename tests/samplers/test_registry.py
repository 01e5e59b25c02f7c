"""The samplers by name."""

import pytest

from zerokara.errors import InputError
from zerokara.samplers.registry import SAMPLERS, generation_size, make_sampler
from zerokara.space.defaults import default_space
from zerokara.space.space import Space


@pytest.mark.parametrize(
    ("sampler", "trials", "size"),
    [("random", 1000, 256), ("grid", 3, 256), ("qmc", 100, 256)]
    + [(name, *row) for name in ("tpe", "cmaes", "narrowing") for row in ((1, 10), (50, 10), (100, 20), (9999, 256))],
)
def test_the_size_of_a_generation(sampler, trials, size):
    assert generation_size(sampler, trials) == size


def test_the_tables_of_samplers_agree():
    from zerokara.samplers.builtin import MAKERS

    assert set(MAKERS) == set(SAMPLERS)


def test_an_unknown_sampler():
    with pytest.raises(InputError, match=r"unknown sampler 'randon': did you mean 'random'\?"):
        make_sampler("randon", Space(default_space()))
