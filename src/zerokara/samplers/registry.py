"""The samplers by name, and their default generation size."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zerokara.errors import unknown
from zerokara.space.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True)
class SamplerInfo:
    """What is known of a sampler: whether it learns from results, and a short description."""

    learns: bool
    about: str


SAMPLERS = {
    "random": SamplerInfo(False, "independent draws from every range"),
    "grid": SamplerInfo(False, "evenly spaced levels, each point once"),
    "qmc": SamplerInfo(False, "a Halton sequence, which covers the space more evenly than random draws"),
    "tpe": SamplerInfo(True, "tree-structured Parzen estimator, as in Optuna"),
    "cmaes": SamplerInfo(True, "CMA-ES: a normal distribution that moves towards the best trials"),
    "narrowing": SamplerInfo(True, "ranges that shrink around the best trials in each round"),
}
"""The samplers by name; ``builtin.MAKERS`` creates them."""

MAX_GENERATION = 256
"""The maximum number of trials in a generation: more would take memory without being faster."""
MIN_GENERATION = 10
"""The minimum number of trials in a generation of a sampler that learns."""


def generation_size(sampler: str, trials: int) -> int:
    """Return the default generation size: a fifth of the trials for a sampler that learns.

    >>> generation_size("random", 100), generation_size("tpe", 100), generation_size("tpe", 20)
    (256, 20, 10)
    """
    if sampler not in SAMPLERS:
        raise unknown("sampler", sampler, SAMPLERS)
    return min(MAX_GENERATION, max(MIN_GENERATION, trials // 5)) if SAMPLERS[sampler].learns else MAX_GENERATION


def make_sampler(
    name: str, space: Space, seed: int = 0, *, trials: int = 100, generation: int | None = None
) -> "BaseSampler":
    """Return the sampler of this name; a restart of the study proposes the same trials.

    Args:
        name: one of ``SAMPLERS``.
        space: the search space.
        seed: the seed of all draws.
        trials: the total number of trials.
        generation: the number of trials in a generation; None for that of `generation_size`.

    Raises:
        InputError: the name is unknown; a grid has fewer points than trials.
    """
    size = generation_size(name, trials)
    from zerokara.samplers.builtin import MAKERS

    return MAKERS[name](space.distributions(), seed, size if generation is None else generation, trials)
