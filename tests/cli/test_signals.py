"""Ctrl-C, SIGTERM and SIGHUP end a command in order, whatever it does: its exit code, its output, what it keeps."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
LONG = [
    "tune",
    "digits",
    "--trials",
    "8",
    "--race",
    "none",
    "--epochs",
    "1000000",
    "--hidden",
    "16",
    "--train-size",
    "300",
]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def start(*tokens: str, ignored: tuple[signal.Signals, ...] = ()) -> "subprocess.Popen[str]":
    """Start a command as the leader of its own process group."""

    def prepare() -> None:
        for signum in CODES:
            signal.signal(signum, signal.SIG_IGN if signum in ignored else signal.SIG_DFL)

    command = [sys.executable, "-m", "zerokara", *tokens]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, start_new_session=True, preexec_fn=prepare, **pipes)  # type: ignore[call-overload, no-any-return]


def children(pid: int) -> list[str]:
    """Return the child processes of all threads of a process."""
    found: list[str] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # The thread has ended.
            found += thread.read_text().split()
    return found


def wait_for(process: "subprocess.Popen[str]", moment: str, run: Path) -> None:
    """Wait until a command has come so far: its imports, its run folder, or the start of worker processes."""
    end = time.monotonic() + 60
    maps = Path(f"/proc/{process.pid}/maps")
    reached = {
        "imports": lambda: "numpy" in maps.read_text(),
        "folder": (run / "config.toml").exists,
        "processes": lambda: len(children(process.pid)) > 1,
    }[moment]
    while not reached():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.002)


def check(process: "subprocess.Popen[str]", signum: signal.Signals, run: Path) -> None:
    """Check that a command ends in order after a signal, and whether its run can be resumed."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == CODES[signum], (out, err)
    assert err == ""
    assert not list(run.parent.glob(".*"))
    if (run / "summary.json").exists():
        summary = json.loads((run / "summary.json").read_text())
        assert summary["finished"] is False
        assert "interrupted" in out
        assert (run / "best.safetensors").exists() == (summary["best"] is not None)


CASES = [
    (signal.SIGINT, "imports", 0.0, "1"),
    (signal.SIGTERM, "processes", 0.1, "processes:2"),
    (signal.SIGINT, "processes", 0.1, "dask:2"),
    (signal.SIGHUP, "folder", 0.5, "2"),
]


@pytest.mark.parametrize(("signum", "moment", "seconds", "workers"), CASES)
def test_a_signal_ends_a_command_in_order(tmp_path, signum, moment, seconds, workers) -> None:
    run = tmp_path / "run"
    process = start(*LONG, "--workers", workers, "--out", str(run))
    wait_for(process, moment, run)
    time.sleep(seconds)
    os.killpg(process.pid, signum)  # As a terminal does.
    check(process, signum, run)


@pytest.mark.skipif(not SOAK, reason="takes minutes")
@pytest.mark.parametrize("signum", CODES)
@pytest.mark.parametrize("workers", ["1", "2", "processes:2", "dask:2"])
@pytest.mark.parametrize("together", [True, False], ids=["group", "alone"])
def test_a_signal_at_any_moment(tmp_path, signum, workers, together) -> None:
    for k in range(12):
        run = tmp_path / str(k) / "run"
        run.parent.mkdir()
        process = start(*LONG, "--workers", workers, "--out", str(run))
        wait_for(process, "imports", run)
        time.sleep(random.uniform(0, 4 if "dask" in workers else 2))
        (os.killpg if together else os.kill)(process.pid, signum)
        check(process, signum, run)


def test_an_ignored_hangup_and_two_signals_at_once(tmp_path) -> None:
    """As `nohup` starts a command, and as `timeout` ends it: a signal to the process, and one to its group."""
    process = start(*LONG, "--workers", "1", "--out", str(tmp_path / "run"), ignored=(signal.SIGHUP,))
    wait_for(process, "imports", tmp_path / "run")
    process.send_signal(signal.SIGHUP)
    wait_for(process, "folder", tmp_path / "run")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    os.killpg(process.pid, signal.SIGTERM)
    check(process, signal.SIGTERM, tmp_path / "run")
    assert (tmp_path / "run" / "best.safetensors").exists()
