"""What a running search shows to other processes, and takes from them, in the folder ``live`` of its run.

``live/watch`` is touched again and again by a process that shows the run. While it is, the search writes
``live/feed``, at most twice a second: its progress, and the curves of the generation that trains. ``live/stop`` asks it
to stop. The folder exists while a process trains the run, and after that process was killed.
"""

import json
import math
import os
import shutil
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.progress import Progress
from zerokara.engine.trial import Proposal, Trial
from zerokara.space.space import Space
from zerokara.study.live.feed import FEED, LIVE, STOP_REQUEST, WATCH
from zerokara.train import Epoch

FEED_EVERY = 0.5
"""Seconds between two feeds."""
WATCHED = 10.0
"""Seconds after the last touch for which a run counts as watched."""
MOST_POINTS = 20_000
"""The most epochs of networks in a feed; beyond it every second epoch is left out, then every second of the rest."""
MOST_KEPT = 2000
"""The most epochs of populations that are kept for a feed while nobody watches."""


class LiveFolder:
    """The folder ``live`` of the search that this process runs; nothing fails if it cannot be written.

    Args:
        run: the folder of the run.
        space: encodes hyperparameters.
        curves: the names of the curves to show.
    """

    def __init__(self, run: Path, space: Space, curves: Sequence[str]) -> None:
        self.path = run / LIVE
        self._space, self._curves = space, tuple(curves)
        self._new: deque[tuple[Sequence[Proposal], Epoch]] = deque(maxlen=MOST_KEPT)
        self._points = np.empty((0, 2 + len(self._curves)))
        self._params: dict[int, dict[str, Any]] = {}
        self._ended: dict[int, str] = {}
        self._touched, self._seen, self._written = 0, -math.inf, -math.inf
        shutil.rmtree(self.path, ignore_errors=True)  # Of a process that was killed.
        with suppress(OSError):
            self.path.mkdir()

    def begin(self, proposals: Iterable[Proposal]) -> None:
        """Take note of trials that begin to train."""
        self._params |= {each.number: self._space.encode(each.params) for each in proposals}

    def record(self, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        """Take note of an epoch of a population; called from any thread."""
        self._new.append((proposals, epoch))

    def finish(self, trials: Iterable[Trial]) -> None:
        """Take note of trials that have ended."""
        self._ended |= {trial.number: trial.state for trial in trials if trial.number in self._params}

    def clear(self) -> None:
        """Forget the generation: its results are recorded."""
        self._new.clear()
        self._points, self._params, self._ended = self._points[:0], {}, {}

    def tick(self, progress: Progress) -> None:
        """Write a feed if one is due and the run is watched."""
        now = time.monotonic()
        if not self._watched(now):
            return
        if len(self._new) > MOST_KEPT // 2:
            self._gather()
        if now - self._written < FEED_EVERY:
            return
        self._written = now
        with suppress(OSError):
            self._write(progress)

    def stop_request(self) -> str | None:
        """Return the reason if another process has asked this search to stop, and take the request."""
        path = self.path / STOP_REQUEST
        with suppress(OSError):
            reason = path.read_text(encoding="utf-8", errors="replace")
            path.unlink()
            return reason
        return None

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _watched(self, now: float) -> bool:
        """Return whether ``watch`` was touched a short while ago, by this clock: that of the other may differ."""
        try:
            touched = os.stat(self.path / WATCH).st_mtime_ns
        except OSError:
            return False
        if touched != self._touched:
            self._touched, self._seen = touched, now
        return now - self._seen < WATCHED

    def _write(self, progress: Progress) -> None:
        self._gather()
        header = {
            "progress": {
                **{name: value for name, value in vars(progress).items() if name != "top"},
                "seconds_left": progress.seconds_left if math.isfinite(progress.seconds_left) else None,
            },
            "params": self._params,
            "ended": self._ended,
            "curves": self._curves,
        }
        fresh = self.path / f"{FEED}.new"
        fresh.write_bytes(json.dumps(header).encode() + b"\n" + self._points.tobytes())
        os.replace(fresh, self.path / FEED)

    def _gather(self) -> None:
        """Add the epochs since the last call to the rows: a trial's number, the epoch, its curves there."""
        batch = [self._new.popleft() for _ in range(len(self._new))]
        if not batch:
            return
        numbers = [proposals[row].number for proposals, epoch in batch for row in epoch.rows]
        epochs = np.repeat([epoch.number for _, epoch in batch], [len(epoch.rows) for _, epoch in batch])
        curves = (np.concatenate([getattr(epoch, name) for _, epoch in batch]) for name in self._curves)
        self._points = thinned(np.concatenate([self._points, np.column_stack([numbers, epochs, *curves])]))


def thinned(points: Array, most: int = MOST_POINTS) -> Array:
    """Return at most so many rows of trial number, epoch and values; the first and the last of a trial stay.

    >>> points = np.array([[7, epoch, 0.5] for epoch in range(1, 101)])
    >>> thinned(points, most=30)[:, 1].astype(int).tolist()[-3:]
    [93, 97, 100]
    """
    step = 1
    last = len(points) - 1 - np.unique(points[::-1, 0], return_index=True)[1]
    while len(points) > most and step < 1 << 20:
        step *= 2
        keep = (points[:, 1] - 1) % step == 0
        keep[last] = True
        if keep.sum() <= most:
            kept: Array = points[keep]
            return kept
    return points
