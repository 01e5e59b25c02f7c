"""What a practitioner tries first: arrays, a frame, the score of a trial, a finished run, the remedy of an error."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_iris

import zerokara as zk
from zerokara.errors import InputError

X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(kind=Y)
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}


def test_tune_takes_samples_and_targets() -> None:
    study = zk.tune(X, Y, trials=5, epochs=20)
    assert study.best.val_accuracy > 0.8
    assert study.model.predict(X[:3]).tolist() == [0, 0, 0]


def test_tune_takes_a_frame() -> None:
    study = zk.tune(FRAME, target="kind", trials=5, epochs=20)
    assert study.best.val_accuracy > 0.8
    assert study.model.predict(FRAME[:3]).tolist() == [0, 0, 0]


def test_a_trial_has_its_scores_by_name_and_a_finished_run_is_opened(tmp_path: Path) -> None:
    study = zk.tune(X, Y, space=SPACE, trials=3, epochs=3, out=tmp_path / "run")
    assert 0 < study.trials[0].val_accuracy <= 1
    assert {"val_accuracy", "val_loss", "model"} <= set(dir(study.best))
    again = zk.open(tmp_path / "run")
    assert [trial.val_accuracy for trial in again.trials] == [trial.val_accuracy for trial in study.trials]
    assert again.model.predict(X).tolist() == study.model.predict(X).tolist()


def test_a_remedy_names_packages_that_can_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(InputError, match=r"needs narwhals, which is not installed: python -m pip install narwhals"):
        zk.tune(FRAME, target="kind")
