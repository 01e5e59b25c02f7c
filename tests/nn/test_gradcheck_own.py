"""The gradient check of a network that is not the library's: as in the book, or as in CS231n."""

from types import SimpleNamespace

import numpy as np
import pytest

import zerokara as zk
from zerokara import nn
from zerokara.classic.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet as CourseNet
from zerokara.classic.two_layer_net import TwoLayerNet
from zerokara.errors import InputError
from zerokara.rng import stream

X, T = stream(0, "shown").standard_normal((6, 4)), np.array([0, 1, 2, 2, 1, 0])


class BookNet:
    """A network as a reader of the book writes it."""

    def __init__(self, factor=1.0):
        rng = np.random.default_rng(1)
        self.params = {"W1": rng.normal(size=(4, 3)), "b1": rng.normal(size=3)}
        self.factor = factor

    def loss(self, x, t):
        y = x @ self.params["W1"] + self.params["b1"]
        y = y - y.max(axis=1, keepdims=True)
        return -np.mean((y - np.log(np.exp(y).sum(axis=1, keepdims=True)))[np.arange(len(t)), t])

    def gradient(self, x, t):
        y = x @ self.params["W1"] + self.params["b1"]
        p = np.exp(y - y.max(axis=1, keepdims=True))
        dy = (p / p.sum(axis=1, keepdims=True) - np.eye(3)[t]) / len(t)
        return {"W1": x.T @ dy, "b1": self.factor * dy.sum(axis=0)}


def test_rounding_is_not_taken_for_a_kink() -> None:
    class Coarse(BookNet):
        def loss(self, x, t):
            return round(super().loss(x, t), 11)  # Slopes to both sides differ by chance.

        def gradient(self, x, t):
            return {name: 1.02 * each for name, each in super().gradient(x, t).items()}

    result = nn.gradcheck(Coarse(), (X, T))
    assert sum(check.kinks for check in result) == 0
    assert not any(check.passed for check in result)


def test_a_random_loss_is_refused() -> None:
    np.random.seed(0)
    net = MultiLayerNetExtend(4, [6], 3, use_dropout=True)
    with pytest.raises(InputError, match="the loss must be the same whenever it is computed, got .*: leave out"):
        nn.gradcheck(net, (X, T))


@pytest.mark.parametrize(
    "make",
    [
        lambda: TwoLayerNet(4, 5, 3, weight_init_std=0.5),
        lambda: CourseNet(4, 5, 3, std=0.5),
        lambda: MultiLayerNetExtend(4, [6, 5], 3, use_batchnorm=True, weight_decay_lambda=0.1),
        BookNet,
    ],
    ids=["book", "CS231n", "batch norm", "own"],
)
def test_networks_as_in_the_courses(make) -> None:
    np.random.seed(0)
    net = make()
    before = {name: value.copy() for name, value in net.params.items()}
    result = nn.gradcheck(net, (X, T))
    assert result.ok, result
    assert [check.name for check in result] == list(net.params)
    assert result.entry("b1[1]").verdict.startswith("ok")
    assert repr(result).startswith(type(net).__name__ + ": 6 samples, loss ")
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, before[name])


def test_a_fault_in_a_network_of_ones_own_is_named() -> None:
    result = nn.gradcheck(BookNet(factor=6), (X, T))
    assert [check.name for check in result if not check.passed] == ["b1"]
    assert result.entry("b1[0]").verdict == "WRONG"


def test_a_dataset_for_a_network_of_ones_own() -> None:
    np.random.seed(0)
    result = nn.gradcheck(TwoLayerNet(64, 5, 10, weight_init_std=0.5), zk.data.load("digits"))
    assert result.ok
    assert result.subject.samples == 20


def test_own_arrays_must_be_double_and_have_a_gradient() -> None:
    net = BookNet()
    net.params["b1"] = net.params["b1"].astype(np.float32)
    with pytest.raises(InputError, match=r"params\['b1'\] must be a float64 array, got float32: use astype"):
        nn.gradcheck(net, (X, T))
    net = BookNet()
    net.params["W2"] = np.ones((2, 2))
    with pytest.raises(InputError, match=r"the gradient of W2 must have its shape \(2, 2\), got none"):
        nn.gradcheck(net, (X, T))


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(InputError, match=r"data must be a Dataset, or a pair \(x, t\), got ndarray"):
        nn.gradcheck(BookNet(), X)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {}}, "params must have an array or more, got an empty dict"),
        ({"gradient": None}, r"must have a method gradient\(x, t\)"),
        ({"gradient": lambda x, t: None}, "the gradients must be a dict by the names in params, got NoneType"),
        ({"loss": lambda x, t: np.ones(2)}, r"the loss must be one number, got the shape \(2,\)"),
        ({"loss": lambda x, t: "low"}, "the loss must be one number, got str"),
    ],
)
def test_a_network_that_cannot_be_checked(changes: dict[str, object], message: str) -> None:
    net = SimpleNamespace(params={"W": np.ones(2)}, loss=lambda x, t: 1.0, gradient=lambda x, t: {"W": np.zeros(2)})
    assert nn.gradcheck(net, ([1], [1])).ok
    vars(net).update(changes)
    with pytest.raises(InputError, match=message):
        nn.gradcheck(net, ([1], [1]))
