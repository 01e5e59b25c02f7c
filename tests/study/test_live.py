"""What a running search shows to other processes, and takes from them."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.progress import Progress
from zerokara.engine.trial import Proposal
from zerokara.space.space import Space
from zerokara.study.live import folder as live_folder
from zerokara.study.live.feed import LIVE, read_feed, request_stop, watch
from zerokara.study.live.folder import LiveFolder, thinned
from zerokara.study.study import Study

SPACE = {"lr": zk.log(1e-4, 1e-1), "hidden": (8,)}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(200).split(validation=0.25, seed=0)


class KillError(Exception):
    """Ends a search as a kill does: nothing more is written."""


def results(run: Path) -> list[bytes]:
    return [(run / name).read_bytes() for name in ("trials.csv", "best.safetensors", "model.safetensors")]


def search(data: zk.data.Dataset, run: Path, on_epoch: Any = None, **more: Any) -> Study:
    settings: dict[str, Any] = {"trials": 12, "generation": 6, "epochs": 9, "race": "halving:3:1", "workers": 1}
    return zk.tune(data, SPACE, out=run, on_epoch=on_epoch, **settings | more)


def test_a_request_stops_the_search_at_its_next_rung_and_a_resumed_one_ends_the_same(
    data: zk.data.Dataset, tmp_path: Path
) -> None:
    def ask(run: Path) -> Any:
        return lambda epoch: epoch.number == 2 and request_stop(run, "enough")

    study = search(data, tmp_path / "a", ask(tmp_path / "a"))
    assert study.stopped is not None
    assert (study.stopped.callback, study.stopped.reason) == ("zerokara.board", "enough")
    assert study.stopped.place == (0, 0, 3)
    assert len(study.trials) == 6
    assert max(trial.epochs for trial in study.trials) == 3
    assert not study.interrupted
    assert not (tmp_path / "a" / LIVE).exists()

    class Killed(zk.callbacks.Callback):
        def on_trial(self, search: Any, trial: Any) -> None:
            if trial.epochs == 3 and (tmp_path / "b" / "journal.log").read_text().count('"stop"'):
                raise KillError

    # A kill between the stop, which is recorded, and the results of the generation.
    with pytest.raises(KillError):
        search(data, tmp_path / "b", ask(tmp_path / "b"), callbacks=[Killed()])
    assert not zk.open(tmp_path / "b").trials
    zk.resume(tmp_path / "b", data, warn=lambda _: None)  # It says that the callback is missing.
    assert results(tmp_path / "a") == results(tmp_path / "b")
    assert zk.resume(tmp_path / "b", data, warn=lambda _: None).stopped == study.stopped
    assert len(zk.resume(tmp_path / "b", data, trials=13, warn=lambda _: None).trials) == 13


def test_a_request_that_a_killed_search_has_not_taken_is_forgotten(data: zk.data.Dataset, tmp_path: Path) -> None:
    def die(epoch: Any) -> None:
        request_stop(tmp_path / "a", "enough")
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        raise KillError

    with pytest.raises(KillError):
        search(data, tmp_path / "a", die)
    assert (tmp_path / "b" / LIVE / "stop").exists()
    study = zk.resume(tmp_path / "b", data)
    assert study.stopped is None
    assert len(study.trials) == 12


def test_a_watched_search_has_the_same_numbers_and_shows_them(
    data: zk.data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = []
    monkeypatch.setattr(live_folder, "FEED_EVERY", 0.0)

    def look(epoch: Any) -> None:
        watch(tmp_path / "watched")
        if feed := read_feed(tmp_path / "watched"):
            feeds.append(feed)

    watched = search(data, tmp_path / "watched", look, trials=60, generation=30, epochs=27, progress=lambda _: None)
    search(data, tmp_path / "alone", trials=60, generation=30, epochs=27)
    assert results(tmp_path / "watched") == results(tmp_path / "alone")
    shown = {trial.number: trial for trial in watched.trials}
    for feed in feeds:
        assert set(feed.numbers) <= set(feed.params)
        for k, (number, epoch) in enumerate(zip(feed.numbers, feed.epochs, strict=True)):
            for name, values in feed.curves.items():
                assert np.array_equal(values[k], shown[number].curves[name][epoch - 1], equal_nan=True)


def test_nothing_is_written_that_nobody_reads(data: zk.data.Dataset, tmp_path: Path) -> None:
    found = set()

    def look(epoch: Any) -> None:
        found.update(os.listdir(tmp_path / "a" / LIVE))

    search(data, tmp_path / "a", look)
    assert not found


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def filled(run: Path, trials: int = 3) -> LiveFolder:
    live = LiveFolder(run, Space(SPACE), ["val_loss"])
    live.begin([Proposal(n, {"lr": 0.01, "hidden": (8,)}) for n in range(trials)])
    return live


def test_writes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most twice a second while it is watched, and none ten seconds after."""
    clock = Clock()
    monkeypatch.setattr(live_folder, "time", clock)
    live = filled(tmp_path)
    watch(tmp_path)
    written = set()
    for tick in range(400):  # Four a second.
        clock.now = 100 + tick / 4
        live.tick(Progress(3, 0, 3, 30, tick, clock.now - 100, 0))
        if feed := read_feed(tmp_path):
            written.add(feed.progress["epochs_done"])
    assert len(written) == 20
    assert max(written) == 38


def test_a_feed_is_bounded() -> None:
    points = np.array([[n, epoch, 0.5] for epoch in range(1, 501) for n in range(100)], float)
    kept = thinned(points)
    assert len(kept) <= live_folder.MOST_POINTS
    assert {tuple(row) for row in kept[:, :2]} >= {(n, epoch) for n in range(100) for epoch in (1.0, 500.0)}
    few = points[:20]
    assert thinned(few) is few


def test_a_folder_that_is_gone_does_not_end_the_search(tmp_path: Path) -> None:
    live = filled(tmp_path / "missing")
    live.tick(Progress(3, 0, 3, 30, 1, 1.0, 0))
    assert live.stop_request() is None
    assert not request_stop(tmp_path / "missing", "")
    live.close()


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b"not JSON", b'{"progress":{},"params":{},"ended":{},"curves":["a"]}\n123']
)
def test_a_feed_that_is_damaged_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LIVE).mkdir()
    (tmp_path / LIVE / "feed").write_bytes(content)
    assert read_feed(tmp_path) is None
