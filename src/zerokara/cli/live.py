"""The progress of a running search: a table on a terminal, lines in a log."""

import math
import time
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from zerokara.cli.show import print_line
from zerokara.engine.progress import Progress
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space

LOG_EVERY = 5.0
"""Seconds between lines of a log."""


class ProgressView:
    """Shows the progress of a search; called with each `Progress`."""

    def __init__(self, console: Console, space: Space, metric: str) -> None:
        self.console, self.space, self.metric = console, space, metric
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self.logged = time.monotonic()

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()

    def __call__(self, progress: Progress) -> None:
        rows = progress_rows(progress, self.space, self.metric)
        if self.live:
            table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
            for name, value in rows.items():
                table.add_row(Text(name, "bold"), value)
            self.live.update(table)
        elif time.monotonic() - self.logged >= LOG_EVERY:
            self.logged = time.monotonic()
            print_line(self.console, "; ".join(f"{name} {value}" for name, value in rows.items()))


def progress_rows(progress: Progress, space: Space, metric: str) -> dict[str, str]:
    """Return the rows of the table of progress.

    >>> progress_rows(Progress(10, 2, 8, 500, 100, 2.0, 0, None), Space({}), "accuracy")["epochs"]
    '100/500, 50/s, 8 s left'
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
    if best := progress.best:
        values = best.proposal.params
        params = ", ".join(f"{name} {show(values[name])}" for name in space.searched if name in values)
        score = f"validation {metric} {best.score:.4f} (trial {best.proposal.number}, epoch {best.epoch})"
        rows["best so far"] = f"{score} {params}"
    if progress.remark:
        rows["note"] = progress.remark
    return rows


def pace(rate: float) -> str:
    """Return a rate per second as text, per minute below one per second.

    >>> pace(1234.5), pace(0.25), pace(0)
    ('1,234/s', '15/min', '0/s')
    """
    return f"{60 * rate:.0f}/min" if 0 < rate < 1 else f"{rate:,.0f}/s"


def duration(seconds: float) -> str:
    """Return a duration as text.

    >>> duration(8.4), duration(200), duration(8000)
    ('8 s', '3 min 20 s', '2 h 13 min')
    """
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60} min"
