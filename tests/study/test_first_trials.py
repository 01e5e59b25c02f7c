"""Trials that the user asks for, and the limit of time."""

import json
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli.app import run
from zerokara.data import Dataset
from zerokara.engine.bracket import raced
from zerokara.engine.halving import Bracket
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.space.first import first_text, read_first
from zerokara.space.space import Space
from zerokara.study.defaults import with_defaults
from zerokara.study.run_folder import WORKER_ID, RunFolder
from zerokara.study.settings import SearchSettings

SPACE = {"lr": zk.log(1e-4, 1e-1), "hidden": zk.choice([(8,), (16, 8)])}
ASKED = [{"lr": 2e-4, "hidden": (16, 8)}, "lr=0.0003"]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return zk.data.load("digits").first(300).split(validation=0.2, seed=0)


def test_the_first_trials_are_those_that_were_asked_for(data: Dataset) -> None:
    study = zk.tune(data, SPACE, first=ASKED, trials=4, epochs=2, refit=0)
    assert study.trials[0].params["lr"] == 2e-4
    assert study.trials[0].params["hidden"] == (16, 8)
    assert study.trials[1].params["lr"] == 3e-4
    without = zk.tune(data, SPACE, trials=4, epochs=2, refit=0)
    assert study.trials[1].params["hidden"] == without.trials[1].params["hidden"]
    assert [trial.params for trial in study.trials[2:]] == [trial.params for trial in without.trials[2:]]


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid", "qmc", "cmaes", "narrowing"])
def test_every_sampler_leaves_them_alone(data: Dataset, sampler: str) -> None:
    space = {"lr": zk.log(1e-4, 1e-1), "momentum": zk.uniform(0, 0.9), "optimizer": "momentum", "hidden": (8,)}
    study = zk.tune(data, space, first=[{"lr": 0.05}], trials=12, epochs=1, sampler=sampler, refit=0)
    assert study.trials[0].params["lr"] == 0.05
    assert len({trial.params["lr"] for trial in study.trials}) > 2


def test_the_race_does_not_stop_them(data: Dataset) -> None:
    study = zk.tune(data, SPACE, first=ASKED, trials=12, epochs=9, refit=0)
    assert [trial.epochs for trial in study.trials[:2]] == [9, 9]
    raced_alone = zk.tune(data, SPACE, trials=12, epochs=9, refit=0)
    assert sum(trial.epochs == 9 for trial in raced_alone.trials) < sum(trial.epochs == 9 for trial in study.trials)


def test_protected_trials_take_no_place_from_others() -> None:
    trials = [Trial(n, {}, "interrupted", float(n), 1, 1, {"val_loss": [0.0]}) for n in range(8)]
    states = {trial.number: trial.state for trial in raced(trials, Bracket(8, (1, 3), 3), 0, protected=2)}
    assert [n for n, state in states.items() if state == "interrupted"] == [0, 1, 2, 3]


def test_they_are_recorded_and_resumed(data: Dataset, tmp_path: Path) -> None:
    whole = zk.tune(data, SPACE, first=ASKED, trials=6, epochs=3, refit=0)
    zk.tune(data, SPACE, first=ASKED, trials=3, epochs=3, refit=0, out=tmp_path / "run")
    assert RunFolder(tmp_path / "run").config()["first"] == ["lr=0.0002 hidden=16,8", "lr=0.0003"]
    again = zk.resume(tmp_path / "run", data, trials=6)
    assert [trial.params for trial in again.trials] == [trial.params for trial in whole.trials]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--search", "lr=log:1e-4:1e-1", "--hidden", "8", "--trials", "3", "--epochs", "1", "--refit", "0"]
    first = ["--first", "lr=0.002", "--first", "lr=0.003"]
    assert run(["tune", "digits", *options, *first, "--out", str(tmp_path / "run")]) == 0
    assert [trial.params["lr"] for trial in zk.open(tmp_path / "run").trials[:2]] == [0.002, 0.003]
    assert run(["tune", "digits", "--config", str(tmp_path / "run/config.toml"), "--out", str(tmp_path / "b")]) == 0
    assert [trial.params["lr"] for trial in zk.open(tmp_path / "b").trials[:2]] == [0.002, 0.003]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("lr=0.1", "must be a list of trials"),
        (["lr"], "NAME=VALUE"),
        (["lr=high"], "lr must be"),
        (["rate=0.1"], "rate"),
        (["lr=0.01 lr=0.02"], "each name once"),
        ([{"lr": 0.5}], "outside log:0.0001:0.1"),
        ([{"hidden": (9,)}], "outside choice:8|16,8"),
        ([{"dropout": 0.5}], "dropout=0.5 where dropout is 0"),
    ],
)
def test_a_trial_that_cannot_be_is_refused(data: Dataset, first: object, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("|", r"\|")):
        zk.tune(data, SPACE, first=first, trials=2, epochs=1)


def test_text_and_mapping_are_the_same() -> None:
    assert first_text({"lr": 0.01, "hidden": [100, 50]}) == "lr=0.01 hidden=100,50"
    assert read_first(first_text({"hidden": (), "batch_norm": True})) == {"hidden": (), "batch_norm": True}


@pytest.mark.filterwarnings("ignore:Of the 5 networks")
def test_a_search_ends_in_time_and_between_generations(data: Dataset) -> None:
    started = time.perf_counter()
    study = zk.tune(data, SPACE, seconds=1.0, epochs=4, generation=4)
    assert time.perf_counter() - started < 6
    assert len(study.trials) % 4 == 0
    assert study.stopped
    assert re.match(r"\d\.\d\d s of 1 s are left, another generation takes about", study.stopped.reason)
    same = zk.tune(data, SPACE, trials=len(study.trials), epochs=4, generation=4)
    assert [trial.value for trial in same.trials] == [trial.value for trial in study.trials]


@pytest.mark.filterwarnings("ignore:Of the 5 networks")
def test_a_stopped_search_is_finished_when_it_is_resumed(data: Dataset, tmp_path: Path) -> None:
    study = zk.tune(data, SPACE, seconds=0.3, epochs=2, generation=2, out=tmp_path / "run")
    again = zk.resume(tmp_path / "run", data)
    assert len(again.trials) == len(study.trials)


def test_the_final_training_has_as_many_networks_as_fit(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    trial, now = zk.tune(data, SPACE, trials=1, epochs=4, refit=0).best.trial, [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    limit = zk.callbacks.TimeLimit(10.0, refit=5)
    search = zk.callbacks.Search(Space(SPACE), Plan(data))
    search.trials = [trial]
    now[0] = 4.0  # An epoch takes a second.
    limit.on_generation(search, [trial])
    assert search.requested == "6.00 s of 10 s are left, another generation takes about 4.00 s, the final training " + (
        f"{5 * trial.epoch:.2f} s"
    )
    assert [limit.final_networks(epochs) for epochs in (1, 2, 6, 7)] == [5, 3, 1, 0]
    now[0] = 11.0
    assert [limit.final_networks(epochs) for epochs in (0, 1)] == [5, 0]


@pytest.mark.filterwarnings("ignore:Of the 5 networks")
def test_without_time_for_the_final_training_the_model_is_the_winner(data: Dataset, tmp_path: Path) -> None:
    rest = "Of the 5 networks of the final training there is time for 0: the model is the winner's own network."
    with pytest.warns(UserWarning, match=re.escape(rest)):
        study = zk.tune(data, SPACE, seconds=1e-6, epochs=4, generation=2, out=tmp_path / "run")
    assert (len(study.trials), study.model.population, study.refitted) == (2, 1, None)
    assert np.array_equal(study.model.network.params, study.best.model.network.params)
    assert zk.Model.load(tmp_path / "run" / "model.safetensors").population == 1
    assert zk.open(tmp_path / "run").model.population == 1
    assert zk.tune(data, SPACE, seconds=60.0, epochs=4, trials=2).model.population == 5


@pytest.mark.parametrize("fit", [0, 2, 5])
def test_a_finished_run_keeps_its_final_networks(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: int
) -> None:
    run, start = tmp_path / "run", {"epochs": 4, "generation": 2, "trials": 2, "seconds": 60.0, "out": tmp_path / "run"}
    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patched.setattr(zk.callbacks.TimeLimit, "final_networks", lambda limit, epochs: fit)
        zk.tune(data, SPACE, **start)
    summary, model = json.loads((run / "summary.json").read_text()), (run / "model.safetensors").read_bytes()
    assert summary["final_networks"] == fit
    monkeypatch.setattr(zk.callbacks.TimeLimit, "_left", lambda limit: 0.0)
    for _ in range(2):
        assert zk.resume(run, data, warn=[].append).model.population == max(1, fit)
        assert (run / "model.safetensors").read_bytes() == model
    # An interrupted resume, and one that a process did not end.
    (run / "summary.json").write_text(json.dumps(json.loads((run / "summary.json").read_text()) | {"finished": False}))
    (run / WORKER_ID).touch()
    assert zk.resume(run, data, warn=[].append).model.population == max(1, fit)
    monkeypatch.undo()
    assert zk.resume(run, data, trials=3).model.population == 5


def test_a_stopped_search_that_was_extended_is_not_finished(data: Dataset, tmp_path: Path) -> None:
    class Enough(zk.callbacks.Callback):
        def on_generation(self, search: object, trials: object) -> None:
            search.stop("enough")

    run = tmp_path / "run"
    zk.tune(data, SPACE, epochs=1, generation=2, trials=4, out=run, callbacks=[Enough()], refit=0)
    assert RunFolder(run).finished()["trials"] == 2
    assert RunFolder(run).finished(6) == {}
    RunFolder(run).resumed(6)  # And killed before it trained.
    assert RunFolder(run).finished() == {}


@pytest.mark.parametrize("empty", [(), []])
def test_no_first_trials_are_the_default_ones_of_a_table(empty: object) -> None:
    x = np.arange(60.0)[:, None]
    assert len(with_defaults(SearchSettings(zk.data.from_arrays(x, x[:, 0] > 9), first=empty)).first) == 4


def test_large_tables_train_one_network_at_a_time_where_time_is_limited() -> None:
    x = np.arange(10_000.0)[:, None]
    for rows, generation in ((20_000, 1), (9_000, 3)):
        data = zk.data.from_arrays(np.resize(x, (rows, 1)), np.resize(x[:, 0] % 3, rows))
        assert with_defaults(SearchSettings(data, seconds=1.0)).generation == generation


@pytest.mark.parametrize(("seconds", "generation"), [(0.1, 8), (1.0, 32)])
def test_many_pictures_train_fewer_networks_at_a_time_where_time_is_limited(seconds: float, generation: int) -> None:
    data = zk.data.load("digits").split(validation=0.2, seed=0)
    assert with_defaults(SearchSettings(data, seconds=seconds)).generation == generation


@pytest.mark.parametrize("seconds", [0, -1, True, "60", float("nan"), float("inf")])
def test_a_limit_that_is_no_time_is_refused(data: Dataset, seconds: object) -> None:
    with pytest.raises(InputError, match="seconds must be a number above 0"):
        zk.tune(data, SPACE, seconds=seconds)


def test_more_first_trials_than_trials_are_an_error(data: Dataset) -> None:
    with pytest.raises(InputError, match=r"a trial for each of the first ones, got 2 first and 1 trials: use trials=2"):
        zk.tune(data, SPACE, first=ASKED, trials=1)


def test_a_short_default_search_has_fewer_default_networks(tmp_path: Path) -> None:
    x = np.arange(60.0)[:, None]
    study = zk.tune((x, x[:, 0] % 2 > 0), trials=2, epochs=2, out=tmp_path / "run")
    assert len(study.plan.first) == len(study.trials) == 2
    assert len(zk.resume(tmp_path / "run", (x, x[:, 0] % 2 > 0), trials=3).trials) == 3
