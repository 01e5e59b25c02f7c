"""A long call shows itself on a terminal and in a notebook, and nowhere else; nothing that it computes changes."""

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara import display
from zerokara.display import LINE, shown
from zerokara.engine import workers

SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (16,)])}
SEARCH: dict[str, Any] = {"trials": 9, "epochs": 9, "refit": 2, "workers": 1}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(0.2, seed=0).scaled("standard")


@contextmanager
def on_a_terminal(monkeypatch: pytest.MonkeyPatch, delay: float = 0.0) -> Iterator[Callable[[], str]]:
    """Let standard error be a terminal; yield what returns all that was written there, when the block has ended."""
    master, slave = pty.openpty()
    chunks: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunks.append(os.read(master, 1 << 16))
            except OSError:  # The other end is closed.
                return

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patch, open(slave, "w", encoding="utf-8") as stream:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stderr", stream)
        patch.setattr(display, "DELAY", delay)
        patch.setattr(display, "REDRAW", 0.01)
        patch.setattr(workers, "TICK", 0.01)
        yield lambda: b"".join(chunks).decode()
        stream.flush()
    reader.join()
    os.close(master)


def plain(text: str) -> list[str]:
    """Return the lines of a terminal's text without its control sequences."""
    return re.sub("\x1b\\[[?0-9;]*[a-zA-Z]", "", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def scores(study: zk.Study) -> list[Any]:
    return [trial.record for trial in study.trials]


def test_a_search_shows_its_table_and_computes_the_same(data, monkeypatch, capsys) -> None:
    quiet = zk.tune(data, SPACE, **SEARCH, progress=False)
    with on_a_terminal(monkeypatch) as text:
        study = zk.tune(data, SPACE, **SEARCH, on_epoch=lambda epoch: print("an epoch"))
    lines = plain(text())
    assert "an epoch\n" in capsys.readouterr().out  # And not on the terminal.
    assert "an epoch" not in text()
    assert scores(study) == scores(quiet)
    assert max(map(len, lines)) <= LINE
    last = lines[-lines[::-1].index("trials          9 of 9 ended, 0 training") - 1 :]
    assert re.fullmatch(r"network-epochs  39 of 39, [\d,]+/s", last[1])
    assert last[2:6] == [
        "time left       0 s",
        "rung, epochs      1  3  9",
        "reached           9  3  1",
        "of trials         9  3  1",
    ]
    assert last[7].split() == ["best", "so", "far", "accuracy", "epoch", "lr", "hidden"]
    best = study.best.trial
    assert last[8].split()[:4] == ["trial", str(best.number), f"{best.val_score:.4f}", str(best.epoch)]
    assert [line[:6] for line in last[8:11]] == ["trial "] * 3
    assert text().count("\x1b[?25l") == text().count("\x1b[?25h") == 1  # The cursor is there again.


def test_a_trainer_and_an_estimator_show_a_line(data, monkeypatch) -> None:
    from zerokara.estimators import NetworkClassifier, NetworkSearchCV, TunedNetworkClassifier

    x, t = data.train.x, data.train.t

    def trained(progress: bool) -> list[str]:
        with on_a_terminal(monkeypatch) as text:
            run = zk.Trainer(zk.nn.mlp(64, (8,), 10), zk.optim.Adam(lr=0.01), data)
            run.fit(40, progress=progress)
            NetworkClassifier(epochs=40, patience=None, validation=0.2, progress=progress, random_state=0).fit(x, t)
            TunedNetworkClassifier(trials=2, epochs=2, cv=2, progress=progress, random_state=0).fit(x, t)
            net = NetworkClassifier(epochs=2, patience=None, validation=0.2, progress=progress)
            NetworkSearchCV(net, {"lr": [0.01, 0.1]}, n_iter=2, cv=2, progress=progress, random_state=0).fit(x, t)
        assert max(map(len, plain(text()))) <= LINE
        return plain(text())

    lines = trained(True)
    assert sum(line.startswith("epoch 40 of 40, 0 s left, val_loss 0.") for line in lines) >= 2
    assert sum(line.startswith("trials          2 of 2 ended") for line in lines) >= 2
    assert trained(False) == [""]


def test_a_short_call_shows_nothing(data, monkeypatch) -> None:
    with on_a_terminal(monkeypatch, delay=60.0) as text:
        zk.tune(data, SPACE, **SEARCH)
    assert text() == ""


def test_only_the_main_thread_shows_something(monkeypatch) -> None:
    def asked() -> bool:
        with shown(True, lambda state: [state]) as show:
            return show is not None

    with on_a_terminal(monkeypatch), ThreadPoolExecutor(1) as other:
        assert asked()
        assert not other.submit(asked).result()
    assert not asked()


def fails() -> None:
    with shown(True, lambda state: [state]) as show:
        assert show
        show("a state")
        raise ZeroDivisionError


def test_an_error_ends_the_display(monkeypatch) -> None:
    with on_a_terminal(monkeypatch) as text, pytest.raises(ZeroDivisionError):
        fails()
    assert "a state" in text()
    assert text().count("\x1b[?25l") == text().count("\x1b[?25h") == 1
    assert not any(thread.name == "zerokara-display" for thread in threading.enumerate())


def test_nothing_is_imported_where_nothing_is_shown() -> None:
    code = """
import sys, zerokara as zk
data = zk.data.load("digits").first(150).split(0.2, seed=0)
zk.display.DELAY = 0.0
zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=2, epochs=2)
print({"rich", "IPython"} & set(sys.modules))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (out.stdout, out.stderr) == ("set()\n", "")


def test_the_time_left_is_known_within_the_first_epoch(monkeypatch) -> None:
    monkeypatch.setattr(workers, "TICK", 0.01)
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6000, 300), np.float32), rng.integers(0, 10, 6000)
    data = zk.data.from_arrays(x, t).split(0.2, seed=0)
    states: list[Any] = []
    how: dict[str, Any] = {"trials": 4, "epochs": 1, "refit": 0, "engine": "numpy"}  # An epoch that lasts.
    zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (300,)}, **how, progress=states.append)
    first = [state for state in states if not state.epochs_done]
    known = [state for state in first if state.seconds_left < np.inf]
    assert len(known) > len(first) / 2 > 1
    assert all(state.trials_running == 4 for state in known)
    assert sum(0 < state.epochs_underway < 4 for state in known) > len(known) / 2


def test_a_notebook_shows_the_table_below_its_cell(tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    code = """
import zerokara as zk
from zerokara import display
display.DELAY = 0.0
data = zk.data.load("digits").first(150).split(0.2, seed=0)
space = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
study = zk.tune(data, space, trials=2, epochs=2, progress=PROGRESS)
"""
    cells = [nbformat.v4.new_code_cell(code.replace("PROGRESS", text)) for text in ("True", "False")]
    book = nbclient.execute(nbformat.v4.new_notebook(cells=cells), cwd=str(tmp_path), timeout=60)
    outputs = book.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data"], outputs
    assert outputs[0].data["text/plain"].startswith("trials          2 of 2 ended, 0 training\nnetwork-epochs  ")
    assert outputs[0].data["text/html"].startswith("<pre>trials          2 of 2")
    assert book.cells[1].outputs == []
