"""More trials for a finished run, and a damaged journal: what is recorded stays, what is left is trained."""

import json
import shutil
from pathlib import Path

import pytest

import zerokara as zk
from tests.study.test_resume import results
from zerokara.cli import main
from zerokara.cli.options import DataOptions
from zerokara.errors import InputError, OutsideError
from zerokara.storage.journal import Journal
from zerokara.study.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("undrawn")
SEARCH = ["--trials", "2", "--epochs", "2", "--hidden", "4", "--train-size", "150", "--workers", "1"]


def command(*tokens: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([*map(str, tokens)])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return DataOptions(train_size=150).load("digits", 0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert command("tune", "digits", *SEARCH, "--out", folder) == 0
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def extended(run: Path, data: zk.data.Dataset) -> Path:
    """Extend a run to six trials, and return a copy of the folder as a kill in the first epoch leaves it."""
    copy = run.with_name("killed")

    def look(epoch: zk.train.Epoch) -> None:
        if not copy.exists():
            shutil.copytree(run, copy)

    zk.resume(run, data, trials=6, workers=1, on_epoch=look)
    return copy


def test_an_extension_that_was_killed_is_not_finished(run, data, capsys) -> None:
    killed = extended(run, data)
    assert len((killed / "trials.csv").read_text().splitlines()) == 3
    assert command("resume", killed, "--workers", 1) == 0
    assert "the best 6 of 6 trials" in capsys.readouterr().out
    assert results(killed) == results(run)
    assert command("resume", killed) == 0
    assert "is already finished: 6 trials" in capsys.readouterr().out


def test_a_number_of_trials_is_written_only_by_the_process_that_has_the_run(run, data) -> None:
    config = (run / "config.toml").read_text()
    with Journal(run / "journal.log"), pytest.raises(OutsideError, match="only one process at a time"):
        zk.resume(run, data, trials=6)
    assert (run / "config.toml").read_text() == config


def test_a_process_that_was_overtaken_writes_nothing(run, data, monkeypatch) -> None:
    """Another process extends the run between the moments at which this one reads the config and gets the lock."""
    opened = zk.tuning.open_local

    def late(*args: object) -> object:
        monkeypatch.setattr(zk.tuning, "open_local", opened)
        zk.resume(run, data, trials=8, workers=1)
        return opened(*args)

    monkeypatch.setattr(zk.tuning, "open_local", late)
    with pytest.raises(OutsideError, match="raised the trials to 8 meanwhile: resume again"):
        zk.resume(run, data, trials=6)
    assert json.loads((run / "summary.json").read_text())["trials"] == 8


def test_a_damaged_journal_is_repaired_and_its_trials_are_trained_again(run, data, capsys) -> None:
    wanted, journal = results(run), run / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    first = next(k for k, line in enumerate(lines) if json.loads(line)["op_code"] == 6)
    lines[first + 1] = lines[first + 1].replace(b"e", b"E", 1)
    journal.write_bytes(b"".join(lines) + b"half a li")
    for _ in range(2):
        assert command("resume", run, "--trials", 6) == 2
        error = capsys.readouterr().err
        assert f"the first {first + 1} of {len(lines)} lines are sound, with 1 finished trials" in error
        assert f"`zerokara resume {run} --repair`" in error
    assert command("resume", run, "--repair", "--workers", 1) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"after line {first + 1} of {len(lines)}, with 1 finished trials" in out
    assert (run / "journal.damaged").read_bytes() == b"".join(lines) + b"half a li"
    assert results(run) == wanted
    before = journal.read_bytes()
    assert command("resume", run, "--repair") == 0
    assert journal.read_bytes().startswith(before)


def test_a_journal_cut_after_any_line(run, data) -> None:
    """A commit of several lines may be cut by a kill: some trials of a generation have ended, others have not."""
    wanted, journal = results(run), run / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        journal.write_bytes(b"".join(lines[:count]))
        zk.resume(run, data, workers=1)
        assert results(run) == wanted


def test_a_journal_of_other_ranges_is_not_continued(run, data) -> None:
    config = run / "config.toml"
    config.write_text(config.read_text().replace("lr=log:0.0001:0.1", "lr=log:0.001:0.1"))
    with pytest.raises(InputError, match=r"got trial 0 of .* with lr from .*: restore the run's config"):
        zk.resume(run, data, trials=6)


def test_an_extension_of_a_shared_study_that_was_killed_is_not_finished(tmp_path, data, capsys, monkeypatch) -> None:
    """The database has the new number of trials, the config does not yet."""
    run = tmp_path / "run"
    assert command("tune", "digits", *SEARCH, "--storage", f"sqlite:///{tmp_path}/studies.db", "--out", run) == 0

    def killed(folder: RunFolder, trials: int) -> None:
        shutil.copytree(run, tmp_path / "killed")
        raise OutsideError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "resumed", killed)
        assert command("resume", run, "--trials", 6) == 1
    (tmp_path / "killed" / "worker_id").write_bytes("é".encode("cp1252"))
    capsys.readouterr()
    assert command("resume", tmp_path / "killed", "--repair") == 2
    assert "repair is for a local journal" in capsys.readouterr().err
    assert command("resume", tmp_path / "killed", "--workers", 1) == 0
    assert "the best 6 of 6 trials" in capsys.readouterr().out
    assert len((tmp_path / "killed" / "trials.csv").read_text().splitlines()) == 7
