"""Central differences of all parameters at once equal those of the plain loop, and their cost is bounded."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import CASES
from zerokara import data, nn
from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn import numerical
from zerokara.nn.cases import INPUTS, OUTPUTS, SAMPLES, Case
from zerokara.rng import stream

TOLERANCE = 1e-8


def loop(network: nn.Network, loss: nn.Loss, x: Array, t: Array, which=None, weights=None, h=1e-4) -> Array:
    """Return the differences as in the course: two full losses for each parameter in turn."""
    places = range(network.size) if which is None else which
    gradient = np.empty((network.population, len(places)))
    for place, k in enumerate(places):
        original = network.params[:, k].copy()
        network.params[:, k] = original + h
        above = loss.forward(network.forward(x), t, weights)
        network.params[:, k] = original - h
        below = loss.forward(network.forward(x), t, weights)
        network.params[:, k] = original
        gradient[:, place] = (above - below) / (2 * h)
    return gradient


def trained(case: Case) -> nn.Network:
    """Return the networks of a case with changed running statistics and parameters."""
    network = case.network("float64")
    network.params += 0.1 * stream(1, "parameters").standard_normal(network.params.shape)
    network.forward(case.x, 0)
    return network


@pytest.mark.parametrize("case", [case for case in CASES if case.compiled], ids=lambda case: case.name)
def test_every_case_agrees_with_the_plain_loop(case: Case) -> None:
    network, loss = trained(case), case.loss()
    expected = loop(network, loss, case.x, case.t, weights=case.weights)
    result = nn.numerical_gradient(network, loss, case.x, case.t, weights=case.weights)
    assert result.shape == network.params.shape
    assert np.abs(result - expected).max() < TOLERANCE


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=6),
    activation=st.sampled_from(sorted(nn.ACTIVATIONS)),
    batch_norm=st.booleans(),
    samples=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_any_depth(sizes: list[int], activation: str, batch_norm: bool, samples: int, seed: int) -> None:
    network = nn.mlp(sizes[0], sizes[1:-1], sizes[-1], activation, batch_norm=batch_norm, dtype="float64", seed=seed)
    rng = stream(seed, "depth")
    x, t = rng.standard_normal((1, samples, sizes[0])), rng.standard_normal((samples, sizes[-1]))
    expected = loop(network, nn.SquaredError(), x, t)
    assert np.abs(nn.numerical_gradient(network, nn.SquaredError(), x, t) - expected).max() < TOLERANCE


def course(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[nn.Network, Array, Array]:
    """Return the course's network, and its first batch of ten images."""
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder.parent))
    train = data.load("mnist").train
    network = nn.mlp(784, (50,), 10, "sigmoid", init=0.01, dtype="float64")
    return network, train.x[None, :10].astype(float), train.t[:10]


def test_the_courses_network(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, x, t = course(mnist_folder, monkeypatch)
    assert network.size == 39_760
    for scale in (1, 30):  # As it starts, and with activations that are far from 1/2.
        network.params *= scale
        which = np.sort(stream(0, "which").choice(network.size, 3000, replace=False))
        started = time.perf_counter()
        expected = loop(network, nn.SoftmaxCrossEntropy(), x, t, which)
        half = time.perf_counter()
        result = nn.numerical_gradient(network, nn.SoftmaxCrossEntropy(), x, t)
        assert np.abs(result[:, which] - expected).max() < TOLERANCE
        # 80 times as fast when nothing else runs.
        assert network.size / len(which) * (half - started) > 10 * (time.perf_counter() - half)


def test_zeros_may_be_skipped(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, x, t = course(mnist_folder, monkeypatch)
    full = nn.numerical_gradient(network, nn.SoftmaxCrossEntropy(), x, t)
    skipped = nn.numerical_gradient(network, nn.SoftmaxCrossEntropy(), x, t, skip_zeros=True)
    still = np.repeat(~x[0].any(axis=0), 50)
    assert 0.2 < still.mean() < 0.8
    assert not full[0, : 784 * 50][still].any()
    np.testing.assert_allclose(skipped, full, rtol=0, atol=1e-10)


def test_differences_are_not_slopes() -> None:
    """With a large h, the difference is far from the gradient; the difference is returned."""
    network = nn.mlp(2, (3,), 2, "sigmoid", dtype="float64")
    x, t = stream(0, "far").standard_normal((1, 4, 2)), np.array([0, 1, 1, 0])
    result = nn.numerical_gradient(network, nn.SoftmaxCrossEntropy(), x, t, h=3.0)
    network.backward(nn.SoftmaxCrossEntropy().backward(network.forward(x), t))
    assert np.abs(result - network.grads).max() > 0.01
    np.testing.assert_allclose(result, loop(network, nn.SoftmaxCrossEntropy(), x, t, h=3.0), atol=1e-12)


def test_networks_with_samples_of_their_own() -> None:
    network = nn.mlp(INPUTS, (4,), OUTPUTS, "relu", population=3, init_scale=[0.5, 1, 2], dtype="float64")
    x, t = stream(0, "own").standard_normal((3, SAMPLES, INPUTS)), stream(1, "own").integers(0, OUTPUTS, SAMPLES)
    loss = nn.SoftmaxCrossEntropy([0.0, 0.1, 0.2])
    result = nn.numerical_gradient(network, loss, x, t)
    assert np.abs(result - loop(network, loss, x, t)).max() < TOLERANCE
    alone = nn.numerical_gradient(network.take(1), loss.take(np.array([1])), x[1:2], t)
    np.testing.assert_array_equal(alone, result[1:2])


def test_pieces_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in CASES if case.name == "batch norm, relu, dropout")
    network = trained(case)
    full = nn.numerical_gradient(network, case.loss(), case.x, case.t)
    monkeypatch.setattr(numerical, "NUMBERS", 1)
    np.testing.assert_allclose(nn.numerical_gradient(network, case.loss(), case.x, case.t), full, rtol=0, atol=1e-10)


def test_the_network_is_left_as_it_was() -> None:
    network = trained(CASES[-1])
    network.grads[:] = 7.0
    before = {name: value.copy() for name, value in network.arrays().items()}
    nn.numerical_gradient(network, CASES[-1].loss(), CASES[-1].x, CASES[-1].t)
    assert all(np.array_equal(value, before[name]) for name, value in network.arrays().items())
    assert (network.grads == 7.0).all()


class Own(nn.Affine):
    """A custom layer with parameters."""


class Scale(nn.Layer):
    """y = gamma x."""

    parameters = ("gamma",)

    def shapes(self):
        return {"gamma": (1, 2)}

    def forward(self, x, step=None):
        return self.gamma * x

    def backward(self, dout, need_dx=True):
        raise NotImplementedError


def test_what_is_refused() -> None:
    x, t, loss = np.ones((1, 1, 2)), np.array([0]), nn.SoftmaxCrossEntropy()
    with pytest.raises(InputError, match="needs a float64 network, got float32"):
        nn.numerical_gradient(nn.mlp(2, (), 2), loss, x, t)
    with pytest.raises(InputError, match="got Scale: use nn.gradcheck"):
        nn.numerical_gradient(nn.Network([nn.Affine(2, 2), Scale()], dtype="float64"), loss, x, t)
    network = nn.Network([Own(2, 3), nn.Tanh(), Own(3, 2)], dtype="float64")
    assert np.abs(nn.numerical_gradient(network, loss, x, t) - loop(network, loss, x, t)).max() < TOLERANCE
