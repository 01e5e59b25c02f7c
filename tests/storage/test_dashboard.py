"""The tools that people already use for studies open a run: optuna-dashboard."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import zerokara as zk

SEARCHED = ("lr", "hidden", "optimizer", "momentum")
DASHBOARD = "from optuna_dashboard._cli import main; main()"


def ask(address: str) -> Any:
    with urlopen(address, timeout=10) as answer:
        return json.load(answer)


def test_optuna_dashboard_opens_the_journal(tmp_path: Path) -> None:
    data = zk.data.load("digits").first(300).split(validation=0.2, seed=0)
    space = {
        "lr": zk.log(1e-3, 1e-1),
        "hidden": zk.choice([(20,), (20, 20)]),
        "optimizer": zk.choice(["adam", "momentum"]),
        "momentum": zk.uniform(0.5, 0.95),
    }
    study = zk.tune(data, space, trials=9, epochs=9, seed=0, out=tmp_path / "run")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", DASHBOARD, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([*command, str(tmp_path / "run" / "journal.log")]) as server:
        try:
            address, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while True:
                try:
                    [summary] = ask(f"{address}/api/studies")["study_summaries"]
                    break
                except URLError:
                    assert server.poll() is None, "it ended"
                    assert time.monotonic() < end, "it does not answer"
                    time.sleep(0.1)
            shown = ask(f"{address}/api/studies/{summary['study_id']}")
            with urlopen(f"{address}/dashboard/", timeout=10) as page:
                assert b"<html" in page.read().lower()
        finally:
            server.terminate()
    assert summary["directions"] == ["minimize"]
    assert [trial["number"] for trial in shown["trials"]] == list(range(9))
    for trial, ours in zip(shown["trials"], study.trials, strict=True):
        assert trial["state"] == ours.state.capitalize()
        assert {p["name"] for p in trial["params"]} == {name for name in ours.params if name in SEARCHED}
        last = trial["intermediate_values"][-1]
        assert (last["step"], last["value"]) == (ours.epochs, ours.value)
    assert shown["best_trials"][0]["number"] == study.best.number
