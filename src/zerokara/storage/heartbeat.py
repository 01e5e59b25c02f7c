"""Signs of life: which of the processes that share a study are still there, with no two clocks compared."""

import os
import platform
import time
from collections.abc import Mapping
from typing import Any

BEAT = 10.0
"""Seconds from one sign of life to the next."""
SILENCE = 60.0
"""Seconds without a sign of life after which the trials of a process are another's."""
OWNER = "owner"
"""Before a process's name, the attribute of a study that keeps its sign of life."""


class Signs:
    """The sign of life of one process, and for how long those of the others have not changed.

    A process counts up a number in the study. Another one looks at it now and then, and adds up the time, by its own
    clock, in which it stays the same. Time in which nobody looked tells nothing, and counts for little: the database
    may have been away, or the one who looks.

    Args:
        owner: what this process is called.

    >>> ann, bob = Signs("ann"), Signs("bob")
    >>> study = dict([ann.next({})])
    >>> bob.listen(study)
    >>> bob.silent(), study["owner ann"]["beat"]
    (set(), 1)
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._silent: dict[str, tuple[int, float]] = {}
        self._looked = self._given = time.monotonic()

    def due(self) -> bool:
        """Return whether it is time for a sign, at most once in so many seconds."""
        if time.monotonic() - self._given < BEAT:
            return False
        self._given = time.monotonic()
        return True

    def next(self, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the attribute of the study with the next sign, and its name."""
        key = f"{OWNER} {self.owner}"
        beat = attributes.get(key, {"beat": 0})["beat"] + 1
        return key, {"host": platform.node(), "pid": os.getpid(), "beat": beat}

    def listen(self, attributes: Mapping[str, Any]) -> None:
        """Look at the signs that a study has."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, 2 * BEAT), now
        for key, sign in attributes.items():
            kind, _, owner = key.partition(" ")
            if kind == OWNER and owner:
                beat, silent = self._silent.get(owner, (0, 0.0))
                self._silent[owner] = (beat, silent + passed) if beat == sign["beat"] else (sign["beat"], 0.0)

    def silent(self) -> set[str]:
        """Return the others that are taken for gone."""
        return {name for name, (_, seconds) in self._silent.items() if seconds > SILENCE and name != self.owner}
