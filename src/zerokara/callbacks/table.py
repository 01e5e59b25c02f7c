"""The trials of a search as a CSV file, while they end."""

import csv
from pathlib import Path

from zerokara.engine.trial import Trial
from zerokara.files import outside
from zerokara.report.run import trial_columns, trial_row
from zerokara.study.events import Callback, Search
from zerokara.study.study import Study


class CSV(Callback):
    """Writes a row for every trial as it ends, with the columns of a run's ``trials.csv``.

    Args:
        path: the file, which is replaced; a resumed search writes it again from its first trial.

    Raises:
        OutsideError: the file is not writable, or the disk is full.

    >>> import tempfile
    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "log.csv"
    ...     space = {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}
    ...     study = zk.tune(data, space, trials=3, epochs=2, callbacks=[zk.callbacks.CSV(path)])
    ...     len(path.read_text().splitlines())
    4
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._begun = False

    def on_trial(self, search: Search, trial: Trial) -> None:
        with outside(self.path), open(self.path, "a" if self._begun else "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not self._begun:
                writer.writerow(trial_columns(search.plan, search.space))
            writer.writerow(trial_row(trial, search.plan, search.space))
        self._begun = True

    def on_end(self, study: Study) -> None:
        self._begun = False
