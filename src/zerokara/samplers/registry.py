"""The samplers by name, and their default generation size."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zerokara.errors import InputError, needs, unknown
from zerokara.samplers.quiet import import_optuna
from zerokara.samplers.random import RandomSearch
from zerokara.space.space import Space
from zerokara.train.ranking import name_of

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


def check_sampler(name: str, value: Any) -> None:
    """Raise InputError unless this is a name of ``SAMPLERS``, or a sampler object of Optuna."""
    if isinstance(value, str):
        if value not in SAMPLERS:
            raise unknown(name, value, SAMPLERS)
        return
    import_optuna()
    from optuna.samplers import BaseSampler

    if not isinstance(value, BaseSampler):
        raise InputError(
            f"{name} must be one of {', '.join(SAMPLERS)}, or a sampler object of Optuna, got {value!r}: use 'tpe', or "
            "optuna.samplers.TPESampler(), for example"
        )


def sampler_text(sampler: Any) -> str:
    """Return a sampler as text for a config: its name, or the qualified name of an object's class."""
    return sampler if isinstance(sampler, str) else name_of(sampler)


def generation_size(sampler: Any, trials: int) -> int:
    """Return the default generation size: a fifth of the trials for a sampler that learns, as an object may.

    >>> generation_size("random", 100), generation_size("tpe", 100), generation_size("tpe", 20)
    (256, 20, 10)
    """
    check_sampler("sampler", sampler)
    learns = not isinstance(sampler, str) or SAMPLERS[sampler].learns
    return min(MAX_GENERATION, max(MIN_GENERATION, trials // 5)) if learns else MAX_GENERATION


def make_sampler(
    sampler: "str | BaseSampler", space: Space, seed: int = 0, *, trials: int = 100, generation: int | None = None
) -> "BaseSampler":
    """Return the sampler of this name, or one that asks this object; a restart of the study proposes the same trials.

    Args:
        sampler: one of ``SAMPLERS``, or a sampler of Optuna.
        space: the search space.
        seed: the seed of all draws.
        trials: the total number of trials.
        generation: the number of trials in a generation; None for that of `generation_size`.

    Raises:
        InputError: the name is unknown; a grid has fewer points than trials.
    """
    size = generation_size(sampler, trials) if generation is None else generation
    import_optuna()
    if not isinstance(sampler, str):
        from zerokara.samplers.own import OwnSampler

        return OwnSampler(space.distributions(), seed, size, sampler)
    check_sampler("sampler", sampler)
    from zerokara.samplers.builtin import MAKERS

    if sampler == "cmaes" and find_spec("cmaes") is None:  # It is imported later, when the first trials have ended.
        with needs("CMA-ES proposals", "cmaes"):
            raise ModuleNotFoundError(name="cmaes")
    return MAKERS[sampler](space.distributions(), seed, size, trials)


def make_local_sampler(
    sampler: "str | BaseSampler", space: Space, seed: int = 0, *, trials: int = 100, generation: int | None = None
) -> "BaseSampler | RandomSearch":
    """Return the sampler for a study of one process, as `make_sampler`; without Optuna where it is not needed."""
    if sampler == "random":
        return RandomSearch(space, seed, generation_size(sampler, trials) if generation is None else generation)
    return make_sampler(sampler, space, seed, trials=trials, generation=generation)


def check_proposals(sampler: "BaseSampler | RandomSearch") -> None:
    """Ask a sampler object of the user for a first trial, and warn if a restart may propose other trials.

    Raises:
        InputError: it fails.
    """
    if isinstance(sampler, RandomSearch):
        return
    from zerokara.samplers.own import OwnSampler

    if isinstance(sampler, OwnSampler):
        sampler.check()
