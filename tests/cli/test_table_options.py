"""The options for tables on the command line: texts that are missing, the decimal mark, the encoding, kept columns."""

import csv
import io
import tomllib

import numpy as np
import pytest

import zerokara as zk
from tests.commands import run
from zerokara.cli.samples.tables import as_csv

N = 40


def tune(capsys, path, *tokens, epochs=1):
    small = ["--trials", 1, "--epochs", epochs, "--hidden", 8, "--target", "sold", "--out", path.parent / "run"]
    return run(capsys, "tune", path, *small, *tokens)


def test_missing_texts_are_set_recorded_and_used_again(capsys, tmp_path):
    rows = [f"{k if k % 5 else '-'},{('None', 'Brick')[k % 2]},{('no', 'yes')[k % 3 // 2]}" for k in range(N)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["size,style,sold", *rows]))
    code, _, err = tune(capsys, path)
    assert code == 2
    assert "'size' holds numbers except '-' in row 0 (counted from 0): " in " ".join(err.split())
    assert "--missing 'None,-'" in " ".join(err.split())
    code, out, noted = tune(capsys, path, "--missing", "-")
    assert code == 0
    assert "note: '-' read as missing (8), --missing sets such texts: size" in noted
    assert "2 values: Brick, None" in out
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["missing"] == "-"
    assert zk.Model.load(tmp_path / "run" / "model.safetensors").first.encoder.missing == ("-",)
    code, printed, _ = run(capsys, "predict", tmp_path / "run" / "model.safetensors", path)
    assert code == 0
    assert len(printed.splitlines()) == N + 1
    again = run(capsys, "tune", "--config", tmp_path / "run" / "config.toml", "--out", tmp_path / "again")
    assert again[0] == 0
    for name in ("trials.csv", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    code, _, err = tune(capsys, path, "--missing", "none", "--force")
    assert code == 2
    assert "except '-'" in " ".join(err.split())


def test_the_decimal_mark_and_the_encoding_are_set(capsys, tmp_path):
    rows = [f"{k + 1}.257;{('東京', '大阪')[k % 2]};{('no', 'yes')[k % 3 // 2]}" for k in range(N)]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["size;都市;sold", *rows]).encode("euc_jp"))
    code, out, _ = tune(capsys, path, "--encoding", "euc_jp", "--decimal", ",")
    assert code == 0
    assert "1257 to 40257" in out
    assert "2 values: 大阪, 東京" in out
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (config["encoding"], config["decimal"]) == ("euc_jp", ",")
    model = tmp_path / "run" / "model.safetensors"
    code, printed, _ = run(capsys, "predict", model, path, "--encoding", "euc_jp", "--keep-columns")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert list(rows[0]) == ["size", "都市", "sold", "predicted sold", "probability no", "probability yes"]
    assert rows[1]["size"] == "2.257"
    p = zk.Model.load(model).predict_proba({"size": [2257], "都市": ["大阪"]})
    assert float(rows[1]["probability yes"]) == pytest.approx(float(p[0, 1]), abs=1e-6)
    code, out, _ = run(capsys, "evaluate", model, path, "--encoding", "euc_jp")
    assert code == 0
    assert "accuracy on the 8 test rows" in out


def test_cells_that_a_spreadsheet_would_run_are_escaped(capsys, tmp_path):
    names = ["=1+1", "@sum(a1)", "+cmd|' /C calc'!a0", "-5"]
    rows = [f'{k},"{names[k % 4]}",{names[k % 2]}' for k in range(N)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["size,style,sold", *rows]))
    assert tune(capsys, path)[0] == 0
    code, _, noted = run(
        capsys, "predict", tmp_path / "run" / "model.safetensors", path, "--keep-columns", "--out", tmp_path / "p.csv"
    )
    assert code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "p.csv").read_text())))
    assert [row["style"] for row in rows[:4]] == ["'=1+1", "'@sum(a1)", "'+cmd|' /C calc'!a0", "-5"]
    assert {row["predicted sold"] for row in rows} <= {"'=1+1", "'@sum(a1)"}
    assert "an apostrophe was put before" in noted


def test_a_negative_number_is_no_formula():
    text, escaped = as_csv([["a"], ["-1.5e3"], ["+2"], ["−=1"], ["=1"], ["\t=1"]])
    assert escaped == 2
    assert text.splitlines() == ["a", "-1.5e3", "+2", "−=1", "'=1", "'\t=1"]


WRONG = {
    "no decimal mark": (["tune", "{path}", "--target", "sold", "--decimal", ";"], "--decimal"),
    "no encoding": (["tune", "{path}", "--target", "sold", "--encoding", "utf9"], "unknown encoding 'utf9'"),
    "missing in digits": (
        ["tune", "digits", "--missing", "NA"],
        "missing needs a table, such as a CSV file, got digits",
    ),
    "kept columns of a picture": (["predict", "m", "a.png", "--keep-columns"], "--keep-columns is for the rows of a"),
    "an encoding of a picture": (["predict", "m", "a.png", "--encoding", "utf8"], "--encoding is for the rows of a"),
}


@pytest.mark.parametrize("case", WRONG)
def test_options_that_do_not_fit_are_refused(capsys, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("size,sold\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(N)))
    tokens, message = WRONG[case]
    code, _, err = run(capsys, *(token.format(path=tmp_path / "a.csv") for token in tokens))
    assert code == 2
    assert message in " ".join(err.split())


def test_predictions_of_a_target_far_from_zero_have_its_digits(capsys, tmp_path):
    x = np.linspace(-1, 1, N)
    path = tmp_path / "a.csv"
    path.write_text("x,sold\n" + "".join(f"{v},{1.7e9 + 30 * v:.3f}\n" for v in x))
    code, _, _ = tune(capsys, path, "--search", "lr=log:1e-3:1e-1", epochs=100)
    assert code == 0
    _, printed, _ = run(capsys, "predict", tmp_path / "run" / "model.safetensors", path)
    found = np.array([float(row["sold"]) for row in csv.DictReader(io.StringIO(printed))])
    assert len(set(found)) == N
    assert np.corrcoef(found, x)[0, 1] > 0.95
    assert abs(found - 1.7e9).max() < 60
