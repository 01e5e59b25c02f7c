"""Activations against values computed by hand, and at extreme inputs."""

import math

import numpy as np
import pytest

from tests.cases import ACTIVATIONS, DTYPES
from zerokara import nn
from zerokara.errors import InputError
from zerokara.nn.layers.activations import sigmoid

X = np.array([[[-2.0, -1.0, 0.0, 0.5, 3.0]]])

WANTED = {
    "relu": ([0.0, 0.0, 0.0, 0.5, 3.0], [0.0, 0.0, 0.0, 1.0, 1.0]),
    "leaky_relu": ([-0.02, -0.01, 0.0, 0.5, 3.0], [0.01, 0.01, 0.01, 1.0, 1.0]),
    "sigmoid": (
        [1 / (1 + math.exp(-x)) for x in X.ravel()],
        [math.exp(-x) / (1 + math.exp(-x)) ** 2 for x in X.ravel()],
    ),
    "tanh": ([math.tanh(x) for x in X.ravel()], [1 / math.cosh(x) ** 2 for x in X.ravel()]),
    # PyTorch 2.13, gelu(x, approximate="tanh") and its gradient.
    "gelu": (
        [-0.045402305912, -0.158808009392, 0.0, 0.345714009825, 2.996362607918],
        [-0.086099256624, -0.082964083846, 0.5, 0.867369903535, 1.011584166631],
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_by_hand(name: str) -> None:
    layer, (y, slope) = nn.ACTIVATIONS[name](), WANTED[name]
    assert np.allclose(layer.forward(X)[0, 0], y, rtol=1e-9, atol=1e-10)
    dout = np.arange(1.0, 6.0)
    dx = layer.backward(np.broadcast_to(dout, X.shape))
    assert dx is not None
    assert np.allclose(dx[0, 0], dout * slope, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_large_inputs_give_finite_numbers_of_the_same_precision(name: str, dtype: str) -> None:
    layer = nn.ACTIVATIONS[name]()
    x = np.array([[[-1e4, -50.0, 0.0, 50.0, 1e4]]], dtype)
    y = layer.forward(x)
    dx = layer.backward(np.ones_like(x))
    assert dx is not None
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert y.dtype == dx.dtype == np.dtype(dtype)
    assert np.array_equal(x, np.array([[[-1e4, -50.0, 0.0, 50.0, 1e4]]], dtype))  # not written to


def test_gelu_is_near_the_exact_one() -> None:
    x = np.linspace(-6, 6, 1001)
    exact = x * 0.5 * (1 + np.array([math.erf(v / math.sqrt(2)) for v in x]))
    assert np.abs(nn.GELU().forward(x[None, None]) - exact).max() < 5e-4


def test_sigmoid_is_symmetric_and_does_not_overflow() -> None:
    x = np.linspace(-800, 800, 4001)
    assert np.allclose(sigmoid(x) + sigmoid(-x), 1, atol=1e-15)
    assert sigmoid(np.array([-800.0, 800.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("slope", [-0.1, 1.0, 2.0, math.nan])
def test_the_slope_of_a_leaky_relu_has_a_rule(slope: float) -> None:
    # Above 1 the larger of x and slope x is the wrong one.
    with pytest.raises(InputError, match="0 <= slope < 1 must hold"):
        nn.LeakyReLU(slope)
