"""BLAS has one thread inside the blocks, and the previous number afterwards."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from zerokara import blas, nn, optim
from zerokara.blas import one_thread, threads
from zerokara.data import Dataset, Part, Preprocess
from zerokara.train import Trainer, evaluate


def counts() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads():  # type: ignore[no-untyped-def]
    """Give BLAS three threads, on any machine."""
    with threadpool_limits(3, user_api="blas"):
        if counts() != {3}:
            pytest.skip(f"this BLAS cannot be given three threads: {threadpool_info()}")
        yield


def test_nested() -> None:
    with one_thread():
        assert counts() == {1}
        with one_thread():
            assert counts() == {1}
        assert counts() == {1}
    assert counts() == {3}


def test_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 / 0
    assert counts() == {3}


def test_the_last_to_leave_restores() -> None:
    inside, leave = threading.Barrier(3), threading.Event()

    def hold(wait: bool) -> set[int]:
        with one_thread():
            inside.wait(10)
            if wait:
                leave.wait(10)
            return counts()

    with ThreadPoolExecutor(2) as pool:
        first, last = pool.submit(hold, False), pool.submit(hold, True)
        inside.wait(10)
        assert first.result(10) == {1}
        assert counts() == {1}
        leave.set()
        assert last.result(10) == {1}
    assert counts() == {3}


def test_many_that_come_and_go() -> None:
    def come_and_go(_: int) -> bool:
        with one_thread():
            return counts() == {1}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(come_and_go, range(100)))
    assert counts() == {3}


def test_so_many_threads() -> None:
    with threads(2):
        assert counts() == {2}
        with threads(1):
            assert counts() == {1}
        assert counts() == {2}
    assert counts() == {3}
    with one_thread(), threads(2):
        assert counts() == {1}
    assert counts() == {3}


class Spy(nn.Layer):
    """Records the number of BLAS threads during the forward pass."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        self.seen |= counts()
        return x

    def backward(self, dout, need_dx=True):  # type: ignore[no-untyped-def]
        return dout


def data() -> Dataset:
    part = Part(np.ones((4, 3), np.float32), np.array([0, 1, 0, 1]))
    return Dataset("d", "classification", part, part, None, ("a", "b"), (3,), Preprocess.identity(3, 2))


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_trainer_has_the_threads_it_asks_for_and_its_driver_those_of_before(wanted: int) -> None:
    spy = Spy()
    run = Trainer(nn.Network([spy, nn.Affine(3, 2)]), optim.SGD(), data(), threads=wanted)
    for _ in run.epochs(2):
        assert counts() == {3}
    assert spy.seen == {wanted}


def test_an_evaluation_has_one_thread() -> None:
    spy = Spy()
    evaluate(nn.Network([spy, nn.Affine(3, 2)]), data().train, "classification")
    assert spy.seen == {1}
    assert counts() == {3}


def test_libraries_are_looked_for_once_and_anew_after_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    class Counting(ThreadpoolController):
        def __init__(self) -> None:
            looked.append(1)
            super().__init__()

    monkeypatch.setattr("threadpoolctl.ThreadpoolController", Counting)
    blas._libraries.cache_clear()
    for _ in range(5):
        with one_thread():
            pass
    assert len(looked) == 1
    monkeypatch.setitem(sys.modules, "a_module_with_a_library", sys)
    with one_thread():
        assert len(looked) == 2
