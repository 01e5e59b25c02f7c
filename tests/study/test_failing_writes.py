"""Every write, rename and flush of a command fails or ends the process once; afterwards nothing is lost."""

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

import zerokara as zk
from tests.faults import KINDS, failing
from tests.study.conftest import draw_nothing
from zerokara.engine import checkpoint, workers
from zerokara.errors import OutsideError, ZerokaraWarning
from zerokara.nn import Affine
from zerokara.study.run_folder import RunFolder

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
FAILURES = ("fails", "tears", "ends")
KILLS = ("kills", "halves")
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (4,)}
SEARCH = {"trials": 4, "epochs": 2, "generation": 2, "race": "halving:2", "workers": 1}


@cache
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(validation=0.2, test=0.2, seed=0)


def quickly(patch: pytest.MonkeyPatch) -> None:
    """Write every checkpoint, although training takes little time here, and draw nothing."""
    for module, name in ((checkpoint, "EVERY"), (checkpoint, "MIN_TRAINED"), (workers, "SLICE")):
        patch.setattr(module, name, 0.0)
    draw_nothing(patch)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch)


def ignore(text: str) -> None:
    """A warning, which the tests of a failure do not look at."""


def tune(folder: Path) -> None:
    zk.tune(data(), SPACE, **SEARCH, out=folder / "run")


def tune_again(folder: Path) -> None:
    """After a failure: resume, or start again if there is no run yet."""
    if (folder / "run").exists():
        zk.resume(folder / "run", data(), workers=1, warn=ignore)
    else:
        tune(folder)


def force(folder: Path) -> None:
    zk.tune(data(), SPACE, **SEARCH, out=folder / "run", force=True, warn=ignore)


def force_again(folder: Path) -> None:
    """There is always a run, the old or the new one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZerokaraWarning)  # It may have been moved back.
        assert RunFolder(folder / "run").config()["trials"] in (2, SEARCH["trials"])
    force(folder)


def extend(folder: Path) -> None:
    zk.resume(folder / "run", data(), trials=6, workers=1, warn=ignore)


def extend_again(folder: Path) -> None:
    """A run whose config has the new number of trials needs no option; the results are those of either number."""
    trials = RunFolder(folder / "run").config()["trials"]
    assert trials in (2, 6)
    assert trials == 6 or len((folder / "run" / "trials.csv").read_text().splitlines()) == 3
    zk.resume(folder / "run", data(), trials=None if trials == 6 else 6, workers=1, warn=ignore)


COMMANDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], int]] = {
    "tune": (tune, tune_again, 0),
    "force": (force, force_again, 2),
    "extend": (extend, extend_again, 2),
}
"""Each command, what is done after a failure, and the trials of the run that is there before."""


def prepared(folder: Path, command: str, old: Path) -> Path:
    folder.mkdir()
    if COMMANDS[command][2]:
        shutil.copytree(old, folder / "run")
    return folder


def state(folder: Path) -> dict[str, object]:
    """Return what a command leaves in a folder: its files, and the results without times."""
    run = folder / "run"
    summary = json.loads((run / "summary.json").read_text())
    files = {name: (run / name).read_bytes() for name in ("trials.csv", "best.safetensors", "config.toml")}
    with RunFolder(run).journal(pytest.fail) as journal:
        trials = journal.storage().get_all_trials(0)
    left = {name: value for name, value in summary.items() if "seconds" not in name and name != "epochs_trained"}
    values = [(trial.number, trial.state, trial.values, trial.params, trial.user_attrs["record"]) for trial in trials]
    # A lock file that a kill left beside the run is used again by the next command that needs it.
    beside = sorted({*os.listdir(folder)} - {".run.lock"})
    return left | files | {"names": [beside, sorted(os.listdir(run))], "journal": values}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two trials."""
    folder = tmp_path_factory.mktemp("old") / "run"
    with pytest.MonkeyPatch.context() as patch:
        quickly(patch)
        zk.tune(data(), SPACE, **(SEARCH | {"trials": 2}), out=folder)
    return folder


def undisturbed(command: str, old: Path, folder: Path) -> tuple[dict[str, object], int]:
    """Return what a command leaves if nothing fails, and the number of its operations."""
    with failing(prepared(folder, command, old)) as faults:
        COMMANDS[command][0](folder)
    assert len(faults.log) > 50
    return state(folder), len(faults.log)


def cases(command: str, operations: int, kinds: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return every operation with each of these kinds of failure in the soak, else with one of all kinds in turn.

    Those of "force" and "extend" after the first 30 are as in "tune".
    """
    numbers = range(1, (operations if SOAK or command == "tune" else 30) + 1)
    every = tuple(KINDS)
    return [(at, kind) for at in numbers for kind in (every if SOAK else [every[at % len(every)]]) if kind in kinds]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_operation_fails_once(command, old, quick, tmp_path) -> None:
    wanted, operations = undisturbed(command, old, tmp_path / "undisturbed")
    run, again, _ = COMMANDS[command]
    for at, kind in cases(command, operations, FAILURES):
        folder = prepared(tmp_path / f"{kind}-{at}", command, old)
        with failing(folder, at, kind) as faults, suppress(OutsideError):
            run(folder)
        assert faults.happened, (kind, at)
        if (folder / "run" / "config.toml").exists() and RunFolder(folder / "run").finished():
            missing = {*wanted["names"][1]} - {*os.listdir(folder / "run")}
            assert not missing, (kind, at, faults.log[at - 1 :])
        again(folder)
        assert state(folder) == wanted, (kind, at, faults.log[at - 1 :])
        shutil.rmtree(folder)


@pytest.mark.skipif(not SOAK, reason="pictures take most of the time")
def test_every_operation_with_pictures_fails_once(tmp_path) -> None:
    with failing(tmp_path / "whole") as faults:
        tune(prepared(tmp_path / "whole", "tune", tmp_path))
    assert any("curves.png" in operation for operation in faults.log)
    for at in range(1, len(faults.log) + 1):
        folder = prepared(tmp_path / str(at), "tune", tmp_path)
        with failing(folder, at), suppress(OutsideError):
            tune(folder)
        tune_again(folder)
        assert state(folder) == state(tmp_path / "whole"), at
        shutil.rmtree(folder)


def test_a_model_is_saved_completely_or_not_at_all(old, tmp_path) -> None:
    model, content = zk.Model.load(old / "best.safetensors"), (old / "best.safetensors").read_bytes()
    for kind in FAILURES:
        for at in range(1, 6):
            path = tmp_path / f"{kind}-{at}" / "model.safetensors"
            path.parent.mkdir()
            path.write_bytes(b"old")
            with failing(path.parent, at, kind) as faults, suppress(OutsideError):
                model.save(path)
            assert path.read_bytes() == (b"old" if faults.happened else content)
        assert not faults.happened


KILL = """
import os, sys, traceback, pytest
from tests.study.test_failing_writes import *
quickly(pytest.MonkeyPatch())
tune(Path(sys.argv[1]))  # Imports everything once, for all processes below.
for name in sys.argv[2:]:
    command, kind, at = Path(name).name.split("-")
    process = os.fork()
    if not process:
        try:
            with failing(Path(name), int(at), kind):
                COMMANDS[command][0](Path(name))
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    print(name, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is copied just before it is killed")
def test_a_kill_at_every_operation(old, quick, tmp_path) -> None:
    wanted, folders = {}, []
    for command in COMMANDS:
        wanted[command], operations = undisturbed(command, old, tmp_path / command)
        names = [f"{command}-{kind}-{at}" for at, kind in cases(command, operations, KILLS)]
        folders += [prepared(tmp_path / name, command, old) for name in names]
    (tmp_path / "first").mkdir()
    program = [sys.executable, "-c", KILL, str(tmp_path / "first"), *map(str, folders)]
    places = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert done.stdout.split("\n")[:-1] == [f"{folder} 9" for folder in folders], done.stderr
    for folder in folders:
        command = folder.name.split("-")[0]
        COMMANDS[command][1](folder)
        assert state(folder) == wanted[command], folder.name


def test_a_failed_checkpoint_has_no_network_in_the_middle_of_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trial returns and its checkpoint fails, while a thread trains the other."""
    forward, save, failures = Affine.forward, checkpoint.Checkpoints._save, ["no space left on device"]

    def slowly(layer: Affine, *args: object) -> object:
        time.sleep({9: 4e-3, 4: 2e-3}.get(layer.outputs, 0))
        return forward(layer, *args)

    def fail_once(self: object, name: str, *args: object) -> None:
        if failures:
            raise OutsideError(failures.pop())
        save(self, name, *args)

    quickly(monkeypatch)
    monkeypatch.setattr(workers, "SLICE", 60.0)
    monkeypatch.setattr(workers, "has_small_arrays", lambda *_: False)  # Or one thread waits for the other.
    monkeypatch.setattr(Affine, "forward", slowly)
    space = {"hidden": zk.choice([(9,), (4,)]), "batch_size": 10}
    search = {"first": ["hidden=9", "hidden=4"], "trials": 2, "epochs": 3, "race": "none", "refit": 0, "workers": 2}
    expected = zk.tune(data(), space, engine="numpy", **search)
    monkeypatch.setattr(checkpoint.Checkpoints, "_save", fail_once)
    with pytest.raises(OutsideError, match="no space"):
        zk.tune(data(), space, engine="numpy", **search, out=tmp_path / "run")
    got = zk.resume(tmp_path / "run", data(), workers=2, warn=ignore)
    assert [trial.record for trial in got.trials] == [trial.record for trial in expected.trials]
