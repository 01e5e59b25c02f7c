"""Workers: threads, processes, Dask or any executor give the same results, and the death of one costs only time."""

import contextlib
import itertools
import math
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine import executors, population, workers
from zerokara.engine import shard as sharding
from zerokara.engine.executors import open_pool
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress
from zerokara.engine.trial import Proposal
from zerokara.errors import InputError, OutsideError
from zerokara.nn import Affine
from zerokara.space.space import Space
from zerokara.train import Trainer

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
    return zk.data.load("digits").first(150).split(0.2, 0.2, seed=0, stratify=False).scaled("standard")


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

    port = {"dashboard_address": "127.0.0.1:0", "dashboard": False}
    with LocalCluster(n_workers=2, threads_per_worker=1, scheduler_kwargs=port, silence_logs=50) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("kind", [2, "3", "processes", "processes:1", "dask:2"])
def test_every_kind_of_worker_gives_the_same_results(data, alone, kind) -> None:
    seen = []
    same(zk.tune(data, SPACE, **SEARCH, workers=kind, on_epoch=seen.append), alone)
    assert sum(len(epoch.rows) for epoch in seen) == alone.epochs_trained


def test_an_existing_dask_scheduler(data, alone, scheduler) -> None:
    same(zk.tune(data, SPACE, **SEARCH, workers=scheduler), alone)


@pytest.fixture
def eager(monkeypatch) -> None:
    """Processes are worth their start at once, and none are left from other tests."""
    monkeypatch.setattr(workers, "WARM_UP", 0.0)
    monkeypatch.setattr(workers, "MIN_LEFT", 0.0)
    monkeypatch.setattr(workers, "TICK", 0.01)
    monkeypatch.setattr(executors, "_up_until", 0.0)
    monkeypatch.setattr(executors, "cores", lambda: 2)


def processes(parent: int | None = None) -> list[int]:
    """Return the worker processes of this process or another."""
    import psutil

    return [c.pid for c in psutil.Process(parent).children(recursive=True) if "LokyProcess" in " ".join(c.cmdline())]


def trained_by(data, **settings) -> tuple[zk.Study, set[str]]:
    """Return a long study, and the threads that called `on_epoch`: for epochs of processes the main thread."""
    threads: set[str] = set()

    def look(_: zk.train.Epoch) -> None:
        threads.add(threading.current_thread().name.partition("_")[0])
        time.sleep(0.002)  # Processes take a while to start.

    return zk.tune(data, SPACE, **LONG, on_epoch=look, engine="numpy", **settings), threads


LONG = {"trials": 12, "epochs": 300, "race": "none", "keep_best": True}


@pytest.fixture(scope="module")
def long_alone(data) -> zk.Study:
    return zk.tune(data, SPACE, **LONG, workers=1, engine="numpy")


def test_a_long_study_changes_from_threads_to_processes(data, long_alone, eager) -> None:
    study, threads = trained_by(data)
    same(study, long_alone)
    assert threads == {"zerokara", "MainThread"}
    assert executors.processes_are_up()
    study, threads = trained_by(data)  # The processes still run.
    same(study, long_alone)
    assert "MainThread" in threads


@pytest.mark.parametrize("name", ["MIN_LEFT", "COPIES", "WARM_UP"])
def test_a_short_study_and_large_data_stay_with_threads(data, eager, monkeypatch, name) -> None:
    monkeypatch.setattr(workers, name, -1 if name == "COPIES" else math.inf)
    assert trained_by(data)[1] == {"zerokara"}


def test_without_processes_threads_train(data, long_alone, eager, monkeypatch) -> None:
    def refuse(count: int) -> Executor:
        raise OSError("no semaphores here")

    monkeypatch.setattr(executors, "_reusable", refuse)
    study, threads = trained_by(data)
    same(study, long_alone)
    assert threads == {"zerokara"}


def test_the_death_of_a_process_after_the_threads_costs_only_time(data, eager) -> None:
    search = {"trials": 16, "epochs": 80, "race": "none", "engine": "numpy"}
    wanted = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **search, workers=2)
    for future in [executors._reusable(2).submit(executors._is_up) for _ in range(4)]:
        future.result()
    notes: list[str] = []
    thread = killing(processes)
    same(zk.tune(data, {**SPACE, "hidden": (256, 256)}, **search, warn=notes.append), wanted)
    thread.join()
    assert any("A worker died" in note for note in notes), "choose a search that outlives the kill"


def test_processes_stop_at_the_next_epoch(data) -> None:
    """In a worker process, which has the plan, a file stops the training."""
    plan, space = Plan(data, epochs=1000), Space(SPACE | {"activation": "relu"})
    [shard] = sharding.shards([Proposal(0, space.fixed | {"lr": 0.01, "dropout": 0.1})], plan, 1)
    study = "of-this-test"
    file = executors.stop_file(study)

    def epochs() -> int:
        result = workers.train_slice(study, plan, population.Population(shard), 5)
        assert result is not None
        return len(result[1])

    try:
        assert epochs() == 5
        file.touch()
        assert epochs() == 0
    finally:
        file.unlink()
        del workers._contexts[study]


def stop_files(parent: int) -> list[Path]:
    """Return the stop files of a process."""
    pattern = executors.stop_file(f"{parent}-*")
    return list(pattern.parent.glob(pattern.name))


def test_a_stop_reaches_the_processes_and_leaves_no_file(data) -> None:
    pressed: list[float] = []

    def press(progress: Progress) -> None:
        if not pressed:
            pressed.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

    study = zk.tune(data, SPACE, **LONG | {"epochs": 50_000}, workers="processes:2", progress=press)
    assert study.interrupted
    assert time.perf_counter() - pressed[0] < 10
    assert not stop_files(os.getpid())


def test_threads_need_no_file_to_stop(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(workers, "stop_file", tmp_path.joinpath)
    files: list[list[Path]] = []

    def press(progress: Progress) -> None:
        if not files:
            os.kill(os.getpid(), signal.SIGINT)
        files.append(list(tmp_path.iterdir()))

    assert zk.tune(data, SPACE, **LONG | {"epochs": 50_000}, workers=2, progress=press).interrupted
    assert len(files) > 1
    assert not any(files)


PARENT = """
import zerokara as zk
data = zk.data.load("digits").split(validation=0.2, seed=0)
space = {"lr": zk.log(1e-3, 1e-1), "hidden": (16,)}
zk.tune(data, space, trials=8, epochs=100_000, workers="processes:2", progress=look)
"""
HANG = """
import os, time
from zerokara.engine import executors, workers
def look(progress):
    "Block as soon as the file that stops the processes exists."
    while any(os.path.exists(executors.stop_file(study)) for study in workers._contexts):
        time.sleep(1)
"""


def test_processes_end_with_their_parent_and_leave_no_file() -> None:
    import psutil

    with subprocess.Popen([sys.executable, "-c", HANG + PARENT]) as parent:
        try:
            until(lambda: len(processes(parent.pid)) == 2, parent)
            theirs = processes(parent.pid)
            parent.send_signal(signal.SIGINT)
            until(lambda: stop_files(parent.pid), parent)
        finally:
            parent.kill()
    until(lambda: not stop_files(parent.pid))
    until(lambda: not any(pid in psutil.pids() and psutil.Process(pid).status() != "zombie" for pid in theirs))


def until(what: Callable[[], object], running: "subprocess.Popen[bytes] | None" = None) -> None:
    end = time.monotonic() + 60
    while not what():
        assert running is None or running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)


class Broken(ThreadPoolExecutor):
    """Two threads that fail at the second call, like a process pool after one process was killed."""

    calls = 0

    def submit(self, *args):
        self.calls += 1
        if self.calls == 2:
            raise BrokenExecutor("a process was killed")
        # A process has a copy of its population, which ends with it; a thread trains on in the population of the test.
        function, study, plan, population, epochs = args
        return super().submit(function, study, plan, pickle.loads(pickle.dumps(population)), epochs)


def test_a_pool_that_breaks_in_submit_costs_only_time(data, alone) -> None:
    notes: list[str] = []
    with Broken(2) as executor:
        same(zk.tune(data, SPACE, **SEARCH, workers=executor, warn=notes.append), alone)
    assert "A worker died (BrokenExecutor: a process was killed). Retrying." in notes[0]


def test_populations_of_small_arrays_take_turns(data, monkeypatch) -> None:
    """Two threads would slow each other down."""
    one = Plan(data, epochs=1)
    structure = {"hidden": (100, 100), "batch_size": 100}
    assert [sharding.has_small_arrays(count, structure, one) for count in (1, 7, 8, 50)] == [True, True, False, False]

    def turns(slight: int) -> int:
        """Return how often the thread changes."""
        monkeypatch.setattr(sharding, "SMALL_ARRAY", slight)
        threads: list[str] = []

        def look(_: zk.train.Epoch) -> None:
            threads.append(threading.current_thread().name)
            time.sleep(0.005)

        zk.tune(data, SPACE, **SEARCH | {"race": "none"}, workers=2, on_epoch=look, engine="numpy")
        assert len(set(threads)) > 1
        return sum(a != b for a, b in itertools.pairwise(threads))

    assert turns(10**9) < 8 < turns(0)


SPAWN = multiprocessing.get_context("spawn")


@pytest.mark.parametrize(
    "make",
    [lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2, mp_context=SPAWN)],
    ids=["threads", "processes"],
)
def test_any_executor_works_and_is_not_closed(data, alone, make: Callable[[], Executor]) -> None:
    with make() as executor:
        same(zk.tune(data, SPACE, **SEARCH, workers=executor), alone)
        assert executor.submit(len, "abc").result() == 3


def test_the_data_are_sent_to_a_process_once(data, alone, monkeypatch) -> None:
    monkeypatch.setattr(workers, "SLICE", 0.0)
    sent = []
    for_training = Plan.for_training
    monkeypatch.setattr(Plan, "for_training", lambda plan: sent.append(plan) or for_training(plan))
    same(zk.tune(data, SPACE, **SEARCH, workers="processes:2"), alone)
    assert 1 <= len(sent) <= 4  # Two processes, each with at most one more task submitted before its first result.


def test_another_number_of_processes_waits_for_running_calls(data, alone) -> None:
    call = executors._reusable(2).submit(time.sleep, 0.3)
    same(zk.tune(data, SPACE, **SEARCH, workers="processes:1"), alone)
    assert call.done()


def test_no_test_data_are_sent(data) -> None:
    plan = Plan(data, epochs=2, folds=3).for_training()
    assert len(plan.parts) == plan.folds == 3
    assert all(part.test is None and part.original is None for part in plan.parts)


def killing(pids: Callable[[], list[int]]) -> threading.Thread:
    """Kill one of the workers soon after it starts to train."""

    def kill() -> None:
        time.sleep(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids()[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


LONGER = {"trials": 16, "epochs": 120, "race": "none", "engine": "numpy"}
"""A search that outlives the kill of a worker."""


def test_a_killed_process_costs_only_time(data) -> None:
    wanted = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER)
    notes: list[str] = []

    zk.tune(data, SPACE, trials=2, epochs=1, workers="processes:2")  # Starts the processes.
    thread = killing(processes)
    study = zk.tune(data, {**SPACE, "hidden": (256, 256)}, **LONGER, workers="processes:2", warn=notes.append)
    thread.join()
    same(study, wanted)
    assert any("A worker died" in note for note in notes), "choose a search that outlives the kill"


def test_a_killed_dask_worker_costs_only_time(data, scheduler) -> None:
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
    """An executor whose workers always die."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        from concurrent.futures import BrokenExecutor, Future

        future: Future[None] = Future()
        future.set_exception(BrokenExecutor("gone"))
        return future


def test_repeated_deaths_of_workers_are_an_error(data) -> None:
    with pytest.warns(UserWarning, match="A worker died"), pytest.raises(OutsideError, match=r"3 times on the same"):
        zk.tune(data, SPACE, **SEARCH, workers=Doomed())


def test_no_dask_scheduler(data, monkeypatch) -> None:
    monkeypatch.setattr(executors, "DASK_TIMEOUT", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(OutsideError, match=r"a Dask scheduler with workers must run at tcp://127"):
        zk.tune(data, SPACE, **SEARCH, workers=address)


def test_a_run_can_be_resumed_after_its_dask_scheduler_died(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(workers, "SLICE", 0.2)
    dask = [sys.executable, "-m", "dask"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    address = f"tcp://127.0.0.1:{port}"
    serve = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0"]
    work = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    with subprocess.Popen(serve, **quiet) as scheduler, subprocess.Popen(work, **quiet) as worker:
        try:

            def leave(epoch: zk.train.Epoch) -> None:
                scheduler.kill()

            space = {**SPACE, "hidden": (256, 256)}
            with (
                pytest.warns(UserWarning, match="A worker died"),
                pytest.raises(
                    OutsideError, match=r"Lost contact with the Dask workers at .* Resume with `zerokara resume RUN`"
                ),
            ):
                zk.tune(data, space, **LONGER, workers=address, out=tmp_path / "run", on_epoch=leave)
        finally:
            worker.kill()
            scheduler.kill()
    assert list((tmp_path / "run" / "checkpoints").iterdir())
    same(zk.resume(tmp_path / "run", data), zk.tune(data, space, **LONGER))


@pytest.mark.parametrize("invalid", ["threads", "processes:x", "0", "processes:0", "http://host:1", "-1", 0])
def test_invalid_workers(invalid) -> None:
    with pytest.raises(InputError, match="workers"):
        open_pool(invalid)


def test_a_study_leaves_no_context(data) -> None:
    zk.tune(data, SPACE, trials=1, epochs=1)
    assert not workers._contexts


def test_a_population_in_a_thread_is_not_trained_again_when_the_processes_die(
    data, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(Executor):
        def submit(self, *args: object, **settings: object) -> Future:
            future: Future = Future()
            future.set_exception(BrokenExecutor("killed"))
            return future

    forward, pools, inside = Affine.forward, [], set()
    train, open_first = Trainer._train_epoch, executors._threads_first

    def slowly(layer: Affine, *args: object) -> object:
        time.sleep(1e-3 if layer.outputs == 9 else 0)
        return forward(layer, *args)

    def alone(trainer: Trainer, *args: object) -> object:
        assert id(trainer) not in inside, "two threads train one population"
        inside.add(id(trainer))
        try:
            return train(trainer, *args)
        finally:
            inside.remove(id(trainer))

    def opened(count: int) -> object:
        pools.append(open_first(2))
        pools[-1].executor.growing = True  # Those of another test may be up, and would be taken.
        return pools[-1]

    def processes_die(epoch: object) -> None:
        if pools:
            pools.pop().executor._processes = Dying()

    monkeypatch.setattr(Affine, "forward", slowly)
    monkeypatch.setattr(workers, "has_small_arrays", lambda *_: False)  # Or one thread waits for the other.
    monkeypatch.setattr(Trainer, "_train_epoch", alone)
    monkeypatch.setattr(executors, "_threads_first", opened)
    space = {"hidden": zk.choice([(9,), (4,)]), "batch_size": 10}
    how = {"first": ["hidden=9", "hidden=4"], "trials": 2, "epochs": 3, "race": "none", "refit": 0, "engine": "numpy"}
    expected = zk.tune(data, space, **how, workers=1)
    warned: list[str] = []
    got = zk.tune(data, space, **how, on_epoch=processes_die, warn=warned.append)
    assert any("died" in text for text in warned)
    same(got, expected)
