"""`zerokara.open`: the study of a run folder is that of the search, and nothing in the folder changes."""

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.study.conftest import draw_nothing
from zerokara.errors import DatabaseError, InputError
from zerokara.locks import run_lock

DATA = replace(zk.data.load("digits").first(300).split(validation=0.2, test=0.2, seed=0), name="mine")
SPACE = {"lr": zk.log(1e-3, 1e-1), "dropout": zk.uniform(0, 0.5), "hidden": (8,)}
SMALL = {"trials": 12, "epochs": 4, "workers": 1, "refit": 2, "ensemble": 3}


def searched(folder: Path, data: zk.data.Dataset = DATA, **settings: object) -> zk.Study:
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        return zk.tune(data, SPACE, **SMALL | settings, out=folder)  # type: ignore[operator]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "run"


@pytest.fixture(scope="module")
def study(run: Path) -> zk.Study:
    return searched(run, seeds=2)


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def test_all_of_a_finished_run_is_there_and_nothing_changes(run, study) -> None:
    before = state(run)
    saved = zk.open(run)
    assert repr(saved).partition("(")[2] == repr(study).partition("(")[2]
    assert [trial.record for trial in saved.trials] == [trial.record for trial in study.trials]
    assert saved.trials[3].val_accuracy == study.trials[3].val_accuracy
    assert saved.importances() == study.importances()
    assert saved.at(1) == study.at(1)
    assert (saved.best.number, saved.best.val_loss) == (study.best.number, study.best.val_loss)
    for model, same in ((saved.best.model, study.best.model), (saved.model, study.model)):
        assert np.array_equal(model.scores(DATA.test.x), same.scores(DATA.test.x))
    assert saved.ensemble().about["trials"] == study.ensemble().about["trials"]
    assert (saved.test_score, saved.interrupted, saved.rounds) == (study.test_score, False, ())
    assert saved.seconds == study.seconds
    assert repr(saved.plan) == "SavedPlan(mine, classification, 4 epochs, rank=loss)"
    assert saved.frame(kind="dict") == study.frame(kind="dict")
    assert state(run) == before


def test_figures_of_a_run_are_those_of_its_study(run, study) -> None:
    """The data of this run come from Python, and cannot be loaded again: figures of predictions need them."""
    saved, given = zk.open(run), zk.open(run, DATA)
    for name in ("race", "scatter", "curves", "importances"):
        getattr(saved.plot, name)().draw_without_rendering()
    for mine in (saved, given):
        assert np.array_equal(mine.confusion().counts, study.confusion().counts)
        assert mine.confusion().title == study.confusion().title
    assert np.array_equal(given.confusion("train").counts, study.confusion("train").counts)
    assert np.array_equal(given.confusion("test").counts, study.confusion("test").counts)
    assert len(given.plot.weights().axes) == 3
    assert len(saved.plot.weights().axes) == 1, "the weights at the start need the data"
    with pytest.raises(InputError, match=r"pass them, as in zerokara.open\(run, data\)"):
        saved.confusion("train")
    other = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
    with pytest.raises(InputError, match="hash differs"):
        zk.open(run, other)


def test_a_run_that_another_process_is_training(tmp_path) -> None:
    """Its journal is locked and has the trials of the first generation; the winner is trained again if the data are."""
    seen: list[zk.Study] = []

    def look(progress: object) -> None:
        journal = tmp_path / "run" / "journal.log"
        if not seen and journal.exists() and journal.read_bytes().count(b'"op_code":6') >= 4:
            seen.append(zk.open(tmp_path / "run", DATA))

    study = searched(tmp_path / "run", generation=4, sampler="tpe", progress=look)
    [early] = seen
    assert early.interrupted
    assert len(early.trials) in (4, 8)
    assert [trial.record for trial in early.trials] == [trial.record for trial in study.trials[: len(early.trials)]]
    assert math.isnan(early.test_score)
    best = early.best
    assert best.model.evaluate(DATA, "validation")[0] == pytest.approx(best.val_loss, rel=1e-4)
    assert early._repr_html_().count("not finished") == 1


def test_a_winner_without_its_model_needs_the_data(run, study, tmp_path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / "best.safetensors").unlink()
    assert zk.open(copy).best.params == study.best.params
    with pytest.raises(InputError, match="this needs the data of .*copy"):
        _ = zk.open(copy).best.model
    again = zk.open(copy, DATA).best.model
    assert np.array_equal(again.network.params, study.best.model.network.params)


def test_a_locked_run_and_one_without_a_trial(run, study, tmp_path) -> None:
    with run_lock(run / "journal.log"):
        assert len(zk.open(run).trials) == 12
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / "journal.log").unlink()
    empty = zk.open(copy)
    assert (empty.trials, empty.winner, empty.interrupted) == ([], None, True)
    assert empty._repr_html_()
    with pytest.raises(InputError, match="a winner needs"):
        _ = empty.best
    with pytest.raises(InputError, match="a run is a folder with a config.toml"):
        zk.open(tmp_path)


def test_a_damaged_journal_says_how_to_repair_it(run, study, tmp_path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    journal = copy / "journal.log"
    journal.write_bytes(journal.read_bytes().replace(b'"complete"', b'"complate"', 1))
    with pytest.raises(InputError, match=r"zerokara resume .*copy --repair"):
        zk.open(copy)


def test_rounds_and_a_rank_that_is_a_function(tmp_path) -> None:
    def recall(t: np.ndarray, p: np.ndarray) -> float:
        return float((p.argmax(axis=1) == t)[t == 3].mean())

    study = searched(tmp_path / "run", sampler="narrowing", generation=4, rank=recall, folds=2)
    saved = zk.open(tmp_path / "run")
    assert [(each.trials, each.ranges) for each in saved.rounds] == [(r.trials, r.ranges) for r in study.rounds]
    assert saved.plan.metric.label == study.plan.metric.label == "val_recall"
    assert saved.best.val_recall == study.best.val_recall
    assert [trial.number for trial in saved.ranking()] == [trial.number for trial in study.ranking()]
    saved.plot.narrowing().draw_without_rendering()
    with pytest.raises(InputError, match="does not contain the function of rank"):
        saved.plan.metric.evaluate(np.zeros((1, 48, 10)), DATA.validation, DATA.preprocess)


def test_a_study_in_a_database(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/studies.db"
    study = searched(tmp_path / "run", storage=storage, study="mine")
    (tmp_path / "studies.db").rename(tmp_path / "moved.db")
    with pytest.raises(DatabaseError, match="there is no file .*studies.db"):
        zk.open(tmp_path / "run")
    assert not (tmp_path / "studies.db").exists()
    saved = zk.open(tmp_path / "run", storage=f"sqlite:///{tmp_path}/moved.db")
    assert [trial.record for trial in saved.trials] == [trial.record for trial in study.trials]
    assert saved.trials[0].val_accuracy == study.trials[0].val_accuracy


def test_the_config_of_an_older_version_lacks_the_task(run, study, tmp_path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    config = (copy / "config.toml").read_text()
    later = ("task =", "outputs =", "data_name =", "data_parts =")
    kept = [line for line in config.splitlines() if not line.startswith(later)]
    assert len(kept) == len(config.splitlines()) - 4
    (copy / "config.toml").write_text("\n".join(kept))
    assert zk.open(copy, DATA).trials[0].val_accuracy == study.trials[0].val_accuracy
    with pytest.raises(InputError, match="pass them"):
        zk.open(copy)


def test_an_ensemble_that_the_run_did_not_select(run, study, tmp_path) -> None:
    with pytest.raises(InputError, match="a run has the ensemble that it was asked for, got one of up to 3"):
        zk.open(run).ensemble(9)
    assert replace(zk.open(run), ensemble_size=None).test_score == study.test_score


def test_data_that_the_command_line_loaded_are_loaded_again(tmp_path, undrawn) -> None:
    """A regression of a table: residuals need its rows, which the config names."""
    table = tmp_path / "line.csv"
    table.write_text("size,price\n" + "".join(f"{k},{3 * k + k % 5}\n" for k in range(60)))
    from zerokara.cli import main

    options = ["--target", "price", "--trials", "2", "--epochs", "2", "--hidden", "4", "--refit", "0"]
    with pytest.raises(SystemExit):
        main(["tune", str(table), *options, "--out", str(tmp_path / "run")])
    saved = zk.open(tmp_path / "run")
    assert saved.trials[0].val_r2 == saved.trials[0].val_score
    assert len(saved.residuals().truth) == 10
    assert saved.test_errors["mean_absolute_error"]["price"] > 0
    table.unlink()
    with pytest.raises(InputError, match="could not be loaded again"):
        zk.open(tmp_path / "run").residuals()


def test_arrays_and_a_path_are_taken_as_tune_takes_them(tmp_path, undrawn) -> None:
    X, y = DATA.train.x, DATA.train.t
    study = zk.tune((X, y), SPACE, trials=2, epochs=1, workers=1, refit=0, out=tmp_path / "arrays")
    saved = zk.open(tmp_path / "arrays", (X, y))
    assert repr(saved).partition("(")[2] == repr(study).partition("(")[2]
    assert np.array_equal(saved.confusion("train").counts, study.confusion("train").counts)
    table = tmp_path / "line.csv"
    table.write_text("size,price\n" + "".join(f"{k},{3 * k + k % 5}.5\n" for k in range(60)))
    study = zk.tune(table, {"lr": 0.01}, target="price", trials=1, epochs=1, refit=0, seed=3, out=tmp_path / "table")
    assert np.array_equal(zk.open(tmp_path / "table").residuals().truth, study.residuals().truth)


class StopsAtOnce:
    def on_generation(self, search: Any, trials: Any) -> None:
        search.stop("enough")


def test_a_run_that_a_callback_has_stopped_is_finished(tmp_path) -> None:
    study = searched(tmp_path / "run", generation=4, callbacks=[StopsAtOnce()])
    saved = zk.open(tmp_path / "run")
    assert len(saved.trials) < SMALL["trials"]
    assert (saved.interrupted, saved.stopped) == (False, study.stopped)
    assert saved.test_score == study.test_score
