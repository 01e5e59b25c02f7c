"""The recipes of docs/how-to/other-frameworks.md rebuild any network, where their framework is installed."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara.model import Ensemble

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "other-frameworks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
DATA = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
X = DATA.train.x[:20]
ACTIVATIONS = [{"activation": name} for name in ("relu", "leaky_relu", "sigmoid", "tanh", "gelu")]
CASES = [*ACTIVATIONS, {"batch_norm": True, "dropout": 0.2}, {"hidden": ()}, {"loss": "poisson"}]
COUNTS = zk.data.from_arrays(X, np.arange(20.0) % 7).split(validation=0.2, seed=0)


def recipes(framework: str) -> dict[str, Any]:
    """Return what the page's code defines: the scaling, and the recipe for a framework."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        if "def scaled" in block or f"import {framework}\n" in block:
            exec(compile(block, "other-frameworks.md", "exec"), names)
    return names


def trained(case: dict[str, Any], scaling: str = "standard") -> zk.Model:
    space = {"hidden": (8, 6), "lr": 0.01, **case}
    loss = space.pop("loss", None)
    data = (COUNTS if loss else DATA).scaled(scaling.replace("20", "10"))
    return zk.tune(data, space, trials=1, epochs=2, refit=2, workers=1, loss=loss).model


@pytest.mark.parametrize("case", CASES, ids=str)
def test_arrays_and_layers_say_all_of_a_network(case) -> None:
    """Without another framework: the arrays are those of the layers, and they give the scores."""
    model = trained({"hidden": (8,)} | case)
    layers, arrays = model.layers(1), model.arrays(1)
    y = (X - arrays["scaling.shift"]) / arrays["scaling.scale"]
    rectify = {
        "relu": lambda y: np.maximum(y, 0),
        "tanh": np.tanh,
        "leaky_relu": lambda y: np.where(y > 0, y, 0.01 * y),
    }
    rectify |= {"sigmoid": lambda y: 1 / (1 + np.exp(-y)), "dropout": lambda y: y}
    rectify["exponential"] = np.exp
    rectify["gelu"] = lambda y: y / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3)))
    for i, layer in enumerate(layers):
        own = {name.partition(".")[2]: a for name, a in arrays.items() if name.startswith(f"{i}.")}
        if layer["layer"] == "affine":
            assert own["W"].shape == (layer["inputs"], layer["outputs"])
            y = y @ own["W"] + own["b"]
        elif layer["layer"] == "batch_norm":
            y = own["gamma"] * (y - own["running_mean"]) / np.sqrt(own["running_var"] + 1e-5) + own["beta"]
        else:
            y = rectify[layer["layer"]](y)
    one = alone(model, 1)
    np.testing.assert_allclose(y, one.scores(X), rtol=1e-3, atol=1e-4)
    arrays["0.W"][:] = 0
    assert model.arrays(1)["0.W"].any(), "they are copies"


def alone(model: zk.Model, network: int) -> zk.Model:
    """Return the model of one of the networks."""
    one = Ensemble.of(model.ensemble.one(network))
    return dataclasses.replace(model, members=(dataclasses.replace(model.first, ensemble=one),))


def test_a_network_that_is_not_there() -> None:
    model = trained({"hidden": (4,)})
    with pytest.raises(zk.errors.InputError, match="the networks are 0 to 1, got 2"):
        model.arrays(2)


@pytest.mark.parametrize("scaling", ["standard", "whiten:20:10"])
def test_pytorch(scaling) -> None:
    torch = pytest.importorskip("torch")
    names = recipes("torch")
    for case in CASES:
        model = trained(case, scaling)
        for k in range(2):
            x = torch.from_numpy(names["scaled"](model, X))
            with torch.no_grad():
                scores = names["to_torch"](model, k)(x).numpy()
            one = alone(model, k)
            np.testing.assert_allclose(scores, one.scores(X), rtol=1e-3, atol=1e-4)


def test_keras() -> None:
    pytest.importorskip("keras")
    names = recipes("keras")
    for case in CASES:
        model = trained(case)
        one = alone(model, 1)
        scores = np.asarray(names["to_keras"](model, 1).predict(names["scaled"](model, X), verbose=0))
        np.testing.assert_allclose(scores, one.scores(X), rtol=1e-3, atol=1e-4)
