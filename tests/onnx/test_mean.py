"""The ONNX file of a mean of models gives the model's answers: compared with onnxruntime on 1,000 rows."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.marks import NEW_VALUES
from tests.model.folds import CASES, WEIGHTS, new_rows, of_folds
from zerokara.model import Model
from zerokara.rng import stream

onnxruntime = pytest.importorskip("onnxruntime")  # Its wheels come later than a Python.

pytestmark = NEW_VALUES

ROWS = 1000


def raw(model: Model) -> tuple[Any, dict[str, np.ndarray]]:
    """Return samples with missing and unknown values, and the same as inputs of the graph."""
    if model.table is None:
        x = stream(2, "test").normal(3, 2, (ROWS, 4)).astype(np.float32)
        return x, {"x": x}
    frame = new_rows(ROWS)
    kinds = {coding.name: object if coding.kind == "category" else float for coding in model.table.codings}
    return frame, {name: frame[[name]].to_numpy(kind) for name, kind in kinds.items()}


def compare(model: Model, folder: Path) -> onnx.ModelProto:
    path = model.to_onnx(folder / "mean.onnx")
    session = onnxruntime.InferenceSession(path)
    rows, inputs = raw(model)
    for count in (ROWS, 1):
        found = session.run(None, {name: column[:count] for name, column in inputs.items()})
        some = rows[:count]
        if model.task == "regression":
            scale = model.first.preprocess.target_scale
            assert (np.abs(found[0] - model.predict(some)) <= 1e-5 * scale).all()
            continue
        assert np.array_equal(found[0], model.predict(some))
        assert np.allclose(found[1], model.predict_proba(some), rtol=0, atol=1e-5)
    return onnx.load(path)


@pytest.mark.parametrize("name", CASES)
def test_a_mean_of_models_has_one_graph(name, tmp_path) -> None:
    data, _ = CASES[name]()
    models = of_folds(data, 2)
    graph = compare(Model.mean(models, WEIGHTS), tmp_path).graph
    if data.encoder is None:
        assert [each.name for each in graph.input] == ["x"]
        return
    assert [each.name for each in graph.input] == ["size", "town", "garden"], "each column once"
    again = of_folds(data)
    both = Model.mean([*models, *again], [*WEIGHTS, *WEIGHTS])
    coded = Counter(node.op_type for node in compare(both, tmp_path).graph.node)
    assert coded["LabelEncoder"] == 5, "each encoder once"


def test_the_graph_says_what_goes_in(tmp_path) -> None:
    data, _ = CASES["table of classes"]()
    mean = Model.mean(of_folds(data))
    whole = compare(mean, tmp_path)
    facts = {each.key: each.value for each in whole.metadata_props}
    assert facts["features"] == '["size", "town", "garden"]'
    assert facts["sample_shape"] == "[3]"
    for k in range(20):
        assert f'"town {k}"' in facts["table"]
    again = Model.load(mean.save(tmp_path / "mean.safetensors")).to_onnx(tmp_path / "again.onnx")
    assert again.read_bytes() == (tmp_path / "mean.onnx").read_bytes()
