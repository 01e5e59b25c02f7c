"""An ONNX file answers as the model does: compared with onnxruntime, another implementation of all of it."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import zerokara as zk
from zerokara.data import Dataset, Preprocess
from zerokara.data.preprocess import KINDS
from zerokara.errors import InputError, OutsideError
from zerokara.model import Ensemble, Model, ModelMember
from zerokara.nn import LAYERS, Layer
from zerokara.nn.cases import CASES, INPUTS, OUTPUTS
from zerokara.onnx import EXPORTERS
from zerokara.onnx.export import SCALINGS
from zerokara.rng import stream

onnxruntime = pytest.importorskip("onnxruntime")  # Its wheels come later than a Python.

TASKS = ("classification", "multilabel", "regression")
X = stream(5, "test").normal(3, 2, (50, INPUTS)).astype(np.float32)
T = stream(6, "test").normal(-20, 8, (50, OUTPUTS)).astype(np.float32)


def compare(model: Model, x: np.ndarray, folder: Path) -> None:
    """Assert that the file, checked by onnx as it is written, answers as the model to 1e-5."""
    session = onnxruntime.InferenceSession(model.to_onnx(folder / "model.onnx"))
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"x": x}), strict=True))
    expected = model.predict(x)
    if model.task == "regression":
        assert names == ["value"]
        assert np.allclose(found["value"], expected, rtol=1e-5, atol=1e-5)
        return
    assert names == ["label", "probabilities"]
    assert found["probabilities"].dtype == model.ensemble.dtype
    assert np.allclose(found["probabilities"], model.predict_proba(x), rtol=0, atol=1e-5)
    if len(x):  # Of no samples onnxruntime's ArgMax keeps the axis of the classes.
        assert found["label"].shape == expected.shape
    assert found["label"].tolist() == expected.tolist()


def scaling(kind: str, task: str) -> Preprocess:
    return Preprocess.fit(kind, X, T if task == "regression" else None, OUTPUTS)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_an_exporter(name) -> None:
    assert LAYERS[name] in EXPORTERS, f"the layer {name} has no row in EXPORTERS"
    assert any(type(layer) is LAYERS[name] for case in CASES for layer in case.network("float32").layers)


@pytest.mark.parametrize("kind", KINDS)
def test_every_scaling_has_an_exporter(kind) -> None:
    assert kind in SCALINGS, f"the scaling {kind} has no exporter"


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_answers_alike(case, task, tmp_path) -> None:
    networks = case.network("float32")
    networks.forward(X[None], 0)  # A training step moves the running statistics.
    for k, kind in enumerate(KINDS):
        shape, names = (INPUTS,), ("ant", "bee", "cat", "dog")
        alone = Ensemble.of(networks.take(k % networks.population))
        compare(Model((ModelMember(alone, scaling(kind, task)),), task, names, shape), X, tmp_path)
    compare(
        Model((ModelMember(Ensemble.of(networks, [3, 1, 2]), scaling("standard", task)),), task, names, shape),
        X,
        tmp_path,
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", zk.nn.ACTIVATIONS)
def test_double_precision_answers_alike(name, task, tmp_path) -> None:
    networks = zk.nn.mlp(INPUTS, (6,), OUTPUTS, name, batch_norm=True, population=2, dtype="float64", init_scale=[1, 2])
    for ensemble in (Ensemble.of(networks.take(1)), Ensemble.of(networks)):
        compare(Model((ModelMember(ensemble, scaling("range", task)),), task, tuple("wxyz"), (INPUTS,)), X, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_networks_of_several_structures_answer_alike(task, tmp_path) -> None:
    networks = [
        zk.nn.mlp(INPUTS, (6,), OUTPUTS, "gelu", population=3, init_scale=[1, 2, 3]),
        zk.nn.mlp(INPUTS, (), OUTPUTS),
        zk.nn.mlp(INPUTS, (7, 5), OUTPUTS, "leaky_relu", batch_norm=True, dropout=0.3, population=2),
    ]
    ensemble = Ensemble.of(networks, [1, 0, 4, 2, 1, 5])
    assert [network.population for network in ensemble.groups] == [2, 1, 2]
    compare(Model((ModelMember(ensemble, scaling("center", task)),), task, tuple("wxyz"), (INPUTS,)), X, tmp_path)


@pytest.mark.parametrize(
    "names", [("0", "1", "2", "3"), ("-1", "10", "7", "3"), ("0", "1", "b", "c"), ("ä", "", "犬", "a b")]
)
def test_labels_are_texts_or_whole_numbers_as_the_model_has_them(names, tmp_path) -> None:
    model = Model(
        (ModelMember(Ensemble.of(zk.nn.mlp(INPUTS, (), OUTPUTS)), scaling("none", "")),),
        "classification",
        names,
        (INPUTS,),
    )
    assert len(set(model.predict(X).tolist())) > 2
    compare(model, X, tmp_path)


def test_boolean_labels_are_texts(tmp_path) -> None:
    model = Model.of(zk.nn.mlp(INPUTS, (), 2), zk.data.from_arrays(X, X[:, 0] > 0))
    session = onnxruntime.InferenceSession(model.to_onnx(tmp_path / "model.onnx"))
    expected = model.predict(X)
    assert expected.dtype == bool
    assert session.run(["label"], {"x": X})[0].tolist() == expected.astype(str).tolist()


def test_one_network_is_ranked_by_its_scores_where_probabilities_round_alike(tmp_path) -> None:
    network = zk.nn.mlp(INPUTS, (), OUTPUTS, init_scale=0)
    close = np.float32(0.1)
    network.layers[0].b[0, 0] = [close, np.nextafter(close, np.float32(1)), -1, -1]
    model = Model((ModelMember(Ensemble.of(network), scaling("none", "")),), "classification", tuple("wxyz"), (INPUTS,))
    p = model.predict_proba(X[:1])[0]
    assert p[0] == p[1]
    assert model.predict(X[:1]) == ["x"]
    compare(model, X, tmp_path)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)


def trained(data: Dataset, epochs: int, **options: object) -> zk.Trainer:
    hidden = zk.nn.mlp(data.n_inputs, (64, 32), data.n_outputs, **options)
    run = zk.Trainer(hidden, zk.optim.Adam(lr=0.003), data)
    run.fit(epochs)
    return run


def test_real_digits_one_and_an_ensemble(digits, tmp_path) -> None:
    data = digits.scaled("standard")
    run = trained(data, 3, batch_norm=True, dropout=0.1, population=3, init_scale=[0.5, 1, 1.5])
    for model in (Model.of(run.trained(1), data), Model.of(Ensemble.of(run.network, [5, 1, 2]), data)):
        assert model.evaluate(data)[1] > 0.85
        compare(model, digits.test.x, tmp_path)


def test_real_mnist(mnist_folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    data = zk.data.load("mnist")
    small = data.first(2000)
    for kind in ("none", "range"):
        scaled = small.scaled(kind)
        model = Model.of(trained(scaled, 2).trained(), scaled)
        assert model.evaluate(data)[1] > 0.8
        compare(model, data.test.x, tmp_path)


@pytest.fixture(scope="module")
def model(digits) -> Model:
    data = digits.scaled("standard")
    about = {"trial": 7, "params": {"lr": np.float32(0.5), "hidden": (64, 32)}}
    return Model.of(trained(data, 1).trained(), data, about)


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
def test_any_number_of_samples(model, digits, rows, tmp_path) -> None:
    compare(model, digits.train.x[:rows], tmp_path)


def test_the_file_is_what_it_says(model, tmp_path) -> None:
    whole = onnx.load(model.to_onnx(tmp_path / "model.onnx"))
    assert [(each.domain, each.version) for each in whole.opset_import] == [("", 17)]
    assert whole.ir_version == 8
    assert whole.producer_name == "zerokara"
    x = whole.graph.input[0].type.tensor_type
    assert (x.elem_type, x.shape.dim[0].dim_param, x.shape.dim[1].dim_value) == (onnx.TensorProto.FLOAT, "N", 64)
    facts = {each.key: each.value for each in whole.metadata_props}
    assert (facts["zerokara"], facts["task"]) == (zk.__version__, "classification")
    assert json.loads(facts["classes"]) == [*"0123456789"]
    assert json.loads(facts["sample_shape"]) == [8, 8]
    assert json.loads(facts["features"])[9] == "x[1,1]"
    assert json.loads(facts["trial"]) == 7
    assert json.loads(facts["params"]) == {"lr": 0.5, "hidden": [64, 32]}
    assert json.loads(facts["about"])["dataset"] == "digits"
    assert not [node for node in whole.graph.node if node.op_type == "Dropout"]


def test_names_of_columns_are_those_of_the_data(model, tmp_path) -> None:
    names = [f"pixel {k}" for k in range(64)]
    named = dataclasses.replace(model, about={"features": names})
    whole = onnx.load(named.to_onnx(tmp_path / "model.onnx"))
    assert {each.key: each.value for each in whole.metadata_props}["features"] == json.dumps(names)


def test_the_same_model_the_same_bytes(model, tmp_path) -> None:
    paths = [model.to_onnx(tmp_path / f"{k}.onnx") for k in range(2)]
    again = Model.load(model.save(tmp_path / "model.safetensors"))
    paths.append(again.to_onnx(tmp_path / "again.onnx"))
    assert len({path.read_bytes() for path in paths}) == 1


def test_misuse_is_told(model, tmp_path, monkeypatch) -> None:
    with pytest.raises(InputError, match="a name that ends in .onnx, got .*model.safetensors"):
        model.to_onnx(tmp_path / "model.safetensors")
    with pytest.raises(OutsideError, match="must be writable, got: No such file"):
        model.to_onnx(tmp_path / "nowhere" / "model.onnx")
    with pytest.raises(InputError, match="must be JSON"):
        dataclasses.replace(model, about={"value": object()}).to_onnx(tmp_path / "model.onnx")
    with monkeypatch.context() as small:
        small.setattr("zerokara.onnx.export.LARGEST_GRAPH", 20_000)
        with pytest.raises(InputError, match=r"20,000 bytes at most, got networks of 26,\d\d\d: export fewer"):
            model.to_onnx(tmp_path / "model.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="needs the package onnx: python -m pip install onnx"):
        model.to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


class Square(Layer):
    def forward(self, x, step=None):
        return x * x

    def backward(self, dout, need_dx=True):
        raise NotImplementedError


def test_a_layer_or_scaling_without_an_exporter_is_refused_by_name(tmp_path) -> None:
    network = zk.nn.Network([*zk.nn.mlp(INPUTS, (), OUTPUTS).layers, Square()])
    with_square = Model(
        (ModelMember(Ensemble((network,), (1,)), scaling("none", "")),), "regression", tuple("wxyz"), (INPUTS,)
    )
    with pytest.raises(InputError, match="unknown layer for ONNX 'Square'"):
        with_square.to_onnx(tmp_path / "model.onnx")
    other = dataclasses.replace(scaling("none", ""), kind="logarithm")
    network = zk.nn.mlp(INPUTS, (), OUTPUTS)
    with pytest.raises(InputError, match="unknown scaling for ONNX 'logarithm'"):
        Model((ModelMember(Ensemble.of(network), other),), "regression", tuple("wxyz"), (INPUTS,)).to_onnx(
            tmp_path / "model.onnx"
        )
