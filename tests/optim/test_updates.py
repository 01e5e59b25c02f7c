"""Each optimizer against an independent implementation in float64, one network at a time."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.cases import DTYPES, OPTIMIZERS, numbers
from zerokara import nn, optim
from zerokara.optim.optimizer import TILE_SIZE, tiles
from zerokara.rng import stream

STEPS = 6
Numbers = dict[str, float]
Steps = Iterator[np.ndarray]


def sgd(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    while True:
        w = w - n["lr"] * g(w)
        yield w


def momentum(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    v = 0
    while True:
        v = n["momentum"] * v - n["lr"] * g(w)
        w = w + v
        yield w


def nesterov(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    """The book's form, with the old v."""
    v, m = 0, n["momentum"]
    while True:
        dw = g(w)
        w = w + m * m * v - (1 + m) * n["lr"] * dw
        v = m * v - n["lr"] * dw
        yield w


def adagrad(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    h = 0
    while True:
        h = h + g(w) ** 2
        w = w - n["lr"] * g(w) / (np.sqrt(h) + 1e-8)
        yield w


def rmsprop(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    h = 0
    while True:
        h = n["decay_rate"] * h + (1 - n["decay_rate"]) * g(w) ** 2
        w = w - n["lr"] * g(w) / (np.sqrt(h) + 1e-8)
        yield w


def adam(w: np.ndarray, g: Callable[[np.ndarray], np.ndarray], n: Numbers) -> Steps:
    """Algorithm 1 of Kingma and Ba, literally."""
    m = v = t = 0
    while True:
        t += 1
        m = n["beta1"] * m + (1 - n["beta1"]) * g(w)
        v = n["beta2"] * v + (1 - n["beta2"]) * g(w) ** 2
        m_hat, v_hat = m / (1 - n["beta1"] ** t), v / (1 - n["beta2"] ** t)
        w = w - n["lr"] * m_hat / (np.sqrt(v_hat) + 1e-8)
        yield w


FORMULAS = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}


def slope(w: np.ndarray) -> np.ndarray:
    """The gradient of a bumpy bowl; it differs at every step."""
    return 0.5 * w + np.sin(3 * w)


def clipped(g: np.ndarray, limit: float) -> np.ndarray:
    """The gradient with a norm of at most the limit; 0 is none."""
    norm = np.linalg.norm(g)
    return g * min(1, limit / norm) if limit else g


def expected(name: str, n: Numbers, w: np.ndarray, decayed: np.ndarray) -> list[np.ndarray]:
    """Return W after each step; ``decayed`` marks the columns that weight decay shrinks."""
    decay = n["weight_decay"] * decayed
    if name != "adamw":
        steps = FORMULAS[name](w, lambda w: clipped(slope(w), n["clip_norm"]) + decay * w, n)
        return [next(steps) for _ in range(STEPS)]
    # Decoupled: shrink, then Adam's step with the gradient at the weight before.
    weights, m, v = [], 0.0, 0.0
    for t in range(1, STEPS + 1):
        g = clipped(slope(w), n["clip_norm"])
        w = w - n["lr"] * decay * w
        m, v = n["beta1"] * m + (1 - n["beta1"]) * g, n["beta2"] * v + (1 - n["beta2"]) * g * g
        w = w - n["lr"] * (m / (1 - n["beta1"] ** t)) / (np.sqrt(v / (1 - n["beta2"] ** t)) + 1e-8)
        weights.append(w)
    return weights


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_first_steps_of_every_network(name: str, dtype: str) -> None:
    population = 5
    network = nn.mlp(3, (4,), 2, population=population, batch_norm=True, dtype=dtype)
    network.params[:] = stream(0, "parameters").standard_normal(network.params.shape)
    start = network.params.astype(float)
    kind = optim.OPTIMIZERS[name]
    given = {n: numbers(n, population) for n in kind.hyperparameters}
    assert given["weight_decay"].any()
    assert not given["weight_decay"].all()
    assert 0 < np.count_nonzero(given["clip_norm"]) < population
    rule = kind(**given).start(network)
    decayed = np.arange(network.size) < network.decayed
    wanted = [
        expected(name, {n: float(value[k]) for n, value in given.items()}, start[k], decayed) for k in range(population)
    ]
    for step in range(STEPS):
        network.grads[:] = slope(network.params)
        rule.step(network)
        for k in range(population):
            error = np.abs(network.params[k] - wanted[k][step]).max()
            assert error < (1e-12 if dtype == "float64" else 2e-4), (name, step, k)


def test_weight_decay_shrinks_weights_but_no_biases_and_no_batch_norm() -> None:
    for name in OPTIMIZERS:
        network = nn.mlp(3, (4,), 2, batch_norm=True)
        network.params[:] = 1.0
        rule = optim.OPTIMIZERS[name](lr=0.1, weight_decay=0.5).start(network)
        rule.step(network)
        shrunk = {parameter: (value < 1).all() for parameter, value, _ in network.parameters()}
        assert shrunk == {n: n.endswith(".W") for n in shrunk}, name
        assert all((value == 1).all() for n, value, _ in network.parameters() if not n.endswith(".W"))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_schedule_scales_the_learning_rate_of_that_step_alone(name: str) -> None:
    kind, moved = optim.OPTIMIZERS[name], []
    for lr, factor in ((0.2, 0.5), (0.1, 1.0)):
        network = nn.mlp(3, (4,), 2, dtype="float64")
        rule = kind(lr=lr, weight_decay=0.1).start(network)
        network.grads[:] = slope(network.params)
        rule.step(network, factor)
        moved.append(network.params.copy())
        assert rule.lr.tolist() == [lr]
    assert np.allclose(moved[0], moved[1], rtol=1e-15)


def test_the_first_step_of_adam_is_the_learning_rate() -> None:
    network = nn.mlp(3, (), 2, population=2, dtype="float64")
    before = network.params.copy()
    network.grads[:] = stream(0, "gradients").standard_normal(network.grads.shape)
    signs = np.sign(network.grads)
    optim.Adam(lr=[0.1, 0.01]).start(network).step(network)
    assert np.allclose(before - network.params, signs * [[0.1], [0.01]], rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zero_gradients_move_nothing(name: str) -> None:
    network = nn.mlp(3, (4,), 2)
    before = network.params.copy()
    rule = optim.OPTIMIZERS[name]().start(network)
    for _ in range(3):
        rule.step(network)
    assert np.array_equal(network.params, before)


@pytest.mark.parametrize("population", [1, 2, 17, 100])
@pytest.mark.parametrize("size", [0, 1, 7, 40_010, TILE_SIZE, 2 * TILE_SIZE + 1])
def test_tiles_cover_everything_once(population: int, size: int) -> None:
    covered = np.zeros((population, size), int)
    for rows, columns in tiles(population, size):
        covered[rows, columns] += 1
        assert covered[rows, columns].size <= TILE_SIZE
    assert (covered == 1).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tiles_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stepped() -> nn.Network:
        network = nn.mlp(30, (20,), 5, population=7)
        rule = optim.OPTIMIZERS[name](lr=0.01, weight_decay=0.1).start(network)
        for _ in range(3):
            network.grads[:] = slope(network.params)
            rule.step(network)
        return network

    expected_network = stepped()
    for size in (1, 17, 100, 700, 2000):
        monkeypatch.setattr("zerokara.optim.optimizer.TILE_SIZE", size)
        assert np.array_equal(stepped().params, expected_network.params)
