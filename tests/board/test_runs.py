"""What a board finds of a run: its state, its trials, and what has changed, without a browser."""

import os
import queue
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from tests.board.conftest import LONG, SEARCH, wait_until
from zerokara.board.child import BoardProcess
from zerokara.board.watched import WatchedRun
from zerokara.errors import ZerokaraWarning
from zerokara.report.blobs import unblob
from zerokara.study.run_folder import RunFolder

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def polled(run: WatchedRun) -> str:
    run.poll()
    return run.state


def test_a_run_that_has_ended(copy: Path) -> None:
    run = WatchedRun(copy)
    assert polled(run) == "finished"
    assert run.changes() is None
    assert run.whole()["network"]
    assert not run.stop()
    study = zk.open(copy)
    status = run.status()
    assert (status["done"], status["all"], status["best"]["number"]) == (8, 8, study.best.number)
    assert status["best"]["value"] == study.best.val_accuracy
    assert not (copy / "live").exists()


@pytest.mark.parametrize("name", ["journal.pid", "worker_id.pid"])
def test_a_process_that_is_gone_was_killed(copy: Path, name: str) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (copy / name).write_text(f"process {gone.pid} on {os.uname().nodename}")
    run = WatchedRun(copy)
    assert polled(run) == "killed"
    assert run.note == str(gone.pid)
    (copy / name).write_text(f"process {os.getpid()} on {os.uname().nodename}")
    assert polled(run) == "writing"
    (copy / "live").mkdir()
    assert polled(run) == "training"
    assert run.resumed
    (copy / name).unlink()
    assert polled(run) == "finished"


def test_a_process_that_its_parent_has_not_waited_for_was_killed(copy: Path) -> None:
    zombie = subprocess.Popen(["true"])
    wait_until(lambda: Path(f"/proc/{zombie.pid}/stat").read_text().split()[2] == "Z")
    (copy / "journal.pid").write_text(f"process {zombie.pid} on {os.uname().nodename}")
    assert polled(WatchedRun(copy)) == "killed"
    zombie.wait()


def test_a_process_of_another_machine_that_does_not_respond(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / "journal.pid").write_text("process 7 on elsewhere")
    (copy / "live").mkdir()
    run = WatchedRun(copy)
    assert polled(run) == "training"
    monkeypatch.setattr("zerokara.board.watched.SILENT", 0.0)
    assert polled(run) == "silent"


def test_a_run_that_is_moved_is_followed(copy: Path, tmp_path: Path) -> None:
    run = WatchedRun(copy)
    polled(run)
    copy.rename(tmp_path / "other")
    assert polled(run) == "finished"
    assert run.path == tmp_path / "other"
    assert run.status()["moved"]


def test_a_run_that_is_deleted_and_comes_back(copy: Path, tmp_path: Path) -> None:
    run = WatchedRun(copy)
    assert not run.poll()
    shutil.rmtree(copy)
    assert polled(run) == "gone"
    assert len(run.whole()["search"]["trials"]["state"]) == 8
    zk.tune("digits", {"lr": 0.01, "hidden": (8,)}, trials=1, epochs=1, out=copy)
    assert run.poll()  # Another run: the page starts anew.
    assert run.state == "finished"
    assert len(run.whole()["search"]["trials"]["state"]) == 1


def test_a_run_whose_files_are_damaged_for_a_while(copy: Path) -> None:
    run = WatchedRun(copy)
    polled(run)
    content = (copy / "journal.log").read_bytes()
    (copy / "journal.log").write_bytes(content.replace(b"dropout", b"pudding").replace(b"lr", b"rl"))
    run._next = 0.0
    assert polled(run) == "unreadable"
    assert "another checksum" in run.note
    (copy / "journal.log").write_bytes(content)
    assert polled(run) == "finished"


def test_trials_are_sent_when_they_change_and_curves_from_where_a_page_has_them(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    search = start("tune", "digits", *LONG, "--out", folder)
    wait_until((folder / "live").is_dir)
    run = WatchedRun(folder)

    def training() -> bool:
        run.poll()
        return run.feed is not None and len(set(run.feed.numbers)) == 6

    wait_until(training)
    first = run.changes()
    assert first is not None
    assert first["trials"]["state"] == ["training"] * 6
    assert run.changes() is None
    lengths = unblob(first["curves"]["lengths"])

    def grown() -> bool:
        run.poll()
        return all(trial.epochs > length for trial, length in zip(run.shown[0].trials, lengths, strict=True))  # type: ignore[union-attr]

    wait_until(grown)
    changes = run.changes()
    assert changes is not None
    # Those that a rung has dropped since are sent in full.
    since = np.where([state == "training" for state in changes["trials"]["state"]], lengths, 0)
    assert since.any()
    assert unblob(changes["curves"]["since"]).tolist() == since.tolist()
    sizes = unblob(changes["curves"]["lengths"]) - since
    assert len(unblob(changes["curves"]["values"]["val_loss"])) == sizes.sum()
    assert run.stop()
    assert run.state == "training"
    assert polled(run) == "stopping"
    wait_until(lambda: polled(run) == "stopped")
    assert search.wait() == 0
    assert "the search was stopped after 6 trials: the stop button" in search.communicate()[0]


def test_a_run_of_a_shared_study(start: Start, tmp_path: Path) -> None:
    shared = ["--trials", "60", "--generation", "2", "--epochs", "1000", "--race", "none", *SEARCH]
    shared += ["--storage", f"sqlite:///{tmp_path / 'studies.db'}"]
    search = start("tune", "digits", *shared, "--out", tmp_path / "a")
    wait_until((tmp_path / "a" / "live").is_dir)
    run = WatchedRun(tmp_path / "a")
    wait_until(lambda: polled(run) == "training" and run.study.trials)  # type: ignore[union-attr]
    assert run.stop()
    wait_until(lambda: polled(run) == "stopped")
    assert search.wait() == 0
    assert 0 < len(zk.open(tmp_path / "a").trials) < 60


def test_the_process_of_a_board_leaves_nothing(finished: Path) -> None:
    told: queue.Queue[str] = queue.Queue()
    with BoardProcess(told.put, told.put) as board:
        board.start(RunFolder(finished), None)
        assert told.get(timeout=30).startswith("http://127.0.0.1:")
        process = board.process
        assert process is not None
        assert process.poll() is None
    wait_until(lambda: process.returncode == 0)
    wait_until(lambda: process.stderr.closed)
    assert process.stdout.closed


def test_a_damaged_model_is_left_out(copy: Path) -> None:
    run = WatchedRun(copy)
    assert polled(run) == "finished"
    assert run.whole()["network"]
    (copy / "best.safetensors").write_bytes(b"damaged")
    with pytest.warns(ZerokaraWarning, match="The page leaves out the winner: .*best.safetensors is not a model file"):
        page = run.whole()
    assert page["search"]
    assert page["network"] is None


def test_a_run_that_is_deleted_while_its_page_is_made(copy: Path) -> None:
    run = WatchedRun(copy)
    assert polled(run) == "finished"
    shutil.rmtree(copy)
    page = run.whole()
    assert page["search"]
    assert page["network"] is None
