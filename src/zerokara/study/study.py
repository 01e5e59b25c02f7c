"""A study: the results of a search, as tables, figures and HTML."""

from dataclasses import dataclass
from typing import Any

from zerokara.study.results import Results
from zerokara.study.views.html import study_html
from zerokara.study.views.plots import Plots
from zerokara.study.views.table import FrameKind, as_frame, study_columns


@dataclass(frozen=True, eq=False, repr=False)
class Study(Results):
    """The trials of a search and their results. Returned by `zerokara.tune` and `zerokara.open`.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=3, epochs=2)
    >>> list(study.frame(kind="dict"))[:6]
    ['number', 'state', 'epochs', 'epoch', 'val_loss', 'val_accuracy']
    >>> figure = study.plot.race()
    """

    @property
    def plot(self) -> Plots:
        """The figures of the study: ``study.plot.race()``, ``study.plot.confusion()`` and others, see `dir`."""
        return Plots(self)

    def frame(self, *, fixed: bool = False, kind: FrameKind | None = None) -> Any:
        """Return the trials as a table, one row each: state, epochs, scores and the searched hyperparameters.

        Args:
            fixed: also the hyperparameters that were not searched.
            kind: "pandas", "polars", or "dict" for a dict of columns; by default the first that is installed.
        """
        return as_frame(study_columns(self, fixed), kind)

    def _repr_html_(self) -> str:
        return study_html(self)
