"""The six optimizers against the formulas, worked by hand with plain floats."""

import numpy as np
import pytest

from zerokara.classic.common.optimizer import OPTIMIZERS, SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
from zerokara.errors import InputError


def sgd(x, g, s):
    return x - 0.1 * g


def momentum(x, g, s):
    s["v"] = 0.9 * s.get("v", 0) - 0.1 * g
    return x + s["v"]


def nesterov(x, g, s):
    v = s.get("v", 0)
    s["v"] = 0.9 * v - 0.1 * g
    return x + 0.9 * 0.9 * v - (1 + 0.9) * 0.1 * g


def adagrad(x, g, s):
    s["h"] = s.get("h", 0) + g * g
    return x - 0.1 * g / (s["h"] ** 0.5 + 1e-7)


def rmsprop(x, g, s):
    s["h"] = 0.99 * s.get("h", 0) + (1 - 0.99) * g * g
    return x - 0.1 * g / (s["h"] ** 0.5 + 1e-7)


def adam(x, g, s):
    s["t"] = s.get("t", 0) + 1
    s["m"] = s.get("m", 0) + (1 - 0.9) * (g - s.get("m", 0))
    s["v"] = s.get("v", 0) + (1 - 0.999) * (g * g - s.get("v", 0))
    rate = 0.1 * (1 - 0.999 ** s["t"]) ** 0.5 / (1 - 0.9 ** s["t"])
    return x - rate * s["m"] / (s["v"] ** 0.5 + 1e-7)


BY_HAND = {"sgd": sgd, "momentum": momentum, "nesterov": nesterov, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}


@pytest.mark.parametrize("name", BY_HAND)
def test_plain_floats_and_arrays(name: str) -> None:
    optimizer = OPTIMIZERS[name](lr=0.1)
    W, b = np.array([[1.0, -2.0], [3.0, 1e-6]]), np.array([0.5])
    params, states = {"x": -7.0, "W": W.copy(), "b": b.copy()}, [{} for _ in range(6)]
    arrays = dict(params)
    expected = [-7.0, *W.ravel(), *b]
    for step in range(5):
        grads = {"x": params["x"] / 10, "W": 2 * params["W"], "b": np.array([1.0])}
        slopes = [grads["x"], *grads["W"].ravel(), *grads["b"]]
        kept = {key: np.copy(value) for key, value in grads.items()}
        optimizer.update(params, grads)
        expected = [BY_HAND[name](x, g, s) for x, g, s in zip(expected, slopes, states, strict=True)]
        assert all(np.array_equal(kept[key], grads[key]) for key in grads), "gradients are the caller's"
    assert type(params["x"]) is float
    assert params["W"] is arrays["W"]
    assert params["b"] is arrays["b"]
    np.testing.assert_allclose([params["x"], *params["W"].ravel(), *params["b"]], expected, rtol=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
def test_views_are_updated_in_place(name: str) -> None:
    whole = np.ones((4, 6))
    params = {"columns": whole[:, ::2], "turned": whole[:, 1::2].T}
    OPTIMIZERS[name](lr=0.1).update(params, {"columns": np.ones((4, 3)), "turned": np.ones((3, 4))})
    assert (whole != 1).all()


def test_the_rate_may_change_between_steps() -> None:
    optimizer, params = SGD(lr=1.0), {"x": 0.0}
    optimizer.update(params, {"x": 1.0})
    optimizer.lr *= 0.5
    optimizer.update(params, {"x": 1.0})
    assert params["x"] == -1.5


def test_defaults_are_the_courses() -> None:
    assert (SGD().lr, Momentum().lr, Momentum().momentum, Nesterov().momentum) == (0.01, 0.01, 0.9, 0.9)
    assert (AdaGrad().lr, RMSprop().lr, RMSprop().decay_rate) == (0.01, 0.01, 0.99)
    assert (Adam().lr, Adam().beta1, Adam().beta2) == (0.001, 0.9, 0.999)
    assert Momentum().v is None


def test_whole_numbers_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"got int64 in 'n'"):
        SGD().update({"n": np.arange(3)}, {"n": np.ones(3)})


@pytest.mark.parametrize("name", BY_HAND)
def test_float32_stays_float32(name: str) -> None:
    params = {"W": np.ones(3, np.float32)}
    OPTIMIZERS[name]().update(params, {"W": np.ones(3)})
    assert params["W"].dtype == np.float32
