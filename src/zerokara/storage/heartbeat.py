"""Heartbeats of the processes that share a study: who is still alive, without comparing two clocks."""

import os
import platform
import time
from collections.abc import Mapping
from typing import Any

INTERVAL = 10.0
"""Seconds between two heartbeats."""
GRACE_PERIOD = 60.0
"""Seconds without a heartbeat after which other processes take over the trials of a process."""
HEARTBEAT = "heartbeat"
"""Before a worker id, the attribute of a study that keeps the worker's heartbeat."""


class Heartbeat:
    """The heartbeat of one process, and the time since the last heartbeat of each other process.

    Each process increments a counter in the study. The others read it regularly and add up, by their own clock, the
    time in which it has not changed. Time between two reads counts for at most two intervals: the database or the
    reader itself may have been down.

    Args:
        worker_id: the unique name of this process.

    >>> ann, bob = Heartbeat("ann"), Heartbeat("bob")
    >>> study = dict([ann.next({})])
    >>> bob.observe(study)
    >>> bob.lost(), study["heartbeat ann"]["count"]
    (set(), 1)
    """

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self._others: dict[str, tuple[int, float]] = {}
        self._observed = self._sent = time.monotonic()

    def due(self) -> bool:
        """Return whether a heartbeat is due: True at most once per interval."""
        if time.monotonic() - self._sent < INTERVAL:
            return False
        self._sent = time.monotonic()
        return True

    def next(self, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the name and the new value of this process's attribute of the study."""
        key = f"{HEARTBEAT} {self.worker_id}"
        count = attributes.get(key, {"count": 0})["count"] + 1
        return key, {"host": platform.node(), "pid": os.getpid(), "count": count}

    def observe(self, attributes: Mapping[str, Any]) -> None:
        """Read the heartbeats from a study's attributes."""
        now = time.monotonic()
        passed, self._observed = min(now - self._observed, 2 * INTERVAL), now
        for key, value in attributes.items():
            kind, _, worker_id = key.partition(" ")
            if kind == HEARTBEAT and worker_id:
                count, seconds = self._others.get(worker_id, (0, 0.0))
                same = count == value["count"]
                self._others[worker_id] = (value["count"], seconds + passed if same else 0.0)

    def lost(self) -> set[str]:
        """Return the other processes that have sent no heartbeat for longer than the grace period."""
        return {name for name, (_, seconds) in self._others.items() if seconds > GRACE_PERIOD} - {self.worker_id}
