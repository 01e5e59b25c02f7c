"""What the end of a run says about the winner: beside always the same answer, by class, and in units."""

import json

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    mean_absolute_error,
    precision_score,
    recall_score,
    root_mean_squared_error,
)

import zerokara as zk
from zerokara.cli import main
from zerokara.report.verdict import verdict, verdict_lines, verdict_table

SEARCH = {"trials": 2, "epochs": 3, "workers": 1}
SPACE = {"lr": zk.log(1e-2, 1e-1), "hidden": (8,)}


def rare(weights: np.ndarray | None = None) -> zk.data.Dataset:
    rng = np.random.default_rng(0)
    t = (rng.random(200) < 0.15).astype(int)
    x = rng.standard_normal((200, 3)) + 2 * t[:, None]
    return zk.data.from_arrays(x, t, classes=["no", "yes"], weights=weights).split(0.3, seed=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_classes(weighted: bool) -> None:
    w = np.random.default_rng(1).random(200) + 0.1 if weighted else None
    data = rare(w)
    study = zk.tune(data, SPACE, rank="average_precision", **SEARCH)
    content, part = verdict(study), data.validation
    decided = study.best.model.predict_proba(part.x).argmax(axis=1)
    options = {"sample_weight": part.weights, "average": None}
    recall, precision = (score(part.t, decided, **options) for score in (recall_score, precision_score))
    for k, name in enumerate(("no", "yes")):
        row = content["classes"][name]
        assert row["samples"] == (part.t == k).sum()
        assert row["recall"] == pytest.approx(recall[k], abs=1e-6)
        assert row["precision"] == pytest.approx(precision[k], abs=1e-6)
    wanted = confusion_matrix(part.t, decided, sample_weight=part.weights)
    assert np.allclose(content["confusion"], wanted, atol=1e-3)
    assert content["always"] == "no"
    base = {
        "val_average_precision": average_precision_score(part.t, np.ones(len(part)), sample_weight=part.weights),
        "val_accuracy": np.average(part.t == 0, weights=part.weights),
    }
    assert content["base"] == pytest.approx(base)
    assert verdict_lines(content)[0].startswith("for comparison, always 'no': average precision 0.")
    header, *rows = verdict_table(content)
    assert header == ["class", "samples", "recall", "precision", "as no", "as yes"]
    assert [row[:2] for row in rows] == [["no", str((part.t == 0).sum())], ["yes", str((part.t == 1).sum())]]
    json.dumps(content, allow_nan=False)


def test_labels() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((120, 3))
    t = np.stack([x[:, 0] > -1, x[:, 1] > 1.5], axis=1).astype(int)
    data = zk.data.from_arrays(x, t, task="multilabel", classes=["a", "b"]).split(0.3, seed=0)
    study = zk.tune(data, SPACE, **SEARCH)
    content, decided = verdict(study), study.best.model.predict(data.validation.x)
    assert content["always"] == "a"
    recall = recall_score(data.validation.t, decided, average=None, zero_division=0)
    assert [row["recall"] for row in content["classes"].values()] == pytest.approx(recall)
    assert verdict_table(content)[0] == ["class", "samples", "recall", "precision"]


def test_errors_in_units() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((150, 2))
    data = zk.data.from_arrays(x, 500 + 40 * x[:, 0], classes=["price"]).split(0.3, seed=0).scaled("standard")
    study = zk.tune(data, SPACE, **SEARCH)
    content = verdict(study)
    t = data.original.validation.t
    y, mean = study.best.model.predict(data.original.validation.x), np.full_like(t, data.original.train.t.mean())
    squares, sizes = content["errors"]["price"].values()
    assert squares == pytest.approx([root_mean_squared_error(t, each) for each in (y, mean)], rel=1e-4)
    assert sizes == pytest.approx([mean_absolute_error(t, each) for each in (y, mean)], rel=1e-4)
    first, second = verdict_lines(content)
    assert first.startswith("for comparison, always the mean: r2 -0.")
    assert second.startswith("validation errors in the units of price: root mean squared error ")
    assert verdict_table(content) == []


def test_many_classes_are_not_listed() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(210) % 21
    data = zk.data.from_arrays(rng.standard_normal((210, 2)), t).split(0.3, seed=0)
    content = verdict(zk.tune(data, SPACE, **SEARCH))
    assert content.keys() == {"samples", "always", "base", "standard_error"}
    assert verdict_table(content) == []


def test_a_run_ends_with_it(tmp_path, capsys) -> None:
    run = tmp_path / "run"
    with pytest.raises(SystemExit, match="0"):
        main(["train", "digits", "--train-size", "200", "--epochs", "2", "--hidden", "8", "--out", str(run)])
    shown = capsys.readouterr().out
    content = json.loads((run / "summary.json").read_text())["validation"]
    assert f"for comparison, always '{content['always']}': accuracy {content['base']['val_accuracy']:.4f}" in shown
    assert "as 9" in shown
    assert len(content["confusion"]) == len(content["classes"]) == 10
