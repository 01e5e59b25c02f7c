"""A search that was killed at any moment resumes, with identical results."""

import gc
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest

import zerokara as zk
from zerokara.engine import checkpoint, workers
from zerokara.engine.population import Population
from zerokara.errors import InputError, OutsideError
from zerokara.samplers.registry import SAMPLERS
from zerokara.storage.journal import Journal

SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "dropout": zk.uniform(0, 0.5),
    "hidden": (8,),
    "activation": zk.choice(["relu", "tanh"]),
}
SEARCH = {"trials": 12, "epochs": 9, "generation": 7, "workers": 1}
KILLS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 8

CASES = {
    **{sampler: {"sampler": sampler} for sampler in SAMPLERS},
    **{race: {"race": race} for race in ("none", "hyperband", "halving:2:2")},
    "folds": {"folds": 2, "seeds": 2},
    "keep best": {"keep_best": True, "race": "hyperband"},
    "patience": {"patience": 2, "race": "halving:2", "optimizer": "sgd", "seeds": 2},
    "unpaired": {"paired": False, "rank": "accuracy"},
}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(0.2, 0.2, seed=0, stratify=False).scaled("standard")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write every checkpoint, although training takes little time here."""
    for module, name in ((checkpoint, "EVERY"), (checkpoint, "MIN_TRAINED"), (workers, "SLICE")):
        monkeypatch.setattr(module, name, 0.0)


def results(folder: Path) -> dict[str, object]:
    """Return the results in a run folder, without times."""
    summary = json.loads((folder / "summary.json").read_text())
    left = {name: value for name, value in summary.items() if "seconds" not in name}
    files = {name: (folder / name).read_bytes() for name in ("trials.csv", "best.safetensors", "config.toml")}
    return left | files


def searched(data: zk.data.Dataset, folder: Path, case: dict[str, object], at: tuple[int, ...] = ()) -> list[Path]:
    """Search, and keep copies of the folder as a kill at those epochs would leave it."""
    copies: list[Path] = []
    seen = 0

    def look(epoch: zk.train.Epoch) -> None:
        nonlocal seen
        seen += 1
        if seen in at:
            # A file that is being written has a dot before its name, and may be gone before it is copied.
            half_written = shutil.ignore_patterns(".*")
            copies.append(shutil.copytree(folder, folder.with_name(f"{folder.name}-{seen}"), ignore=half_written))

    options = dict(case)
    space = {**SPACE, **({"optimizer": options.pop("optimizer")} if "optimizer" in options else {})}
    zk.tune(data, space, **{**SEARCH, **options}, out=folder, on_epoch=look)
    return copies


def test_a_search_stopped_in_its_first_seconds_resumes_from_there(data, tmp_path, monkeypatch) -> None:
    """No rung writes a checkpoint so early, but Ctrl-C does: nothing is trained again."""
    for name in ("EVERY", "MIN_TRAINED"):
        monkeypatch.setattr(checkpoint, name, 1e9)
    searched(data, tmp_path / "whole", {"race": "halving"})
    seen: list[int] = []

    def stop(epoch: zk.train.Epoch) -> None:
        seen.append(len(epoch.rows))
        if epoch.number == 5:
            signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "stopped"
    study = zk.tune(data, SPACE, **SEARCH, race="halving", out=folder, on_epoch=stop)
    assert study.interrupted
    trained = sum(seen)
    seen.clear()
    zk.resume(folder, data, workers=1, on_epoch=lambda epoch: seen.append(len(epoch.rows)))
    assert trained + sum(seen) == json.loads((folder / "summary.json").read_text())["epochs_trained"]
    assert results(folder) == results(tmp_path / "whole")


@pytest.mark.parametrize("case", CASES)
def test_a_killed_search_resumes_with_identical_results(data, tmp_path, case) -> None:
    copies = searched(data, tmp_path / "run", CASES[case], at=(1, 5, 13, 24))
    wanted = results(tmp_path / "run")
    assert len(copies) >= 3
    assert any(list((copy / "checkpoints").glob("*")) for copy in copies if (copy / "checkpoints").exists())
    for copy in copies:
        notes: list[str] = []
        study = zk.resume(copy, data, warn=notes.append)
        assert results(copy) == wanted, copy
        assert not notes
        assert not study.interrupted
        assert not (copy / "checkpoints").exists()


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm", [spoil, Path.unlink, lambda path: path.write_bytes(b"short")], ids=["bit", "missing", "cut"]
)
def test_a_damaged_checkpoint_costs_only_time(data, tmp_path, harm) -> None:
    [copy] = searched(data, tmp_path / "run", {"race": "halving:2"}, at=(20,))
    harmed = sorted((copy / "checkpoints").iterdir())
    assert harmed
    for path in harmed:
        harm(path)
    notes: list[str] = []
    zk.resume(copy, data, warn=notes.append)
    assert results(copy) == results(tmp_path / "run")
    assert harm is Path.unlink or any("Corrupted checkpoint" in note for note in notes)


def test_a_winner_whose_network_is_missing_is_trained_again(data, tmp_path) -> None:
    [copy] = searched(data, tmp_path / "run", {"generation": 4, "seed": 1}, at=(26,))
    moved = copy.rename(tmp_path / "moved")
    (moved / "checkpoints" / "candidates").unlink()
    notes: list[str] = []
    zk.resume(moved, data, warn=notes.append)
    assert results(moved) == results(tmp_path / "run")
    assert any(note.startswith("Retraining 1 of the best 1 trials") for note in notes)


def test_a_finished_run_writes_its_results_again(data, tmp_path) -> None:
    searched(data, tmp_path / "run", {})
    wanted = results(tmp_path / "run")
    (tmp_path / "run" / "best.safetensors").unlink()
    zk.resume(tmp_path / "run", data, warn=pytest.fail)
    assert results(tmp_path / "run") == wanted


def test_a_journal_cut_anywhere_in_its_last_line(data, tmp_path) -> None:
    [copy] = searched(data, tmp_path / "run", {}, at=(20,))
    content = (copy / "journal.log").read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    for place in sorted({last + 1, (last + len(content)) // 2, len(content) - 1}):
        again = shutil.copytree(copy, tmp_path / f"cut-{place}")
        (again / "journal.log").write_bytes(content[:place])
        zk.resume(again, data)
        assert results(again) == results(tmp_path / "run")


def test_more_trials_than_before(data, tmp_path) -> None:
    searched(data, tmp_path / "run", {"race": "none"})
    study = zk.resume(tmp_path / "run", data, trials=20, warn=lambda text: None)
    longer = zk.tune(data, SPACE, **{**SEARCH, "trials": 20}, race="none")
    assert [t.value for t in study.trials] == [t.value for t in longer.trials]
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["trials"] == 20
    assert study.best.number == longer.best.number
    with pytest.raises(InputError, match="trials must be a whole number, 20 or above, got 3"):
        zk.resume(tmp_path / "run", data, trials=3)


def test_other_data_are_an_error_and_other_versions_a_warning(data, tmp_path) -> None:
    [copy] = searched(data, tmp_path / "run", {}, at=(5,))
    other = zk.data.load("digits").first(151).split(validation=0.2, test=0.2, seed=0).scaled("standard")
    with pytest.raises(InputError, match="data changed since this run started"):
        zk.resume(copy, other, warn=pytest.fail)
    config = copy / "config.toml"
    config.write_text(config.read_text().replace(f'numpy = "{np.__version__}"', 'numpy = "1.0"'))
    with pytest.warns(UserWarning, match=r"started with numpy 1\.0, and resumes with .*may differ in the last bits"):
        zk.resume(copy, data)


def test_a_second_process_gets_an_error_that_names_the_first(data, tmp_path) -> None:
    [copy] = searched(data, tmp_path / "run", {}, at=(5,))
    with (
        Journal(copy / "journal.log"),
        pytest.raises(OutsideError, match=rf"got one held by process {os.getpid()} on"),
    ):
        zk.resume(copy, data)


def test_optuna_reads_the_journal_of_a_finished_run(data, tmp_path) -> None:
    study = zk.tune(data, SPACE, **SEARCH, out=tmp_path / "run")
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "run" / "journal.log"))
    loaded = optuna.load_study(study_name="zerokara", storage=optuna.storages.JournalStorage(backend))
    complete = [trial for trial in study.trials if trial.state == "complete"]
    assert loaded.best_trial.number == min(complete, key=lambda trial: trial.value).number
    assert [t.state.name for t in loaded.trials] == [
        {"complete": "COMPLETE", "pruned": "PRUNED"}[t.state] for t in study.trials
    ]
    assert loaded.trials[3].user_attrs["record"]["curves"]["val_loss"] == study.trials[3].curves["val_loss"].tolist()
    # At a rung every trial is reported.
    assert all(set(trial.intermediate_values) >= {1} for trial in loaded.trials)


def test_finished_populations_are_freed(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY", 60.0)  # As in short generations, no checkpoint is ever written.
    monkeypatch.setattr(checkpoint, "MIN_TRAINED", 60.0)
    alive = []

    def look(epoch: zk.train.Epoch) -> None:
        alive.append(sum(isinstance(each, Population) for each in gc.get_objects()))

    space = {"lr": zk.log(1e-4, 1e-1)}
    zk.tune(data, space, trials=40, generation=4, epochs=3, workers=1, out=tmp_path / "run", on_epoch=look)
    assert max(alive) < 8


EAGER = """
import sys
from zerokara.engine import checkpoint, workers
checkpoint.EVERY = checkpoint.MIN_TRAINED = workers.SLICE = 0.1
from zerokara.cli import main
main(sys.argv[1:])
"""


def start(*tokens: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", EAGER, *map(str, tokens)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(*tokens: object) -> str:
    process = start(*tokens)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    return out


@pytest.fixture(
    scope="module",
    params=[("random", "none"), ("tpe", "halving:2"), ("narrowing", "hyperband"), ("cmaes", "halving")],
    ids="-".join,
)
def unharmed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[object], Path, float]:
    """A search, the folder of a run of it that was not killed, and the seconds that it took."""
    sampler, race = request.param
    tokens: list[object] = ["tune", "digits", "--trials", 30, "--epochs", 24, "--hidden", "64,64"]
    tokens += ["--sampler", sampler, "--race", race, "--generation", 10]
    folder = tmp_path_factory.mktemp("unharmed") / "run"
    started = time.perf_counter()
    finished(*tokens, "--out", folder)
    return tokens, folder, time.perf_counter() - started


@pytest.mark.parametrize("kill", range(KILLS // 4))
def test_kill_9_at_any_moment_and_then_again(unharmed, tmp_path, kill) -> None:
    tokens, folder, seconds = unharmed
    moments = random.Random(f"{folder.name} {kill} {time.time_ns() if KILLS > 8 else 0}")
    process = start(*tokens, "--out", tmp_path / "run")
    while not (tmp_path / "run" / "config.toml").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    for _ in range(2):
        time.sleep(moments.uniform(0, 0.6 * seconds))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        process = start("resume", tmp_path / "run")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    assert results(tmp_path / "run") == results(folder)
    assert "is already finished" in finished("resume", tmp_path / "run")


def test_a_refused_resume_writes_nothing(data, tmp_path) -> None:
    zk.tune(data, SPACE, trials=2, epochs=1, out=tmp_path / "run")
    config = (tmp_path / "run/config.toml").read_text()
    with pytest.raises(InputError, match="uses a local journal, got storage"):
        zk.resume(tmp_path / "run", data, trials=9, storage="sqlite:///studies.db")
    assert (tmp_path / "run/config.toml").read_text() == config
