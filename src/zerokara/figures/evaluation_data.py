"""Plot data of a model's predictions on a part of the data."""

from dataclasses import dataclass

from zerokara.arrays import Array


@dataclass(frozen=True, eq=False)
class ConfusionTable:
    """Counts (C, C) of samples by true class (row) and predicted class (column)."""

    counts: Array
    classes: tuple[str, ...]
    title: str = ""

    @property
    def recall(self) -> Array:
        """The share of each true class that was found, (C,); NaN for a class without samples."""
        total = self.counts.sum(axis=1)
        share: Array = self.counts.diagonal() / [n or float("nan") for n in total]
        return share

    @property
    def precision(self) -> Array:
        """The share of each predicted class that was right, (C,); NaN for a class that was never predicted."""
        total = self.counts.sum(axis=0)
        share: Array = self.counts.diagonal() / [n or float("nan") for n in total]
        return share


@dataclass(frozen=True, eq=False)
class Residuals:
    """One target of a regression in its own units: the ``truth`` (N,) and the ``prediction`` (N,)."""

    truth: Array
    prediction: Array
    target: str
    title: str = ""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Bins of predictions: their mean ``confidence`` (B,), the share that was ``right`` (B,), and ``counts`` (B,).

    ``event`` says what the confidence is of, such as "the predicted class is right".
    """

    confidence: Array
    right: Array
    counts: Array
    event: str
    title: str = ""


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The samples that were predicted worst, the worst first: texts on each, and for pictures the images.

    ``texts`` says what was true and what was predicted. ``images`` are in [0, 1], (M, H, W) or (M, H, W, 3).
    ``samples`` (M,) are their places in the part.
    """

    texts: tuple[str, ...]
    samples: Array
    images: Array | None = None
    title: str = ""
