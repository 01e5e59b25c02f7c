"""The numbers of one step are those of the layers, the loss and the optimizer, and of the training itself."""

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.shard import untrained
from zerokara.nn import mlp
from zerokara.nn.cases import CASES, Case
from zerokara.optim import OPTIMIZERS
from zerokara.report.network.collect import first_step
from zerokara.report.network.trace import TrainingStep, trace


def step_of(case: Case, optimizer: str = "adamw") -> TrainingStep:
    rule = OPTIMIZERS[optimizer](lr=0.1, weight_decay=case.weight_decay)
    network, loss = case.network("float64").take([1]), case.loss().take([1])
    return TrainingStep(network, loss, rule, case.x[0], case.t, case.weights, 3, 0.5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_array_is_what_the_network_computes(case) -> None:
    step = step_of(case)
    shown, network = trace(step), step.network.copy()
    scores = network.forward(step.x[None], step.number)
    dx = network.backward(step.loss.backward(scores, step.t, step.weights), need_dx=True)
    np.testing.assert_array_equal(shown["layers"][-1]["y"], scores[0])
    np.testing.assert_array_equal(shown["layers"][0]["dx"], dx[0])
    assert shown["loss"]["value"] == step.loss.forward(scores, step.t, step.weights)[0]
    gradients = {name: gradient[0].copy() for name, _, gradient in network.parameters()}
    step.optimizer.start(network).step(network, step.factor)
    for name, after, _ in network.parameters():
        k, parameter = name.split(".")
        arrays = shown["layers"][int(k)]["parameters"][parameter]
        np.testing.assert_array_equal(arrays["gradient"], gradients[name])
        np.testing.assert_array_equal(arrays["after"], after[0])
        assert (arrays["before"] != arrays["after"]).any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_its_state_beside_the_parameters(optimizer) -> None:
    step = step_of(CASES[1], optimizer)
    network = step.network.copy()
    network.backward(step.loss.backward(network.forward(step.x[None], step.number), step.t))
    rule = step.optimizer.start(network)
    rule.step(network, step.factor)
    layers = trace(step)["layers"]
    for state in rule.state:
        shown = [layer["parameters"][name][state].ravel() for name in "Wb" for layer in layers if layer["parameters"]]
        np.testing.assert_array_equal(np.concatenate(shown), getattr(rule, state)[0])


def test_the_network_is_not_changed() -> None:
    step = step_of(CASES[-1])
    before = step.network.params.copy()
    trace(step)
    np.testing.assert_array_equal(step.network.params, before)


def test_the_step_is_the_first_of_the_training() -> None:
    """One epoch of one batch in training leaves the weights that the step shows."""
    data = zk.data.load("digits").first(100).split(validation=50)
    settings = {"hidden": (9,), "dropout": 0.3, "batch_norm": True, "optimizer": "momentum", "batch_size": 50}
    study = zk.tune(data, settings, trials=1, epochs=1, engine="numpy", refit=0, progress=None)
    shown = trace(first_step(untrained(study.best.trial, study.plan)))
    for name, value, _ in study.best.model.network.parameters():
        k, parameter = name.split(".")
        np.testing.assert_array_equal(shown["layers"][int(k)]["parameters"][parameter]["after"], value[0])


def test_of_wide_layers_and_large_batches_a_part_is_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 30)).astype(np.float32)
    x[:, :20] = 0
    step = TrainingStep(mlp(30, (25,), 3), zk.nn.SoftmaxCrossEntropy(), zk.optim.SGD(0.1), x, rng.integers(0, 3, 40))
    full, part = trace(step), trace(step, units=10, samples=5)
    kept = [unit["kept"] if unit["kept"] is not None else np.arange(unit["count"]) for unit in part["units"]]
    assert set(kept[0]) == set(range(20, 30)), "inputs that are always 0 have no gradients"
    assert [len(each) for each in kept] == [10, 10, 10, 3]
    assert part["samples"] == 40
    W, cut = (each["layers"][0]["parameters"]["W"]["gradient"] for each in (full, part))
    np.testing.assert_array_equal(cut, W[np.ix_(kept[0], kept[1])])
    np.testing.assert_array_equal(part["layers"][1]["y"], full["layers"][1]["y"][:5, kept[1]])
    assert part["loss"]["value"] == full["loss"]["value"]
