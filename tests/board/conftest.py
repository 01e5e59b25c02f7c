"""Boards, and searches that train while they are shown."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zerokara.board.serve import serving

SEARCH = ["--hidden", "16", "--train-size", "300", "--seed", "0", "--workers", "1"]
LONG = ["--trials", "6", "--generation", "6", "--epochs", "256000", "--race", "halving:2:2000", *SEARCH]


def wait_until(reached: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a call returns something true."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.2)  # Else it would take the time of the search.


@pytest.fixture
def start(tmp_path: Path) -> "Iterator[Callable[..., subprocess.Popen[str]]]":
    """Start commands of zerokara; they are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*tokens: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "zerokara", *map(str, tokens)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        started.append(subprocess.Popen(command, text=True, cwd=tmp_path, **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that has ended."""
    import zerokara as zk

    folder = tmp_path_factory.mktemp("board") / "done"
    data = zk.data.load("digits").first(300).split(validation=0.2, seed=0)
    zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=8, epochs=9, out=folder)
    return folder


@pytest.fixture(scope="session")
def address(finished: Path) -> Iterator[str]:
    """The address of a board that shows it."""
    with serving([finished]) as address:
        yield address
