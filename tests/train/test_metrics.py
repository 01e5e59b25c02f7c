"""Losses and scores of whole parts of the data, against the formulas written out in float64."""

import numpy as np
import pytest

from tests.cases import DTYPES
from zerokara import nn, optim
from zerokara.data import Dataset, Part
from zerokara.nn.cases import CASES
from zerokara.train import Trainer, evaluate, metrics
from zerokara.train.metrics import CHUNK

P = 3


def scores(network: nn.Network, part: Part) -> np.ndarray:
    with np.errstate(all="ignore"):
        return network.forward(part.x[None]).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [1, 7, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_classification(n: int, weighted: bool) -> None:
    rng = np.random.default_rng(n)
    network = nn.mlp(4, (6,), 5, population=P, init_scale=[0.5, 1, 2])
    w = rng.random(n) if weighted else np.ones(n)
    part = Part(rng.standard_normal((n, 4)).astype("f"), rng.integers(0, 5, n), w.astype("f") if weighted else None)
    loss, accuracy = evaluate(network, part, "classification")
    y = scores(network, part)
    log_p = y - np.log(np.exp(y).sum(axis=-1, keepdims=True))
    wanted = -np.average(log_p[:, np.arange(n), part.t], axis=1, weights=w)
    right = np.average(y.argmax(axis=-1) == part.t, axis=1, weights=w)
    assert np.allclose(loss, wanted, rtol=1e-5)
    assert np.allclose(accuracy, right, rtol=1e-6)
    assert loss.dtype == accuracy.dtype == np.dtype(float)


@pytest.mark.parametrize(("hidden", "chunks"), [((64, 64), 8), ((80,), 3)])
def test_several_threads_share_larger_chunks_where_products_are_large(hidden, chunks, monkeypatch) -> None:
    """A product that OpenBLAS shares among threads makes them wait for one another; a small one is not shared."""
    rng = np.random.default_rng(0)
    network, n = nn.mlp(64, hidden, 5, population=P), 8 * CHUNK - 1
    part = Part(rng.standard_normal((n, 64)).astype("f"), rng.integers(0, 5, n))
    alone = evaluate(network, part, "classification")
    calls = []
    forward = network.forward
    monkeypatch.setattr(network, "forward", lambda x: calls.append(x.shape) or forward(x))
    shared = evaluate(network, part, "classification", threads=2)
    assert len(calls) == chunks
    assert sum(shape[1] for shape in calls) == n
    assert np.allclose(shared, alone, rtol=1e-5)
    assert max(shape[1] for shape in calls) <= metrics.SHARED // P


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [7, CHUNK + 1])
def test_multilabel(n: int, weighted: bool) -> None:
    rng = np.random.default_rng(n)
    network = nn.mlp(4, (6,), 2, population=P)
    w = rng.random(n) if weighted else np.ones(n)
    t = rng.integers(0, 2, (n, 2)).astype("f")
    part = Part(rng.standard_normal((n, 4)).astype("f"), t, w.astype("f") if weighted else None)
    loss, accuracy = evaluate(network, part, "multilabel")
    p = 1 / (1 + np.exp(-scores(network, part)))
    wanted = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=-1)
    assert np.allclose(loss, np.average(wanted, axis=1, weights=w), rtol=1e-5)
    assert np.allclose(accuracy, np.average(((p > 0.5) == (t > 0.5)).all(axis=-1), axis=1, weights=w), rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [7, CHUNK + 1])
def test_regression(n: int, weighted: bool) -> None:
    rng = np.random.default_rng(n)
    network = nn.mlp(4, (6,), 2, population=P, init_scale=[0.1, 0.5, 1])
    w = rng.random(n) if weighted else np.ones(n)
    t = (rng.standard_normal((n, 2)) * [1, 100] + [0, 1000]).astype("f")
    part = Part(rng.standard_normal((n, 4)).astype("f"), t, w.astype("f") if weighted else None)
    loss, r2 = evaluate(network, part, "regression")
    y, t = scores(network, part), t.astype(float)
    assert np.allclose(loss, np.average(0.5 * ((y - t) ** 2).sum(axis=-1), axis=1, weights=w), rtol=1e-5)
    for k in range(P):
        outputs = []
        for c in range(2):
            mean = np.average(t[:, c], weights=w)
            residual, total = (w * (y[k, :, c] - t[:, c]) ** 2).sum(), (w * (t[:, c] - mean) ** 2).sum()
            outputs.append(1 - residual / total)
        assert r2[k] == pytest.approx(np.mean(outputs), rel=1e-5)


def test_r2_by_hand() -> None:
    network = nn.mlp(1, (), 2, dtype="float64")
    network.load({"0.W": np.array([[1.0, 0.0]]), "0.b": np.array([0.0, 2.0])})
    x = np.array([[1.0], [2.0], [3.0], [6.0]])
    t = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 2.0], [5.0, 3.0]])
    # First output: errors 0, 0, -1, 1, spread 4 + 1 + 1 + 4. Second: the mean itself, which scores 0.
    loss, r2 = evaluate(network, Part(x, t), "regression")
    assert r2.tolist() == [pytest.approx((1 - 2 / 10 + 0) / 2)]
    assert loss.tolist() == [pytest.approx(0.5 * (2 + 2) / 4)]


def test_a_constant_target_scores_nothing() -> None:
    network = nn.mlp(1, (), 1, dtype="float64")
    for value in (0.0, 3.0):
        part = Part(np.ones((4, 1)), np.full((4, 1), value))
        assert evaluate(network, part, "regression")[1].tolist() == [0.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_network_that_is_not_finite_scores_nan_in_regression(dtype: str) -> None:
    network = nn.mlp(1, (), 2, population=2, dtype=dtype)
    network.params[0] = np.inf
    part = Part(np.array([[0.5], [1.0]], dtype), np.array([[1.0, 2.0], [2.0, 3.0]], dtype))
    loss, r2 = evaluate(network, part, "regression")  # and no warning
    assert np.isfinite(loss).tolist() == np.isfinite(r2).tolist() == [False, True]


def test_neither_decay_nor_smoothing_is_in_the_loss(digits: Dataset) -> None:
    def first_epoch(smoothing: float, decay: float) -> float:
        run = Trainer(
            nn.mlp(64, (), 10),
            optim.SGD(lr=1e-12, weight_decay=decay),
            digits,
            loss=nn.SoftmaxCrossEntropy(smoothing),
        )
        return float(run.fit(1)["val_loss"][0, 0])

    assert first_epoch(0.3, 0.5) == pytest.approx(first_epoch(0.0, 0.0), rel=1e-6)


def test_regression_learns_and_names_its_score(curve: Dataset) -> None:
    network = nn.mlp(3, (32,), 2, "tanh", population=2)
    run = Trainer(network, optim.Adam(lr=[2e-2, 1e-5]), curve, batch_size=30)
    for epoch in run.epochs(60):
        pass
    assert epoch.val_r2[0] > 0.8
    assert epoch.val_r2[1] < 0
    assert epoch.train_r2 is epoch.train_score
    with pytest.raises(AttributeError, match="its scores are train_r2 and val_r2"):
        _ = epoch.val_accuracy


def test_multilabel_learns(labels: Dataset) -> None:
    run = Trainer(nn.mlp(4, (32,), 3), optim.Adam(lr=1e-2), labels, batch_size=30)
    for epoch in run.epochs(100):
        pass
    assert epoch.val_accuracy[0] > 0.75
    assert epoch.train_accuracy[0] > 0.9


def test_evaluating_leaves_the_networks_as_they_were() -> None:
    for case in CASES:
        network = case.network("float32")
        before = {name: value.copy() for name, value in network.arrays().items()}
        tasks = {kind: task for task, kind in nn.LOSSES.items()}
        task = tasks.get(type(case.loss()), "regression")
        evaluate(network, Part(case.x[0], case.t), task)
        assert all(np.array_equal(value, before[name]) for name, value in network.arrays().items())
