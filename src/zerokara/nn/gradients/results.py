"""The results of a gradient check: of one array, and of one element of it."""

from dataclasses import dataclass

from zerokara.nn.gradients.subjects import TOLERANCE
from zerokara.notebooks import html_table

WRONG = 1e-2
"""A relative error above it is a wrong gradient. Source: CS231n notes, "Gradient checks"."""


@dataclass(frozen=True)
class Check:
    """The result for one array, at the elements that were checked, ``count`` in all networks.

    ``difference`` is the largest, at the element ``worst``, and ``error`` the relative error. ``kinks`` elements are at
    a kink: they have no gradient, and are left out. A relative error below ``tolerance`` is right.
    """

    name: str
    shape: tuple[int, ...]
    count: int
    difference: float
    error: float
    kinks: int = 0
    worst: str = ""
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether the error is below the tolerance."""
        return self.error < self.tolerance

    @property
    def verdict(self) -> str:
        """In words: ok below the tolerance, WRONG above 1e-2 and for NaN, doubtful between; and the kinks."""
        if self.kinks == self.count > 0:
            return "not checked, all at a kink"
        kinks = f", {self.kinks:,} at a kink left out" if self.kinks else ""
        return in_words(self.error, self.tolerance) + kinks


@dataclass(frozen=True, repr=False)
class Entry:
    """An element of an array, such as W1[3,7]: its value, the losses with it raised and lowered by h, both gradients.

    ``verdict`` says what the relative error means, and of a kink or of rounding what lies behind it.
    """

    name: str
    value: float
    h: float
    above: float
    below: float
    analytic: float
    verdict: str

    @property
    def numerical(self) -> float:
        """(L(w + h) - L(w - h)) / 2h."""
        return (self.above - self.below) / (2 * self.h)

    @property
    def difference(self) -> float:
        """|analytic - numerical|."""
        return abs(self.analytic - self.numerical)

    @property
    def error(self) -> float:
        """The relative error, difference / max(|analytic|, |numerical|)."""
        return self.difference / max(abs(self.analytic), abs(self.numerical), 1e-300)

    def rows(self) -> dict[str, str]:
        """Return what is shown, by name."""
        return {
            self.name: repr(self.value),
            "h": f"{self.h:g}",
            f"loss at {self.name} + h": repr(self.above),
            f"loss at {self.name} - h": repr(self.below),
            "numerical gradient": f"{self.numerical:.12g}",
            "analytic gradient": f"{self.analytic:.12g}",
            "difference": f"{self.difference:.3g}",
            "relative error": f"{self.error:.3g}: {self.verdict}",
        }

    def __repr__(self) -> str:
        rows = self.rows()
        width = max(map(len, rows))
        return "\n".join(f"{name:<{width}}  {text}" for name, text in rows.items())

    def _repr_html_(self) -> str:
        return html_table(f"Gradient of {self.name}", self.rows())


def in_words(error: float, tolerance: float = TOLERANCE) -> str:
    """Return what a relative error means.

    >>> in_words(1e-9), in_words(1e-4), in_words(float("nan"))
    ('ok', 'doubtful', 'WRONG')
    """
    return "ok" if error < tolerance else "doubtful" if error <= WRONG else "WRONG"
