"""What to try next: an Optuna study that is asked and told a generation at a time."""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from zerokara.engine.trial import Proposal, Trial
from zerokara.samplers.diverged import DIVERGED
from zerokara.space.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

    from zerokara.samplers.narrowing import Round
    from zerokara.space.conditions import ConditionalSpace
    from zerokara.storage.journal import Journal


GENERATIONS = "generations"
"""The attribute of the Optuna study that keeps the sizes of its generations."""


class Proposer:
    """Proposes trials of a space and learns how they ended, in one Optuna study.

    Args:
        space: what is searched.
        sampler: what chooses, from ``make_sampler``.
        journal: where the study is kept, and goes on from if it holds one; None keeps it in memory.

    Attributes:
        study: the Optuna study.
        seconds: the time that proposing and keeping the study has taken.

    >>> from zerokara.samplers.registry import make_sampler
    >>> from zerokara.space.space import log
    >>> space = Space({"lr": log(1e-4, 1e-1)})
    >>> proposer = Proposer(space, make_sampler("random", space, seed=0))
    >>> [proposal] = proposer.ask(1)
    >>> proposal.number, 1e-4 <= proposal.params["lr"] <= 1e-1
    (0, True)
    >>> proposer.tell([Trial(0, proposal.params, "complete", value=0.5, epochs=1, epoch=1, curves={})])
    >>> proposer.study.best_value
    0.5
    """

    def __init__(
        self, space: Space, sampler: "BaseSampler", journal: "Journal | None" = None, name: str = "zerokara"
    ) -> None:
        import optuna

        self._space = space
        self._journal = journal
        self.seconds = 0.0
        with self._generation(), quiet():
            self._storage = journal.storage() if journal else optuna.storages.InMemoryStorage()
            self.study = optuna.create_study(
                storage=self._storage, sampler=sampler, study_name=name, load_if_exists=True
            )
        self._study_id = self._storage.get_study_id_from_name(name)
        self.seconds = 0.0  # What it took to open the study is no cost of the sampler.

    @property
    def sizes(self) -> list[int]:
        """How many trials each generation that was asked for has."""
        return list(self.study.user_attrs.get(GENERATIONS, []))

    def ask(self, count: int) -> list[Proposal]:
        """Return the next trials to run, a generation, all proposed from what has been told so far."""
        with self._generation(), quiet():
            # Known before the first of them is: so a generation that a kill cuts short is completed.
            self.study.set_user_attr(GENERATIONS, [*self.sizes, count])
            return self._ask(count)

    def ask_again(self, generation: int) -> list[Proposal]:
        """Return the trials of a generation that was asked for, each as it was proposed, those not yet asked too."""
        first, count = sum(self.sizes[:generation]), self.sizes[generation]
        begun = self.study.get_trials(deepcopy=False)[first : first + count]
        asked = [self._proposal(trial) for trial in begun]
        with self._generation(), quiet():
            return asked + self._ask(count - len(asked))

    def _proposal(self, trial: "FrozenTrial") -> Proposal:
        return Proposal(trial.number, self._space.decode(trial.params))

    def ended(self) -> dict[int, Trial]:
        """Return the trials that have ended, by number."""
        return {
            trial.number: Trial.of_record(self._proposal(trial), trial.user_attrs["record"])
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state.is_finished()
        }

    def report(self, trials: Iterable[Trial]) -> None:
        """Record how trials stand at a rung."""
        with self._generation():
            for trial in trials:
                if trial.epochs and math.isfinite(trial.value):
                    self._storage.set_trial_intermediate_value(self._key(trial.number), trial.epochs, trial.value)

    def _ask(self, count: int) -> list[Proposal]:
        first, questions = len(self.study.get_trials(deepcopy=False)), self._space.distributions()
        return [self._propose(number, questions) for number in range(first, first + count)]

    def _propose(self, number: int, questions: "ConditionalSpace") -> Proposal:
        """Propose a trial and create it with its answers at once: ``study.ask`` takes three times as long."""
        from optuna.trial import TrialState, create_trial

        from zerokara.space.unit_interval import from_unit

        study, sampler = self.study, self.study.sampler
        answers: dict[str, Any] = {}
        trial = create_trial(state=TrialState.RUNNING)
        trial.number = number
        drawn = sampler.sample_relative(study, trial, sampler.infer_relative_search_space(study, trial))
        for name, found in questions.items():
            if not questions.is_active(name, answers):
                continue
            if name in drawn:
                value = drawn[name]
            elif found.single():
                value = from_unit(found, 0.5)
            else:
                value = sampler.sample_independent(study, trial, name, found)
            answers[name] = found.to_external_repr(found.to_internal_repr(value))  # As it will be read again.
        ranges = {name: questions[name] for name in answers}
        created = create_trial(state=TrialState.RUNNING, params=answers, distributions=ranges)
        self._storage.create_new_trial(self._study_id, created)
        return Proposal(number, self._space.decode(answers))

    def rounds(self) -> "list[Round]":
        """Return the rounds that the study has begun, if its sampler has rounds; else nothing."""
        from zerokara.samplers.narrowing import NarrowingSampler

        sampler = self.study.sampler
        if not isinstance(sampler, NarrowingSampler):
            return []
        return sampler.rounds(self.study, self._space.distributions())

    def _key(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how trials ended, in the order of their numbers."""
        with self._generation():
            for trial in sorted(trials, key=lambda trial: trial.number):
                record_result(self._storage, self._key(trial.number), trial, keep_record=self._journal is not None)

    @contextmanager
    def _generation(self) -> Iterator[None]:
        """Commit what the block logs at its end, and count its time."""
        started = time.perf_counter()
        try:
            with self._journal.generation() if self._journal else nullcontext():
                yield
        finally:
            self.seconds += time.perf_counter() - started


def record_result(storage: "BaseStorage", trial_id: int, trial: Trial, keep_record: bool = True) -> None:
    """Record how a trial ended; a state other than complete is kept as an attribute.

    Samplers learn from a diverged trial that it was the worst, from a pruned one its value at its last rung, and from
    an interrupted one nothing.
    """
    from optuna.trial import TrialState

    if keep_record:
        storage.set_trial_user_attr(trial_id, "record", trial.record)
    if trial.state != "complete":
        storage.set_trial_user_attr(trial_id, "state", trial.state)
    # Not by study.tell, which copies the trial with its record for a sampler that does not use it.
    if trial.state == "interrupted":
        storage.set_trial_state_values(trial_id, TrialState.FAIL)
    else:
        value = DIVERGED if trial.state == "diverged" else float(trial.value)
        state = TrialState.PRUNED if trial.state == "pruned" else TrialState.COMPLETE
        storage.set_trial_state_values(trial_id, state, [value])


@contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna log nothing below a warning meanwhile."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
