"""Encodings as hyperparameters of a search: by call, option, config and space, in run folders old and new."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris

import zerokara as zk
from tests.commands import run
from tests.marks import NEW_VALUES
from tests.nn.test_encodings import table
from zerokara.errors import InputError
from zerokara.study.config import EARLIER_NUMBERS
from zerokara.study.views import series

SPACE = {
    "numeric_encoding": zk.choice(["standard", "piecewise", "periodic"]),
    "category_encoding": zk.choice(["one-hot", "embedding"]),
    "hidden": (6,),
}
SEARCH: dict[str, Any] = {"trials": 5, "epochs": 2, "generation": 3, "race": "none", "refit": 1, "progress": False}
pytestmark = [pytest.mark.usefixtures("undrawn"), NEW_VALUES]


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return table(rows=150).split(0.2, 0.2, seed=0)


def test_a_search_over_encodings_resumes_with_identical_results(data, tmp_path: Path) -> None:
    whole = zk.tune(data, SPACE, out=tmp_path / "whole", **SEARCH)
    settings = {(trial.params["numeric_encoding"], trial.params["category_encoding"]) for trial in whole.trials}
    assert len(settings) > 2
    zk.tune(data, SPACE, out=tmp_path / "part", **SEARCH | {"trials": 3})
    resumed = zk.resume(tmp_path / "part", data, trials=5)
    assert [trial.record for trial in resumed.trials] == [trial.record for trial in whole.trials]
    opened = zk.open(tmp_path / "whole", data)
    assert [trial.params for trial in opened.trials] == [trial.params for trial in whole.trials]
    rows = {name: column.values[:20] for name, column in data.train.table.columns.items() if column.kind == "number"}
    rows |= {"garden": [True] * 20, "city": ["city 03"] * 20, "kind": ["tent"] * 20}
    assert np.array_equal(opened.model.predict(rows), whole.model.predict(rows))


def test_an_encoding_that_changes_nothing_is_reported(data) -> None:
    space = {"category_encoding": zk.choice(["one-hot", "scaled"]), "hidden": (4,)}
    X, y = load_iris(return_X_y=True)
    with pytest.warns(UserWarning, match="category_encoding=scaled has no effect: arrays has no categories"):
        zk.tune(X, y, space, **SEARCH)
    zk.tune(data, space, **SEARCH)


def test_the_bins_of_a_trial_are_those_of_its_training_part(data) -> None:
    """Of the fold in the search, and of the training and validation samples in the refitted model."""
    space = {"numeric_encoding": "piecewise", "hidden": (4,)}
    study = zk.tune(data, space, trials=1, epochs=1, folds=3, refit=1, progress=False)
    layer = study.best.model.network.layers[0]
    fold = study.plan.parts[0]
    column = fold.train.x[fold.train.x[:, 1] == 0, 0]
    assert layer.row("low")[0] == column.min()
    assert layer.row("low")[0] != study.model.network.layers[0].row("low")[0] or len(fold.train) == len(data.train)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    rng, n = np.random.default_rng(0), 120
    size = rng.gamma(2, 3, n)
    lines = [
        "size,city,price",
        *(f"{a:.3f},c{b},{a * b:.2f}" for a, b in zip(size, rng.integers(0, 12, n), strict=True)),
    ]
    (tmp_path / "houses.csv").write_text("\n".join(lines))
    return tmp_path / "houses.csv"


def test_the_command_line_sets_shows_and_searches_encodings(csv: Path, capsys, tmp_path: Path) -> None:
    small = ["--target", "price", "--hidden", "6", "--epochs", "2", "--trials", "2", "--refit", "0"]
    options = ["--numeric-encoding", "piecewise", "--category-encoding", "embedding"]
    code, out, _ = run(capsys, "tune", csv, *small, *options, "--out", tmp_path / "run")
    assert code == 0
    text = "numbers as 32 quantile bins beside the value; categories of many values as 8 learned numbers"
    assert f"inputs of the winner: {text}" in out
    assert "numpy for category_encoding=embedding" in out or "engine: numpy" in out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["best"]["encoding"] == text
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (config["numeric_encoding"], config["category_encoding"]) == ("piecewise", "embedding")
    searched = ["--search", "numeric_encoding=choice:robust|piecewise", "--out", tmp_path / "two"]
    code, _, _ = run(capsys, "tune", csv, *small, "--config", tmp_path / "run" / "config.toml", *searched)
    assert code == 0
    opened = zk.open(tmp_path / "two")
    assert "numeric_encoding" in opened.space.searched
    assert {trial.params["category_encoding"] for trial in opened.trials} == {"embedding"}
    code, _, err = run(capsys, "tune", csv, *small, "--numeric-encoding", "bins", "--out", tmp_path / "no")
    assert code == 2
    assert "numeric_encoding" in err


def old(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Return a copy of a run folder whose config is as versions without encodings wrote it."""
    copy = Path(shutil.copytree(folder, folder.with_name("old")))
    lines = (copy / "config.toml").read_text().splitlines()
    later = ("numeric_encoding =", "category_encoding =", "numbers =")
    kept = [line for line in lines if not line.startswith(later)]
    assert len(kept) == len(lines) - 3
    (copy / "config.toml").write_text("\n".join(kept))
    return copy


def test_a_run_folder_without_encodings_loads_and_resumes(data, tmp_path: Path) -> None:
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": (4,)}
    study = zk.tune(data, space, trials=2, epochs=2, out=tmp_path / "run", progress=False)
    copy = old(tmp_path / "run")
    opened = zk.open(copy, data)
    assert opened.best.params["numeric_encoding"] == "standard"
    assert opened.trials[0].params == study.trials[0].params
    with pytest.warns(UserWarning, match=EARLIER_NUMBERS[:50]):
        resumed = zk.resume(copy, data, trials=3)
    assert len(resumed.trials) == 3


def test_sparse_samples_end_a_search_with_the_remedy() -> None:
    given = csr_array(np.eye(40)), np.arange(40) % 2
    with pytest.raises(InputError, match="numeric_encoding=piecewise needs dense samples.*use standard, or"):
        zk.tune(given, {"numeric_encoding": "piecewise", "hidden": (4,)}, trials=1, epochs=1, progress=False)


def test_pictures_may_have_bins_and_their_weights_are_shown(tmp_path: Path) -> None:
    digits = zk.data.load("digits").first(120).split(0.3, seed=0)
    study = zk.tune(
        digits, {"numeric_encoding": "piecewise", "hidden": (4,)}, trials=1, epochs=1, refit=0, progress=False
    )
    layer = study.best.model.network.layers[0]
    assert 0 < layer.size <= 64 * 16
    assert study.best.model.predict(digits.train.x[:3]).shape == (3,)
    assert series.first_weights(study).blocks[0][1].shape == (4, 8, 8)
