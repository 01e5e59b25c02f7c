"""Sampler objects of the user: any sampler of Optuna, asked by the generation.

Importing this file imports Optuna: do so inside the function that makes a sampler.
"""

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.samplers._lazy_random_state import LazyRandomState
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.errors import InputError, warn
from zerokara.rng import stream
from zerokara.samplers.base import Ranges, StatelessSampler
from zerokara.samplers.quiet import quiet
from zerokara.train.ranking import name_of

STUDY = "zerokara:study"
"""The attribute of a trial with what its sampler has stored with the study."""


class OwnSampler(StatelessSampler):
    """A sampler object of the user, asked in an inner study.

    Like the samplers of this package it sees the results of earlier generations, and the trials of the same generation
    as running. Its random generators are seeded for each trial, and what it stores with trials and with the study is
    kept with the trials. So a restart proposes the same trials. A copy is asked: the object itself stays as it is.

    Args:
        sampler: the sampler.
    """

    def __init__(self, space: Ranges, seed: int, generation: int, sampler: BaseSampler) -> None:
        super().__init__(space, seed, generation)
        self._given = _copy(sampler)
        self._inner: Study | None = None
        self._told: set[int] = set()
        self._attributes: dict[str, Any] = {}
        for part in parts(self._given):
            if isinstance(getattr(part, "_seed", None), int):  # A quasi-random sequence has one seed for all trials.
                part._seed = int(stream(seed, "sampler").integers(2**32))

    def check(self) -> None:
        """Ask for a first trial, and warn if a restart may propose other trials.

        Raises:
            InputError: the sampler fails.
        """
        own = self.conditional, self.seed, self.generation, self._given
        try:
            with quiet():
                first, second = (OwnSampler(*own).propose(optuna.create_study(), 0) for _ in range(2))
        except Exception as error:  # Code of others may raise any.
            raise InputError(
                f"a sampler must propose a value for each searched hyperparameter, {', '.join(self.space)}, got "
                f"{type(error).__name__} from {name_of(self._given)}: {error}; use another sampler or space"
            ) from error
        if first != second or not any(True for _ in reseeders(self._given)):
            warn(
                f"{name_of(self._given)} cannot be seeded for each trial: a resumed search may propose other "
                "trials than an uninterrupted one. Keep its random numbers in an attribute that is a NumPy RandomState "
                "or Generator."
            )

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        values = super().sample_relative(study, trial, search_space)
        trial.system_attrs = self._attributes
        return values

    def propose(self, study: Study, number: int) -> dict[str, Any]:
        inner = self._caught_up(study, number)
        for i, reseed in enumerate(reseeders(inner.sampler)):
            reseed(int(stream(self.seed, "propose", number, i).integers(2**32)))
        params = self.conditional.suggest(asked := inner.ask())
        own = inner._storage.get_study_system_attrs(inner._study_id)
        attributes = inner._storage.get_trial_system_attrs(asked._trial_id)
        self._attributes = {**attributes, **({STUDY: own} if own else {})}
        return params

    def _caught_up(self, study: Study, number: int) -> Study:
        """Return the inner study with all trials before this one, and the results of earlier generations."""
        if self._inner is None or len(self._inner.get_trials(deepcopy=False)) > number:
            # Samplers of Optuna remember the study that they are asked in.
            self._inner = optuna.create_study(direction=study.direction, sampler=_copy(self._given))
            self._inner._thread_local.in_optimize_loop = True  # Some samplers stop a study: the number of trials does.
            self._told = set()
        inner, storage = self._inner, self._inner._storage
        trials = study.get_trials(deepcopy=False)[:number]
        for start in range(0, number, self.generation):
            generation = trials[start : start + self.generation]
            for trial in generation[max(0, len(inner.get_trials(deepcopy=False)) - start) :]:
                own = {name: value for name, value in trial.system_attrs.items() if name != STUDY}
                inner.add_trial(_running(trial, own))
                for name, value in trial.system_attrs.get(STUDY, {}).items():
                    storage.set_study_system_attr(inner._study_id, name, value)
            if start + self.generation > number:
                break
            for trial in generation:
                if trial.state.is_finished() and trial.number not in self._told:
                    self._told.add(trial.number)
                    trial_id = storage.get_trial_id_from_study_id_trial_number(inner._study_id, trial.number)
                    for step, value in trial.intermediate_values.items():
                        storage.set_trial_intermediate_value(trial_id, step, value)
                    values = trial.values if trial.state == TrialState.COMPLETE else None
                    inner.tell(trial.number, values, trial.state)
        return inner


def _copy(sampler: BaseSampler) -> BaseSampler:
    """Return a copy of a sampler, or itself if it has something that cannot be copied, such as a lock."""
    try:
        return copy.deepcopy(sampler)
    except Exception:  # Any, of any attribute.
        return sampler


def _running(trial: FrozenTrial, system_attrs: Mapping[str, Any]) -> FrozenTrial:
    return create_trial(
        state=TrialState.RUNNING,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs=dict(system_attrs),
    )


def parts(thing: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Yield a sampler, and what its attributes hold: the samplers, random generators and helpers within it."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    inside: Any = ()
    if isinstance(thing, Mapping):
        inside = thing.values()
    elif isinstance(thing, list | tuple):
        inside = thing
    elif isinstance(thing, BaseSampler) or type(thing).__module__.startswith("optuna.samplers"):
        inside = vars(thing).values() if hasattr(thing, "__dict__") else ()
    for each in inside:
        yield from parts(each, seen)


def reseeders(sampler: BaseSampler) -> Iterator[Callable[[int], Any]]:
    """Yield a function that seeds it for each random generator of a sampler, always in the same order."""
    for part in parts(sampler):
        if isinstance(part, LazyRandomState):
            yield part.rng.seed
        elif isinstance(part, np.random.RandomState | random.Random):
            yield part.seed
        elif isinstance(part, np.random.Generator):
            yield partial(_seed_generator, part)


def _seed_generator(generator: np.random.Generator, seed: int) -> None:
    generator.bit_generator.state = type(generator.bit_generator)(seed).state
