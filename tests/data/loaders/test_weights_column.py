"""The weights of a table's rows: a column that is no input, in every part, in the loss and the scores."""

import json

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.errors import InputError, ZerokaraWarning

CELLS = {
    "size": [float(k % 7) for k in range(60)],
    "sold": ["yes" if k % 3 else "no" for k in range(60)],
    "weight": [1.0 + k % 4 for k in range(60)],
}


def table(**more: object) -> zk.data.Dataset:
    return zk.data.from_table(CELLS | more, "sold", weights="weight")


def test_a_column_weighs_the_rows_of_every_part() -> None:
    data = table()
    weights = np.array(CELLS["weight"])
    assert data.train.weights == pytest.approx(weights / weights.mean())
    assert data.encoder.inputs == ("size",)
    roles = {info.name: info.role for info in data.train.table.column_info}
    assert roles == {"size": "input", "sold": "target", "weight": "weights"}
    parts = data.split(0.2, 0.2, seed=0)
    for part in (parts.train, parts.validation, parts.test, *(fold.validation for fold in parts.folds(3))):
        assert part.weights.mean() == pytest.approx(1.0, rel=1e-6)
        assert len(np.unique(part.weights.round(5))) > 1
    assert len(parts.pooled().train.weights) == len(parts.train) + len(parts.validation)


def test_rows_without_a_target_have_no_weight() -> None:
    with pytest.warns(ZerokaraWarning, match="1 row without a target is left out"):
        data = table(sold=[None, *CELLS["sold"][1:]])
    weights = np.array(CELLS["weight"][1:])
    assert data.train.weights == pytest.approx(weights / weights.mean())


def test_weights_are_part_of_the_fingerprint() -> None:
    assert table().fingerprint() != table(weight=[2.0, *CELLS["weight"][1:]]).fingerprint()
    without = zk.data.from_table({name: CELLS[name] for name in ("size", "sold")}, "sold")
    assert table().fingerprint() != without.fingerprint()


@pytest.mark.parametrize(
    ("cells", "settings", "message"),
    [
        ([-1.0] + [1.0] * 59, {}, "'weight' must be numbers of 0 or above, got -1 in row 0"),
        ([1.0, None] + [1.0] * 58, {}, "got an empty cell in row 1"),
        (["a", "b"] * 30, {}, "'weight' must be numbers, got texts such as 'a'"),
        (CELLS["weight"], {"weights": "wieght"}, "unknown column 'wieght': did you mean 'weight'"),
        (CELLS["weight"], {"weights": "sold"}, "weights must be another column than the target"),
        (CELLS["weight"], {"drop": ["weight"]}, "drop and categories must name inputs, got the weights 'weight'"),
    ],
)
def test_weights_have_rules(cells: list, settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.data.from_table(CELLS | {"weight": cells}, "sold", **{"weights": "weight", **settings})


def test_the_command_line_weighs_rows_and_classes(tmp_path, capsys) -> None:
    rows = zip(*CELLS.values(), strict=True)
    lines = [",".join(CELLS), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "sales.csv").write_text("\n".join(lines) + "\n")
    run = tmp_path / "run"
    words = f"{tmp_path / 'sales.csv'} --target sold --weights weight --class-weight no=2,yes=1 --epochs 2 --out {run}"
    with pytest.raises(SystemExit, match="0"):
        main(["tune", *words.split(), "--trials", "2", "--rank", "roc_auc", "--hidden", "4", "--workers", "1"])
    shown = capsys.readouterr().out
    assert "weights: number" in shown
    config = (run / "config.toml").read_text()
    assert 'weights = "weight"' in config
    assert 'class_weight = "no=2.0,yes=1.0"' in config
    values = json.loads((run / "summary.json").read_text())["validation"]
    assert values["always"] == "yes"
    assert values["base"]["val_roc_auc"] == 0.5
    assert values["base"]["val_accuracy"] != pytest.approx(2 / 3, abs=1e-3)  # Weighted.
    with pytest.raises(SystemExit, match="0"):
        main(["resume", str(run), "--trials", "3"])
    again = tmp_path / "again"
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--from", str(run), "--trial", "2", "--out", str(again)])
    for line in ('weights = "weight"', 'class_weight = "no=2.0,yes=1.0"', 'rank = "roc_auc"'):
        assert line in (again / "config.toml").read_text()
