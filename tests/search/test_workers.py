"""Workers: threads, processes, Dask or any executor give the same numbers, and losing one costs time alone."""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import zerokara as zk
from zerokara.errors import InputError, OutsideError
from zerokara.search import population, workers
from zerokara.search.executors import open_pool
from zerokara.search.plan import Plan

SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "dropout": zk.uniform(0, 0.5),
    "hidden": (16,),
    "activation": zk.choice(["relu", "tanh"]),
}
SEARCH = {"trials": 12, "epochs": 9, "keep_best": True}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(validation=0.2, test=0.2, seed=0).scaled("standard")


@pytest.fixture(scope="module")
def alone(data) -> zk.Study:
    return zk.tune(data, SPACE, **SEARCH, workers=1)


def same(study: zk.Study, other: zk.Study) -> None:
    assert [trial.record for trial in study.trials] == [trial.record for trial in other.trials]
    a, b = study.best.model.network, other.best.model.network
    assert all(np.array_equal(value, b.arrays()[name]) for name, value in a.arrays().items())


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A real Dask scheduler with two worker processes, on loopback."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("asked", [2, "3", "processes", "processes:1", "dask:2"])
def test_where_it_trains_changes_no_number(data, alone, asked) -> None:
    seen = []
    same(zk.tune(data, SPACE, **SEARCH, workers=asked, on_epoch=seen.append), alone)
    assert sum(len(epoch.rows) for epoch in seen) == alone.epochs_trained


def test_a_scheduler_that_is_there_already(data, alone, scheduler) -> None:
    same(zk.tune(data, SPACE, **SEARCH, workers=scheduler), alone)


SPAWN = multiprocessing.get_context("spawn")


@pytest.mark.parametrize(
    "make",
    [lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2, mp_context=SPAWN)],
    ids=["threads", "processes"],
)
def test_any_executor_serves_and_is_left_open(data, alone, make: Callable[[], Executor]) -> None:
    with make() as executor:
        same(zk.tune(data, SPACE, **SEARCH, workers=executor), alone)
        assert executor.submit(len, "abc").result() == 3


def test_the_data_go_to_a_process_once(data, alone, monkeypatch) -> None:
    monkeypatch.setattr(population, "SLICE", 0.0)
    sent = []
    whole = Plan.for_training
    monkeypatch.setattr(Plan, "for_training", lambda plan: sent.append(plan) or whole(plan))
    same(zk.tune(data, SPACE, **SEARCH, workers="processes:2"), alone)
    assert 1 <= len(sent) <= 4  # Two processes, each with at most one more task on its way when it first answers.


def test_what_is_sent_has_no_test_data(data) -> None:
    plan = Plan(data, epochs=2, folds=3).for_training()
    assert len(plan.parts) == plan.folds == 3
    assert all(part.test is None and part.original is None for part in plan.parts)


def killing(pids: Callable[[], list[int]]) -> threading.Thread:
    """Kill one of the workers as soon as it has begun to train."""

    def kill() -> None:
        time.sleep(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids()[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


LONGER = {"trials": 16, "epochs": 40, "race": "none"}


def test_a_killed_process_costs_its_shard_s_time_alone(data) -> None:
    import psutil

    wanted = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER)
    notes: list[str] = []

    def pids() -> list[int]:
        return [c.pid for c in psutil.Process().children(recursive=True) if "LokyProcess" in " ".join(c.cmdline())]

    zk.tune(data, SPACE, trials=2, epochs=1, workers="processes:2")  # So that the processes are there.
    thread = killing(pids)
    study = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER, workers="processes:2", note=notes.append)
    thread.join()
    same(study, wanted)
    assert any("a worker was lost" in note for note in notes), "choose a search that outlives the kill"


def test_a_killed_dask_worker_costs_its_shard_s_time_alone(data, scheduler) -> None:
    from distributed import Client

    wanted = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER)
    with Client(scheduler) as client:
        before = set(client.run(os.getpid).values())
        thread = killing(lambda: sorted(before))
        study = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER, workers=scheduler)
        thread.join()
        assert set(client.run(os.getpid).values()) != before
    same(study, wanted)


class Doomed(Executor):
    """An executor whose workers die whatever they are given."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        from concurrent.futures import BrokenExecutor, Future

        future: Future[None] = Future()
        future.set_exception(BrokenExecutor("gone"))
        return future


def test_workers_that_die_again_and_again_are_an_error(data) -> None:
    with pytest.warns(UserWarning, match="a worker was lost"), pytest.raises(OutsideError, match=r"3 lost at the same"):
        zk.tune(data, SPACE, **SEARCH, workers=Doomed())


def test_no_scheduler_answers(data, monkeypatch) -> None:
    from zerokara.search import executors

    monkeypatch.setattr(executors, "PATIENCE", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(OutsideError, match=r"a Dask scheduler with workers must answer at tcp://127"):
        zk.tune(data, SPACE, **SEARCH, workers=address)


def test_a_scheduler_that_goes_leaves_a_run_that_can_be_resumed(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(population, "SLICE", 0.2)
    dask = [sys.executable, "-m", "dask"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    address = f"tcp://127.0.0.1:{port}"
    serve = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    work = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    with subprocess.Popen(serve, **quiet) as scheduler, subprocess.Popen(work, **quiet) as worker:
        try:

            def leave(epoch: zk.train.Epoch) -> None:
                scheduler.kill()

            space = {**SPACE, "hidden": (256, 256)}
            with pytest.warns(UserWarning, match="a worker was lost"), pytest.raises(OutsideError, match="resume RUN"):
                zk.tune(data, space, **LONGER, workers=address, out=tmp_path / "run", on_epoch=leave)
        finally:
            worker.kill()
            scheduler.kill()
    assert list((tmp_path / "run" / "checkpoints").iterdir())
    same(zk.resume(tmp_path / "run", data), zk.tune(data, space, **LONGER))


@pytest.mark.parametrize("asked", ["threads", "processes:x", "0", "processes:0", "http://host:1", "-1", 0])
def test_what_cannot_be_meant(asked) -> None:
    with pytest.raises(InputError, match="workers"):
        open_pool(asked)


def test_a_study_leaves_no_site(data) -> None:
    zk.tune(data, SPACE, trials=1, epochs=1)
    assert not workers._sites
