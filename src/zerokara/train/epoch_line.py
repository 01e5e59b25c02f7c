"""One line about training that is shown while it runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from zerokara.display import LINE, duration, shown
from zerokara.train.history import Epoch


class EpochLine:
    """The line about ``epochs`` more epochs after ``done``, from the record of the last one, or from their number.

    >>> EpochLine(5)(0)
    ['epoch 1 of 5']
    """

    def __init__(self, epochs: int, done: int = 0) -> None:
        self.epochs, self.done = epochs, done
        self.started = time.perf_counter()

    @contextmanager
    def shown(self, progress: bool | Callable[[Epoch], Any]) -> Iterator[Callable[[Epoch], Any]]:
        """Yield what to call with every epoch: it shows the line, is ``progress`` itself, or does nothing."""
        with shown(progress, self, start=self.done) as show:
            yield show or (lambda epoch: None)

    def __call__(self, epoch: Epoch | int) -> list[str]:
        if isinstance(epoch, int):
            return [f"epoch {epoch + 1} of {self.done + self.epochs}"]
        trained = epoch.number - self.done
        left = (time.perf_counter() - self.started) / trained * (self.epochs - trained)
        line = f"epoch {epoch.number} of {self.done + self.epochs}, {duration(left)} left"
        for name in ("val_loss", f"val_{epoch.metric}", "train_loss"):
            values = getattr(epoch, name)
            if np.isfinite(values).any():
                best = np.nanmin(values) if name.endswith("loss") else np.nanmax(values)
                fact = f", {name} {best:.4f}"
                line += fact if len(line) + len(fact) <= LINE else ""
        return [line]
