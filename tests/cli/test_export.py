"""`zerokara export MODEL OUT.onnx` as it is typed, rightly and wrongly."""

import sys
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from tests.commands import run
from zerokara.model import Ensemble, Model

onnxruntime = pytest.importorskip("onnxruntime")  # Its wheels come later than a Python.


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    data = zk.data.load("digits").scaled("range")
    return Model.of(Ensemble.of(zk.nn.mlp(64, (8,), 10, population=2), [2, 1]), data).save(tmp_path / "m.safetensors")


def test_says_what_goes_in_and_what_comes_out(capsys, saved, tmp_path) -> None:
    code, out, _ = run(capsys, "export", saved, tmp_path / "m.onnx")
    assert code == 0
    shown = "x (N, 64) float32, in the data's own units -> label (N,), probabilities (N, 10)"
    assert out.strip() == f"{tmp_path / 'm.onnx'}: {shown}"
    x = zk.data.load("digits").train.x
    label, p = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, {"x": x})
    model = Model.load(saved)
    assert np.allclose(p, model.predict_proba(x), rtol=0, atol=1e-5)
    assert np.array_equal(label, model.predict(x))


def test_says_what_each_column_of_a_table_is(capsys, tmp_path) -> None:
    rows = {"size": [1.0, 2, None, 4, 5, 6], "a [city]": ["Bern", "Zug"] * 3, "value": [True, False, True] * 2}
    data = zk.data.from_table(rows | {"price": [10.5, 20, 30, 40, 50, 60]}, target="price")
    path = Model.of(zk.nn.mlp(data.n_inputs, (8,), 1), data).save(tmp_path / "m.safetensors")
    code, out, _ = run(capsys, "export", path, tmp_path / "m.onnx")
    first, *lines = out.splitlines()
    assert code == 0
    assert first == f"{tmp_path / 'm.onnx'}: raw rows, each column an input (N, 1) -> value_ (N, 1)"
    assert [line.rstrip().split(maxsplit=2) for line in lines if "city" not in line] == [
        ["input", "is", "a cell is"],
        ["size", "float64", "a number; NaN where it is missing"],
        ["value", "float64", "0 or 1; NaN where it is missing"],
    ]
    assert "a [city]  text     a text such as Bern, Zug; '' where it is missing" in [line.rstrip() for line in lines]
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    row = {"size": np.array([[3.0]]), "a [city]": np.array([["Zug"]]), "value": np.array([[1.0]])}
    given = {"size": [3.0], "a [city]": ["Zug"], "value": [True]}
    assert np.allclose(session.run(None, row)[0], Model.load(path).predict(given), rtol=1e-5)


@pytest.mark.parametrize(
    ("task", "shown"), [("multilabel", "label (N, 2), probabilities (N, 2)"), ("regression", "value (N, 2)")]
)
def test_says_so_for_other_tasks(capsys, tmp_path, task, shown) -> None:
    data = zk.data.from_arrays(np.eye(2), np.eye(2), task=task)
    path = Model.of(zk.nn.mlp(2, (), 2), data).save(tmp_path / "m.safetensors")
    code, out, _ = run(capsys, "export", path, tmp_path / "m.onnx")
    assert (code, out.strip().split("-> ")[1]) == (0, shown)


def test_a_file_that_is_there_is_replaced_only_by_force(capsys, saved, tmp_path) -> None:
    out = tmp_path / "m.onnx"
    out.write_text("mine")
    code, _, error = run(capsys, "export", saved, out)
    assert (code, out.read_text()) == (2, "mine")
    assert error == f"zerokara: {out} already exists: name another file, or add --force to replace it\n"
    assert run(capsys, "export", saved, out, "--force")[0] == 0
    assert out.read_bytes() == Model.load(saved).to_onnx(tmp_path / "again.onnx").read_bytes()


def test_misuse_is_one_clear_error(capsys, saved, tmp_path, monkeypatch) -> None:
    raw = saved.read_bytes()
    (tmp_path / "damaged.safetensors").write_bytes(raw[:-10] + b"0123456789")
    (tmp_path / "short.safetensors").write_bytes(raw[:-10])
    (tmp_path / "folder.onnx").mkdir()
    out = tmp_path / "m.onnx"
    wrong = [
        ([saved], 2, "OUT"),
        ([saved, saved, "--force"], 2, "must end in .onnx, got"),
        ([out, saved], 2, "must end in .onnx, got"),
        ([saved, tmp_path / "nowhere" / "m.onnx"], 1, "must be writable, got: No such file or directory"),
        ([saved, tmp_path / "folder.onnx", "--force"], 1, "must be writable, got: Is a directory"),
        ([saved, saved / "m.onnx"], 1, "must be writable, got: Not a directory"),
        ([tmp_path / "none.safetensors", out], 2, "there is no model file"),
        ([tmp_path, out], 2, "a model is a file, got the folder"),
        ([tmp_path / "damaged.safetensors", out], 2, "does not match its hash"),
        ([tmp_path / "short.safetensors", out], 2, "is truncated"),
        ([saved, out, "--forse"], 2, "--force"),
    ]
    for tokens, exit_code, message in wrong:
        code, _, error = run(capsys, "export", *tokens)
        assert message.lower() in error.lower(), tokens
        assert code == exit_code, tokens
        assert "Traceback" not in error
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, error = run(capsys, "export", saved, out)
    assert (code, error) == (2, "zerokara: an ONNX file needs the package onnx: python -m pip install onnx\n")
    assert not out.exists()
    assert saved.read_bytes() == raw
