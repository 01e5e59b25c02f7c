"""A search space with parameters that only some trials have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zerokara.space.ranges import Range

if TYPE_CHECKING:
    from optuna.trial import Trial

R = TypeVar("R", bound=Range)

Params = Mapping[str, Any]
"""A value for each active parameter, as Optuna stores it."""


@dataclass(frozen=True)
class Condition:
    """When a parameter is active: ``met`` is called with the values of its ``parents``, and perhaps of others."""

    parents: tuple[str, ...]
    met: Callable[[Params], bool]


class ConditionalSpace(dict[str, R], Generic[R]):
    """Ranges, or Optuna's distributions, by name, and the conditions of the parameters that not every trial has.

    Parents come before the parameters that depend on them. A plain mapping has no conditions.

    >>> from zerokara.space.ranges import FloatRange
    >>> unit = FloatRange(None, 0.0, 1.0)
    >>> space = ConditionalSpace({"x": unit, "y": unit}, {"y": Condition(("x",), lambda params: params["x"] > 0.5)})
    >>> space.is_active("y", {"x": 0.4}), space.is_active("y", {"x": 0.6}), space.parents
    (False, True, ['x'])
    """

    def __init__(self, space: Mapping[str, R], conditions: Mapping[str, Condition] | None = None) -> None:
        super().__init__(space)
        self.conditions: dict[str, Condition] = dict(conditions or getattr(space, "conditions", {}))

    @property
    def parents(self) -> list[str]:
        """The parameters that conditions depend on, in order."""
        names = {name for condition in self.conditions.values() for name in condition.parents}
        return [name for name in self if name in names]

    def is_active(self, name: str, params: Params) -> bool:
        """Return whether a trial with these values of the preceding parameters has this one."""
        return name not in self.conditions or bool(self.conditions[name].met(params))

    def suggest(self, trial: "Trial") -> dict[str, Any]:
        """Suggest all active parameters of a trial, and return their values; those already suggested stay."""
        params: dict[str, Any] = {}
        distributions: Mapping[str, Any] = self
        for name, distribution in distributions.items():
            if self.is_active(name, params):
                params[name] = trial._suggest(name, distribution)
        return params

    def n_points(self) -> int | None:
        """Return the number of different trials; None if it is not finite."""
        from zerokara.space.unit_interval import cardinality, from_unit

        sizes = {name: size for name, each in self.items() if (size := cardinality(each)) is not None}
        if len(sizes) < len(self):
            return None
        values = {n: [from_unit(self[n], (i + 0.5) / sizes[n]) for i in range(sizes[n])] for n in self.parents}
        return sum(prod(sizes[name] for name in active) for _, active in self.branches(values))

    def branches(self, values: Mapping[str, Sequence[Any]]) -> list[tuple[dict[str, Any], list[str]]]:
        """Return each combination of the parents' values, with the names of the other parameters that are active."""
        branches: list[dict[str, Any]] = [{}]
        for name in self.parents:
            branches = [
                longer
                for branch in branches
                for longer in (
                    [{**branch, name: value} for value in values[name]] if self.is_active(name, branch) else [branch]
                )
            ]
        return [
            (branch, [name for name in self if name not in branch and self.is_active(name, branch)])
            for branch in branches
        ]
