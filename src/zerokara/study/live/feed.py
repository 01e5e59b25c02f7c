"""What a running search shows to other processes, as they read it, and what they ask of it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array

LIVE, FEED, WATCH, STOP_REQUEST = "live", "feed", "watch", "stop"


@dataclass(frozen=True)
class Feed:
    """A search in the middle of a generation.

    Args:
        progress: the fields of a `Progress`, and its ``seconds_left``.
        params: the hyperparameters of the trials of the generation by number, as in the journal.
        ended: the states of those that have ended.
        curves: the values of each curve, one for each number of ``numbers`` and ``epochs``.
    """

    progress: Mapping[str, Any]
    params: Mapping[int, Mapping[str, Any]]
    ended: Mapping[int, str]
    numbers: Array
    epochs: Array
    curves: Mapping[str, Array]


def read_feed(run: Path) -> Feed | None:
    """Return the feed of a run, if there is one."""
    try:
        header, _, rows = (run / LIVE / FEED).read_bytes().partition(b"\n")
        content = json.loads(header)
        names = content["curves"]
        points = np.frombuffer(rows).reshape(-1, 2 + len(names))
        by_number = {name: {int(k): value for k, value in content[name].items()} for name in ("params", "ended")}
    except (OSError, ValueError, LookupError, AttributeError):
        return None
    numbers, epochs, *values = points.T
    curves = dict(zip(names, values, strict=True))
    return Feed(content["progress"], **by_number, numbers=numbers.astype(int), epochs=epochs.astype(int), curves=curves)


def watch(run: Path) -> None:
    """Ask the process that trains a run for feeds, for the next `WATCHED` seconds."""
    with suppress(OSError):
        if (run / LIVE).is_dir():
            (run / LIVE / WATCH).touch()


def request_stop(run: Path, reason: str) -> bool:
    """Ask the process that trains a run to stop at its next rung; return whether a process may take the request."""
    with suppress(OSError):
        (run / LIVE / STOP_REQUEST).write_text(reason, encoding="utf-8")
        return True
    return False
