"""Paired comparisons of contestants over tables and splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from benchmarks.tabular.measure import Result, Results

SAME = 1e-9
"""Scores that differ by less are a tie."""


def spread(values: Sequence[float]) -> float:
    """Return the standard error of a mean, of one value 0."""
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Pairs:
    """The differences of one contestant's scores to another's, by table, in the order of the splits."""

    tables: dict[str, list[float]]

    @property
    def all(self) -> list[float]:
        return [difference for table in self.tables.values() for difference in table]

    @property
    def wins(self) -> int:
        return sum(difference > SAME for difference in self.all)

    @property
    def losses(self) -> int:
        return sum(difference < -SAME for difference in self.all)

    @property
    def mean(self) -> float:
        return fmean(self.all)

    @property
    def error_of_tables(self) -> float:
        """The standard error of the mean, of tables drawn at random."""
        return spread([fmean(table) for table in self.tables.values()])

    @property
    def error_of_pairs(self) -> float:
        """The standard error of the mean, of splits drawn at random."""
        return spread(self.all)

    def of(self, table: str) -> tuple[float, float]:
        """Return the mean difference at a table, and its standard error over the splits."""
        return fmean(self.tables[table]), spread(self.tables[table])

    def __str__(self) -> str:
        return f"{self.wins}-{self.losses}, {self.mean:+.4f} ± {self.error_of_tables:.4f} ({self.error_of_pairs:.4f})"


def pairs(one: dict[str, list[Result]], other: dict[str, list[Result]]) -> Pairs:
    return Pairs({table: [a.score - b.score for a, b in zip(one[table], other[table], strict=True)] for table in one})


def ranks(results: Results) -> dict[str, float]:
    """Return each contestant's mean rank over all tables and splits: 1 is the highest score, ties share theirs."""
    found: dict[str, list[float]] = {name: [] for name in results}
    for table, splits in next(iter(results.values())).items():
        for k in range(len(splits)):
            scores = {name: own[table][k].score for name, own in results.items()}
            for name, score in scores.items():
                higher = sum(other > score + SAME for other in scores.values())
                same = sum(abs(other - score) <= SAME for other in scores.values())
                found[name].append(higher + (same + 1) / 2)
    return {name: fmean(own) for name, own in found.items()}
