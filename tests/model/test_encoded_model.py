"""Models whose networks encode their inputs: in a file, as ONNX, and for rows with missing and unseen values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.marks import NEW_VALUES
from tests.nn.test_encodings import table
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.model import Ensemble, Model
from zerokara.model.file import pack, unpack
from zerokara.nn.encodings import CATEGORY_ENCODINGS, NUMERIC_ENCODINGS
from zerokara.rng import stream
from zerokara.space.hyperparameters import complete
from zerokara.train.build import build

onnxruntime = pytest.importorskip("onnxruntime")  # Its wheels come later than a Python.

FILES = Path(__file__).parent / "files"
ROWS = 1000
ENCODINGS = [(numeric, category) for numeric in NUMERIC_ENCODINGS for category in CATEGORY_ENCODINGS]


@pytest.fixture(scope="module")
def houses() -> Dataset:
    return table(rows=300)


def model_of(data: Dataset, numeric: str, category: str, networks: int = 1, epochs: int = 2) -> Model:
    params = complete({"numeric_encoding": numeric, "category_encoding": category, "hidden": (6,), "lr": 0.01})
    run = build(params, data, networks, same_start=False)
    run.fit(epochs, progress=False)
    return Model.of(Ensemble.of(run.network, range(1, networks + 1)), data)


def new_rows() -> dict[str, list[Any]]:
    """Return rows with missing and unseen values where training had none, and numbers beyond those of training."""
    rng = stream(9, "new")
    rows: dict[str, list[Any]] = {
        "size": rng.gamma(2, 5, ROWS).tolist(),
        "rooms": rng.integers(-2, 12, ROWS).tolist(),
        "floors": rng.choice([1.5, 2.5, 3.5], ROWS).tolist(),
        "garden": rng.choice([True, False], ROWS).tolist(),
        "city": [f"city {k:02}" for k in rng.integers(0, 18, ROWS)],
        "kind": rng.choice(["flat", "house", "tent"], ROWS).tolist(),
    }
    for place, cells in enumerate(rows.values()):
        cells[place :: 7 + place] = [None] * len(cells[place :: 7 + place])
    rows["size"][1], rows["rooms"][2] = 3e38, -1e30
    return rows


def graph_answers(model: Model, rows: dict[str, list[Any]], folder: Path) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.to_onnx(folder / "model.onnx"))
    feeds = {}
    for each in session.get_inputs():
        number = each.type == "tensor(double)"
        gap = np.nan if number else ""
        cells = [gap if cell is None else cell for cell in rows[each.name]]
        feeds[each.name] = np.array(cells, float if number else object)[:, None]
    return list(session.run(None, feeds))


@NEW_VALUES
@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize(("numeric", "category"), ENCODINGS)
def test_a_file_and_a_graph_answer_as_the_model(houses, numeric, category, networks, tmp_path) -> None:
    model, rows = model_of(houses, numeric, category, networks), new_rows()
    values = model.predict(rows)
    assert np.isfinite(values).all()
    again = Model.load(model.save(tmp_path / "model.safetensors"))
    assert np.array_equal(again.predict(rows), values)
    (found,) = graph_answers(model, rows, tmp_path)
    assert (np.abs(found - values) <= 1e-5 * (np.abs(values) + model.preprocess.target_scale)).all()
    one = {name: cells[5:6] for name, cells in rows.items()}
    assert np.allclose(model.predict(one), values[5:6], rtol=1e-5)


@NEW_VALUES
@pytest.mark.parametrize("numeric", NUMERIC_ENCODINGS)
def test_classes_of_a_graph_are_those_of_the_model(numeric, tmp_path) -> None:
    data = table(rows=300)
    names = np.array(["cheap", "dear"])[(data.train.table.t[:, 0] > 5).astype(int)]
    columns = {name: column.values for name, column in data.train.table.columns.items() if column.kind == "number"}
    data = zk.data.from_table({**columns, "t": names.tolist()}, "t")
    model = model_of(data, numeric, "one-hot")
    rows = {name: cells for name, cells in new_rows().items() if name in columns}
    labels, probabilities = graph_answers(model, rows, tmp_path)
    assert labels.tolist() == model.predict(rows).tolist()
    assert np.allclose(probabilities, model.predict_proba(rows), rtol=0, atol=1e-5)


def test_only_what_needs_it_is_written_in_format_three(houses, tmp_path) -> None:
    def written(model: Model) -> int:
        return unpack(model.save(tmp_path / "model.safetensors").read_bytes())[0]["format"]

    digits = zk.data.load("digits").first(100)
    assert written(model_of(digits, "standard", "one-hot", epochs=1)) == 1
    assert written(model_of(digits, "piecewise", "one-hot", epochs=1)) == 3
    assert written(model_of(digits, "robust", "one-hot", 2, epochs=1)) == 3
    assert written(model_of(houses, "standard", "one-hot")) == 3
    texts = zk.data.from_table({"a": ["x", "y"] * 8, "t": ["u", "v", "v", "u"] * 4}, "t")
    assert written(model_of(texts, "standard", "one-hot")) == 2


@NEW_VALUES
def test_a_table_model_of_version_0_1_predicts_as_it_did(tmp_path) -> None:
    """Its numbers are clipped; written by that version, with its predictions."""
    model = Model.load(FILES / "format-2-table.safetensors")
    rows = {
        "size": [1.5, None, 100.0, -3],
        "city": ["Bern", "Genf", "Chur", None],
        "garden": [True, False, None, True],
    }
    then = [3.6054600356240343, 10.091662508159253, 33.630357762647044, 0.09623807047274369]
    assert model.predict(rows)[:, 0].tolist() == pytest.approx(then, rel=1e-6)
    again = model.save(tmp_path / "again.safetensors")
    assert unpack(again.read_bytes())[0]["format"] == 2
    assert np.array_equal(Model.load(again).predict(rows), model.predict(rows))
    (found,) = graph_answers(model, rows, tmp_path)
    assert np.allclose(found, model.predict(rows), rtol=1e-5)


@pytest.mark.parametrize(
    ("numeric", "array", "value", "message"),
    [
        ("piecewise", "network.0.width", -1, "wider than 0"),
        ("piecewise", "network.0.feature", 1000, "must encode inputs from 0"),
        ("robust", "network.0.middle", np.inf, "must be finite"),
        ("periodic", "network.0.feature", -1, "must encode inputs from 0"),
    ],
)
def test_a_damaged_encoding_in_a_file_is_refused(houses, numeric, array, value, message, tmp_path) -> None:
    path = model_of(houses, numeric, "one-hot", epochs=1).save(tmp_path / "model.safetensors")
    description, arrays = unpack(path.read_bytes())
    arrays[array] = np.full_like(arrays[array], value)
    path.write_bytes(pack(description, arrays))
    with pytest.raises(InputError, match=f"not a valid model file: .*{message}"):
        Model.load(path)


def test_the_scaling_of_a_column_that_no_version_writes_is_refused(houses, tmp_path) -> None:
    path = model_of(houses, "standard", "one-hot", epochs=1).save(tmp_path / "model.safetensors")
    description, arrays = unpack(path.read_bytes())
    assert description["table"]["columns"][0]["scaling"] == "standard"
    description["table"]["columns"][0]["scaling"] = "log"
    path.write_bytes(pack(json.loads(json.dumps(description)), arrays))
    with pytest.raises(InputError, match="the scaling of column 'size' must be standard, got 'log'"):
        Model.load(path)


def test_a_model_says_how_it_takes_numbers(houses) -> None:
    model = model_of(houses, "piecewise", "embedding", epochs=1)
    assert "numbers as 32 quantile bins beside the value; categories of many values" in model._repr_html_()
    assert [layer["layer"] for layer in model.layers()[:2]] == ["piecewise", "embedding"]
    assert "Piecewise(23, 36), Embedding(59, 1, 15), Affine(52, 6)" in repr(model)
