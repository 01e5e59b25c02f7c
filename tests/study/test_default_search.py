"""What a bare `tune` does: tables and arrays are divided into folds, pictures keep one validation part."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris

import zerokara as zk
from zerokara.cli.app import run
from zerokara.data import from_arrays, load
from zerokara.space import defaults
from zerokara.space.defaults import table_search
from zerokara.study.run_folder import RunFolder

FEW = {"trials": 5, "epochs": 4}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    frame = load_diabetes(as_frame=True).frame.head(150)
    return frame.assign(town=np.where(frame.index % 3, "A", "B"))


def test_a_table_is_divided_into_folds_and_the_default_network_is_trained_first(frame: pd.DataFrame) -> None:
    study = zk.tune(frame, target="target", **FEW)
    assert study.plan.folds == 5
    assert study.plan.patience == 32
    assert study.plan.data.validation is None
    encodings = [trial.params["numeric_encoding"] for trial in study.trials[: study.plan.protected]]
    assert encodings == ["standard", "piecewise", "piecewise", "robust"]
    encodings = [trial.params["category_encoding"] for trial in study.trials[: study.plan.protected]]
    assert encodings == ["one-hot", "scaled", "scaled", "one-hot"]
    assert [trial.params["hidden"] for trial in study.trials[:4]] == [(100,), (100,), (128, 128), ()]
    assert study.fold_mean is not None
    assert len(study.model.members) == 5


def test_arrays_are_a_table_too() -> None:
    X, y = load_iris(return_X_y=True)
    study = zk.tune(X, y, **FEW)
    assert study.plan.folds == 5
    assert "category_encoding" not in study.space.searched, "there are no categories"
    assert study.model.predict(X[:2]).tolist() == [0, 0]


def test_numbers_are_encoded_where_there_are_any() -> None:
    y = [0, 1, 1, 0] * 10
    assert "numeric_encoding" in table_search(from_arrays([[k % 3] for k in range(40)], y))["space"]
    search = table_search(from_arrays([[k % 2] for k in range(40)], y))
    assert search["space"]["numeric_encoding"] == "standard"
    assert len(search["first"]) == 3, "two of the default networks are the same there"


def test_pictures_keep_one_validation_part() -> None:
    study = zk.tune("digits", trials=2, epochs=1)
    assert (study.plan.folds, study.plan.protected) == (1, 0)
    assert study.model.about["refit"] == 5
    assert sorted(study.space.searched) == ["dropout", "lr", "weight_decay"]


def test_a_validation_part_that_was_given_is_used(frame: pd.DataFrame) -> None:
    given = {"a fraction": {"validation": 0.3}, "rows": {"validation": frame.tail(30)}}
    for how in given.values():
        study = zk.tune(frame.head(120), target="target", **how, **FEW)
        assert study.plan.folds == 1
        assert study.plan.protected == 4
        assert study.model.about["refit"] == 5


def test_settings_that_are_given_stay(frame: pd.DataFrame) -> None:
    study = zk.tune(frame, target="target", trials=2, epochs=3, folds=2, patience=1, refit=1, race="none")
    assert (study.plan.epochs, study.plan.folds, study.plan.patience, len(study.trials)) == (3, 2, 1, 2)
    assert study.model.about["refit"] == 1


def test_a_space_that_is_given_is_searched_as_before(frame: pd.DataFrame) -> None:
    study = zk.tune(frame, {"lr": zk.log(1e-3, 1e-2), "hidden": (8,)}, target="target", trials=2, epochs=2)
    assert (study.plan.folds, study.plan.protected, study.plan.patience) == (1, 0, None)


def test_many_rows_have_one_validation_part(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "FOLDED", range(20, 100))
    study = zk.tune(frame, target="target", **FEW)
    assert (study.plan.folds, study.plan.patience) == (1, 16)
    assert len(study.plan.data.validation) == 30
    assert study.plan.protected == 4


def test_few_rows_have_one_validation_part_too(frame: pd.DataFrame) -> None:
    assert zk.tune(frame.head(15), target="target", **FEW).plan.folds == 1


def test_the_command_line_gives_the_same_answer(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "table.csv", index=False)
    options = ["--target", "target", "--trials", "5", "--epochs", "4", "--out", str(tmp_path / "run")]
    assert run(["tune", str(tmp_path / "table.csv"), *options]) == 0
    study = zk.tune(str(tmp_path / "table.csv"), target="target", test=0.2, **FEW)
    saved = zk.open(tmp_path / "run")
    assert [trial.value for trial in saved.trials] == [trial.value for trial in study.trials]
    rows = frame.drop(columns="target")
    assert np.array_equal(saved.model.predict(rows), study.model.predict(rows))
    assert saved.test_score == study.test_score


def test_a_default_search_resumes(frame: pd.DataFrame, tmp_path: Path) -> None:
    whole = zk.tune(frame, target="target", trials=6, epochs=4)
    zk.tune(frame, target="target", **FEW, out=tmp_path / "run")
    config = RunFolder(tmp_path / "run").config()
    assert (config["folds"], config["refit"], config["validation"], len(config["first"])) == (5, 0, 0, 4)
    again = zk.resume(tmp_path / "run", frame, target="target", trials=6)
    assert [trial.value for trial in again.trials] == [trial.value for trial in whole.trials]
    assert again.fold_mean.weights == whole.fold_mean.weights


def test_hyperparameters_on_the_command_line_are_not_searched(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "table.csv", index=False)
    options = ["--target", "target", "--trials", "2", "--epochs", "2", "--hidden", "7", "--out", str(tmp_path / "run")]
    assert run(["tune", str(tmp_path / "table.csv"), *options]) == 0
    saved = zk.open(tmp_path / "run")
    assert all(trial.params["hidden"] == (7,) for trial in saved.trials)
    assert "lr" in saved.space.searched


def test_a_dataset_of_pictures_without_a_validation_part_gets_one() -> None:
    assert len(zk.tune(load("digits").first(200), trials=2, epochs=1).plan.data.validation) == 40


def test_many_features_and_sparse_samples_keep_their_numbers_as_they_are() -> None:
    rng = np.random.default_rng(0)
    wide, labels = rng.normal(size=(60, 130)), rng.integers(0, 2, 60)
    for samples in (wide, sparse.csr_matrix(wide[:, :5] * (wide[:, :5] > 0))):
        study = zk.tune(samples, labels, trials=3, epochs=2)
        assert study.space.fixed["numeric_encoding"] == "standard"
        assert study.plan.protected == 3
