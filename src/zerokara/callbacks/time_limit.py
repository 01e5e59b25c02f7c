"""A callback that ends a search when its time is over."""

import time
from collections.abc import Sequence

from zerokara.checks import require_positive
from zerokara.engine.trial import Trial
from zerokara.study.events import Callback, Search


class TimeLimit(Callback):
    """Ends a search before the generation that would not end in time, as far as the longest one so far tells.

    How many trials fit depends on the machine, so two runs may differ. A search that is resumed after a kill has the
    whole time again for what is left. The first generation always trains.

    Args:
        seconds: from the creation of the callback to the end of the search.
        refit: networks that are trained as the winner after the search, for which time is kept.
        begun: the reading of `time.perf_counter` from which the seconds count; None is now.
        final: how many of these networks train, whatever the time: those of a finished run that is resumed.

    >>> import zerokara as zk
    >>> limit = zk.callbacks.TimeLimit(0.5)
    >>> study = zk.tune("digits", {"lr": zk.log(1e-4, 1e-1)}, generation=4, trials=10_000, epochs=2, callbacks=[limit])
    >>> 4 <= len(study.trials) < 10_000, "s of 0.5 s are left" in study.stopped.reason
    (True, True)
    """

    def __init__(self, seconds: float, refit: int = 0, begun: float | None = None, final: int | None = None) -> None:
        require_positive("seconds", seconds)
        self.seconds, self.refit, self.final = seconds, refit, final
        self._started = self._last = time.perf_counter()
        self._begun = self._started if begun is None else begun
        self._longest = 0.0  # Seconds of a generation.
        self._epoch = 0.0  # Seconds of an epoch of one network.

    def on_generation(self, search: Search, trials: Sequence[Trial]) -> None:
        """End the search if another generation would take too long."""
        now = time.perf_counter()
        self._longest, self._last = max(self._longest, now - self._last), now
        if epochs := sum(trial.epochs_trained for trial in search.trials):
            self._epoch = (now - self._started) / epochs
        refit = self.refit * self._epoch * search.best.epoch if search.best else 0.0
        left = self._left()
        if self._longest + refit > left:
            final = f", the final training {refit:.2f} s" if refit else ""
            needed = f"another generation takes about {self._longest:.2f} s{final}"
            search.stop(f"{left:.2f} s of {self.seconds:g} s are left, {needed}")

    def final_networks(self, epochs: int) -> int:
        """Return how many of the ``refit`` networks there is time to train for so many epochs after the search."""
        if self.final is not None:
            return self.final
        left, each = self._left(), self._epoch * epochs
        return self.refit if self.refit * each <= left else int(left // each)

    def _left(self) -> float:
        return max(0.0, self.seconds - (time.perf_counter() - self._begun))
