"""One study in a database, searched by several processes: SQLite and a real PostgreSQL."""

import contextlib
import csv
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import zerokara as zk
from tests.databases import plain_storage
from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import DatabaseError, InputError, OutsideError, ZerokaraError
from zerokara.report.run import trials_csv
from zerokara.samplers.registry import SAMPLERS, make_sampler
from zerokara.space.defaults import default_space
from zerokara.space.space import Space
from zerokara.storage import database as databases
from zerokara.storage import heartbeat
from zerokara.storage.database import Database
from zerokara.storage.shared import Shared
from zerokara.study import loop
from zerokara.train.ranking import ranking

SPACE = {"lr": zk.log(1e-3, 1e-1), "dropout": zk.uniform(0, 0.5), "hidden": zk.choice([(8,), (8, 8)])}
PASSWORD = "it's {open} 100%/@:"
ROUNDS = 10 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1


class Cluster:
    """A private PostgreSQL on a Unix socket in a folder of its own, run by somebody who is not root."""

    def __init__(self) -> None:
        found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
        if not any(found):
            missing = "PostgreSQL's initdb and pg_ctl are missing: install the Debian package postgresql"
            if os.geteuid() == 0 and shutil.which("apt-get"):
                pytest.fail(f"{missing} (make postgresql does)")
            pytest.skip(missing)
        self.bin = Path(next(filter(None, found))).resolve().parent
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # A socket's path is short.
        self.user: dict[str, object] = {}
        if os.geteuid() == 0:
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            entry = names.get("postgres") or names["nobody"]
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.call("initdb", "-D", "data", "-U", "zerokara", "-A", "trust", "--no-sync", "-E", "UTF8")
        (self.folder / "data/pg_hba.conf").write_text("local all ann scram-sha-256\nlocal all all trust\n")
        self.start()

    def call(self, program: str, *arguments: str) -> None:
        # To a file: the server inherits it, and a pipe would stay open.
        with open(self.folder / "said", "w+") as said:
            done = subprocess.run(
                [self.bin / program, *arguments], cwd=self.folder, stdout=said, stderr=said, check=False, **self.user
            )
            said.seek(0)
            assert done.returncode == 0, said.read()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self.call("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self.call("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def sql(self, *lines: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="zerokara", dbname="postgres", autocommit=True) as connection:
            for line in lines:
                connection.execute(line)

    def url(self, name: str, user: str = "zerokara") -> str:
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    with contextlib.suppress(AssertionError):
        cluster.stop("fast")
    shutil.rmtree(cluster.folder, ignore_errors=True)


_count = iter(range(1000))


@pytest.fixture
def postgresql(cluster: Cluster) -> str:
    name = f"studies{next(_count)}"
    cluster.sql(f"CREATE DATABASE {name}")
    return cluster.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/studies.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(validation=0.2, test=0.2, seed=0).scaled("standard")


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    found: list[Database] = []

    def open_(url: str) -> Database:
        found.append(Database(url))
        return found[-1]

    yield open_
    for database in found:
        database.close()


def joined(database: Database, worker_id: str, trials: int = 12, sampler: str = "random", **options: object) -> Shared:
    space = Space(SPACE)
    agreed = {"epochs": 3, "sampler": sampler, "data_sha256": "abc"}
    settings = {"trials": trials, "generation": 4, "warn": lambda text: None, **options}

    def make(trials: int, generation: int) -> optuna.samplers.BaseSampler:
        return make_sampler(sampler, space, 0, trials=trials, generation=generation)

    metric = ranking("loss", "classification")
    return Shared(database, "a study", agreed, space=space, metric=metric, make=make, worker_id=worker_id, **settings)


def trained(proposal: Proposal, value: float | None = None) -> Trial:
    return Trial(proposal.number, proposal.params, "complete", value or proposal.params["lr"], 3, 3, {})


def studied(url: str, name: str = "a study") -> optuna.Study:
    return optuna.load_study(study_name=name, storage=plain_storage(url))


def numbers(study: optuna.Study) -> list[int]:
    """The numbers of the trials that count, in order."""
    return sorted(t.user_attrs["trial"] for t in study.trials if t.state != TrialState.FAIL)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_two_ask_in_turn_and_have_what_one_would_have_asked(tmp_path, opened, sampler) -> None:
    """With a sampler that learns as well, as long as no generation overlaps another."""
    both = opened(f"sqlite:///{tmp_path}/one.db"), opened(f"sqlite:///{tmp_path}/two.db")
    alone = joined(both[0], "alone", sampler=sampler)
    pair = [joined(both[1], name, sampler=sampler) for name in ("ann", "bob")]
    for turn in range(3):
        number, wanted = alone.ask(4)
        assert number == turn
        alone.tell(map(trained, wanted))
        asker = pair[turn % 2]
        _, asked = asker.ask(4)
        assert asked == wanted
        asker.tell(map(trained, asked))
    assert alone.ask(4) == pair[0].ask(4) == (-1, [])
    pair[1].refresh()
    assert alone.finished
    assert pair[1].finished
    assert pair[1].ended() == alone.ended()
    assert list(alone.ended()) == list(range(12))


def test_many_ask_at_once_and_no_trial_is_asked_twice(storage, opened) -> None:
    threads, total = 4, 30
    asked: list[list[int]] = [[] for _ in range(threads)]
    failures: list[BaseException] = []
    all_have_some = threading.Barrier(threads)

    def take(own: list[int], part: Shared) -> None:
        try:
            while found := part.ask(3)[1]:
                if not own:
                    all_have_some.wait(60)
                own += [proposal.number for proposal in found]
                part.tell(map(trained, found))
        except BaseException as error:
            failures.append(error)

    parts = [joined(opened(storage), f"worker {i}", total) for i in range(threads)]
    running = [threading.Thread(target=take, args=each) for each in zip(asked, parts, strict=True)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not failures
    assert sorted(number for own in asked for number in own) == list(range(total))
    assert all(asked)
    study = studied(storage)
    assert [t.state.name for t in study.trials] == ["COMPLETE"] * total
    assert [t.number for t in study.trials] == [t.user_attrs["trial"] for t in study.trials]
    assert study.best_trial.user_attrs["record"]["value"] == study.best_value


def test_only_what_a_silent_process_has_is_taken_over_and_once(storage, opened, monkeypatch) -> None:
    ann, bob, eve = (joined(opened(storage), name, sampler="grid") for name in ("ann", "bob", "eve"))
    _, hers = ann.ask(4)
    assert [proposal.number for proposal in bob.ask(12)[1]] == list(range(4, 12))
    assert eve.ask(12) == (-1, [])
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(2):  # Time in which nobody looked counts for little.
        now += 1000
        bob.send_heartbeat()
        assert eve.ask(12) == (-1, [])
    notes: list[str] = []
    eve.warn = ann.warn = notes.append
    for _ in range(2):
        now += 19
        bob.send_heartbeat()
        found = eve.ask(12)
    assert [(p.number, p.params) for p in found[1]] == [(p.number, p.params) for p in hers]
    assert bob.ask(12)[1][0].number == 4  # Its own.
    # She wakes up, and what she trained is another's.
    ann.tell(trained(p, 7.0) for p in hers)
    assert ann.ended() == {}
    assert notes == [
        "Taking over 4 trials from a dead process.",
        "Another process took over 4 trials after this process missed its heartbeats.",
    ]
    eve.tell(map(trained, found[1]))
    study = studied(storage)
    assert [t.state.name for t in study.trials] == ["FAIL"] * 4 + ["RUNNING"] * 8 + ["COMPLETE"] * 4
    assert numbers(study) == list(range(12))
    assert eve.ended()[0].value == hers[0].params["lr"]


def test_an_answer_that_is_repeated_counts_once(storage, opened) -> None:
    """The database may go away after it has taken something in and before it says so."""
    ann = joined(opened(storage), "ann")
    first = ann.ask(5)
    again = joined(ann.database, "ann")
    assert again.ask(7) == first
    for _ in range(2):
        again.tell(map(trained, first[1]))
    assert again.ask(12)[0] == 1
    assert numbers(studied(storage)) == list(range(12))


def test_a_trial_that_another_tool_failed_is_replaced(storage, opened) -> None:
    ann, bob = (joined(opened(storage), name) for name in ("ann", "bob"))
    _, asked = ann.ask(4)
    study = studied(storage)
    study.tell(1, state=TrialState.FAIL)
    study.tell(2, state=TrialState.FAIL)
    ann.report(map(trained, asked))
    ann.tell(map(trained, asked))
    number, found = bob.ask(1)
    assert (number, found) == (0, asked[1:2])
    bob.tell(map(trained, found))
    number, found = bob.ask(12)
    assert (number, found[0]) == (1, asked[2])
    assert [p.number for p in found] == [2, *range(4, 12)]
    bob.tell(map(trained, found))
    assert bob.finished
    assert numbers(studied(storage)) == list(range(12))
    alone = joined(opened(storage), "alone", resuming=True)
    assert len({trial.params["lr"] for trial in alone.ended().values()}) == 12


def test_states_and_rungs_reach_the_database(storage, opened) -> None:
    ann = joined(opened(storage), "ann", 4)
    _, asked = ann.ask(4)
    states = ("complete", "pruned", "diverged", "complete")
    values = (0.5, 0.25, float("inf"), 1 / 3)
    told = [Trial(p.number, p.params, s, v, 2, 2, {}) for p, s, v in zip(asked, states, values, strict=True)]
    ann.report(told)
    ann.tell(told)
    study = studied(storage)
    assert [t.state.name for t in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]
    assert [t.value for t in study.trials] == [0.5, 0.25, 1e39, 1 / 3]
    assert [t.intermediate_values for t in study.trials] == [{2: 0.5}, {2: 0.25}, {}, {2: 1 / 3}]
    assert list(ann.ended().values()) == told


def test_another_plan_is_refused_and_more_trials_are_not(storage, opened) -> None:
    database = opened(storage)
    joined(database, "ann")
    with pytest.raises(InputError, match="same settings, got sampler tpe here and random there: use the"):
        joined(database, "bob", sampler="tpe")
    with pytest.raises(InputError, match="got trials 20 here and 12 there"):
        joined(database, "bob", trials=20)
    assert joined(database, "ann", trials=20, resuming=True).total == 20
    assert joined(database, "bob", trials=15, resuming=True).total == 20
    optuna.create_study(study_name="up", storage=plain_storage(storage), directions=["maximize", "minimize"])
    plain = optuna.create_study(study_name="plain", storage=plain_storage(storage))
    plain.tell(plain.ask(), 1.0)
    for name, message in {"up": "directions maximize, minimize", "plain": "must be one of zerokara"}.items():
        with pytest.raises(InputError, match=f"{message}.*choose another name with --study"):
            zk.tune(zk.data.load("digits").split(validation=0.2), trials=2, epochs=1, storage=storage, study=name)


def test_alone_in_a_database_it_is_the_same_search(data, storage, tmp_path) -> None:
    options = {"trials": 9, "epochs": 9, "generation": 4, "workers": 1, "seeds": 2}
    plain = zk.tune(data, SPACE, **options)
    study = zk.tune(data, SPACE, **options, storage=storage, study="digits", out=tmp_path / "run")
    assert [t.record for t in study.trials] == [t.record for t in plain.trials]
    assert (study.best.number, study.test_score) == (plain.best.number, plain.test_score)
    assert not study.interrupted
    # Another one finds all done, and trains the winner again.
    notes: list[str] = []
    again = zk.tune(data, SPACE, **options, storage=storage, study="digits", warn=notes.append)
    assert any("Retraining 1 of the best 1 trials" in note for note in notes)
    assert trials_csv(again) == (tmp_path / "run" / "trials.csv").read_text()
    assert again.test_score == study.test_score
    with pytest.raises(InputError, match=r"has no study 'digits'"):
        zk.resume(tmp_path / "run", data, storage=f"sqlite:///{tmp_path}/other.db")
    more = zk.resume(tmp_path / "run", data, trials=12, warn=lambda text: None)
    assert len(more.trials) == len(studied(storage, "digits").trials) == 12
    with pytest.raises(InputError, match=r"epochs 3 here and 9 there; race none here and halving there"):
        zk.tune(data, SPACE, **{**options, "epochs": 3, "trials": 12}, race="none", storage=storage, study="digits")


def test_a_study_without_a_database_is_refused(data) -> None:
    with pytest.raises(InputError, match="add storage"):
        zk.tune(data, SPACE, study="digits")


CHILD = """
import sys, time
from zerokara.engine import checkpoint, progress, workers
from zerokara.storage import heartbeat
from zerokara.study import loop
checkpoint.EVERY = checkpoint.MIN_TRAINED = workers.SLICE = 0.1
heartbeat.INTERVAL, heartbeat.GRACE_PERIOD, loop.POLL, loop.RETRY_SECONDS = 0.2, 3.0, 0.1, 1.0
record, slow = progress.ProgressTracker.record, float(sys.argv.pop(1))
progress.ProgressTracker.record = lambda *arguments: (time.sleep(slow), record(*arguments))
from zerokara.cli import main
main(sys.argv[1:])
"""


def start(slow: float, *tokens: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, str(slow), *map(str, tokens)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(process: "subprocess.Popen[str]", code: int = 0) -> str:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == code, out
    return out


def wait_for(what: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 60
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


TUNE = ("tune", "digits", "--train-size", 300, "--hidden", 8, "--trials", 12, "--epochs", 12, "--generation", 4)


@pytest.fixture(scope="module")
def digits() -> zk.data.Dataset:
    """The data of those options."""
    return zk.data.load("digits").first(300).split(validation=0.2, test=0.2, seed=0)


@pytest.fixture(scope="module")
def table(digits) -> str:
    """What one process finds without a database."""
    space = {**default_space(), "hidden": (8,)}
    return trials_csv(zk.tune(digits, space, trials=12, epochs=12, generation=4, race="none", workers=1))


def kept(out: Path) -> bool:
    return any((out / "checkpoints").glob("*"))


@pytest.mark.parametrize("storage", ["postgresql"] if ROUNDS == 1 else ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_processes_and_a_third_that_is_killed(storage, digits, table, tmp_path, round_) -> None:
    """Whoever trains what, and whoever dies: without a race, the table is that of one process alone."""
    options = (*TUNE, "--race", "none", "--storage", storage, "--study", "a study", "--workers", 1, "--out")
    killed = start(0.2, *options, tmp_path / "killed")
    wait_for(lambda: kept(tmp_path / "killed"), killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert [t.state.name for t in studied(storage).trials] == ["RUNNING"] * 4
    pair = [start(0.02, *options, tmp_path / name) for name in ("ann", "bob")]
    said = "".join(map(ended, pair))
    assert "Taking over 4 trials from a dead process." in said
    study = studied(storage)
    assert numbers(study) == list(range(12))
    # On a busy machine one of the pair may have been silent too.
    states = [t.state.name for t in study.trials]
    assert states[:4] == ["FAIL"] * 4
    assert {*states} == {"FAIL", "COMPLETE"}
    # It learns that others have finished it.
    zk.resume(tmp_path / "killed", digits, warn=lambda text: None)
    for name in ("ann", "bob", "killed"):
        assert (tmp_path / name / "trials.csv").read_text() == table
    models = {(tmp_path / name / "best.safetensors").read_bytes() for name in ("ann", "bob", "killed")}
    assert len(models) == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_database_that_goes_away_and_comes_back(cluster, postgresql, digits, table, tmp_path, round_) -> None:
    options = (*TUNE, "--race", "none", "--storage", postgresql, "--workers", 1, "--out", tmp_path / "run")
    process = start(0.1, *options)
    wait_for(lambda: kept(tmp_path / "run"), process)
    cluster.stop()
    try:
        out = ended(process, code=1)
    finally:
        cluster.start()
    assert "; training continues" in " ".join(out.split())
    assert f"resume with `zerokara resume {tmp_path / 'run'}`" in " ".join(out.split())
    assert "Traceback" not in out
    with open(tmp_path / "run" / "trials.csv", encoding="utf-8", newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["complete"] * 4
    zk.resume(tmp_path / "run", digits)
    assert (tmp_path / "run" / "trials.csv").read_text() == table
    assert [t.state.name for t in studied(postgresql, "zerokara").trials] == ["COMPLETE"] * 12


def test_a_password_is_written_nowhere_and_found_again(cluster, data, tmp_path, monkeypatch) -> None:
    from urllib.parse import quote

    name = f"ann{next(_count)}"
    cluster.sql(f"CREATE DATABASE {name}", "DROP ROLE IF EXISTS ann")
    quoted = PASSWORD.replace("'", "''")
    cluster.sql(f"CREATE ROLE ann LOGIN PASSWORD '{quoted}'", f"ALTER DATABASE {name} OWNER TO ann")
    whole = cluster.url(name, f"ann:{quote(PASSWORD, safe='')}")
    zk.tune(data, SPACE, trials=3, epochs=2, workers=1, out=tmp_path / "run", storage=whole)
    written = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir())
    assert b"open" not in written
    assert f"ann@/{name}".encode() in written
    with pytest.raises(OutsideError, match="set a password in --storage, PGPASSWORD"):
        zk.resume(tmp_path / "run", data, trials=4)
    wrong = whole.replace(quote(PASSWORD, safe=""), "hunter2")
    with pytest.raises(OutsideError, match="password authentication failed") as caught:
        zk.resume(tmp_path / "run", data, trials=4, storage=wrong)
    assert "hunter2" not in str(caught.value)
    options = {"trials": 4, "warn": lambda text: None}
    assert len(zk.resume(tmp_path / "run", data, storage=whole, **options).trials) == 4
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert len(zk.resume(tmp_path / "run", data, **{**options, "trials": 5}).trials) == 5
    cluster.sql(f"DROP DATABASE {name} WITH (FORCE)", "DROP ROLE ann")


SECRET = "sesame"
BAD = {
    "nonsense": (InputError, "a storage must be postgresql.*got an invalid URL"),
    f"postgresql+psycopg://ann:{SECRET}@host:port/x": (InputError, "a port must be a number"),
    f"mysql://ann:{SECRET}@host/x": (InputError, "got mysql://..."),
    f"postgresql+pg8000://ann:{SECRET}@host/x": (InputError, "must be installed.*python -m pip install 'psycopg"),
    "sqlite://": (InputError, "cannot share a database in memory"),
    "sqlite:////proc/studies.db": (DatabaseError, "/proc/studies.db must be readable and writable"),
    f"postgresql://ann:{SECRET}@127.0.0.1:1/x": (DatabaseError, "ann@127.0.0.1:1/x must respond.*[Rr]efused"),
    f"postgresql://ann@127.0.0.1:1/x?password={SECRET}": (DatabaseError, "ann@127.0.0.1:1/x must respond"),
}


@pytest.mark.parametrize("url", BAD)
def test_one_clear_error_without_the_password(data, tmp_path, url, monkeypatch) -> None:
    monkeypatch.setattr(databases, "CONNECT_TIMEOUT", 2)
    kind, message = BAD[url]
    with pytest.raises(ZerokaraError, match=message) as caught:
        zk.tune(data, SPACE, trials=2, storage=url, out=tmp_path / "run")
    assert isinstance(caught.value, kind)
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_an_unknown_database_and_one_that_is_no_database(data, cluster, tmp_path) -> None:
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist; check that'):
        zk.tune(data, SPACE, trials=2, storage=cluster.url("nowhere"))
    (tmp_path / "notes.txt").write_text("no database" * 100)
    with pytest.raises(DatabaseError, match="file is not a database"):
        zk.tune(data, SPACE, trials=2, storage=f"sqlite:///{tmp_path}/notes.txt")


def test_the_constants_that_the_children_shorten_are_those_that_count() -> None:
    assert (heartbeat.INTERVAL, heartbeat.GRACE_PERIOD, loop.POLL) == (10.0, 60.0, 1.0)
