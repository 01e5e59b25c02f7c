"""Affine, batch norm and dropout against values computed by hand, and against CS231n's toy network."""

import copy

import numpy as np
import pytest

from tests.cases import DTYPES
from zerokara import nn, optim
from zerokara.errors import InputError
from zerokara.rng import stream

KINDS = tuple(nn.ACTIVATIONS.values())


def test_affine_by_hand() -> None:
    network = nn.Network([nn.Affine(2, 2)], population=2, dtype="float64")
    w = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]]])
    network.load({"0.W": w, "0.b": np.array([[[0.5, -0.5]], [[0.0, 0.0]]])})
    x = np.array([[[1.0, 1.0], [2.0, -1.0]]])
    assert network.forward(x).tolist() == [[[4.5, 5.5], [-0.5, -0.5]], [[1.0, 1.0], [-1.0, 2.0]]]
    dout = np.ones((2, 2, 2))
    dx = network.backward(dout, need_dx=True)
    assert dx is not None
    assert dx.tolist() == [[[3.0, 7.0], [3.0, 7.0]], [[1.0, 1.0], [1.0, 1.0]]]
    (_, _, dw), (_, _, db) = network.parameters()
    assert dw.tolist() == [[[3.0, 3.0], [0.0, 0.0]]] * 2
    assert db.tolist() == [[[2.0, 2.0]]] * 2


def toy() -> tuple[nn.Network, np.ndarray, np.ndarray]:
    """Return the toy network, samples and labels of CS231n assignment 1, "two_layer_net"."""
    rng = np.random.RandomState(0)
    w1, w2 = 0.1 * rng.randn(4, 10), 0.1 * rng.randn(10, 3)
    network = nn.mlp(4, (10,), 3, "relu", dtype="float64")
    network.load({"0.W": w1, "0.b": np.zeros(10), "2.W": w2, "2.b": np.zeros(3)})
    return network, 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])


def test_scores_and_loss_of_the_cs231n_toy() -> None:
    network, x, y = toy()
    wanted = [
        [-0.81233741, -1.27654624, -0.70335995],
        [-0.17129677, -1.18803311, -0.47310444],
        [-0.51590475, -1.01354314, -0.8504215],
        [-0.15419291, -0.48629638, -0.52901952],
        [-0.00618733, -0.12435261, -0.15226949],
    ]
    scores = network.forward(x[None])
    assert np.abs(scores[0] - wanted).sum() < 1e-7
    # The course's penalty is reg * sum W^2, without the 1/2.
    penalty = 0.05 * np.sum(network.params[:, : network.decayed] ** 2)
    assert nn.SoftmaxCrossEntropy().forward(scores, y)[0] + penalty == pytest.approx(1.30378789133, abs=1e-11)


def test_gradients_of_the_cs231n_toy() -> None:
    network, x, y = toy()
    results = nn.gradcheck(network, (x, y), weight_decay=2 * 0.05, entries=None)
    assert max(check.error for check in results) < 1e-8


def test_the_cs231n_toy_learns() -> None:
    network, x, y = toy()
    loss, rule = nn.SoftmaxCrossEntropy(), optim.SGD(lr=0.1, weight_decay=2 * 5e-6).start(network)
    for i in range(100):
        network.backward(loss.backward(network.forward(x[None], i), y))
        rule.step(network, 0.95**i)
    assert loss.forward(network.forward(x[None]), y)[0] < 0.2


def test_batch_norm_by_hand() -> None:
    layer = nn.BatchNorm(2)
    network = nn.Network([layer], population=2, dtype="float64")
    network.load(
        {**network.arrays(), "0.gamma": np.array([[[2.0, 1.0]], [[1.0, 1.0]]]), "0.beta": np.array([0.5, 0.0])}
    )
    x = np.array([[[1.0, 10.0], [3.0, 10.0]], [[0.0, -1.0], [4.0, 1.0]]])
    y = network.forward(x, step=0)
    # Means 2, 10 and 2, 0; variances 1, 0 and 4, 1.
    one, two = 1 / np.sqrt(1 + 1e-5), 2 / np.sqrt(4 + 1e-5)
    assert np.allclose(y[0], [[0.5 - 2 * one, 0.0], [0.5 + 2 * one, 0.0]], rtol=1e-14)
    assert np.allclose(y[1], [[0.5 - two, -one], [0.5 + two, one]], rtol=1e-14)
    running = network.arrays()
    assert np.allclose(running["0.running_mean"], [[[0.2, 1.0]], [[0.2, 0.0]]], rtol=1e-14)
    assert np.allclose(running["0.running_var"], [[[1.0, 0.9]], [[1.3, 1.0]]], rtol=1e-14)
    evaluated = network.forward(x)
    assert np.allclose(evaluated[0, 1], [0.5 + 2 * 2.8 / np.sqrt(1 + 1e-5), 9.0 / np.sqrt(0.9 + 1e-5)])
    assert np.array_equal(network.arrays()["0.running_mean"], running["0.running_mean"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_norm_of_one_sample_is_its_shift(dtype: str) -> None:
    network = nn.Network([nn.BatchNorm(3)], dtype=dtype)
    assert network.forward(np.ones((1, 1, 3), dtype), step=0).tolist() == [[[0.0, 0.0, 0.0]]]
    dx = network.backward(np.ones((1, 1, 3), dtype), need_dx=True)
    assert dx is not None
    assert dx.tolist() == [[[0.0, 0.0, 0.0]]]


RATES = np.array([0.0, 0.2, 0.5, 0.9])


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_keeps_the_share_it_should_and_scales_it(dtype: str) -> None:
    network = nn.Network([nn.Dropout(RATES, seed=3)], population=4, dtype=dtype)
    x = np.ones((1, 200, 500), dtype)
    y = network.forward(x, step=5)
    assert y.dtype == np.dtype(dtype)
    for rate, mask in zip(RATES, y, strict=True):
        kept = mask != 0
        # Five standard deviations of 100,000 draws.
        assert abs(kept.mean() - (1 - rate)) <= 5 * np.sqrt(rate * (1 - rate) / kept.size)
        assert np.allclose(mask[kept], 1 / (1 - rate), rtol=1e-6)
    assert np.array_equal(network.forward(x), x)


def test_dropout_masks_are_paired_and_drawn_anew() -> None:
    def masks(step: int, seed: int = 0, number: int = 0, replicate: int = 0) -> np.ndarray:
        layer = nn.Dropout(RATES, seed=seed, number=number, replicate=replicate)
        return nn.Network([layer], population=4).forward(np.ones((1, 20, 30), np.float32), step) > 0

    first = masks(0)
    assert np.array_equal(first, masks(0))
    # What a higher rate keeps, a lower one keeps too: all networks share the draw.
    assert all((first[i] >= first[i + 1]).all() for i in range(3))
    for other in (masks(1), masks(0, seed=1), masks(0, number=1), masks(0, replicate=1)):
        assert not np.array_equal(first[2], other[2])


def test_dropout_lets_the_gradient_through_where_it_let_the_signal_through() -> None:
    layer = nn.Dropout(np.array([0.5, 0.2]))
    network = nn.Network([layer], population=2, dtype="float64")
    x = np.ones((1, 4, 6))
    y = network.forward(x, step=0)
    assert np.array_equal(network.backward(np.ones_like(y), need_dx=True), y)
    network.forward(x)
    assert np.array_equal(network.backward(np.ones_like(y), need_dx=True), np.ones_like(y))


def test_dropout_draws_do_not_come_from_the_global_state() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    network = nn.mlp(4, (5,), 3, dropout=0.5)
    network.forward(stream(0, "x").random((1, 3, 4), np.float32), step=0)
    assert np.array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    "before",
    [nn.Dropout(0.5), nn.Affine(3, 3), nn.BatchNorm(3), *(k() for k in KINDS)],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_layer_overwrites_the_data_or_what_another_needs(kind: type[nn.Layer], before: nn.Layer) -> None:
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 4, 3)
    given = x.copy()
    nn.Network([kind(), nn.Affine(3, 2)]).forward(x)
    assert np.array_equal(x, given)
    network = nn.Network([copy.copy(before), kind()])
    alone = network.copy().layers[0]
    for step in (None, 0):
        network.forward(x, step)
        alone.forward(given, step)
        assert np.array_equal(x, given)
        for name in alone.cache:
            assert np.array_equal(getattr(network.layers[0], name), getattr(alone, name))


@pytest.mark.parametrize("rate", [1, 1.5, -1, np.nan, [0.2, 1.0]])
def test_dropout_has_a_rule(rate: float) -> None:
    with pytest.raises(InputError, match="0 <= dropout < 1 must hold, got"):
        nn.Dropout(rate)
