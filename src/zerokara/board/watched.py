"""A run that the board shows: its state, its trials so far, and what the pages do not have yet."""

import math
import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zerokara.board.place import RunPlace, is_alive
from zerokara.board.training import trials_of_feed
from zerokara.engine.trial import Trial
from zerokara.errors import ZerokaraError, warn
from zerokara.report.data import page_data
from zerokara.report.search import Live, search_data
from zerokara.study.live.feed import FEED, LIVE, Feed, read_feed, request_stop, watch
from zerokara.study.run_folder import CONFIG_FILE, JOURNAL, RunFolder
from zerokara.study.saved import SavedStudy
from zerokara.study.saved import open as open_run

READ_SHARE, LATEST = 0.1, 10.0
"""The most of the time that is spent reading a run; the most seconds between two readings of one that changes."""
WATCH_EVERY, SILENT = 2.0, 30.0
"""Seconds between two touches of a run that trains; seconds without a feed after which its process does not respond."""
DATABASE_EVERY = 2.0
"""Seconds between two readings of a database."""
STOP_REASON = "the stop button"
TRAINING, ENDED = ("training", "stopping", "silent"), ("finished", "stopped", "interrupted")
UNREADABLE = ("gone", "unreadable")
"""States: a process trains the run; none does, and none was killed; there is only what was read before."""


class WatchedRun:
    """A run on the board.

    Args:
        path: its folder.
        storage: the database URL with its password, if the run needs one.

    Attributes:
        version: changes with what the page shows.
        shown: the study with the trials that train, and which these are; None if nothing trains.
        state: training, stopping, silent, writing, killed, interrupted, stopped, finished, gone or unreadable.
    """

    def __init__(self, path: Path, storage: str | None = None) -> None:
        self.place, self.storage = RunPlace(path), storage
        self.version, self.state, self.note = 0, "", ""
        self.moved = self.stop_requested = self.resumed = False
        self.study: SavedStudy | None = None
        self.config: dict[str, Any] = {}
        self.feed: Feed | None = None
        self.shown: tuple[SavedStudy | None, Live | None] = None, None
        self._sent: dict[int, tuple[str, int, int]] = {}
        self._files: Any = None
        self._feed_version: Any = None
        self._held = False
        self._watched = self._fed = self._next = -math.inf

    @property
    def path(self) -> Path:
        """Where the run is."""
        return self.place.path

    def poll(self) -> bool:
        """Read what has changed; return whether the page starts anew, as another run is here."""
        change = self.place.find()
        if change == "gone":
            self._become("gone", "")
            return False
        self.moved |= change == "moved"
        if change == "replaced":
            self._files, self.study, self.feed, self._next = None, None, None, -math.inf
        try:
            self._read()
            state, note = self._state()
        except (ZerokaraError, OSError, ValueError, LookupError, TypeError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            state, note = "unreadable", lines[0]
            self._files = None
        self._become(state, note)
        self.shown = self._with_training()
        return change == "replaced"

    def _become(self, state: str, note: str) -> None:
        self.resumed |= self.state in ("killed", "interrupted") and state in (*TRAINING, "writing")
        if state in ENDED:
            self.stop_requested = self.resumed = False
        self.state, self.note = state, note

    def _read(self) -> None:
        """Read the files that have changed; those of many trials take long, and are read less often."""
        now = time.monotonic()
        if self.place.live and now - self._watched > WATCH_EVERY:
            self._watched = now
            watch(self.path)
        held = self.place.holder() is not None
        files = [_file_version(self.path / name) for name in (CONFIG_FILE, JOURNAL, "summary.json")]
        shared, ended = "storage" in self.config, not held and self._held
        self._held = held
        # What a process has written before it ended is read at once.
        changed = files != self._files
        if ended or (changed and not held) or ((changed or shared) and now >= self._next):
            self.config = RunFolder(self.path).config()
            self.study = open_run(self.path, storage=self.storage)
            pause = max((time.monotonic() - now) / READ_SHARE, DATABASE_EVERY if shared else 0.0)
            self._files, self._next = files, now + min(pause, LATEST)
        fed = _file_version(self.path / LIVE / FEED)
        if fed != self._feed_version:
            self.feed, self._feed_version = read_feed(self.path), fed
            self._fed = now

    def _state(self) -> tuple[str, str]:
        """Return the state, and what is to say about it."""
        study, holder = self.study, self.place.holder()
        if study is None:
            return "unreadable", ""
        stopped = study.stopped
        if holder:
            alive = is_alive(*holder)
            note = f"{holder[0]}"
            if alive is False:
                return "killed", note
            if not self.place.live and (stopped or len(study.trials) >= self.config["trials"]):
                return "writing", note
            if stopped or self.stop_requested:
                return "stopping", stopped.reason if stopped else ""
            silent = alive is None and time.monotonic() - self._fed > SILENT
            return "silent" if silent else "training", note
        if study.interrupted:
            return "interrupted", ""
        return ("stopped", stopped.text) if stopped else ("finished", "")

    def stop(self) -> bool:
        """Ask the search to stop; return whether there is one that may take the request."""
        self.poll()
        if self.state not in TRAINING or not request_stop(self.path, STOP_REASON):
            return False
        self.stop_requested = True
        return True

    def _with_training(self) -> tuple[SavedStudy | None, Live | None]:
        """Return the study with the trials that train, and which these are; None if nothing trains."""
        if self.study is None or self.state not in (*TRAINING, "killed", "writing"):
            return self.study, None
        known = {trial.number for trial in self.study.trials}
        feed = trials_of_feed(self.feed, self.study.space, self.study.plan) if self.feed else []
        more = [trial for trial in feed if trial.number not in known]
        trials = sorted([*self.study.trials, *more], key=lambda trial: trial.number)
        training = [trial.number for trial in more if trial.state == "interrupted" and self.state in TRAINING]
        return replace(self.study, trials=trials), Live(training)

    def whole(self) -> dict[str, Any]:
        """Return all data of the page, as they were read last: `changes` tells other pages before."""
        study, live = self.shown
        if study is None:
            return {"title": self.path.name, "search": None, "network": None}
        if self.state not in UNREADABLE:
            try:
                return page_data(study, RunFolder(self.path), live)
            except (ZerokaraError, OSError) as error:
                if (self.path / CONFIG_FILE).is_file():  # Else the run has gone meanwhile: its state will say so.
                    warn(f"The page leaves out the winner: {error}")
        return {"title": "", "search": search_data(study, self.config, {}, self.path, live), "network": None}

    def changes(self) -> dict[str, Any] | None:
        """Return what the pages lack, as `search_data` of the trials that have changed; None if that is nothing."""
        study, live = self.shown
        if study is None or live is None:
            return None
        keys = {trial.number: _trial_key(trial) for trial in study.trials}
        changed = [trial for trial in study.trials if self._sent.get(trial.number) != keys[trial.number]]
        if not changed and keys.keys() == self._sent.keys():
            return None
        since = {n: self._sent[n][1] for n in live.training if n in self._sent and study.plan.rows == 1}
        self._sent = keys
        live = replace(live, changed=changed, since=since)
        return search_data(study, self.config, {}, self.path, live)

    def status(self) -> dict[str, Any]:
        """Return the state of the run, for all pages."""
        study, progress = self.shown[0], self._progress()
        content: dict[str, Any] = {
            "name": self.path.name,
            "path": str(self.path),
            "argument": shlex.quote(str(self.path)),
            "state": self.state,
            "note": self.note,
            "moved": self.moved,
            "resumed": self.resumed,
            "done": len(self.study.trials) if self.study else 0,
            "all": progress.get("trials") or self.config.get("trials", 0),
            "best": None,
            "progress": progress,
        }
        if study and (best := study.winner):
            shown = study.plan.metric.shown
            content["best"] = {"number": best.number, "label": shown.label, "value": best.at(shown.curve)}
        return content

    def _progress(self) -> Mapping[str, Any]:
        return self.feed.progress if self.feed and self.state in TRAINING else {}


def _trial_key(trial: Trial) -> tuple[str, int, int]:
    return trial.state, trial.epochs, trial.epoch


def _file_version(path: Path) -> tuple[int, int, int]:
    """Return what changes with a file; zeros if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
