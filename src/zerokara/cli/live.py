"""What is seen while a search runs: a table on a terminal, lines in a log."""

import math
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from zerokara.cli.show import print_line
from zerokara.engine.progress import Progress
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space

LOG_EVERY = 5.0
"""Seconds from one line of a log to the next."""


class View:
    """Shows the progress of a search; call it with each `Progress`."""

    def __init__(self, console: Console, space: Space, metric: str) -> None:
        self.console, self.space, self.metric = console, space, metric
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self.logged = time.monotonic()

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.live:
            self.live.stop()

    def __call__(self, progress: Progress) -> None:
        rows = describe(progress, self.space, self.metric)
        if self.live:
            table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
            for name, value in rows.items():
                table.add_row(f"[bold]{name}", value)
            self.live.update(table)
        elif time.monotonic() - self.logged >= LOG_EVERY:
            self.logged = time.monotonic()
            print_line(self.console, "; ".join(f"{name} {value}" for name, value in rows.items()))


def describe(progress: Progress, space: Space, metric: str) -> dict[str, str]:
    """Return the rows of the table.

    >>> describe(Progress(10, 2, 8, 500, 100, 2.0, 0, None), Space({}), "accuracy")["epochs"]
    '100/500, 50 a second, 8 s left'
    """
    trials = f"{progress.trials_done}/{progress.trials} done, {progress.trials_running} training"
    if progress.diverged:
        trials += f", {progress.diverged} diverged"
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left < math.inf else ""
    rows: dict[str, Any] = {
        "trials": trials,
        "epochs": f"{progress.epochs_done:,}/{progress.epochs:,}, {pace(progress.epochs_per_second)}{left}",
        "best so far": "none yet",
    }
    if leader := progress.leader:
        has = leader.proposal.params
        params = ", ".join(f"{name} {show(has[name])}" for name in space.searched if name in has)
        score = f"validation {metric} {leader.score:.4f} (trial {leader.proposal.number}, epoch {leader.epoch})"
        rows["best so far"] = f"{score} {params}"
    if progress.remark:
        rows["note"] = progress.remark
    return rows


def pace(rate: float) -> str:
    """Return how many a second for a reader, of less than one how many a minute.

    >>> pace(1234.5), pace(0.25), pace(0)
    ('1,234 a second', '15 a minute', '0 a second')
    """
    return f"{60 * rate:.0f} a minute" if 0 < rate < 1 else f"{rate:,.0f} a second"


def duration(seconds: float) -> str:
    """Return a time for a reader.

    >>> duration(8.4), duration(200), duration(8000)
    ('8 s', '3 min 20 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
