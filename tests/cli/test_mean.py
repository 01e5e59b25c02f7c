"""The commands take the file of a mean of models as they take any other model."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.marks import NEW_VALUES
from tests.model.folds import new_rows, of_folds, rows, samples
from zerokara.cli import main
from zerokara.data import load
from zerokara.data.loaders.tables import like
from zerokara.model import Model

pytestmark = NEW_VALUES


def run(capsys: Any, *arguments: object) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert not ended.value.code
    return capsys.readouterr()


@pytest.fixture(params=["regression", "classification"])
def saved(request, tmp_path) -> tuple[Model, Path, Path]:
    """Return the mean of the folds of a table's file, its file, and that of the table."""
    frame = rows()
    if request.param == "classification":
        frame["price"] = np.where(frame["price"] > frame["price"].median(), "high", "low")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data = load(tmp_path / "rows.csv", target="price").split(0.2, 0.2)
    mean = Model.mean(of_folds(data), data=data)
    return mean, mean.save(tmp_path / "mean.safetensors"), tmp_path / "rows.csv"


def test_evaluate_takes_the_held_out_rows_and_new_ones(saved, tmp_path, capsys) -> None:
    mean, path, table = saved
    out, _ = run(capsys, "evaluate", path, table)
    data = load(table, target="price").split(0.2, 0.2)
    assert "test rows of" in out
    assert "held out when the model was trained" in out
    assert f"{mean.evaluate(data)[1]:.4f}" in out
    frame = new_rows().assign(price=pd.read_csv(table)["price"].sample(300, replace=True, random_state=0).to_numpy())
    frame.to_csv(tmp_path / "new.csv", index=False)
    out, notes = run(capsys, "evaluate", path, tmp_path / "new.csv")
    assert notes.count("elsewhere") == notes.count("garden: ") == 1
    new = like(frame, mean.first.encoder, mean.task, mean.classes)
    assert f"on the 300 rows of {tmp_path / 'new.csv'}: {mean.evaluate(new, 'train')[1]:.4f}" in out
    if mean.task == "regression":
        assert f"root mean square: {mean.error(new, 'train')[0]:.6g}" in out


def test_predict_notes_only_the_values_that_no_member_knows(saved, tmp_path, capsys) -> None:
    mean, path, _ = saved
    new_rows(40).to_csv(tmp_path / "new.csv", index=False)
    out, notes = run(capsys, "predict", path, tmp_path / "new.csv")
    lines = pd.read_csv(tmp_path / "new.csv")
    assert "town: " in notes
    assert "elsewhere" in notes
    assert "town 1" not in notes
    answers = mean.predict(lines)
    first = [line.split(",")[0] for line in out.strip().splitlines()[1:]]
    if mean.task == "regression":
        assert np.allclose(np.array(first, float), answers[:, 0], rtol=1e-9)
    else:
        assert first == answers.tolist()
    out, _ = run(capsys, "predict", path, tmp_path / "new.csv", "--index", 3)
    assert (f"{answers[3, 0]:.6g}" if mean.task == "regression" else f"prediction: {answers[3]}") in out


def test_export_writes_one_graph(saved, tmp_path, capsys) -> None:
    _, path, _ = saved
    out, _ = run(capsys, "export", path, tmp_path / "mean.onnx")
    assert "raw rows, each column an input" in out
    for name in ("size", "town", "garden"):
        assert name in out


def test_samples_of_arrays(tmp_path, capsys) -> None:
    data = samples("classification")
    path = Model.mean(of_folds(data)).save(tmp_path / "mean.safetensors")
    out, _ = run(capsys, "export", path, tmp_path / "mean.onnx")
    assert "x (N, 4) float32" in out
