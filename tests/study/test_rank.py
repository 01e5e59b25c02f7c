"""A ranked metric governs the search: races, best epochs, patience, samplers, ensembles, files and resume."""

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import optuna
import pytest
from sklearn.metrics import average_precision_score, mean_absolute_error

import zerokara as zk
from tests.databases import plain_storage
from zerokara.arrays import Array
from zerokara.cli import main
from zerokara.errors import InputError
from zerokara.report.run import leaderboard
from zerokara.samplers.diverged import DIVERGED
from zerokara.storage.journal import Journal
from zerokara.train.ranking import Metric, ranking

SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,), "optimizer": "momentum"}
SEARCH = {"trials": 8, "epochs": 4, "generation": 4, "workers": 1}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    """Two classes, one of them rare, that overlap."""
    rng = np.random.default_rng(0)
    t = (rng.random(240) < 0.2).astype(int)
    x = rng.standard_normal((240, 4)) + 0.9 * t[:, None]
    return zk.data.from_arrays(x, t).split(0.4, 0.3, seed=0)


def brier(t: Array, p: Array) -> float:
    return float(np.mean((p[:, 1] - t) ** 2))


def journal_of(run: Path) -> optuna.Study:
    with Journal(run / "journal.log") as journal:
        return optuna.load_study(study_name="zerokara", storage=journal.storage())


def test_it_governs_the_search(data, tmp_path, capsys) -> None:
    run = tmp_path / "run"
    study = zk.tune(data, SPACE, rank="average_precision", keep_best=True, ensemble=4, refit=0, out=run, **SEARCH)
    best, part = study.best, data.validation
    values = {trial.number: trial.curves["val_average_precision"] for trial in study.trials}
    assert best.val_average_precision == best.trial.curves["val_average_precision"].max()
    assert best.val_average_precision == max(curve.max() for curve in values.values())
    assert [trial.value for trial in study.ranking()] == sorted(trial.value for trial in study.trials)
    p = best.model.predict_proba(part.x)[:, 1]
    assert best.val_average_precision == pytest.approx(average_precision_score(part.t, p), abs=1e-6)
    # The journal has the metric itself, by name and to be maximized.
    stored = journal_of(run)
    assert (stored.direction.name, stored.metric_names) == ("MAXIMIZE", ["val_average_precision"])
    for trial, frozen in zip(study.trials, stored.trials, strict=True):
        # A trial that was pruned is ranked by its epochs so far.
        assert frozen.value == values[trial.number][trial.epoch - 1]
    assert stored.best_value == best.val_average_precision
    summary = json.loads((run / "summary.json").read_text())
    assert summary["rank"] == {"metric": "val_average_precision", "direction": "maximize"}
    assert summary["best"]["val_average_precision"] == best.val_average_precision
    test = average_precision_score(data.test.t, best.model.predict_proba(data.test.x)[:, 1])
    assert summary["test_average_precision"] == pytest.approx(test, abs=1e-6)
    ensemble = study.ensemble().predict_proba(part.x)[:, 1]
    assert average_precision_score(part.t, ensemble) >= best.val_average_precision - 1e-6
    assert summary["ensemble"]["val_average_precision"] == pytest.approx(average_precision_score(part.t, ensemble))
    assert "val_average_precision" in (run / "trials.csv").read_text().splitlines()[0].split(",")
    [line] = leaderboard([best.trial], study)
    assert line.startswith(f"Best-1 (val average precision:{best.val_average_precision:.4f}, val acc:")
    assert f"val_average_precision {best.val_average_precision:.4f}" in repr(study)


@pytest.mark.parametrize(("sampler", "race"), [("tpe", "halving"), ("narrowing", "none"), ("cmaes", "hyperband")])
def test_samplers_learn_from_its_true_sign(data, sampler: str, race: str, tmp_path) -> None:
    """The proposals are those for a study that minimizes the same metric with the other sign."""
    options = SEARCH | {"sampler": sampler, "race": race, "trials": 12, "epochs": 2}
    space = SPACE | {"lr": zk.log(1e-3, 1e30)}  # Some diverge.
    out = tmp_path / "run" if sampler == "tpe" else None
    better = zk.tune(data, space, rank="accuracy", **options, out=out)
    errors = (lambda t, p: np.mean(p.argmax(axis=1) != t) - 1, "minimize")
    lower = zk.tune(data, space, rank=errors, **options)
    assert [trial.params for trial in better.trials] == [trial.params for trial in lower.trials]
    assert [trial.state for trial in better.trials] == [trial.state for trial in lower.trials]
    diverged = {trial.number for trial in better.trials if trial.state == "diverged"}
    assert diverged
    if out:
        assert diverged == {trial.number for trial in journal_of(out).trials if trial.value == -DIVERGED}


def test_patience_waits_for_it(data) -> None:
    options = {"patience": 2, "race": "none", "trials": 3, "epochs": 12, "workers": 1}
    study = zk.tune(data, SPACE, rank="mcc", **options)
    for trial in study.trials:
        curve = trial.curves["val_mcc"]
        best = np.maximum.accumulate(curve)
        waited = [number for number in range(2, len(curve)) if best[number] == best[number - 2]]
        assert len(curve) == (waited[0] + 1 if waited else 12)
    assert any(trial.epochs < 12 for trial in study.trials)


def test_a_function_ranks_and_a_resumed_run_needs_it_again(data, tmp_path) -> None:
    options = SEARCH | {"rank": (brier, "minimize"), "keep_best": True}
    complete = zk.tune(data, SPACE, **options, out=tmp_path / "complete")
    assert complete.best.val_brier == min(trial.curves["val_brier"].min() for trial in complete.trials)
    p = complete.best.model.predict_proba(data.validation.x)
    assert complete.best.val_brier == pytest.approx(brier(data.validation.t, p), abs=1e-6)
    assert journal_of(tmp_path / "complete").direction.name == "MINIMIZE"
    name = f"{__name__}.brier:minimize"
    assert f'rank = "{name}"' in (tmp_path / "complete/config.toml").read_text()
    run = tmp_path / "run"
    zk.tune(data, SPACE, **options | {"trials": 4}, out=run)
    with pytest.raises(InputError, match=f"this run needs {name}: in Python, pass it to zerokara.resume"):
        zk.resume(run, data, trials=8)
    with pytest.raises(InputError, match=f"got f1 for a run with {name}"):
        zk.resume(run, data, trials=8, rank="f1")
    again = zk.resume(run, data, trials=8, rank=(brier, "minimize"), workers=1)
    assert [trial.record for trial in again.trials] == [trial.record for trial in complete.trials]
    assert (run / "best.safetensors").read_bytes() == (tmp_path / "complete/best.safetensors").read_bytes()


def test_a_function_reaches_worker_processes(data) -> None:
    scale = 0.5
    study = zk.tune(data, SPACE, rank=lambda t, p: scale * p[t == 1, 1].mean(), **SEARCH | {"workers": "processes:1"})
    assert 0 < study.best.trial.curves["val_lambda"][-1] < 0.5
    with ProcessPoolExecutor(1) as pool, pytest.raises(InputError, match="rank must be a function that pickle"):
        zk.tune(data, SPACE, rank=lambda t, p: 1.0, **SEARCH | {"workers": pool})


def test_the_errors_of_a_regression_are_in_its_units(tmp_path) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((150, 3))
    data = zk.data.from_arrays(x, 1000 + 250 * x[:, 0]).split(0.3, seed=0).scaled("standard")
    study = zk.tune(data, SPACE, rank="mae", **SEARCH)
    part, model = data.validation, study.best.model
    y, t = data.preprocess.restore_target(model.scores(data.original.validation.x)), data.original.validation.t
    assert len(part) == len(t)
    assert study.best.val_mae == pytest.approx(mean_absolute_error(t, y), rel=1e-5)
    assert 1 < study.best.val_mae < 250
    assert model.score("mae", data, "validation") == pytest.approx(study.best.val_mae, rel=1e-6)


def test_a_metric_must_be_defined_on_the_validation_samples() -> None:
    x, t = np.random.default_rng(0).standard_normal((40, 2)), np.repeat([0, 1], 20)
    data = zk.data.from_arrays(x[:30], t[:30], x_val=x[:10], t_val=t[:10])
    with pytest.raises(InputError, match="rank 'roc_auc' must be defined on the validation samples"):
        zk.tune(data, SPACE, rank="roc_auc", **SEARCH)


def test_a_shared_study_maximizes_it(data, tmp_path) -> None:
    where = f"sqlite:///{tmp_path}/studies.db"
    options = SEARCH | {"rank": "roc_auc", "sampler": "tpe", "race": "none"}
    study = zk.tune(data, SPACE, storage=where, **options)
    stored = optuna.load_study(study_name="zerokara", storage=plain_storage(where))
    assert (stored.direction.name, stored.metric_names) == ("MAXIMIZE", ["val_roc_auc"])
    assert stored.best_value == -study.best.trial.value
    assert [trial.params for trial in study.trials] == [
        trial.params for trial in zk.tune(data, SPACE, **options).trials
    ]


def test_a_run_of_an_older_version_keeps_its_direction(data, tmp_path, monkeypatch) -> None:
    """Such a run minimizes minus the accuracy."""
    run, options = tmp_path / "run", SEARCH | {"rank": "accuracy", "sampler": "tpe"}
    complete = zk.tune(data, SPACE, **options)
    monkeypatch.setattr(Metric, "direction", "minimize")
    zk.tune(data, SPACE, **options | {"trials": 4}, out=run)
    monkeypatch.undo()
    again = zk.resume(run, data, trials=8, workers=1)
    assert [trial.params for trial in again.trials] == [trial.params for trial in complete.trials]
    stored = journal_of(run)
    assert stored.direction.name == "MINIMIZE"
    assert stored.best_value == -again.best.val_accuracy


def test_the_command_line_ranks_by_it(tmp_path, capsys) -> None:
    run = tmp_path / "run"
    words = f"digits --train-size 200 --rank f1_macro --epochs 2 --hidden 8 --out {run}"
    with pytest.raises(SystemExit, match="0"):
        main(["train", *words.split()])
    shown = capsys.readouterr().out
    summary = json.loads((run / "summary.json").read_text())
    assert f"validation f1 macro {summary['best']['val_f1_macro']:.4f}, accuracy" in shown
    assert f"test f1 macro: {summary['test_f1_macro']:.4f}\n" in shown
    assert ", f1 macro 0." in shown.splitlines()[1]  # The first epoch.
    assert ranking("f1_macro", "classification", 10).title == "f1 macro"
