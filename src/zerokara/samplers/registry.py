"""The samplers by name, and how many trials each is asked for at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zerokara.errors import unknown
from zerokara.space.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True)
class SamplerInfo:
    """A kind of sampler: whether it learns from results, and what it does, in a few words."""

    learns: bool
    about: str


SAMPLERS = {
    "random": SamplerInfo(False, "every value alike"),
    "grid": SamplerInfo(False, "evenly spaced levels, each point once"),
    "qmc": SamplerInfo(False, "a Halton sequence, which covers the space more evenly than chance"),
    "tpe": SamplerInfo(True, "tree-structured Parzen estimator: where good trials are dense"),
    "cmaes": SamplerInfo(True, "CMA-ES: a normal distribution that moves towards the best"),
    "narrowing": SamplerInfo(True, "ranges that shrink around the best, round by round"),
}
"""What can propose, by name; ``samplers.MAKERS`` makes them."""

MAX_GENERATION = 256
"""Trials asked for at once, at most: more would take memory and gain no speed."""
MIN_GENERATION = 10
"""Trials that a sampler which learns is asked for at once, at least."""


def generation_size(sampler: str, trials: int) -> int:
    """Return how many trials are asked for at once: a fifth of them for a sampler that learns.

    >>> generation_size("random", 100), generation_size("tpe", 100), generation_size("tpe", 20)
    (256, 20, 10)
    """
    if sampler not in SAMPLERS:
        raise unknown("sampler", sampler, SAMPLERS)
    return min(MAX_GENERATION, max(MIN_GENERATION, trials // 5)) if SAMPLERS[sampler].learns else MAX_GENERATION


def make_sampler(
    name: str, space: Space, seed: int = 0, *, trials: int = 100, generation: int | None = None
) -> "BaseSampler":
    """Return the sampler of this name, which proposes the same for a trial's number at every start.

    Args:
        name: one of ``SAMPLERS``.
        space: what is searched.
        seed: what its draws derive from.
        trials: how many it will be asked for in all.
        generation: how many at once; None leaves it to `generation_size`.

    Raises:
        InputError: an unknown name; a grid of fewer points than trials.
    """
    size = generation_size(name, trials)
    from zerokara.samplers.builtin import MAKERS

    return MAKERS[name](space.distributions(), seed, size if generation is None else generation, trials)
