"""The command trials: what it prints and writes of a run, and that the run is not changed."""

import csv
import io
import json
from pathlib import Path

import pytest

import zerokara as zk
from tests.commands import run
from tests.study.conftest import draw_nothing

DATA = zk.data.load("digits").first(150).split(validation=0.2, seed=0)
SPACE = {"lr": zk.log(1e-3, 1e-1), "optimizer": zk.choice(["adam", "momentum"]), "momentum": zk.uniform(0.5, 0.9)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        zk.tune(DATA, SPACE | {"hidden": (8,)}, trials=10, epochs=4, workers=1, refit=0, out=path)
    return path


def test_a_table_of_the_best(capsys, folder) -> None:
    code, out, _ = run(capsys, "trials", folder, "--best", 3)
    study = zk.open(folder)
    title, header, *rows = out.splitlines()
    assert (code, title) == (0, "digits: 10 trials")
    names = ["number", "state", "epochs", "epoch", "val_loss", "val_accuracy"]
    assert header.split() == [*names, "lr", "momentum", "optimizer"]
    assert not any(row.endswith(" ") for row in rows)
    assert [int(row.split()[0]) for row in rows] == [trial.number for trial in study.ranking(3)]
    assert rows[0].split()[4] == f"{study.best.val_loss:.4g}"


def test_csv_and_json_have_every_digit(capsys, folder, tmp_path) -> None:
    _, out, _ = run(capsys, "trials", folder, "--format", "csv", "--fixed")
    trials = {trial.number: trial for trial in zk.open(folder).trials}
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [int(row["number"]) for row in rows] == [trial.number for trial in zk.open(folder).ranking()]
    for row in rows:
        trial = trials[int(row["number"])]
        assert float(row["val_accuracy"]) == trial.val_accuracy
        assert (row["hidden"], row["batch_norm"]) == ("8", "false")
        assert row["momentum"] == ("" if "momentum" not in trial.params else repr(trial.params["momentum"]))
    code, out, _ = run(capsys, "trials", folder, "--out", tmp_path / "trials.json")
    assert (code, out) == (0, f"10 rows written: {tmp_path}/trials.json\n")
    written = json.loads((tmp_path / "trials.json").read_text())
    assert [row["number"] for row in written] == [int(row["number"]) for row in rows]
    assert written[0]["lr"] == trials[written[0]["number"]].params["lr"]


def test_curves_have_a_row_for_each_epoch(capsys, folder, tmp_path) -> None:
    run(capsys, "trials", folder, "--curves", "--best", 2, "--out", tmp_path / "curves.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "curves.csv").read_text())))
    best = zk.open(folder).ranking(2)
    assert list(rows[0]) == ["trial", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"]
    assert [(int(row["trial"]), int(row["epoch"])) for row in rows] == [
        (trial.number, epoch) for trial in best for epoch in range(1, trial.epochs + 1)
    ]
    assert [float(row["val_loss"]) for row in rows] == [value for t in best for value in t.curves["val_loss"]]


def test_a_run_is_not_changed_and_bad_input_is_one_error(capsys, folder, tmp_path) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    for tokens, message in (
        (["--best", 0], "--best must be 1 or above"),
        (["--out", tmp_path / "trials.xlsx"], "trials are written as .csv or .json, got --out"),
        (["--out", tmp_path / "trials.csv", "--format", "table"], "trials are written as .csv or .json"),
    ):
        code, _, err = run(capsys, "trials", folder, *tokens)
        assert (code, message in err) == (2, True)
    code, _, err = run(capsys, "trials", tmp_path)
    assert (code, "a run is a folder with a config.toml" in err) == (2, True)
    assert before == {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_run_says_so(capsys, folder, tmp_path) -> None:
    config = (folder / "config.toml").read_text()
    (tmp_path / "config.toml").write_text(config.replace("trials = 10", "trials = 12"))
    (tmp_path / "journal.log").write_bytes((folder / "journal.log").read_bytes())
    _, out, _ = run(capsys, "trials", tmp_path)
    assert out.startswith("digits: 10 trials; the run is not finished\n")
