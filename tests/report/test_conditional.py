"""A search whose trials do not all have the same hyperparameters, from the question to the pictures."""

import csv
import json

import numpy as np
import pytest

import zerokara as zk
from zerokara import figures
from zerokara.cli import main
from zerokara.study.views import series

SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "momentum": zk.uniform(0.5, 0.95),
    "dropout": zk.uniform(0, 0.5),
    "hidden": zk.layers(depth=(0, 2), width=(8, 32)),
    "activation": zk.choice(["relu", "tanh"]),
    "optimizer": zk.choice(["sgd", "momentum"]),
    "batch_size": zk.powers(16, 64),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0)
    out = tmp_path_factory.mktemp("runs") / "run"
    study = zk.tune(data, SPACE, trials=40, epochs=2, sampler="narrowing", generation=10, race="none", out=out)
    return study, out


def test_a_cell_is_empty_where_a_trial_has_no_such_hyperparameter(run) -> None:
    study, out = run
    with open(out / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["lr", "momentum", "dropout", "hidden", "activation", "optimizer", "batch_size"]
    assert list(rows[0])[-7:] == columns
    for row, trial in zip(rows, study.trials, strict=True):
        assert (row["momentum"] == "") == (row["optimizer"] == "sgd") == ("momentum" not in trial.params)
        assert (row["dropout"] == "") == (row["activation"] == "") == (row["hidden"] == "linear")
        assert row["batch_size"] in ("16", "32", "64")
    assert {row["optimizer"] for row in rows[:10]} == {"sgd", "momentum"}
    best = json.loads((out / "summary.json").read_text())["best"]
    assert set(best["params"]) == {name for name in columns if rows[best["number"]][name]}


def test_the_pictures_leave_out_what_a_trial_does_not_have(run) -> None:
    study, out = run
    names = ["lr", "momentum", "dropout", "hidden_depth", "hidden_width", "activation", "optimizer", "batch_size"]
    data = series.scatter(study)
    assert [panel.name for panel in data.panels] == names
    panels = {panel.name: panel for panel in data.panels}
    has = np.array(["momentum" in trial.params for trial in study.trials])
    np.testing.assert_array_equal(np.isfinite(panels["momentum"].x), has)
    depth, width = panels["hidden_depth"].x, panels["hidden_width"].x
    np.testing.assert_array_equal(np.isnan(width), depth == 0)
    assert set(width[depth > 0]) <= {8, 16, 32}
    assert (panels["hidden_depth"].steps, panels["hidden_width"].steps) == ((0, 1, 2), (8, 16, 32))
    assert [name for name in names if panels[name].log] == ["lr", "hidden_width", "batch_size"]
    shrunk = series.narrowing(study)
    assert shrunk.ranges[names.index("batch_size")][0] == (16, 64)
    assert figures.draw_narrowing(shrunk).axes
    assert {"scatter.png", "narrowing.png", "curves.png"} <= {path.name for path in out.iterdir()}


def test_one_trial_of_it_is_trained_again_alone(run, tmp_path, capsys) -> None:
    study, out = run
    plain = next(trial for trial in study.trials if "momentum" not in trial.params)
    config = (out / "config.toml").read_text()
    assert 'hidden=layers:0:2:8:32"' in config
    again = ["train", "--from", str(out), "--trial", str(plain.number), "--out", str(tmp_path / "again")]
    with pytest.raises(SystemExit, match="0"):
        main([*again, "--train-size", "200"])
    with open(tmp_path / "again" / "trials.csv", encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert float(row["val_loss"]) == plain.val_loss
    capsys.readouterr()


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc", "tpe", "cmaes"])
def test_every_sampler_trains_it(sampler) -> None:
    data = zk.data.load("digits").first(100).split(validation=0.2, seed=0)
    study = zk.tune(data, SPACE, trials=24, epochs=2, sampler=sampler, race="halving:2")
    assert {"momentum" in trial.params for trial in study.trials} == {True, False}
    assert all(("momentum" in t.params) == (t.params["optimizer"] == "momentum") for t in study.trials)
