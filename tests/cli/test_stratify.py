"""Rare classes are in every part, whichever way data come in; runs from before keep their split."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.study.run_folder import RunFolder, toml

QUICK = ["--hidden", "4", "--epochs", "2", "--workers", "1"]
WHOLE = [*QUICK, "--race", "none"]


def run(*tokens: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(token) for token in tokens])
    return int(ended.value.code or 0)


def rare(folder: Path, counts: tuple[int, ...] = (490, 5)) -> Path:
    """Write data whose class 1 is 1 % of the samples."""
    t = np.repeat(np.arange(len(counts)), counts)
    np.savez(folder / "rare.npz", x=np.random.default_rng(0).normal(size=(len(t), 2)) + t[:, None], t=t)
    return folder / "rare.npz"


def test_the_command_line_splits_by_class(tmp_path, capsys) -> None:
    assert run("train", rare(tmp_path), *QUICK, "--out", tmp_path / "run") == 0
    captured = capsys.readouterr()
    assert "note: " not in captured.out + captured.err
    assert RunFolder(tmp_path / "run").config()["stratify"] is True
    settings = zk.Model.load(tmp_path / "run" / "model.safetensors").about["split_settings"]
    part = zk.data.load(rare(tmp_path)).split(**settings).validation
    assert np.bincount(part.t).tolist() == [78, 1]


def test_the_command_line_notes_a_class_that_a_part_lacks(tmp_path, capsys) -> None:
    path = rare(tmp_path, (490, 5, 1))
    assert run("train", path, *QUICK, "--out", tmp_path / "run") == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: no validation samples of class '2' (1 in all): not measured by the validation score",
        "note: no test samples of class '2' (1 in all): not measured by the test score",
    ]
    assert run("evaluate", tmp_path / "run" / "model.safetensors", path) == 0
    captured = capsys.readouterr()
    assert "held out when the model was trained" in captured.out
    assert captured.err == ""


def test_a_run_without_the_key_resumes_with_its_split(tmp_path) -> None:
    path, old = rare(tmp_path), tmp_path / "old"
    assert run("tune", path, *WHOLE, "--trials", 2, "--no-stratify", "--folds", 2, "--out", old) == 0
    config = RunFolder(old).config()
    assert config.pop("stratify") is False
    RunFolder(old).write("config.toml", toml(config))
    assert run("resume", old, "--trials", 3) == 0
    assert run("tune", "--config", old / "config.toml", "--trials", 3, "--out", tmp_path / "again") == 0
    assert (tmp_path / "again" / "trials.csv").read_text() == (old / "trials.csv").read_text()


def test_folds_of_data_without_a_split_resume_as_they_began(tmp_path) -> None:
    data = zk.data.load(rare(tmp_path, (20, 12)))
    settings = {"space": {"hidden": (4,)}, "epochs": 2, "folds": 3, "workers": 1}
    plain = replace(data, split_settings={"stratify": False})
    zk.tune(plain, trials=2, out=tmp_path / "old", **settings)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    assert RunFolder(tmp_path / "old").config()["stratify"] is False
    config = RunFolder(tmp_path / "old").config()
    del config["stratify"]
    RunFolder(tmp_path / "old").write("config.toml", toml(config))
    losses = [trial.val_loss for trial in zk.resume(tmp_path / "new", plain, trials=3).trials]
    assert [trial.val_loss for trial in zk.resume(tmp_path / "old", data, trials=3).trials] == losses
    zk.tune(data, trials=2, out=tmp_path / "default", **settings)
    assert RunFolder(tmp_path / "default").config()["stratify"] is True


def test_data_split_in_another_way_than_a_run_name_the_remedy(tmp_path) -> None:
    data = zk.data.load(rare(tmp_path))
    settings = {"trials": 1, "epochs": 1, "workers": 1, "out": tmp_path / "run"}
    zk.tune(data.split(stratify=False), {"hidden": (4,)}, **settings)
    with pytest.raises(InputError, match="Split the data with stratify=False"):
        zk.resume(tmp_path / "run", data.split(), trials=2)


def test_tune_warns_of_folds_without_a_class(tmp_path) -> None:
    data = zk.data.load(rare(tmp_path, (20, 2)))
    with pytest.warns(ZerokaraWarning, match=r"some of the 3 folds have no samples of class '1' \(2 in all\)"):
        zk.tune(data, {"hidden": (4,)}, trials=1, epochs=1, folds=3, workers=1)
