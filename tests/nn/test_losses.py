"""Losses against values computed by hand, and at extreme scores."""

import math

import numpy as np
import pytest

from tests.cases import DTYPES
from zerokara import nn
from zerokara.errors import InputError
from zerokara.nn.losses import concat_losses

SCORES = np.array([[[0.3, 2.9, 4.0], [1.0, 1.0, 1.0]]])
BOOK = np.array(
    [
        *(1.06677078e-02, 1.58301147e-04, 4.30344051e-04, 2.15528250e-01, 5.69069698e-06),
        *(7.67599761e-01, 3.01648834e-05, 3.11577786e-03, 1.66547787e-03, 7.98536697e-04),
    ]
)


def test_softmax_of_the_book() -> None:
    wanted = [0.01821127, 0.24519181, 0.73659691]
    assert np.allclose(nn.softmax(SCORES)[0, 0], wanted, atol=1e-8)
    assert np.array_equal(nn.softmax(SCORES)[0, 1], np.full(3, 1 / 3))
    assert np.allclose(nn.softmax(SCORES).sum(axis=-1), 1, atol=1e-15)


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_softmax_does_not_overflow(shift: float) -> None:
    assert np.allclose(nn.softmax(SCORES + shift), nn.softmax(SCORES), atol=1e-12)
    assert nn.softmax(np.array([[[-1e30, 1e30]]])).tolist() == [[[0.0, 1.0]]]


def test_the_course_example() -> None:
    # Deep Learning from Scratch, sections 4.2.1 and 4.2.2; the outputs are printed rounded there.
    t = np.eye(10)[[5]]
    assert nn.SquaredError().forward(BOOK[None, None], t)[0] == pytest.approx(0.05029471401664868, abs=1e-9)
    entropy = nn.SoftmaxCrossEntropy().forward(np.log(BOOK)[None, None], np.array([5]))[0]
    assert entropy == pytest.approx(0.26448667049407959, abs=2e-7)  # 1e-7 inside the log there, not here


def test_softmax_cross_entropy_by_hand() -> None:
    z = math.exp(0.3) + math.exp(2.9) + math.exp(4.0)
    first, second = math.log(z) - 2.9, math.log(3)
    loss, t = nn.SoftmaxCrossEntropy(), np.array([1, 0])
    assert loss.forward(SCORES, t)[0] == pytest.approx((first + second) / 2, rel=1e-14)
    weighted = loss.forward(SCORES, t, np.array([0.5, 1.5]))[0]
    assert weighted == pytest.approx((0.5 * first + 1.5 * second) / 2, rel=1e-14)
    gradient = loss.backward(SCORES, t)
    assert np.allclose(gradient[0, 0] * 2, [math.exp(0.3) / z, math.exp(2.9) / z - 1, math.exp(4.0) / z])
    assert np.allclose(gradient[0, 1] * 2, [1 / 3 - 1, 1 / 3, 1 / 3])


def test_label_smoothing_by_hand_and_for_each_network() -> None:
    log_p = np.log(nn.softmax(SCORES))
    smoothing, t = [0.0, 0.1, 0.4], np.array([1, 0])
    got = nn.SoftmaxCrossEntropy(smoothing).forward(np.repeat(SCORES, 3, axis=0), t)
    for s, value in zip(smoothing, got, strict=True):
        q = (1 - s) * np.eye(3)[t] + s / 3
        assert value == pytest.approx(-(q * log_p[0]).sum(axis=1).mean(), rel=1e-14)


def test_sigmoid_cross_entropy_by_hand() -> None:
    t = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    p = 1 / (1 + np.exp(-SCORES[0]))
    wanted = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1)
    loss = nn.SigmoidCrossEntropy()
    assert loss.forward(SCORES, t)[0] == pytest.approx(wanted.mean(), rel=1e-14)
    assert np.allclose(loss.backward(SCORES, t), (p - t) / 2, atol=1e-15)


def test_squared_error_by_hand() -> None:
    t = np.array([[0.3, 2.0, 5.0], [1.0, 1.0, 0.0]])
    loss = nn.SquaredError()
    assert loss.forward(SCORES, t)[0] == pytest.approx(((0.81 + 1.0) / 2 + 1.0 / 2) / 2)
    assert np.allclose(loss.backward(SCORES, t), (SCORES - t) / 2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", nn.LOSSES.values())
def test_huge_scores_have_a_finite_loss_and_slope(kind: type[nn.Loss], dtype: str) -> None:
    scores = np.array([[[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]]], dtype)
    t = np.array([0, 0, 1])
    t = t if kind is nn.SoftmaxCrossEntropy else np.eye(2, dtype=dtype)[t]
    assert np.isfinite(kind().forward(scores, t)).all()
    assert np.isfinite(kind().backward(scores, t)).all()
    assert kind().forward(scores, t).dtype == kind().backward(scores, t).dtype == np.dtype(dtype)


@pytest.mark.parametrize("kind", nn.LOSSES.values())
def test_a_weight_of_two_is_the_sample_twice(kind: type[nn.Loss]) -> None:
    rng = np.random.default_rng(0)
    scores, t = rng.standard_normal((3, 4, 5)), rng.integers(0, 5, 4)
    t = t if kind is nn.SoftmaxCrossEntropy else np.eye(5)[t]
    twice, weights = [0, 1, 1, 2, 3], np.array([1.0, 2.0, 1.0, 1.0])
    a = kind().forward(scores, t, weights / weights.mean())
    assert np.allclose(a, kind().forward(scores[:, twice], t[twice]), rtol=1e-14)
    slope = kind().backward(scores, t, weights / weights.mean())
    doubled = kind().backward(scores[:, twice], t[twice])
    assert np.allclose(slope[:, 1], doubled[:, 1] + doubled[:, 2], rtol=1e-13)


def test_take_keeps_the_smoothing_of_each_network() -> None:
    loss = nn.SoftmaxCrossEntropy([0.0, 0.1, 0.2])
    assert loss.take(np.array([2, 0])).label_smoothing.ravel().tolist() == [0.2, 0.0]
    shared = nn.SoftmaxCrossEntropy(0.1)
    assert shared.take(np.array([2, 0])).label_smoothing.ravel().tolist() == [0.1]


def test_concat_undoes_take() -> None:
    loss = nn.SoftmaxCrossEntropy([0.0, 0.1, 0.2])
    parts = [loss.take(np.array([0])), loss.take(np.array([1, 2]))]
    assert np.array_equal(concat_losses(parts, [1, 2]).label_smoothing, loss.label_smoothing)
    shared = concat_losses([nn.SoftmaxCrossEntropy(0.3), loss.take(np.array([1]))], [2, 1])
    assert shared.label_smoothing.ravel().tolist() == [0.3, 0.3, 0.1]
    assert type(concat_losses([nn.SquaredError(), nn.SquaredError()], [1, 1])) is nn.SquaredError


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, math.nan, [0.1, 2.0]])
def test_label_smoothing_has_a_rule(smoothing: float) -> None:
    with pytest.raises(InputError, match="0 <= label_smoothing < 1 must hold"):
        nn.SoftmaxCrossEntropy(smoothing)


VALUE_LOSSES = [nn.SquaredError, nn.AbsoluteError, nn.Huber, nn.PoissonError, nn.SigmoidCrossEntropy]


@pytest.mark.parametrize("kind", VALUE_LOSSES)
def test_targets_of_one_output_need_no_second_axis(kind: type[nn.Loss]) -> None:
    scores, t, loss = np.array([[[0.5], [1.0], [2.0]]]), np.array([1.0, 0.0, 1.0]), kind()
    for method in (loss.forward, loss.backward):
        wanted = method(scores, t[:, None])
        assert wanted.shape == scores.shape[: wanted.ndim]
        assert np.array_equal(method(scores, t), wanted)
        assert np.array_equal(method(scores, t.tolist()), wanted)


def test_one_hot_rows_are_classes() -> None:
    t, loss = np.array([1, 0]), nn.SoftmaxCrossEntropy(0.1)
    for rows in (np.eye(3)[t], np.eye(3, dtype=int)[t], t.astype(np.uint64), t.astype(float)):
        assert np.array_equal(loss.forward(SCORES, rows), loss.forward(SCORES, t))
        assert np.array_equal(loss.backward(SCORES, rows), loss.backward(SCORES, t))


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        *(
            (kind, (SCORES, np.ones(shape)), "t must have a row for each of 2 samples and a column for each of 3")
            for kind in VALUE_LOSSES
            for shape in [(2,), (3, 2), (3,), (2, 1), ()]
        ),
        (nn.SquaredError, (SCORES, np.full((2, 3), "a")), "t must hold numbers, got dtype <U1"),
        (
            nn.SquaredError,
            (SCORES[0], np.ones((2, 3))),
            r"scores must have the axes \(P, N, C\), got the shape \(2, 3\)",
        ),
        (
            nn.SquaredError,
            (SCORES, np.ones((2, 3)), np.ones((2, 1))),
            r"weights must have one number per sample, \(2,\)",
        ),
        *(
            (nn.SoftmaxCrossEntropy, (SCORES, np.array(t)), f"labels must be whole numbers from 0 to 2, got {wrong}")
            for t, wrong in [([0, -1], "-1"), ([0, 3], "3"), ([0, 2**60], str(2**60)), ([0.5, 0], "0.5")]
        ),
        (nn.SoftmaxCrossEntropy, (SCORES, np.array([0, 1, 2])), "a target for each of 2 samples"),
        (nn.SoftmaxCrossEntropy, (SCORES, np.array(["a", "b"])), "t must hold numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(kind: type[nn.Loss], arguments: tuple, message: str) -> None:
    for method in (kind().forward, kind().backward):
        with pytest.raises(InputError, match=message):
            method(*arguments)


class Hinge(nn.Loss):
    """An own loss of class numbers. Source: CS231n, the multiclass support vector machine."""

    def per_sample_loss(self, scores, t):
        right = scores[:, np.arange(len(t)), t]
        return np.maximum(0, scores - right[:, :, None] + 1).sum(axis=2) - 1

    def gradient(self, scores, t):
        right = scores[:, np.arange(len(t)), t]
        above = (scores - right[:, :, None] + 1 > 0).astype(scores.dtype)
        above[:, np.arange(len(t)), t] -= above.sum(axis=2)
        return above


def test_an_own_loss_takes_its_own_targets() -> None:
    scores = np.array([[[2.0, 1.5, 0.0], [0.0, 0.0, 3.0]]])
    assert Hinge().forward(scores, np.array([0, 2])) == pytest.approx([0.25])
    with pytest.raises(InputError, match=r"a row for each of 2 samples, got the shape \(3,\)"):
        Hinge().forward(scores, np.array([0, 1, 2]))


def test_booleans_are_classes() -> None:
    x, net = np.random.default_rng(0).normal(size=(1, 4, 3)), nn.mlp(3, (5,), 2, dtype="float64")
    t = np.array([True, False, True, True])
    assert nn.SoftmaxCrossEntropy().forward(net.forward(x), t) == nn.SoftmaxCrossEntropy().forward(
        net.forward(x), t.astype(int)
    )
