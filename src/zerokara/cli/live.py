"""The progress of a running search: a table on a terminal, lines in a log."""

import time
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from zerokara.cli.show import print_line
from zerokara.engine.progress import Progress
from zerokara.space.space import Space
from zerokara.study.views.progress_table import progress_line, progress_table

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
        shown = progress, self.space, self.metric
        if self.live:
            self.live.update(Text("\n".join(progress_table(*shown)), no_wrap=True, overflow="crop"))
        elif time.monotonic() - self.logged >= LOG_EVERY:
            self.logged = time.monotonic()
            print_line(self.console, progress_line(*shown))
