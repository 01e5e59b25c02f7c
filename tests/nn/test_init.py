"""Initial weights: their standard deviation; all networks scale one draw."""

import math

import numpy as np
import pytest

from zerokara import nn
from zerokara.errors import InputError
from zerokara.nn.init import standard_deviation

WIDTHS = {"he": math.sqrt(2 / 300), "xavier": math.sqrt(2 / 500), "lecun": math.sqrt(1 / 300), 0.01: 0.01}


@pytest.mark.parametrize("init", WIDTHS)
def test_the_draw_is_as_wide_as_it_should_be(init: str | float) -> None:
    assert standard_deviation(init, 300, 200) == WIDTHS[init]
    w = nn.mlp(300, (200,), 10, init=init, dtype="float64").arrays()["0.W"]
    # Five standard errors of a standard deviation and of a mean of 60,000 draws.
    assert w.std() == pytest.approx(WIDTHS[init], rel=5 / math.sqrt(2 * w.size))
    assert abs(w.mean()) < 5 * WIDTHS[init] / math.sqrt(w.size)


@pytest.mark.parametrize(
    ("activation", "init"),
    [("relu", "he"), ("leaky_relu", "he"), ("gelu", "he"), ("sigmoid", "xavier"), ("tanh", "xavier")],
)
def test_the_activation_chooses(activation: str, init: str) -> None:
    chosen = nn.mlp(5, (4,), 3, activation)
    assert np.array_equal(chosen.params, nn.mlp(5, (4,), 3, activation, init=init).params)


def test_networks_scale_one_draw() -> None:
    scales = np.array([0.5, 1.0, 2.0, 0.0])
    w = nn.mlp(5, (4,), 3, init_scale=scales, population=4, dtype="float64").arrays()
    for name in ("0.W", "2.W"):
        assert np.array_equal(w[name], w[name][1:2] * scales[:, None, None])
        assert len(np.unique(w[name][1])) == w[name][1].size
    assert not w["0.b"].any()
    assert not w["2.b"].any()


def test_layers_seeds_and_replicates_have_draws_of_their_own() -> None:
    def weights(**options: int) -> dict[str, np.ndarray]:
        return nn.mlp(4, (4,), 4, init=1.0, dtype="float64", **options).arrays()

    first = weights()
    assert np.array_equal(first["0.W"], weights()["0.W"])
    assert not np.isclose(first["0.W"], first["2.W"]).any()
    for other in (weights(seed=1), weights(replicate=1)):
        assert not np.isclose(first["0.W"], other["0.W"]).any()


def test_single_precision_starts_from_the_same_draw() -> None:
    single, double = (nn.mlp(5, (4,), 3, dtype=dtype).params for dtype in ("float32", "float64"))
    assert np.array_equal(single, double.astype("float32"))


@pytest.mark.parametrize("init", [-1.0, math.nan, math.inf, "hee"])
def test_invalid_standard_deviations_are_refused(init: str | float) -> None:
    with pytest.raises(InputError, match="must be finite and 0 or above|did you mean 'he'"):
        nn.mlp(4, (), 3, init=init)
