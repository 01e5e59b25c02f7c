"""`tune`, `resume` and `Trainer` take data in every form; what they were split into is shown and recorded."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import zerokara as zk
from zerokara.cli import main
from zerokara.cli.app import run
from zerokara.errors import InputError
from zerokara.study.run_folder import RunFolder

RNG = np.random.default_rng(0)
X = np.where(RNG.random((80, 4)) < 0.5, 0, RNG.normal(size=(80, 4)))
Y = np.where(X[:, 0] > X[:, 1], "yes", "no")
FRAME = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
SHORT: dict[str, Any] = {"trials": 3, "epochs": 3, "refit": 0}


def losses(study: zk.Study) -> list[float]:
    return [trial.val_loss for trial in study.trials]


def test_the_forms_of_arrays_are_one_search() -> None:
    data = zk.data.from_arrays(X, Y).split(0.2).scaled("standard")
    expected = losses(zk.tune(data, SPACE, **SHORT))
    assert losses(zk.tune((X, Y), SPACE, **SHORT)) == expected
    assert losses(zk.tune((X, Y), space=SPACE, **SHORT)) == expected
    assert losses(zk.tune(X, Y, space=SPACE, **SHORT)) == expected
    assert losses(zk.tune(X, Y.tolist(), SPACE, **SHORT)) == expected
    assert losses(zk.tune(pd.DataFrame(X).to_numpy(), pd.Series(Y), space=SPACE, **SHORT)) == expected
    for thin in (sparse.csr_matrix(X), sparse.coo_array(X)):
        assert losses(zk.tune(thin, Y, space=SPACE, **SHORT)) == expected


def test_a_frame_and_its_file_are_one_search(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "table.csv", index=False)
    expected = losses(zk.tune(FRAME, SPACE, target="y", **SHORT))
    assert losses(zk.tune(tmp_path / "table.csv", SPACE, target="y", **SHORT)) == expected
    assert losses(zk.tune(FRAME[["a", "b"]], FRAME["y"], space=SPACE, **SHORT)) == expected


def test_a_dataset_without_parts_is_split_unless_there_are_folds() -> None:
    data = zk.data.load("digits").first(100)
    study = zk.tune(data, SPACE, seed=5, **SHORT)
    assert study.plan.data.fingerprint() == data.split(0.2, seed=5).fingerprint()
    assert zk.tune(data, SPACE, folds=2, **SHORT).plan.data is data
    assert len(zk.tune((X, Y), SPACE, folds=2, **SHORT).plan.data.train) == 80


def test_own_validation_and_test_samples_are_used() -> None:
    study = zk.tune(X[:50], Y[:50], space=SPACE, validation=(X[50:65], Y[50:65]), test=(X[65:], Y[65:]), **SHORT)
    assert {what: len(part) for what, part in study.plan.data.parts.items()} == {
        "train": 50,
        "validation": 15,
        "test": 15,
    }
    assert 0 <= study.test_score <= 1
    assert study.best.model.predict(X[65:]).shape == (15,)


def test_the_output_and_the_help_report_how_the_data_were_split() -> None:
    assert "train 64, validation 16 (20 % stratified), no test" in repr(zk.tune((X, Y), SPACE, **SHORT))
    shown = " ".join((zk.tune.__doc__ or "").split())
    for text in ("(X, y)", "target: ", "[default: the validation part of the data, or 20 %; with folds none]"):
        assert text in shown


def test_resume_takes_the_data_as_tune_did(tmp_path: Path) -> None:
    counts = np.arange(80) % 5
    own: dict[str, Any] = {"validation": (X[:9], counts[:9]), "task": "regression"}
    study = zk.tune((X, counts), SPACE, out=tmp_path / "run", seed=3, test=10, **own, **SHORT)
    assert study.plan.data.task == "regression"
    assert losses(zk.resume(tmp_path / "run", (X, counts), trials=4, **own))[:3] == losses(study)
    with pytest.raises(InputError, match=r"The data changed since this run started"):
        zk.resume(tmp_path / "run", (X + 1, counts), trials=5, **own)


def test_resume_splits_a_dataset_as_tune_did(tmp_path: Path) -> None:
    data = zk.data.load("digits").first(100)
    study = zk.tune(data, SPACE, validation=0.3, test=0.1, out=tmp_path / "run", **SHORT)
    assert losses(zk.resume(tmp_path / "run", data, trials=4))[:3] == losses(study)


@pytest.mark.parametrize("own", [False, True])
def test_folds_are_the_same_on_the_command_line(tmp_path: Path, monkeypatch, own: bool) -> None:
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("table.csv", index=False)
    given = ["--search", "lr=log:0.001:0.1", "--hidden", "8"] if own else []
    short = ["--folds", "2", "--trials", "2", "--epochs", "2", "--seed", "0", "--out", "run"]
    assert run(["tune", "table.csv", "--target", "y", *short, *given]) == 0
    how = {"space": SPACE} if own else {}
    study = zk.tune("table.csv", target="y", folds=2, trials=2, epochs=2, test=0.2, out="python", **how)
    assert losses(zk.open("run")) == losses(study)
    configs = [RunFolder(name).config() for name in ("run", "python")]
    assert configs[0].get("patience") == configs[1].get("patience")
    assert configs[0]["validation"] == configs[1]["validation"] == 0


def test_a_validation_part_beside_folds_is_reported() -> None:
    with pytest.warns(UserWarning, match=r"validation=0.3 is not used: the 2 folds are cut from all samples"):
        assert zk.tune((X, Y), SPACE, folds=2, validation=0.3, **SHORT).plan.data.validation is None


def test_a_split_without_strata_is_made_again(tmp_path: Path) -> None:
    data = zk.data.load("digits").first(100).split(validation=0.3, seed=0, stratify=False)
    study = zk.tune(data, SPACE, out=tmp_path / "run", **SHORT)
    again = zk.resume(tmp_path / "run", zk.data.load("digits").first(100), trials=4)
    assert losses(again)[:3] == losses(study)


def test_the_run_of_a_file_is_resumed_in_python_and_by_the_command_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("table.csv", index=False)
    study = zk.tune("table.csv", SPACE, target="y", out="run", **SHORT)
    config = RunFolder("run").config()
    assert (config["validation"], config["test"], config["stratify"], config["target"]) == (0.2, 0, True, "y")
    assert config["dataset"] == str(tmp_path / "table.csv")
    assert losses(zk.resume("run", FRAME, trials=4))[:3] == losses(study)
    assert losses(zk.resume("run", (FRAME[["a", "b"]], FRAME["y"])))[:3] == losses(study)
    monkeypatch.setattr("sys.argv", ["zerokara", "resume", "run", "--trials", "5"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err
    assert len((tmp_path / "run/trials.csv").read_text().splitlines()) == 6


def test_a_second_argument_is_a_space_or_the_targets() -> None:
    with pytest.raises(InputError, match=r"y must have a target for each sample, got 'y': .* pass target='y'"):
        zk.tune(FRAME, "y", **SHORT)
    with pytest.raises(InputError, match="space must map names to values or ranges, got 3"):
        zk.tune((X, Y), space=3, **SHORT)
    with pytest.raises(TypeError, match="tune: too many positional arguments"):
        zk.tune(X, Y, SPACE, 3)


def test_options_are_checked_before_the_data_are_read() -> None:
    with pytest.raises(InputError, match="trials must be a whole number"):
        zk.tune("not-there.csv", target="y", trials=0)


def trainer(data: Any, inputs: int = 4, **given: Any) -> zk.Trainer:
    return zk.Trainer(zk.nn.mlp(inputs, (8,), 2), zk.optim.Adam(lr=0.01), data, **given)


def test_a_trainer_takes_every_form_and_keeps_a_dataset_as_it_is() -> None:
    expected = zk.data.from_arrays(X, Y).split(0.2, seed=2).scaled("standard")
    curve = trainer(expected, seed=2).fit(2)["val_loss"]
    for x in (X, sparse.csr_array(X)):
        run = trainer((x, Y), seed=2)
        assert np.array_equal(run.fit(2)["val_loss"], curve)
        assert "train 64, validation 16 (20 % stratified), no test" in repr(run)
        assert run.data.fingerprint() == expected.fingerprint()
    run = trainer((X[:50], Y[:50]), validation=(X[50:], Y[50:]), test=(X[:9], Y[:9]))
    assert [len(part) for part in run.data.parts.values()] == [50, 30, 9]
    assert zk.Model.of(run.trained(), run.data).evaluate(run.data)[1] >= 0
    assert trainer(FRAME, inputs=2, target="y").data.classes == ("no", "yes")
    unsplit = zk.data.from_arrays(X, Y)
    assert trainer(unsplit).data is unsplit
    assert len(trainer(unsplit, validation=0.25).data.train) == 60
