"""A database in a file that another program keeps locked: the search waits as long as it says, then ends."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import zerokara as zk
from tests.study.conftest import draw_nothing
from zerokara.errors import DatabaseError
from zerokara.storage import database, heartbeat
from zerokara.study import loop

WAIT = 0.3
SEARCH = {"trials": 4, "epochs": 3, "generation": 2, "workers": 1}


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that each failed transaction took, with all times a fiftieth of what they are."""
    monkeypatch.setattr(database, "CONNECT_TIMEOUT", WAIT)
    monkeypatch.setattr(database, "OPEN_SECONDS", 2 * WAIT)
    monkeypatch.setattr(loop, "RETRY_SECONDS", 2 * WAIT)
    monkeypatch.setattr(loop, "POLL", 0.02)
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.1)
    draw_nothing(monkeypatch)
    seconds: list[float] = []
    transaction = database.Database.transaction

    @contextmanager
    def measured(*arguments: object, **options: object) -> Iterator[None]:
        started = time.monotonic()
        try:
            with transaction(*arguments, **options):
                yield
        except DatabaseError:
            seconds.append(time.monotonic() - started)
            raise

    monkeypatch.setattr(database.Database, "transaction", measured)
    return seconds


@pytest.fixture
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(validation=0.2, seed=0)


def locked(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_a_file_that_stays_locked_ends_the_search_after_the_seconds_that_it_said(tmp_path, data, attempts) -> None:
    file, locks, notes = tmp_path / "studies.db", [], []

    def lock(epoch: zk.train.Epoch) -> None:
        if not locks:
            locks.append(locked(file))

    options = {"storage": f"sqlite:///{file}", "out": tmp_path / "run", "warn": notes.append}
    with pytest.raises(DatabaseError, match=r"database is locked.*The results so far are in .*run"):
        zk.tune(data, {"lr": zk.log(1e-3, 1e-1)}, **SEARCH, **options, on_epoch=lock)
    waits = [seconds for seconds in attempts if seconds > WAIT / 2]
    assert len(waits) == 3  # One to report a rung, which is then left out, and two to record the results.
    assert len(notes) == 2
    assert notes[0].endswith("; training continues")
    assert notes[1].endswith(("; retrying for 0 s", "; retrying for 1 s"))
    locks[0].close()
    zk.resume(tmp_path / "run", data, workers=1)
    assert len((tmp_path / "run" / "trials.csv").read_text().splitlines()) == 5


def test_tables_that_cannot_be_created_are_not_tried_again_for_minutes(tmp_path, data, attempts) -> None:
    file, started = tmp_path / "studies.db", time.monotonic()
    with closing(locked(file)), pytest.raises(DatabaseError, match="database is locked"):
        zk.tune(data, {}, **SEARCH, storage=f"sqlite:///{file}")
    assert time.monotonic() - started < 5 * WAIT  # Ten attempts take more than ten times as long.
