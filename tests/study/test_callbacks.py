"""Callbacks are called at the same moments for any workers and after a resume, and what they stop stays stopped."""

import json
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import zerokara as zk
from tests.study.test_resume import results
from zerokara.engine import checkpoint, workers
from zerokara.engine.bracket import Rung
from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.study.events import Search
from zerokara.study.study import Study

pytestmark = pytest.mark.usefixtures("undrawn", "eager")
SPACE = {"lr": zk.log(1e-3, 1e2), "dropout": zk.uniform(0, 0.5), "hidden": (8,), "optimizer": "sgd"}
SEARCH: dict[str, Any] = {"trials": 14, "epochs": 9, "generation": 7, "refit": 0, "workers": 1}
CASES: dict[str, dict[str, Any]] = {
    "halving": {},
    "hyperband": {"race": "hyperband"},
    "rows": {"seeds": 2, "folds": 2, "patience": 2, "race": "halving:2"},
    "last": {"keep_best": False, "rank": "accuracy"},
    "learns": {"sampler": "tpe", "race": "none"},
}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(0.2, 0.2, seed=0).scaled("standard")


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write every checkpoint, although training takes little time here."""
    for module, name in ((checkpoint, "EVERY"), (checkpoint, "MIN_TRAINED"), (workers, "SLICE")):
        monkeypatch.setattr(module, name, 0.0)


class Log:
    """Keeps all that is reported, and stops the search at the event of this number; ``look`` follows every event."""

    def __init__(self, stop_at: int | None = None, look: Callable[[], Any] = lambda: None) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.stop_at, self.look = stop_at, look

    def add(self, search: Search, moment: str, *facts: Any) -> None:
        self.events.append((moment, *facts))
        if len(self.events) - 1 == self.stop_at:
            search.stop("enough")
        self.look()

    def on_generation(self, search: Search, trials: Sequence[Trial]) -> None:
        self.add(search, "generation", *(trial.number for trial in trials))

    def on_rung(self, search: Search, rung: Rung) -> None:
        self.add(search, "rung", *rung.place, *((trial.number, record(trial)) for trial in rung.trials))

    def on_trial(self, search: Search, trial: Trial) -> None:
        assert search.trials[-1] is trial
        assert search.best
        self.add(search, "trial", trial.number, record(trial))

    def on_end(self, study: Study) -> None:
        self.events.append(("end", study.interrupted))


def record(trial: Trial) -> str:
    return json.dumps(trial.record)


def searched(data: zk.data.Dataset, folder: Path, case: str, log: Log, copies: Sequence[int] = ()) -> list[Path]:
    """Search, and keep copies of the folder as a kill at those epochs would leave it."""
    kept: list[Path] = []
    seen = 0

    def look(epoch: zk.train.Epoch) -> None:
        nonlocal seen
        seen += 1
        if seen in copies:
            kept.append(shutil.copytree(folder, folder.with_name(f"{folder.name}-{seen}")))

    zk.tune(data, SPACE, **{**SEARCH, **CASES[case]}, out=folder, callbacks=[log], on_epoch=look)
    return kept


@pytest.mark.parametrize("case", CASES)
def test_a_resume_reports_everything_again_in_the_same_order(data, tmp_path, case) -> None:
    log = Log()
    epochs = (2, 8, 14) if case in ("halving", "hyperband") else (8,)
    copies = searched(data, tmp_path / "run", case, log, epochs)
    assert len(copies) == len(epochs)
    moments = [event[0] for event in log.events]
    assert [moments.count(name) for name in ("trial", "generation", "end")] == [14, 2, 1]
    assert log.events[-1] == ("end", False)
    for copy in copies:
        again = Log()
        zk.resume(copy, data, callbacks=[again], workers=1)
        assert again.events == log.events
        assert results(copy) == results(tmp_path / "run")


def test_the_moments_do_not_depend_on_the_workers(data) -> None:
    logs = [Log(), Log()]
    for log, count in zip(logs, (1, 3), strict=True):
        zk.tune(data, SPACE, **SEARCH | {"workers": count}, callbacks=[log])
    assert logs[0].events == logs[1].events


def test_callbacks_change_nothing(data, tmp_path) -> None:
    searched(data, tmp_path / "with", "hyperband", Log())
    zk.tune(data, SPACE, **SEARCH, race="hyperband", out=tmp_path / "without")
    with_, without = results(tmp_path / "with"), results(tmp_path / "without")
    config = with_.pop("config.toml"), without.pop("config.toml")
    assert b'callbacks = [\n    "tests.study.test_callbacks.Log",\n]\n' in config[0]
    assert b"callbacks" not in config[1]
    assert with_ == without


@pytest.mark.parametrize(
    ("case", "moment"),
    [
        *(("hyperband", moment) for moment in ("rung", "trial", "generation")),
        ("halving", "trial"),
        ("rows", "rung"),
    ],
)
def test_what_is_stopped_stays_stopped(data, tmp_path, case, moment) -> None:
    whole = Log()
    searched(data, tmp_path / "whole", case, whole)
    found = [i for i, event in enumerate(whole.events) if event[0] == moment]
    at = found[len(found) // 3]
    copies: list[Path] = []

    def look() -> None:
        """Keep a copy as a kill before the next event leaves it."""
        if log.events and len(log.events) - 1 > at and len(copies) < 2:
            copies.append(shutil.copytree(run, run.with_name(f"killed-{len(copies)}")))

    run, log = tmp_path / "run", Log(at, lambda: look())
    searched(data, run, case, log)
    study = zk.resume(run, data)
    assert log.events[: at + 1] == whole.events[: at + 1]
    assert study.stopped
    assert (study.stopped.callback, study.stopped.reason) == ("tests.study.test_callbacks.Log", "enough")
    assert not study.interrupted
    assert (
        sum(trial.epochs_trained for trial in study.trials)
        < json.loads((tmp_path / "whole" / "summary.json").read_text())["epochs_trained"]
    )
    reached = max(event[3] for event in whole.events[: at + 1] if event[0] == "rung")
    assert max(trial.epochs for trial in study.trials) == reached
    assert sum(event[0] == "trial" for event in log.events) == len(study.trials)
    for copy in copies:
        again = Log()  # One that stops nothing: the record does.
        zk.resume(copy, data, callbacks=[again], workers=1)
        assert results(copy) == results(run)
        assert again.events == log.events
        zk.resume(copy, data, warn=lambda text: None)
        assert results(copy) == results(run)


def test_a_process_that_stops_a_shared_study_stops_all(data, tmp_path) -> None:
    options: dict[str, Any] = {"storage": f"sqlite:///{tmp_path}/studies.db", "warn": lambda text: None}
    run, shared = tmp_path / "run", {**SEARCH, **options, "race": "hyperband"}
    study = zk.tune(data, SPACE, **shared, callbacks=[Log(4)], out=run)
    assert study.stopped
    assert not study.interrupted
    assert len(study.trials) == 7
    again, quiet = Log(), options["warn"]
    others = zk.tune(data, SPACE, **shared, callbacks=[again]), zk.resume(run, data, callbacks=[Log()], warn=quiet)
    for other in others:
        assert other.stopped == study.stopped
        assert [record(trial) for trial in other.trials] == [record(trial) for trial in study.trials]
    assert again.events == [("end", False)]  # Another process trained the trials.
    more = zk.resume(run, data, trials=21, callbacks=[Log()], warn=quiet)
    assert len(more.trials) == 21
    assert not more.stopped


def test_a_run_that_was_killed_before_the_stop_ends_the_same(data, tmp_path) -> None:
    """A callback that counts has counted as much after the resume."""
    copies = searched(data, tmp_path / "run", "halving", Log(14), (2, 5))
    assert len(copies) == 2
    for copy in copies:
        log = Log(14)
        study = zk.resume(copy, data, callbacks=[log], workers=1)
        assert study.stopped
        assert results(copy) == results(tmp_path / "run")


def test_more_trials_continue_a_search_that_was_stopped(data, tmp_path) -> None:
    run = tmp_path / "run"
    searched(data, run, "learns", Log(0))
    study = zk.resume(run, data, trials=21, callbacks=[Log()])
    assert len(study.trials) == 21
    assert not study.stopped
    assert not study.interrupted


def test_a_resume_without_the_callbacks_warns(data, tmp_path) -> None:
    run, notes = tmp_path / "run", []
    copies = searched(data, run, "halving", Log(), (5,))
    zk.resume(copies[0], data, warn=notes.append)
    assert len(notes) == 1
    assert "had the callbacks tests.study.test_callbacks.Log, and resumes without: what they would stop now" in notes[0]
    zk.resume(run, data)


def test_an_error_in_a_callback_loses_no_training(data, tmp_path) -> None:
    class Broken:
        def on_rung(self, search: Search, rung: Rung) -> None:
            if rung.epoch == 3:
                raise ZeroDivisionError

    run = tmp_path / "run"
    with pytest.raises(ZeroDivisionError):
        zk.tune(data, SPACE, **SEARCH, out=run, callbacks=[Broken()])
    epochs: list[int] = []
    zk.resume(run, data, callbacks=[Log()], workers=1, on_epoch=lambda epoch: epochs.append(epoch.number))
    assert epochs[0] == 4
    searched(data, tmp_path / "whole", "halving", Log())
    assert results(run)["best.safetensors"] == results(tmp_path / "whole")["best.safetensors"]


def test_ctrl_c_ends_with_on_end(data, tmp_path) -> None:
    log = Log(look=lambda: len(log.events) == 1 and signal.raise_signal(signal.SIGINT))
    study = zk.tune(data, SPACE, **SEARCH, out=tmp_path / "run", callbacks=[log])
    assert study.interrupted
    assert log.events[-1] == ("end", True)


@pytest.mark.parametrize("callbacks", [Log(), [Log], [print], ["csv"]])
def test_what_is_no_callback_is_refused(data, callbacks) -> None:
    with pytest.raises(InputError, match="callbacks must be a list of objects with some of the methods on_generation"):
        zk.tune(data, SPACE, callbacks=callbacks)
