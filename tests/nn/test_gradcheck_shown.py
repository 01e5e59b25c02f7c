"""The gradient check of a user's own network: what it takes, what it shows, and single elements."""

import math

import numpy as np
import pytest

import zerokara as zk
from zerokara import nn
from zerokara.data import as_dataset
from zerokara.errors import InputError
from zerokara.rng import stream

DIGITS = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
X, T = stream(0, "shown").standard_normal((6, 4)), np.array([0, 1, 2, 2, 1, 0])
NET = nn.mlp(4, (5,), 3, "tanh", dtype="float64", seed=3)


class Scale(nn.Layer):
    """A layer as a user writes it: y = s x."""

    parameters = ("s",)

    def shapes(self):
        return {"s": (1, 5)}

    def initial(self, name):
        return np.full((1, 1, 5), 0.7)

    def forward(self, x, step=None):
        self.x = x
        return self.s * x

    def backward(self, dout, need_dx=True):
        self.ds[:] = (dout * self.x).sum(axis=1, keepdims=True)
        return dout * self.s


class WrongScale(Scale):
    def backward(self, dout, need_dx=True):
        dx = super().backward(dout, need_dx)
        self.ds[:, :, 3] *= 2
        return dx


class Absolute(nn.Layer):
    """y = |x|, whose kink no layer of the library has."""

    def forward(self, x, step=None):
        self.x = x
        return np.abs(x)

    def backward(self, dout, need_dx=True):
        return dout * np.where(self.x > 0, 1, -1)


def test_a_dataset_is_taken_with_the_loss_of_its_task() -> None:
    result = nn.gradcheck(nn.mlp(64, (20,), 10, "sigmoid"), DIGITS, samples=7)
    assert result.ok
    assert [(check.name, check.shape, check.count) for check in result] == [
        *(("W1", (64, 20), 100), ("b1", (20,), 20), ("W2", (20, 10), 100), ("b2", (10,), 10), ("x", (7, 64), 100)),
    ]
    assert "7 samples" in result.title
    values = np.linspace(0, 1, 40).reshape(20, 2)
    numbers = as_dataset((values, values[:, 0] * 3))
    assert nn.gradcheck(nn.mlp(2, (3,), 1, "gelu"), numbers).ok


@pytest.mark.parametrize(
    "t", [T, T.tolist(), np.eye(3)[T], np.eye(3, dtype=int)[T]], ids=["labels", "list", "rows", "int"]
)
def test_targets_of_any_usual_form(t: object) -> None:
    losses = nn.SoftmaxCrossEntropy().forward(NET.forward(X[None]), T)
    result = nn.gradcheck(NET, (X, t), step=None)
    assert result.ok
    assert f"loss {losses[0]:.6g}" in result.title


def test_both_numbers_of_one_entry_are_those_of_the_definition() -> None:
    entry = nn.gradcheck(NET, (X, T), h=1e-4).entry("W1[3,2]")
    loss, moved = nn.SoftmaxCrossEntropy(), NET.copy()
    moved.layers[0].W[0, 3, 2] = NET.layers[0].W[0, 3, 2] + 1e-4
    above = loss.forward(moved.forward(X[None]), T)[0]
    moved.layers[0].W[0, 3, 2] = NET.layers[0].W[0, 3, 2] - 1e-4
    below = loss.forward(moved.forward(X[None]), T)[0]
    own = NET.copy()
    own.backward(loss.backward(own.forward(X[None]), T))
    assert (entry.above, entry.below, entry.value) == (above, below, NET.layers[0].W[0, 3, 2])
    assert entry.numerical == (above - below) / 2e-4
    assert entry.analytic == own.layers[0].dW[0, 3, 2]
    assert entry.difference == abs(entry.numerical - entry.analytic)
    assert entry.verdict == "ok"
    shown = repr(entry)
    for text in (repr(float(above)), repr(float(below)), "0.0001", f"{entry.numerical:.12g}", f"{entry.analytic:.12g}"):
        assert text in shown


def test_an_entry_of_any_array_network_and_step() -> None:
    population = nn.mlp(4, (5,), 3, "tanh", init_scale=[0.5, 2], population=2, batch_norm=True)
    result = nn.gradcheck(population, (X, T))
    assert result.entry("W1[0,0]", network=1).value == pytest.approx(4 * result.entry("W1[0,0]").value)
    for text in ("b2[2]", " gamma1[ 4 ] ", "beta1[0]", "x[5,3]", "W2[4, 2]"):
        assert result.entry(text, h=1e-6).h == 1e-6
        assert result.entry(text).verdict.startswith("ok"), text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("W3[0,0]", "unknown parameter 'W3': did you mean 'W2' or 'W1'"),
        ("W1[4,0]", r"the entries of W1 are W1\[0,0\] to W1\[3,4\], got W1\[4,0\]"),
        ("W1[0]", r"the entries of W1 are W1\[0,0\]"),
        ("b1[0,1]", r"the entries of b1 are b1\[0\] to b1\[4\]"),
        ("W1[-1,0]", r"such as W1\[3,7\] or b2\[0\], got 'W1\[-1,0\]'"),
        ("W1", "an entry is a parameter with its indices"),
        ("W1[a]", "an entry is a parameter with its indices"),
        ("", "an entry is a parameter with its indices"),
    ],
)
def test_an_entry_that_is_not_there(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.gradcheck(NET, (X, T)).entry(text)


def test_the_layer_of_a_user_is_checked() -> None:
    for layer, wrong in ((Scale(), []), (WrongScale(), ["s1"])):
        result = nn.gradcheck(nn.Network([nn.Affine(4, 5), layer, nn.Tanh(), nn.Affine(5, 3)]), (X, T))
        assert [check.name for check in result if not check.passed] == wrong
        assert result["s1"].worst == "s1[3]" or not wrong
        assert (result.ok, "WRONG: s1; look at the entry s1[3]" in repr(result)) == (not wrong, bool(wrong))
    assert result.entry("s1[3]").verdict == "WRONG"
    assert result.entry("s1[2]").verdict == "ok"


@pytest.mark.parametrize("layer", [nn.ReLU, nn.LeakyReLU, Absolute])
def test_an_entry_at_a_kink_is_counted_as_such(layer: type) -> None:
    network = nn.Network([nn.Affine(2, 2), layer(), nn.Affine(2, 2)], dtype="float64")
    network.layers[0].W[:] = [[0, 1], [0, -1]]  # Unit 0 is exactly at the kink for every sample.
    result = nn.gradcheck(network, (X[:, :2], T[:6] % 2))
    assert result.ok, result
    assert result["W1"].kinks == 2
    assert result["b1"].kinks == 1
    assert "ok, 2 at a kink left out" in repr(result)
    assert "elements at a kink have none" in result.conclusion
    entry = result.entry("b1[0]")
    assert entry.verdict.startswith("at a kink, without a gradient: the slope is ")
    assert result.entry("b1[1]").verdict == "ok"


def test_an_array_that_is_all_kinks_is_not_called_right() -> None:
    network = nn.mlp(2, (3,), 2, "relu", init=0.0, dtype="float64")
    network.layers[2].W[:] = 1 + np.arange(6).reshape(3, 2) ** 2
    result = nn.gradcheck(network, (X[:, :2], T % 2))
    assert result["b1"].kinks == result["b1"].count == 3
    assert result["b1"].verdict == "not checked, all at a kink"


def test_a_kink_of_the_loss() -> None:
    network = nn.mlp(2, (), 2, init=0.0, dtype="float64")
    t = np.array([[0, 1], [0, 2], [5, 3.0]])  # Of output 0 two samples are at their kink, and one is not.
    result = nn.gradcheck(network, (X[:3, :2], t), nn.AbsoluteError())
    assert result.ok
    assert result.entry("b1[0]").analytic == pytest.approx(-1 / 3)
    assert result.entry("b1[1]").verdict == "ok"


def test_a_kink_within_h_is_no_fault() -> None:
    network = nn.mlp(1, (1,), 1, "relu", dtype="float64")
    network.load({"0.W": np.ones((1, 1, 1)), "0.b": np.array(3e-6), "2.W": np.ones((1, 1, 1)), "2.b": np.array(0)})
    result = nn.gradcheck(network, (np.zeros((1, 1)), np.ones((1, 1))), nn.SquaredError())
    assert (result.ok, result["b1"].kinks) == (True, 0)
    assert result.entry("b1[0]").verdict.startswith("ok, a kink or a bend lies within h: at h = 1e-06 it is ")


def test_a_wrong_gradient_is_not_taken_for_a_kink(monkeypatch: pytest.MonkeyPatch) -> None:
    right = nn.ReLU.backward
    monkeypatch.setattr(nn.ReLU, "backward", lambda self, dout, need_dx=True: 1.5 * right(self, dout))
    result = nn.gradcheck(nn.mlp(4, (5,), 3, "relu"), (X, T))
    assert not result["W1"].passed
    assert result["W1"].kinks == result["b1"].kinks == 0
    assert result["W1"].verdict == "WRONG"


def test_of_large_arrays_the_largest_gradients_and_some_others_are_checked() -> None:
    class OneWrong(nn.Affine):
        def backward(self, dout, need_dx=True):
            dx = super().backward(dout, need_dx)
            self.dW[:, 30, 7] += 0.2
            return dx

    network = nn.Network([OneWrong(64, 20), nn.Tanh(), nn.Affine(20, 10)])
    result = nn.gradcheck(network, DIGITS, entries=10)
    assert result["W1"].count == 10
    assert result["W1"].worst == "W1[30,7]"
    assert "10 of 1,280" in repr(result)
    chosen = [nn.gradcheck(NET, (X, T), entries=4, seed=seed)["W1"].difference for seed in (1, 1, 2, 3, 4)]
    assert chosen[0] == chosen[1]
    assert len(set(chosen)) > 1, "the others are drawn"
    assert nn.gradcheck(network, DIGITS, entries=None)["W1"].count == 1280


def test_a_small_error_is_doubtful_and_nan_is_wrong() -> None:
    class Slightly(nn.Tanh):
        def backward(self, dout, need_dx=True):
            return super().backward(dout) * 1.0001

    result = nn.gradcheck(nn.Network([nn.Affine(4, 5), Slightly(), nn.Affine(5, 3)]), (X, T))
    assert not result.ok
    assert result["W1"].verdict == "doubtful"
    assert result.conclusion.startswith("doubtful: W1, b1, x")

    class Nothing(nn.Tanh):
        def backward(self, dout, need_dx=True):
            return super().backward(dout) * math.nan

    result = nn.gradcheck(nn.Network([nn.Affine(4, 5), Nothing(), nn.Affine(5, 3)]), (X, T))
    assert result["W1"].verdict == "WRONG"
    assert "WRONG: W1, b1, x" in repr(result)


@pytest.mark.parametrize(
    ("net", "data", "message"),
    [
        (object(), (X, T), "gradcheck takes a zerokara.nn.Network, or a network with params"),
        (NET, X, r"data must be a Dataset, or a pair \(x, t\), got ndarray"),
        (nn.mlp(63, (5,), 10), DIGITS, "x must have 63 inputs per sample, got 64"),
        (NET, (X[:, :3], T), "x must have 4 inputs per sample, got 3"),
        (NET, (X, T[:4]), "a target for each of 6 samples"),
        (NET, (X, T + 1), "labels must be whole numbers from 0 to 2, got 3"),
        (NET, (X * np.nan, T), "x"),
        (NET, (np.full((6, 4), "a"), T), "x must hold numbers"),
        (NET, (X, list("abcabc")), "t must hold numbers, got dtype <U1: number the classes from 0"),
    ],
)
def test_what_is_refused(net: object, data: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.gradcheck(net, data)


class Nothing(nn.Tanh):
    def backward(self, dout, need_dx=True):
        pass


class InPlace(nn.Tanh):
    def forward(self, x, step=None):
        x *= 0.5
        return super().forward(x)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Affine(4, 3), Nothing()], r"backward of layer 1, Nothing\(\), must return the gradient of x, got None"),
        ([InPlace(), nn.Affine(4, 3)], r"the forward pass must not change x, .*: write y = 2 \* x, not x \*= 2"),
    ],
)
def test_what_a_layer_must_not_do_is_said(layers: list[nn.Layer], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.gradcheck(nn.Network(layers), (X, T))


def test_settings_are_checked() -> None:
    for h in (0.0, np.inf, np.nan, "1e-5", True):
        with pytest.raises(InputError, match="0 < h < 1 must hold, got"):
            nn.gradcheck(NET, (X, T), h=h)
        with pytest.raises(InputError, match="0 < h < 1 must hold, got"):
            nn.gradcheck(NET, (X, T)).entry("W1[0,0]", h=h)
    for name, value in (("entries", 0), ("entries", 1.5), ("samples", 0), ("samples", "all"), ("seed", -1)):
        with pytest.raises(InputError, match=f"{name} must be a whole number"):
            nn.gradcheck(NET, (X, T), **{name: value})
    for weights in ([1.0] * 5, [[1.0]] * 6, [1, 1, 1, 1, 1, -1]):
        with pytest.raises(InputError, match="weights must"):
            nn.gradcheck(NET, (X, T), weights=weights)
    assert nn.gradcheck(NET, (X, T), weights=[1, 2, 3, 1, 2, 3]).ok
    with pytest.raises(InputError, match="the networks are 0 to 0, got 1"):
        nn.gradcheck(NET, (X, T)).entry("W1[0,0]", network=1)
    with pytest.raises(InputError, match="an entry is a parameter with its indices"):
        nn.gradcheck(NET, (X, T)).entry(3)


def test_a_loss_that_is_not_finite_is_no_wrong_gradient() -> None:
    net = nn.mlp(4, (5,), 3)
    net.params[:] = np.nan
    with pytest.raises(InputError, match="the loss must be finite, got nan: .* NaN or infinity"):
        nn.gradcheck(net, (X, T))


def test_a_notebook_shows_tables() -> None:
    result = nn.gradcheck(NET, (X, T))
    assert "<td" in result._repr_html_()
    assert "relative error" in result._repr_html_()
    assert "loss at W1[0,0] + h" in result.entry("W1[0,0]")._repr_html_()
