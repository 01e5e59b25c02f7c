"""What Optuna is asked, and which of it each trial is asked: some questions have a condition."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from zerokara.space.unit_interval import count, value_at

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

Answers = Mapping[str, Any]
"""What Optuna answered, by question."""


@dataclass(frozen=True)
class Condition:
    """When something is asked at all, and the questions ``on`` which that depends."""

    on: tuple[str, ...]
    met: Callable[[Answers], bool]


class Questions(dict[str, "BaseDistribution"]):
    """The distributions by Optuna's own names, in the order in which they are asked, with their conditions.

    What others depend on comes before them. A plain mapping of distributions has no conditions.

    >>> import optuna
    >>> unit = optuna.distributions.FloatDistribution(0, 1)
    >>> high = Condition(("x",), lambda answers: answers["x"] > 0.5)
    >>> questions = Questions({"x": unit, "y": unit}, {"y": high})
    >>> questions.part({"x": 0.4, "y": 0.1}), questions.asked("y", {"x": 0.6})
    ({'x': 0.4}, True)
    """

    def __init__(
        self, ranges: "Mapping[str, BaseDistribution]", conditions: Mapping[str, Condition] | None = None
    ) -> None:
        super().__init__(ranges)
        given = ranges.conditions if conditions is None and isinstance(ranges, Questions) else conditions
        self.conditions: dict[str, Condition] = dict(given or {})

    @property
    def decisive(self) -> list[str]:
        """The questions that conditions depend on, in order."""
        on = {name for condition in self.conditions.values() for name in condition.on}
        return [name for name in self if name in on]

    def asked(self, name: str, answers: Answers) -> bool:
        """Return whether a trial with these answers to the questions before is asked this one."""
        return name not in self.conditions or self.conditions[name].met(answers)

    def ask(self, trial: "Trial") -> dict[str, Any]:
        """Ask a trial all that it is to be asked, and return the answers; what it has been asked already stays."""
        answers: dict[str, Any] = {}
        for name, found in self.items():
            if self.asked(name, answers):
                answers[name] = suggest(trial, name, found)
        return answers

    def part(self, answers: Answers) -> dict[str, Any]:
        """Return what of the answers to all questions a trial with them is asked."""
        kept: dict[str, Any] = {}
        for name in self:
            if self.asked(name, kept):
                kept[name] = answers[name]
        return kept

    def points(self) -> int | None:
        """Return how many different trials there are; None if they cannot be counted."""
        counts = [count(found) for found in self.values()]
        sizes = {name: size for name, size in zip(self, counts, strict=True) if size is not None}
        if len(sizes) < len(self):
            return None
        values = {n: [value_at(self[n], (i + 0.5) / sizes[n]) for i in range(sizes[n])] for n in self.decisive}
        return sum(
            prod(size for name, size in sizes.items() if name not in branch and self.asked(name, branch))
            for branch in self.branches(values)
        )

    def branches(self, values: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
        """Yield every way to answer the questions that conditions depend on, with these values for each."""
        yield from self._branches(self.decisive, values, {})

    def _branches(
        self, names: Sequence[str], values: Mapping[str, Sequence[Any]], answers: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not names:
            yield answers
        elif self.asked(names[0], answers):
            for value in values[names[0]]:
                yield from self._branches(names[1:], values, {**answers, names[0]: value})
        else:
            yield from self._branches(names[1:], values, answers)


def suggest(trial: "Trial", name: str, found: "BaseDistribution") -> Any:
    """Return a trial's answer to one question, asked now or before."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(found, CategoricalDistribution):
        return trial.suggest_categorical(name, found.choices)
    if isinstance(found, FloatDistribution):
        return trial.suggest_float(name, found.low, found.high, step=found.step, log=found.log)
    assert isinstance(found, IntDistribution)
    return trial.suggest_int(name, found.low, found.high, step=found.step, log=found.log)
