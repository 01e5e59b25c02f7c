"""All gradients in the table of cases are right, and wrong gradients are detected."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.cases import CASES
from zerokara import nn
from zerokara.nn.cases import INPUTS, OUTPUTS, SAMPLES, Case
from zerokara.nn.gradients.subjects import TOLERANCE
from zerokara.nn.regression_losses import REGRESSION_LOSSES
from zerokara.rng import stream


def moved(case: Case, seed: int) -> nn.Network:
    """Return the networks of a case with no parameter at 0, where activations have kinks."""
    network = case.network("float64")
    network.params += 0.1 * stream(seed, "parameters").standard_normal(network.params.shape)
    return network


def checks(case: Case, seed: int = 1, step: int | None = 0) -> nn.GradientCheck:
    x = stream(seed, "gradcheck").standard_normal((1, SAMPLES, INPUTS))
    network = moved(case, seed)
    options = {"weights": case.weights, "weight_decay": case.weight_decay, "step": step}
    return nn.gradcheck(network, (x, case.t), case.loss(), entries=None, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_at_several_points(case: Case) -> None:
    for seed in range(3):
        for step in (0, 41, None):
            for check in checks(case, seed, step):
                assert check.error < TOLERANCE, (check, seed, step)


@pytest.mark.parametrize("samples", [1, 2, 30])
def test_any_number_of_samples(samples: int) -> None:
    for case in CASES:
        rng = stream(samples, "samples")
        x = rng.standard_normal((1, samples, INPUTS))
        t = rng.integers(0, OUTPUTS, samples) if case.t.dtype.kind == "i" else rng.random((samples, OUTPUTS))
        weights = rng.random(samples) + 0.5 if case.weighted else None
        # A smaller step: batch norm of two samples is curved within 1e-5.
        results = nn.gradcheck(moved(case, samples), (x, t), case.loss(), weights=weights, h=1e-6, entries=None)
        assert all(check.passed for check in results), (case.name, results)


def test_the_table_has_every_layer_and_loss() -> None:
    networks = [case.network("float64") for case in CASES]
    assert {type(layer) for network in networks for layer in network.layers} == set(nn.LAYERS.values())
    assert {type(case.loss()) for case in CASES} == {*nn.LOSSES.values(), *REGRESSION_LOSSES.values()}
    assert any(case.weighted for case in CASES)
    assert any(case.weight_decay for case in CASES)


def test_every_parameter_and_the_data_are_reported() -> None:
    network = nn.mlp(INPUTS, (3,), 2, batch_norm=True, dtype="float64", population=2)
    results = nn.gradcheck(network, (np.ones((4, INPUTS)), [0, 1, 0, 1]))
    assert [check.name for check in results] == ["W1", "b1", "gamma1", "beta1", "W2", "b2", "x"]
    assert [check.count for check in results] == [2 * INPUTS * 3, 6, 6, 6, 12, 4, 2 * 4 * INPUTS]


def test_the_network_is_left_as_it_was() -> None:
    network = CASES[-1].network("float64")
    before = {name: value.copy() for name, value in network.arrays().items()}
    nn.gradcheck(network, (CASES[-1].x, CASES[-1].t))
    assert all(np.array_equal(value, before[name]) for name, value in network.arrays().items())


def test_a_step_does_not_cross_a_kink() -> None:
    network = nn.mlp(1, (1,), 1, "relu", dtype="float64")
    network.load({"0.W": np.ones((1, 1, 1)), "0.b": np.array(3e-6), "2.W": np.ones((1, 1, 1)), "2.b": np.array(0)})
    results = nn.gradcheck(network, (np.zeros((1, 1)), np.ones((1, 1))), nn.SquaredError())
    assert all(check.passed for check in results), results


def test_a_network_in_single_precision_is_checked_in_double() -> None:
    network = nn.mlp(2, (3,), 2, dropout=0.3, batch_norm=True)
    result = nn.gradcheck(network, (stream(0, "single").standard_normal((5, 2)), [0, 1, 1, 0, 1]))
    assert result.ok
    assert "float32), checked in float64" in repr(result)
    assert network.dtype == network.params.dtype == np.float32


def wrong(method: Callable, change: Callable) -> Callable:
    """Return a method that changes the result of another."""

    def changed(self, *args, **options):  # type: ignore[no-untyped-def]
        result = method(self, *args, **options)
        return None if result is None else change(self, result)

    return changed


def scaled_weights(layer: nn.Affine, dx: np.ndarray) -> np.ndarray:
    layer.dW *= 1.00001
    return dx


def summed_once(layer: nn.Affine, dx: np.ndarray) -> np.ndarray:
    layer.db /= 2
    return dx


def mixed(layer: nn.Affine, dx: np.ndarray) -> np.ndarray:
    layer.dW -= layer.dW.mean(axis=0)
    return dx


def swapped(layer: nn.BatchNorm, dx: np.ndarray) -> np.ndarray:
    layer.dgamma[:], layer.dbeta[:] = layer.dbeta.copy(), layer.dgamma.copy()
    return dx


FAULTS = {
    "affine: dW a hundred-thousandth too large": (nn.Affine, "backward", scaled_weights),
    "affine: db halved": (nn.Affine, "backward", summed_once),
    "affine: dW mixes networks": (nn.Affine, "backward", mixed),
    "affine: dx of the wrong sign": (nn.Affine, "backward", lambda layer, dx: -dx),
    "relu: lets the negative side through": (nn.ReLU, "backward", lambda layer, dx: dx + 1e-4),
    "leaky relu: slope squared": (nn.LeakyReLU, "backward", lambda layer, dx: np.where(layer.y > 0, dx, dx * 0.01)),
    "sigmoid: y in place of y (1 - y)": (nn.Sigmoid, "backward", lambda layer, dx: dx / (1 - layer.y)),
    "tanh: 1 - y in place of 1 - y^2": (nn.Tanh, "backward", lambda layer, dx: dx / (1 + layer.y)),
    "gelu: as if it were a sigmoid": (nn.GELU, "backward", lambda layer, dx: dx * layer.tanh),
    "batch norm: without the part along normal": (
        nn.BatchNorm,
        "backward",
        lambda layer, dx: dx + layer.normal * 1e-3,
    ),
    "batch norm: gamma and beta swapped": (nn.BatchNorm, "backward", swapped),
    "dropout: rate left out": (nn.Dropout, "backward", lambda layer, dx: dx * (1 - layer.rate)),
    "softmax: not the mean over samples": (nn.SoftmaxCrossEntropy, "gradient", lambda loss, dx: dx * SAMPLES),
    "softmax: label smoothing too much": (
        nn.SoftmaxCrossEntropy,
        "gradient",
        lambda loss, dx: dx + loss.label_smoothing * 1e-4,
    ),
    "sigmoid cross-entropy: mean over labels": (nn.SigmoidCrossEntropy, "gradient", lambda loss, dx: dx / OUTPUTS),
    "squared error: without the 1/2": (nn.SquaredError, "gradient", lambda loss, dx: 2 * dx),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, method, change = FAULTS[fault]
    monkeypatch.setattr(kind, method, wrong(getattr(kind, method), change))
    failed = [case.name for case in CASES if not all(check.passed for check in checks(case, step=3))]
    assert failed


def test_sample_weights_left_out_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = nn.Loss.backward
    monkeypatch.setattr(nn.Loss, "backward", lambda self, scores, t, weights=None: right(self, scores, t))
    failed = {case.name for case in CASES if not all(check.passed for check in checks(case))}
    assert failed == {case.name for case in CASES if case.weighted}


def test_a_small_error_in_one_network_of_many_is_found() -> None:
    class OneWrong(nn.Tanh):
        def backward(self, dout, need_dx=True):  # type: ignore[no-untyped-def]
            dx = super().backward(dout)
            dx[-1] *= 1.0001
            return dx

    network = nn.Network([nn.Affine(3, 4), OneWrong(), nn.Affine(4, 2)], population=5, dtype="float64")
    case = replace(CASES[0], network=lambda dtype: network)
    x, t = stream(0, "one").standard_normal((1, 6, 3)), np.array([0, 1, 1, 0, 1, 0])
    results = {check.name: check.passed for check in nn.gradcheck(network, (x, t), case.loss())}
    assert results == {"W1": False, "b1": False, "W2": True, "b2": True, "x": False}
