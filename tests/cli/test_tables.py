"""A table on the command line: one command from a CSV file to a model, one more to answers row for row."""

import csv
import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zerokara as zk
from tests.commands import run
from tests.marks import NEW_VALUES
from zerokara.cli import main

SMALL = ["--hidden", "8", "--epochs", "3", "--trials", "4"]
N = 100


def rows(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"id": [f"H{seed}{k}" for k in range(N)], "size": rng.gamma(5, 20, N).round(1)})
    frame["city, canton"] = rng.choice(["Bern", "Basel", "Zug"], N)
    frame["zip"] = rng.choice(["0123", "8001"], N)
    frame["price"] = (1000 * frame["size"] * (1 + (frame["city, canton"] == "Zug"))).round()
    frame.loc[3, "price"] = None
    return frame


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, and runs on it: of a regression, and of classes that were asked for."""
    folder = tmp_path_factory.mktemp("tables")
    frame = rows()
    frame.to_csv(folder / "houses.csv", index=False)
    frame.assign(price=np.where(frame["price"] > 1e5, 1, 0)).to_parquet(folder / "dear.parquet")
    one_part = ["--drop", "zip", "--drop", "id", "--validation", "0.2"]
    for name, options in (("houses.csv", ["--categories", "zip"]), ("dear.parquet", one_part)):
        tokens = ["tune", folder / name, "--target", "price", *options, *SMALL, "--out", folder / Path(name).stem]
        with pytest.raises(SystemExit) as ended:
            main([str(token) for token in tokens])
        assert ended.value.code == 0
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_tune_says_what_it_understood_and_ends_in_the_targets_units(capsys, place, tmp_path) -> None:
    code, out, _ = run(capsys, "tune", place / "houses.csv", "--target", "price", *SMALL, "--out", tmp_path / "run")
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert code == 0
    assert "left out" in lines["id"]
    assert "an identifier" in lines["id"]
    assert lines["size"].split()[1] == "number"
    assert "3 values: Basel, Bern, Zug" in lines["city, canton"]
    assert "target: regression" in lines["price"]
    assert "rows without it are left out" in lines["price"]
    assert "--task sets it" in lines["price"]
    assert "houses: 99 rows, 3 columns as 8 inputs, 1 target" in out
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    root, mean = (summary[f"test_{kind}_error"]["price"] for kind in ("root_mean_squared", "mean_absolute"))
    assert f"in the units of price: root mean squared error {root:.6g}, mean absolute error {mean:.6g}" in out
    assert root > mean > 100


def test_a_run_on_a_table_repeats_from_its_config_and_trial_by_trial(capsys, place, tmp_path) -> None:
    config = tomllib.loads((place / "houses" / "config.toml").read_text())
    assert (config["target"], config["task"], config["categories"]) == ("price", "regression", ["zip"])
    assert config["dataset"] == str(place / "houses.csv")
    run(capsys, "tune", "--config", place / "houses" / "config.toml", "--out", tmp_path / "again")
    for name in ("trials.csv", "model.safetensors", "config.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (place / "houses" / name).read_bytes()
    code, out, _ = run(capsys, "train", "--from", place / "dear", "--trial", 2, "--out", tmp_path / "one")
    assert code == 0
    assert "these are not the data" not in out
    assert tomllib.loads((tmp_path / "one" / "config.toml").read_text())["drop"] == ["zip", "id"]
    dear = read(place / "dear" / "trials.csv")[2]
    assert f"epoch {dear['epochs']}: " in out
    line = next(line for line in out.splitlines() if line.startswith(f"epoch {dear['epochs']}: "))
    assert f"validation loss {float(dear['val_loss']):.4f}" in line


@NEW_VALUES
def test_predict_answers_row_for_row(capsys, place, tmp_path) -> None:
    frame = rows(1).drop(columns="price").iloc[:, ::-1]
    frame["more"] = "x"
    frame.loc[5, "city, canton"] = "Genf"
    frame.loc[6, "size"] = None
    frame.to_csv(tmp_path / "new.csv", index=False)
    model, out = place / "houses" / "model.safetensors", tmp_path / "answers.csv"
    code, said, noted = run(capsys, "predict", model, tmp_path / "new.csv", "--out", out)
    assert code == 0
    assert f"{N:,} rows predicted: {out}" in said
    assert "note: size: 1 missing, none in training" in noted
    assert "note: city, canton: 1 treated as unknown, at most once in training: Genf" in noted
    assert "note: not used: 'more'" in noted
    assert noted.count("Genf") == 1
    found = np.array([float(row["price"]) for row in read(out)])
    assert np.allclose(found, zk.Model.load(model).predict(frame)[:, 0], rtol=0, atol=1e-4)
    code, printed, _ = run(capsys, "predict", model, tmp_path / "new.csv")
    assert printed == out.read_text()


def test_predict_gives_the_probability_of_each_class(capsys, place, tmp_path) -> None:
    model, out = place / "dear" / "model.safetensors", tmp_path / "answers.csv"
    code, _, noted = run(capsys, "predict", model, place / "houses.csv", "--out", out)
    assert (code, noted) == (0, "")
    found = read(out)
    assert list(found[0]) == ["price", "probability 0", "probability 1"]
    p = np.array([[float(row["probability 0"]), float(row["probability 1"])] for row in found])
    assert np.allclose(p.sum(axis=1), 1, atol=1e-6)
    assert [row["price"] for row in found] == [str(k) for k in p.argmax(axis=1)]
    code, shown, _ = run(capsys, "predict", model, place / "houses.csv", "--index", 7)
    assert code == 0
    assert f"prediction: {found[7]['price']}" in shown


def test_evaluate_knows_the_rows_that_were_held_out(capsys, place, tmp_path) -> None:
    code, out, _ = run(capsys, "evaluate", place / "houses" / "model.safetensors", place / "houses.csv")
    summary = json.loads((place / "houses" / "summary.json").read_text())
    assert code == 0
    assert f"r2 on the 19 test rows of {place / 'houses.csv'}, held out when" in out
    assert f"{summary['test_r2']:.4f}" in out
    assert f"mean absolute: {summary['test_mean_absolute_error']['price']:.6g}" in out
    rows(4).to_csv(tmp_path / "houses.csv", index=False)
    _, out, _ = run(capsys, "evaluate", place / "houses" / "model.safetensors", tmp_path / "houses.csv")
    assert f"r2 on the 99 rows of {tmp_path / 'houses.csv'}:" in out, "a file of that name is not that file"


@pytest.mark.filterwarnings("ignore::zerokara.errors.ZerokaraWarning")
def test_evaluate_knows_the_rows_that_were_all_trained_on(capsys, place, tmp_path) -> None:
    how = {"target": "price", "trials": 2, "epochs": 2, "progress": False}
    zk.tune(str(place / "houses.csv"), **how).model.save(tmp_path / "model.safetensors")
    _, out, _ = run(capsys, "evaluate", tmp_path / "model.safetensors", place / "houses.csv")
    assert f"r2 on the 99 rows of {place / 'houses.csv'}, on which the model was trained:" in out


def test_evaluate_counts_rows_by_the_weights_of_training(capsys, tmp_path) -> None:
    frame = pd.DataFrame({"a": np.arange(90.0), "w": np.arange(90) % 3, "y": np.sqrt(np.arange(90))})
    frame.to_csv(tmp_path / "w.csv", index=False)
    search = ["--target", "y", "--weights", "w", "--trials", 2, "--epochs", 2, "--out", tmp_path / "run"]
    assert run(capsys, "tune", tmp_path / "w.csv", *search)[0] == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    _, out, _ = run(capsys, "evaluate", tmp_path / "run" / "model.safetensors", tmp_path / "w.csv")
    assert "r2 on the 18 test rows" in out
    assert f"{summary['test_r2']:.4f}" in out


def test_a_text_column_keeps_its_zeros_at_predict(capsys, place, tmp_path) -> None:
    frame = rows(1).assign(zip="0123")
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, _, noted = run(capsys, "predict", place / "houses" / "model.safetensors", tmp_path / "new.csv")
    assert (code, noted) == (0, ""), "0123 alone would be read as 123, which is new"


WRONG = {
    "no target": (["tune", "{place}/houses.csv"], "add --target NAME"),
    "another target": (["tune", "{place}/houses.csv", "--target", "prise"], "did you mean 'price'"),
    "a target elsewhere": (
        ["tune", "digits", "--target", "price"],
        "target needs a table, such as a CSV file, got digits",
    ),
    "another task": (["tune", "{place}/houses.csv", "--target", "price", "--task", "ranking"], "--task"),
    "a column to drop": (["tune", "{place}/houses.csv", "--target", "price", "--drop", "idd"], "did you mean 'id'"),
    "no categories": (
        ["tune", "{place}/houses.csv", "--target", "price", "--max-categories", "0"],
        "2 or above, got 0",
    ),
    "dates": (["tune", "{tmp}/dates.csv", "--target", "y"], "'day' holds dates or times, such as 2020-01-01"),
    "no rows": (["predict", "{place}/houses/model.safetensors", "{tmp}/none.csv"], "must be an existing file"),
    "no columns": (["predict", "{place}/houses/model.safetensors", "{tmp}/dates.csv"], "must have the columns 'size',"),
    "text for numbers": (["predict", "{place}/houses/model.safetensors", "{tmp}/text.csv"], "'size' must hold numbers"),
    "no such row": (["predict", "{place}/dear/model.safetensors", "{place}/houses.csv", "--index", "100"], "0 to 99"),
    "a picture": (["predict", "{place}/houses/model.safetensors", "{tmp}/a.png"], "takes the rows of a table"),
    "nothing": (["predict", "{place}/houses/model.safetensors"], "takes the rows of a table, .* got no input"),
    "over the rows": (
        ["predict", "{place}/dear/model.safetensors", "{place}/houses.csv", "--out", "{place}/houses.csv"],
        "must be a new file, got the file of the rows",
    ),
    "not as CSV": (
        ["predict", "{place}/dear/model.safetensors", "{place}/houses.csv", "--out", "{tmp}/a.xlsx"],
        "written as CSV",
    ),
    "--out of a picture": (
        ["predict", "{place}/dear/model.safetensors", "{tmp}/a.png", "--out", "a.csv"],
        "--out is for",
    ),
    "to evaluate on digits": (["evaluate", "{place}/dear/model.safetensors", "digits"], "takes the rows of a table"),
    "classes that are others": (
        ["evaluate", "{place}/dear/model.safetensors", "{place}/houses.csv"],
        "must be classes, 0, 1, got",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_clear_error_and_leaves_nothing(capsys, tmp_path, place, monkeypatch, case) -> None:
    inputs, work = tmp_path / "inputs", tmp_path / "work"
    inputs.mkdir()
    work.mkdir()
    (inputs / "dates.csv").write_text("day,y\n" + "".join(f"2020-01-{k:02},{k}\n" for k in range(1, 30)))
    rows().assign(size="big").to_csv(inputs / "text.csv", index=False)
    monkeypatch.chdir(work)
    before = (place / "houses.csv").read_bytes()
    tokens, message = WRONG[case]
    code, out, err = run(capsys, *[token.format(tmp=inputs, place=place) for token in tokens])
    assert code == 2
    assert re.search(message, " ".join(err.split()))
    assert "Traceback" not in out + err
    assert list(work.iterdir()) == []
    assert (place / "houses.csv").read_bytes() == before


def test_a_model_of_pictures_takes_no_rows(capsys, place, tmp_path) -> None:
    tokens = ["train", "digits", "--train-size", 150, "--hidden", 8, "--epochs", 1, "--out", tmp_path / "run"]
    run(capsys, *tokens)
    for command in ("predict", "evaluate"):
        code, _, err = run(capsys, command, tmp_path / "run" / "model.safetensors", place / "houses.csv")
        assert code == 2
        assert "was not trained on a table" in err
