"""What the page computes is what Python computes: every layer, every scaling, every kind of column."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.marks import NEW_VALUES
from tests.report.browser import module_page
from zerokara.data import from_arrays
from zerokara.model import Model
from zerokara.nn import LAYERS, Affine, Layer, Network
from zerokara.nn.cases import CASES
from zerokara.report.network.packing import walk
from zerokara.report.network.spec import forward_spec, layers_of

OUTPUTS = "([layers, x]) => x.map(row => layerOutputs(layers, Float64Array.from(row)).map(y => [...y]))"
ANSWERS = "([model, samples]) => samples.map(sample => [...predictSample(model, sample).answers])"


@pytest.fixture(scope="module")
def forward(browser) -> Iterator[Any]:
    """A blank page with the module of the forward pass."""
    with module_page(browser, "forward.js") as page:
        yield page


def plain(content: Any) -> Any:
    """The data as the page's modules see them, a matrix in place of each array."""
    matrices = walk(content, lambda array: {"data": array.astype(float).ravel().tolist(), "shape": list(array.shape)})
    return json.loads(json.dumps(matrices))


def trained(network: Network, x: np.ndarray) -> Network:
    """Running statistics that are not those of the start."""
    for step in range(3):
        network.forward(x, step)
    return network


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_layer_gives_the_same_outputs(forward, case) -> None:
    network = trained(case.network("float64").take([1]), case.x)
    shown = forward.evaluate(OUTPUTS, [plain(layers_of(network)), case.x[0].tolist()])
    y = case.x
    for k, layer in enumerate(network.layers, start=1):
        layer.in_place = False
        y = layer.forward(y)
        np.testing.assert_allclose([row[k] for row in shown], y[0], rtol=1e-12, atol=1e-12)


def test_every_layer_is_tested() -> None:
    layers = {layers["layer"] for case in CASES for layers in layers_of(case.network("float64"))}
    assert layers == set(LAYERS)


@pytest.mark.parametrize("name", ["digits", "pictures"])
def test_pictures_have_pythons_probabilities(forward, request, name) -> None:
    study = request.getfixturevalue(name)
    model, data = study.best.model, study.plan.data
    x = (data.original or data).validation.x[:50]
    shown = forward.evaluate(ANSWERS, [plain(forward_spec(model, model.network)), x.astype(float).tolist()])
    np.testing.assert_allclose(shown, model.predict_proba(x), atol=1e-5)


@pytest.mark.parametrize("kind", ["none", "center", "standard", "range", "whiten:3"])
def test_every_scaling_is_applied(forward, kind) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(3, 5, (80, 4)), rng.integers(0, 2, 80)
    data = from_arrays(x, t).split(0.3).scaled(kind)
    model = Model.of(zk.nn.mlp(data.n_inputs, (5,), 2), data)
    shown = forward.evaluate(ANSWERS, [plain(forward_spec(model, model.network)), x[:20].tolist()])
    np.testing.assert_allclose(shown, model.predict_proba(x[:20]), atol=1e-5)


ROWS = [
    {"size": 70.5, "city": "Bern", "garden": True},
    {"size": None, "city": None, "garden": None},
    {"size": 1e9, "city": "Chur", "garden": False},
    {"size": -5.0, "city": "Genf", "garden": False},
]


@pytest.mark.parametrize("name", ["table", "prices"])
@NEW_VALUES
def test_rows_of_a_table_have_pythons_answers(forward, request, name) -> None:
    study = request.getfixturevalue(name)
    model, part = study.best.model, study.plan.data.validation.table
    cells = {column: [row[column] for row in ROWS] for column in ROWS[0]}
    expected = model.predict(cells) if model.task == "regression" else model.predict_proba(cells)
    shown = np.array(forward.evaluate(ANSWERS, [plain(forward_spec(model, model.network)), ROWS]))
    np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)
    assert part is not None


def test_every_task_has_pythons_answers(forward) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    targets = {
        None: rng.integers(0, 2, (100, 2)),
        "huber:0.5": rng.normal(9, 5, (100, 2)),
        "poisson": rng.poisson(3, 100),
    }
    for loss, t in targets.items():
        data = from_arrays(x, t.astype(float).reshape(100, -1) if loss else t).split(0.3)
        model = zk.tune(data, {"hidden": (4,)}, trials=1, epochs=2, refit=0, loss=loss, progress=None).best.model
        expected = model.predict(x) if loss else model.predict_proba(x)
        shown = forward.evaluate(ANSWERS, [plain(forward_spec(model, model.network)), x.tolist()])
        np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)


class Squares(Layer):
    """A layer that a user may write."""

    def forward(self, x, step=None):
        return x * x

    def backward(self, dout, need_dx=True):
        return dout


def test_what_the_page_cannot_compute_is_named(forward) -> None:
    layers = plain(layers_of(Network([Affine(3, 2), Squares()])))
    model = {"layers": layers, "columns": [{"kind": "place"}], "scaling": {"kind": "rank"}}
    assert forward.evaluate("model => unknownParts(model)", model) == ["Squares", "place", "rank"]
