"""The tools that people already use for studies open a run: optuna-dashboard."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

import zerokara as zk

SEARCHED = ("lr", "hidden", "optimizer", "momentum")
DASHBOARD = "from optuna_dashboard._cli import main; main()"


def ask(address: str) -> Any:
    with urlopen(address, timeout=10) as answer:
        return json.load(answer)


@contextmanager
def dashboard(journal: Path) -> Iterator[str]:
    """Run optuna-dashboard on a journal, and return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", DASHBOARD, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([*command, str(journal)]) as server:
        try:
            address, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while True:
                try:
                    ask(f"{address}/api/studies")
                    break
                except URLError:
                    assert server.poll() is None, "it ended"
                    assert time.monotonic() < end, "it does not answer"
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()


def test_optuna_dashboard_opens_the_journal_and_shows_what_mattered(tmp_path: Path) -> None:
    data = zk.data.load("digits").first(300).split(validation=0.2, seed=0)
    space = {
        "lr": zk.log(1e-4, 1e-1),
        "hidden": zk.choice([(20,), (20, 20)]),
        "optimizer": zk.choice(["adam", "momentum"]),
        "momentum": zk.uniform(0.5, 0.95),
    }
    study = zk.tune(data, space, trials=60, epochs=9, seed=0, out=tmp_path / "run")
    with dashboard(tmp_path / "run" / "journal.log") as address:
        summaries = {each["study_name"]: each for each in ask(f"{address}/api/studies")["study_summaries"]}
        shown, second = (ask(f"{address}/api/studies/{each['study_id']}") for each in summaries.values())
        parts = ask(f"{address}/api/studies/{summaries['zerokara@1']['study_id']}/param_importances")
        with urlopen(f"{address}/dashboard/", timeout=10) as page:
            assert b"<html" in page.read().lower()
    assert list(summaries) == ["zerokara", "zerokara@1"]
    assert summaries["zerokara"]["directions"] == ["minimize"]
    assert [trial["number"] for trial in shown["trials"]] == list(range(60))
    for trial, ours in zip(shown["trials"], study.trials, strict=True):
        assert trial["state"] == ours.state.capitalize()
        assert {p["name"] for p in trial["params"]} == {name for name in ours.params if name in SEARCHED}
        last = trial["intermediate_values"][-1]
        assert (last["step"], last["value"]) == (ours.epochs, ours.value)
    assert [trial["state"] for trial in second["trials"]] == ["Complete"] * 60
    [shares] = parts["param_importances"]
    found = {each["name"]: each["importance"] for each in shares}
    assert next(iter(found)) == "lr"
    assert found == pytest.approx(study.importances(1))
    assert len(set(found.values())) == 4, "not all equal, as for a study whose trials were pruned"
