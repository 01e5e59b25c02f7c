"""Random search, which needs no Optuna."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.samplers.draws import RandomDraws, seed_for
from zerokara.space.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class RandomSearch:
    """Proposes each trial from its number and the seed alone, with the numbers of the Optuna sampler `optuna`.

    >>> from zerokara.space.space import log
    >>> search = RandomSearch(Space({"lr": log(1e-4, 1e-1)}), seed=0)
    >>> search.propose(7) == search.propose(7), search.propose(7) == search.propose(8)
    (True, False)
    """

    def __init__(self, space: Space, seed: int = 0, generation: int = 1) -> None:
        self._space, self._seed, self._generation = space, seed, generation
        ranges = space.ranges()
        self._draws = RandomDraws({name: each for name, each in ranges.items() if not each.single()})
        self._rng = np.random.RandomState(0)

    def propose(self, number: int) -> dict[str, Any]:
        """Return a value for each parameter, for the trial of this number."""
        self._rng.seed(seed_for(self._seed, number))
        return self._draws(self._rng)

    def optuna(self) -> "BaseSampler":
        """Return the sampler of Optuna that proposes the same."""
        from zerokara.samplers.builtin import Random

        return Random(self._space.distributions(), self._seed, self._generation)
