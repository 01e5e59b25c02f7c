"""The fast numerical gradient: whose networks it serves, with which numbers, and that nothing else is taken for one."""

from collections import OrderedDict

import numpy as np
import pytest

from zerokara.classic import two_layer_net, two_layer_net0
from zerokara.classic.common import gradient, layers
from zerokara.classic.common.functions import cross_entropy_error, sigmoid, softmax
from zerokara.classic.common.gradient import central_differences, numerical_gradient
from zerokara.classic.common.multi_layer_net import MultiLayerNet

RNG = np.random.default_rng(0)
X, LABELS = RNG.random((4, 20)), RNG.integers(0, 3, 4)
X[:, :5] = 0
SIZES = 20, 10, 21, 0.3
LOSSES = 2 * (200 + 10 + 210 + 21)


class Learner:
    """As a learner writes it in chapter 4, with the loss of one batch as a closure."""

    def __init__(self) -> None:
        self.params = two_layer_net.initial(*SIZES)

    def predict(self, x):
        W1, W2 = self.params["W1"], self.params["W2"]
        b1, b2 = self.params["b1"], self.params["b2"]
        z = sigmoid(np.dot(x, W1) + b1)
        return softmax(z @ W2 + b2)

    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)

    def numerical_gradient(self, x, t):
        loss_W = lambda W: self.loss(x, t)  # noqa: E731
        return {name: numerical_gradient(loss_W, self.params[name]) for name in ("W1", "b1", "W2", "b2")}


class Layered(Learner):
    """As a learner writes it in chapter 5."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = OrderedDict()
        self.layers["Affine1"] = layers.Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = layers.Relu()
        self.layers["Affine2"] = layers.Affine(self.params["W2"], self.params["b2"])
        self.lastLayer = layers.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.lastLayer.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.lastLayer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return {"W1": self.layers["Affine1"].dW}


class Named(two_layer_net0.TwoLayerNet):
    def accuracy(self, x, t):
        return 1.0


class Decayed(Learner):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) + np.dot(self.params["W1"].ravel(), self.params["W1"].ravel())


class Doubled(two_layer_net0.TwoLayerNet):
    def loss(self, x, t):
        return 2 * super().loss(x, t)


class Counting(Learner):
    count = 0

    def loss(self, x, t):
        self.count += 1
        return super().loss(x, t)


class Printing(Learner):
    def loss(self, x, t):
        print("loss")
        return cross_entropy_error(self.predict(x), t)


class Noisy(Learner):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x + 0 * np.random.rand()), t)


class OwnLayer(layers.Relu):
    def forward(self, x):
        return super().forward(x) * 1.5


class OwnActivation(Layered):
    def __init__(self) -> None:
        super().__init__()
        self.layers["Relu1"] = OwnLayer()


class Clipped(Learner):
    def predict(self, x):
        return np.maximum(super().predict(x), 0.02)


class Tanh(Learner):
    def predict(self, x):
        return softmax(np.tanh(x @ self.params["W1"] + self.params["b1"]) @ self.params["W2"] + self.params["b2"])


class Negative(Learner):
    """Differs from the book's only where it is not at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.params["W2"][...] = 0

    def predict(self, x):
        z = 1 - sigmoid(np.dot(x, self.params["W1"]) + self.params["b1"])
        return softmax(np.dot(z, self.params["W2"]) + self.params["b2"])


FAST = {
    "book": lambda: two_layer_net.TwoLayerNet(*SIZES),
    "write-up": lambda: two_layer_net0.TwoLayerNet(*SIZES),
    "derived": lambda: Named(*SIZES),
    "chapter 4": Learner,
    "chapter 5": Layered,
    "deep": lambda: MultiLayerNet(20, [10], 21, "sigmoid", 0.3),
}
SLOW = {
    "decayed": Decayed,
    "doubled": lambda: Doubled(*SIZES),
    "counting": Counting,
    "printing": Printing,
    "noisy": Noisy,
    "own layer": OwnActivation,
    "clipped": Clipped,
    "tanh": Tanh,
    "agrees here alone": Negative,
    "deep with decay": lambda: MultiLayerNet(20, [10], 21, "sigmoid", 0.3, 0.1),
}


@pytest.fixture
def looped(monkeypatch) -> list[int]:
    """The sizes of the arrays that were left to the loop."""
    sizes = []

    def loop(f, x, h, verbose=False):
        sizes.append(x.size)
        return central_differences(f, x, h, verbose)

    monkeypatch.setattr(gradient, "central_differences", loop)
    return sizes


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize(
    ("x", "t"),
    [
        (X, LABELS),
        (X, np.eye(21)[LABELS]),
        (X.astype(np.float32), LABELS.astype(np.uint8)),
        (X[:1], LABELS[:1]),
    ],
    ids=["labels", "one-hot", "32 bits", "one sample"],
)
def test_the_fast_numerical_gradient_is_that_of_the_loop(name: str, x, t, looped) -> None:
    np.random.seed(0)
    net = FAST[name]()
    before = {key: value.copy() for key, value in net.params.items()}
    fast = net.numerical_gradient(x, t)
    assert looped == [10, 21], "biases alone"
    for key, value in net.params.items():
        assert fast[key].shape == value.shape
        expected = central_differences(lambda _: net.loss(x, t), value, 1e-4)
        np.testing.assert_allclose(fast[key], expected, rtol=0, atol=1e-10, err_msg=key)
        np.testing.assert_array_equal(value, before[key])
    assert "loss" not in vars(net)


@pytest.mark.parametrize("name", SLOW)
def test_another_network_is_left_to_the_loop(name: str, looped, capsys) -> None:
    np.random.seed(0)
    net = SLOW[name]()
    slow = net.numerical_gradient(X, LABELS)
    assert sorted(looped)[:2] == [10, 21]
    assert 210 in looped or 200 in looped
    assert len(capsys.readouterr().out.split()) == (LOSSES if name == "printing" else 0)
    if name == "counting":
        assert net.count == LOSSES
    if name == "noisy":
        drawn = np.random.rand()
        np.random.seed(0)
        [np.random.randn(200), np.random.randn(210)], np.random.rand(LOSSES)
        assert np.random.rand() == drawn
    for key, value in net.params.items():
        expected = central_differences(lambda _: net.loss(X, LABELS), value, 1e-4)
        np.testing.assert_allclose(slow[key], expected, rtol=0, atol=1e-10, err_msg=key)


def test_networks_of_scripts_are_global_variables(looped) -> None:
    script = """
loss_W = lambda W: network.loss(x_batch, t_batch)
gradient = numerical_gradient(loss_W, network.params["W1"])
"""
    names = {"network": Layered(), "x_batch": X, "t_batch": LABELS, "numerical_gradient": numerical_gradient}
    exec(script, names)
    expected = names["network"].gradient(X, LABELS)["W1"]
    np.testing.assert_allclose(names["gradient"], expected, atol=1e-4)
    assert looped == []


def test_a_loss_with_more_than_the_network_is_left_to_the_loop(looped) -> None:
    net = Learner()
    W = net.params["W1"]
    exact = central_differences(lambda W: net.loss(X, LABELS), W, 1e-4)
    np.testing.assert_allclose(numerical_gradient(lambda W: net.loss(X, LABELS), W), exact, rtol=0, atol=1e-10)
    assert looped == []
    np.testing.assert_allclose(numerical_gradient(lambda W: 2 * net.loss(X, LABELS), W), 2 * exact, atol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda W: net.loss(x=X, t=LABELS), W), exact, atol=1e-9)
    assert looped == [200, 200]
