"""The figures of a study, ``study.plot``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from zerokara import figures
from zerokara.errors import InputError, unknown
from zerokara.study.results import Results
from zerokara.study.views import series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Plots:
    """The figures of a study, of matplotlib; notebooks show them, and ``figure.savefig(...)`` writes them.

    The plain data behind each are what the function of the same name in `zerokara.study.views.series` returns, or
    `Study.confusion` and `Study.residuals`; `zerokara.figures` draws them. ``ax`` draws within axes that you have made.
    """

    def __init__(self, study: Results) -> None:
        self._study = study

    def __repr__(self) -> str:
        return f"Plots({', '.join(name for name in dir(self) if not name.startswith('_'))})"

    def race(self, ax: "Axes | None" = None) -> "Figure":
        """Draw the validation loss of every trial by epoch, colored by the hyperparameter that mattered most."""
        return figures.draw_race(series.race(self._study), ax)

    def scatter(self, name: str | None = None, ax: "Axes | None" = None) -> "Figure":
        """Draw the score of every trial against each searched hyperparameter, or against one."""
        data = series.scatter(self._study)
        if not data.panels:
            raise InputError("a scatter needs a searched hyperparameter, got a study without: search one, such as lr")
        if name is not None:
            if name not in (names := [panel.name for panel in data.panels]):
                raise unknown("searched hyperparameter", name, names)
            data = replace(data, panels=tuple(panel for panel in data.panels if panel.name == name))
        if ax is not None and len(data.panels) > 1:
            names = [panel.name for panel in data.panels]
            raise InputError(
                f"ax takes one hyperparameter, got {', '.join(names)}: name one, as in scatter({names[0]!r}, ax=ax)"
            )
        return figures.draw_scatter(data, ax)

    def curves(self, trial: int | None = None, count: int = 20) -> "Figure":
        """Draw the scores of the best ``count`` trials by epoch, or the losses and scores of one trial."""
        if trial is None and len(self._study.trials) > 1:
            return figures.draw_curves(series.curves(self._study, count))
        return figures.draw_learning(series.learning(self._study, trial))

    def importances(self, epoch: int | None = None, ax: "Axes | None" = None) -> "Figure":
        """Draw how much each searched hyperparameter mattered at an epoch; see `Study.importances`."""
        return figures.draw_importances(series.importances(self._study, epoch), ax)

    def narrowing(self) -> "Figure":
        """Draw how the ranges of a narrowing search shrank from round to round."""
        if not self._study.rounds:
            raise InputError("narrowing draws the rounds of sampler='narrowing', got a study without: use scatter()")
        return figures.draw_narrowing(series.narrowing(self._study))

    def confusion(self, part: str = "validation", ax: "Axes | None" = None) -> "Figure":
        """Draw how often the winner takes each class for each; of the test data, those of the model to use."""
        return figures.draw_confusion(self._study.confusion(part), ax)

    def residuals(self, part: str = "validation", output: int = 0, ax: "Axes | None" = None) -> "Figure":
        """Draw the winner's predictions and errors of one output, in its units; with ``ax`` the predictions alone."""
        return figures.draw_residuals(self._study.residuals(part, output), ax)

    def weights(self, count: int = 100) -> "Figure":
        """Draw the first layer of the winner as images, trained and at the start, for the units that changed most."""
        return figures.draw_weights(series.first_weights(self._study, count))
