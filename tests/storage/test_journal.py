"""The journal: Optuna's own format, one write a generation, one holder, and nothing lost that was whole."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from zerokara.errors import InputError, OutsideError
from zerokara.storage.checksums import check_lines
from zerokara.storage.journal import Journal

RANGES = {
    "lr": FloatDistribution(1e-6, 1e-2, log=True),
    "hidden": CategoricalDistribution(["100,100", "linear"]),
}


def fill(storage, trials=3):
    """Ask and tell some trials, of every kind that a search knows."""
    study = optuna.create_study(storage=storage, study_name="zerokara", sampler=RandomSampler(0), load_if_exists=True)
    for _ in range(trials):
        trial = study.ask(RANGES)
        trial.set_user_attr("state", "complete")
        study.tell(trial, trial.params["lr"])
    study.tell(study.ask(RANGES), state=optuna.trial.TrialState.FAIL)
    study.ask(RANGES)
    return study


def stock(path):
    return optuna.load_study(study_name="zerokara", storage=JournalStorage(JournalFileBackend(str(path)))).get_trials()


def told(trials):
    return [(t.number, t.state, t.values, t.params, t.distributions, t.user_attrs) for t in trials]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.log"


def test_optuna_reads_the_study_from_the_file(path):
    with Journal(path) as journal:
        ours = fill(journal.storage()).get_trials()
    assert told(stock(path)) == told(ours)
    assert len(ours) == 5


def test_the_lines_are_those_that_optuna_writes(path, tmp_path):
    with Journal(path) as journal:
        fill(journal.storage())
    fill(JournalStorage(JournalFileBackend(str(tmp_path / "stock.log"))))

    def lines(file):
        logs = [json.loads(line) for line in file.read_text().splitlines()]
        assert file.read_text() == "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        assert all(re.fullmatch("[0-9a-f]{8}", log.pop("crc32")) for log in logs if file == path)
        varies = ("worker_id", "datetime_start", "datetime_complete")
        return [{key: "" if key in varies else value for key, value in log.items()} for log in logs]

    assert lines(path) == lines(tmp_path / "stock.log")


def test_optuna_goes_on_with_the_file_and_we_after_it(path):
    with Journal(path) as journal:
        fill(journal.storage())
    fill(JournalStorage(JournalFileBackend(str(path))))
    with Journal(path, lambda text: None) as journal:
        trials = fill(journal.storage()).get_trials()
    assert [trial.number for trial in trials] == list(range(15))
    assert told(stock(path)) == told(trials)


def test_a_generation_reaches_the_file_at_its_end_and_this_process_at_once(path):
    with Journal(path) as journal:
        with journal.generation():
            study = fill(journal.storage())
            assert path.stat().st_size == 0
            assert len(study.get_trials()) == 5
            assert told(optuna.load_study(study_name="zerokara", storage=journal.storage()).trials) == told(
                study.trials
            )
        assert told(stock(path)) == told(study.trials)
        before = path.read_bytes()
        journal.commit()
        assert path.read_bytes() == before


def test_an_error_in_a_generation_keeps_what_was_logged(path):
    def interrupted(journal):
        with journal.generation():
            fill(journal.storage())
            raise KeyboardInterrupt

    with Journal(path) as journal:
        with pytest.raises(KeyboardInterrupt):
            interrupted(journal)
        assert len(stock(path)) == 5


def test_a_last_line_torn_at_any_byte_is_cut(path):
    with Journal(path) as journal:
        fill(journal.storage())
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    lines = whole.count(b"\n")
    for end in range(start, len(whole) + 1):
        path.write_bytes(whole[:end])
        with Journal(path) as journal:
            kept = len(list(journal.read_logs(0)))
            assert kept == lines - (end < len(whole))
            assert path.read_bytes() == (whole if end == len(whole) else whole[:start])
            trials = fill(journal.storage()).get_trials()
        assert told(stock(path)) == told(trials)


def test_a_torn_line_of_a_power_failure_is_cut(path):
    with Journal(path) as journal:
        fill(journal.storage())
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))
    with Journal(path):
        assert path.read_bytes() == whole


@pytest.mark.parametrize("line", [b"\x00\xff", b"{}", b"[1]", b'{"op_code":0}', b"", b"3", b'"op_code"'])
def test_a_damaged_line_is_an_error_that_says_what_is_sound(path, line):
    with Journal(path) as journal:
        fill(journal.storage())
    lines = path.read_bytes().split(b"\n")
    lines[8] = line
    path.write_bytes(b"\n".join(lines))
    rule = (
        rf"journal.*got another checksum in .*: the first 8 of {len(lines) - 1} lines are sound, with 1 finished trials"
    )
    with pytest.raises(InputError, match=rule):
        Journal(path)
    assert path.read_bytes() == b"\n".join(lines)


def test_every_flipped_bit_and_every_missing_or_moved_line_is_found(path):
    with Journal(path) as journal:
        fill(journal.storage())
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    end = len(content) - len(lines[-1])
    for place in range(0, 8 * end, 7):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        assert check_lines(bytes(damaged)).sound < len(lines)
    for k in range(len(lines) - 1):
        moved = [*lines[:k], lines[k + 1], lines[k], *lines[k + 2 :]]
        repeated, missing = [*lines[: k + 1], *lines[k:]], [*lines[:k], *lines[k + 1 :]]
        for wrong in (moved, repeated, missing):
            assert check_lines(b"".join(wrong)).sound == k + (wrong == repeated)


def test_lines_without_checksums_are_read_with_a_warning_until_a_line_covers_them(path):
    fill(JournalStorage(JournalFileBackend(str(path))))
    with pytest.warns(UserWarning, match="The last 23 lines of .* have no checksum"), Journal(path) as journal:
        study = fill(journal.storage())
    assert len(study.trials) == 10
    with Journal(path) as journal:
        assert told(journal.storage().get_all_trials(0)) == told(study.trials)
    path.write_bytes(path.read_bytes().replace(b'"lr"', b'"Lr"', 1))
    with pytest.raises(InputError, match="the first 0 of .* with 0 finished trials"):
        Journal(path)


def test_a_note_that_the_dashboard_writes_during_a_search_is_kept(path):
    with Journal(path) as journal:
        fill(journal.storage())
        journal.commit()
        other = JournalStorage(JournalFileBackend(str(path)))
        other.set_study_system_attr(0, "dashboard:note", "fine")
        fill(journal.storage())
    with Journal(path) as journal:
        assert len(journal.storage().get_all_trials(0)) == 10
        assert journal.storage().get_study_system_attrs(0) == {"dashboard:note": "fine"}


HOLD = """
import os, sys, time
from pathlib import Path
from zerokara.storage.checksums import check_lines
from zerokara.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
print(os.getpid(), flush=True)
sys.stdin.read()
{end}
"""


@contextmanager
def holder(path, end):
    command = [sys.executable, "-c", HOLD.format(end=end), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == str(process.pid)
        yield process
        process.stdin.close()


@pytest.mark.parametrize("end", ["journal.close()", "os.kill(os.getpid(), 9)"])
def test_a_second_process_is_told_who_holds_the_journal(path, end):
    with holder(path, end) as process:
        with pytest.raises(OutsideError, match=rf"held by process {process.pid} on .*: wait until it ends"):
            Journal(path)
        assert path.with_suffix(".pid").exists()
    with Journal(path) as journal:
        fill(journal.storage())
        with pytest.raises(OutsideError, match=f"held by process {os.getpid()} "):
            Journal(path)
    assert len(stock(path)) == 5
    assert os.listdir(path.parent) == ["journal.log"]


@contextmanager
def room_for(size):
    """A disk on which a file holds so many bytes and no more, as the kernel tells it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 500])
def test_a_full_disk_leaves_the_journal_readable_and_loses_nothing(path, room):
    with Journal(path) as journal:
        with journal.generation():
            study = fill(journal.storage())
        before, size = stock(path), path.stat().st_size
        fill(journal.storage())
        with room_for(size + room), pytest.raises(OutsideError, match=r"journal\.log .* File too large"):
            journal.commit()
        assert told(stock(path)) == told(before)
        journal.commit()
        assert told(stock(path)) == told(study.trials)
        assert len(study.trials) == 10


def test_a_full_disk_at_the_end_lets_go_of_the_journal(path):
    journal = Journal(path)
    fill(journal.storage())
    with room_for(100), pytest.raises(OutsideError):
        journal.close()
    Journal(path).close()


def test_a_closed_journal_takes_nothing_more(path):
    journal = Journal(path)
    journal.close()
    fill(journal.storage())
    other = path.with_name("other")
    with other.open("w"), pytest.raises(OutsideError, match="Bad file descriptor"):
        journal.commit()
    assert other.read_bytes() == path.read_bytes() == b""


def test_ctrl_c_at_any_moment_of_a_commit_neither_loses_nor_repeats_a_line(path):
    logs = [{"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": None, "number": n} for n in range(50)]
    interrupted = 0
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with Journal(path) as journal:
            for moment in np.linspace(1e-6, 4e-4, 150):
                journal.append_logs(logs)
                try:
                    signal.setitimer(signal.ITIMER_REAL, moment)
                    journal.commit()
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupted += 1
                assert path.read_bytes().count(b"\n") % 50 == 0
            journal.commit()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert interrupted > 0
    with Journal(path) as journal:
        assert [{name: log[name] for name in logs[0]} for log in journal.read_logs(0)] == logs * 150


@pytest.mark.parametrize(("name", "why"), [("missing/journal.log", "No such file"), (".", "Is a directory")])
def test_a_path_that_cannot_be_a_journal(tmp_path, name, why):
    with pytest.raises(OutsideError, match=why):
        Journal(tmp_path / name)
