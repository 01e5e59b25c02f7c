"""A study in a database that several processes search together, no trial twice and with exactly so many in total.

Importing this file imports Optuna: do so inside the function that joins a study.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import DatabaseError
from zerokara.samplers.diverged import DIVERGED
from zerokara.samplers.narrowing import Round
from zerokara.space.space import Space
from zerokara.storage.agreement import TOTAL, agree, open_study
from zerokara.storage.database import Database
from zerokara.storage.heartbeat import Signs
from zerokara.storage.proposer import Proposer, quiet

OWNER = "owner"
"""The attribute of a trial that names its process and the generation of that process."""
NUMBER = "trial"
"""The attribute of a trial that is its number here: Optuna's too, until one trial has to take another's place."""


class Shared:
    """One process's part in a study that a database holds, as `zerokara.storage.store.Store` describes.

    Every question and answer is one transaction, and the database lets one process at a time ask. So the trials never
    outnumber the total, and no trial has two owners. What is under way in a process that gives no sign of life for
    `zerokara.storage.heartbeat.SILENCE` seconds is done by another.

    Args:
        database: where the study is, or shall be.
        name: what it is called there.
        agreed: what must be the same in every process; kept with the study by the first.
        trials: how many there shall be in total.
        generation: how many this process asks for at once; the sampler counts by the generation of the first process.
        space: what is searched.
        make: makes the sampler, from ``trials`` and ``generation``.
        owner: what this process is called: another text than any other's, the same again when it resumes.
        again: the study must be there, and its total may be another, or grow to ``trials``; else that is refused.
        warn: called with a sentence of what others should know.

    Attributes:
        trials: Optuna's record of all trials at the last look.
        places: those among them that count, by number: that of a silent process has made room for another's.

    Raises:
        InputError: the study is not zerokara's, or its plan is another.
        DatabaseError: the database does not answer.
    """

    shared = True

    def __init__(
        self,
        database: Database,
        name: str,
        agreed: Mapping[str, Any],
        *,
        trials: int,
        generation: int,
        space: Space,
        make: Callable[..., BaseSampler],
        owner: str,
        warn: Callable[[str], None],
        again: bool = False,
    ) -> None:
        self.database, self.name, self.owner, self.warn = database, name, owner, warn
        self.space, self._make, self._size = space, make, generation
        self._endings: dict[int, Trial] = {}
        self._signs = Signs(owner)
        self._answers = True
        self.trials: list[FrozenTrial] = []
        self.places: dict[int, FrozenTrial] = {}
        self.seconds = 0.0
        self._study = open_study(database, name, again)
        self._id = database.storage.get_study_id_from_name(name)
        with self._transaction():
            self.plan = agree(self._study, {**agreed, "generation": generation}, trials, again)
            self._generation: int = self.plan["generation"]
            self._sign()
            self.look()

    def look(self) -> None:
        """Read how the study stands."""
        with self._reading():
            self.trials = self._study.get_trials(deepcopy=False)
            attributes = self._study.user_attrs
        counting = (trial for trial in self.trials if NUMBER in trial.user_attrs and trial.state != TrialState.FAIL)
        self.places = {trial.user_attrs[NUMBER]: trial for trial in counting}
        self.total: int = attributes[TOTAL]
        self._signs.listen(attributes)

    def ended(self) -> dict[int, Trial]:
        """Return all trials that had ended at the last look, whoever trained them, by number."""
        for number, trial in self.places.items():
            if number not in self._endings and trial.state.is_finished():
                self._endings[number] = Trial.of_record(self._proposal(trial), trial.user_attrs["record"])
        return dict(sorted(self._endings.items()))

    @property
    def finished(self) -> bool:
        """Whether all trials had ended at the last look."""
        return len(self.ended()) >= self.total

    @property
    def sizes(self) -> list[int]:
        return [min(self._size, self.total - start) for start in range(0, self.total, self._size)]

    def ask(self, count: int | None = None) -> tuple[int, list[Proposal]]:
        """Return a generation for this process and its number; no trials if all have an owner that lives.

        First come those of its own that it has not told: a process that was killed goes on with them. Then those
        whose owner is silent: they are told FAIL, and new ones with the same values take their place. Then new ones.
        """
        count = self._size if count is None else count
        self.look()
        if not (self._unfinished() or self._orphans() or len(self.places) < self.total):
            return -1, []
        with self._transaction():
            self.look()
            if own := self._unfinished():
                # All of the generation, those too that others took over: a race is decided among all.
                number = min(own)
                return number, [self._proposal(trial) for trial in own[number]]
            number = max(self._own(), default=-1) + 1
            orphans = self._orphans()[:count]
            for trial in orphans:
                if trial.state == TrialState.RUNNING:
                    self.database.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
            found = [self._created(trial, number, trial.user_attrs[NUMBER]) for trial in orphans]
            places = self.places | {trial.user_attrs[NUMBER]: trial for trial in orphans}
            fresh = min(count - len(orphans), self.total - len(places))
            if fresh > 0:
                beside = self._beside(places)
                asked = [proposal.number for proposal in beside.ask(fresh)]
                proposed = beside.study.get_trials(deepcopy=False)
                found += [self._created(proposed[place], number, place) for place in asked]
        if orphans:
            self.warn(f"{len(orphans)} trials of a process that is gone are trained here")
        return number, found

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how trials ended; those that others have taken over are theirs."""
        storage, lost = self.database.storage, 0
        with self._transaction():
            self.look()
            mine = {there.user_attrs[NUMBER]: there for own in self._own().values() for there in own}
            for trial in sorted(trials, key=lambda trial: trial.number):
                there = mine[trial.number]
                if there.state != TrialState.RUNNING:  # Told, just before the database went away, or another's.
                    lost += there.state == TrialState.FAIL
                    continue
                key = there._trial_id
                storage.set_trial_user_attr(key, "record", trial.record)
                if trial.state != "complete":
                    storage.set_trial_user_attr(key, "state", trial.state)
                if trial.state == "pruned":
                    storage.set_trial_intermediate_value(key, trial.epochs, trial.value)
                    storage.set_trial_state_values(key, TrialState.PRUNED, [trial.value])
                else:
                    value = DIVERGED if trial.state == "diverged" else trial.value
                    storage.set_trial_state_values(key, TrialState.COMPLETE, [value])
        self.look()
        if lost:
            self.warn(f"{lost} trials were taken over by another process while this one was silent")

    def report(self, trials: Iterable[Trial]) -> None:
        """Record how trials that go on stand at a rung: for onlookers, so training outlasts a database that is away."""
        with self._outlasting(), self._transaction():
            self.look()
            for trial in trials:
                there = self.places.get(trial.number)
                open_ = there and there.state == TrialState.RUNNING and self._owner(there) == self.owner
                if there and open_ and trial.value < DIVERGED:
                    self.database.storage.set_trial_intermediate_value(there._trial_id, trial.epochs, trial.value)

    def pulse(self) -> None:
        """Show that this process lives, when that is due, and look who else does."""
        if not self._signs.due():
            return
        with self._outlasting():
            with self._transaction(alone=False):
                attributes = self._sign()
            self._signs.listen(attributes)
            self._answers = True

    def rounds(self) -> list[Round]:
        """Return the rounds that the study has begun, if its sampler has rounds."""
        return self._beside(self.places).rounds()

    def _sign(self) -> Mapping[str, Any]:
        """Give a sign of life, and return all that the study keeps."""
        attributes = self._study.user_attrs
        self._study.set_user_attr(*self._signs.next(attributes))
        return attributes

    def _owner(self, trial: FrozenTrial) -> str:
        return str(trial.user_attrs.get(OWNER, [""])[0])

    def _own(self) -> dict[int, list[FrozenTrial]]:
        """Return the trials of this process by generation."""
        found: dict[int, list[FrozenTrial]] = {}
        for trial in self.trials:
            if self._owner(trial) == self.owner:
                found.setdefault(trial.user_attrs[OWNER][1], []).append(trial)
        return found

    def _unfinished(self) -> dict[int, list[FrozenTrial]]:
        """Return the generations of this process that it has not told."""
        own = self._own().items()
        return {n: trials for n, trials in own if any(trial.state == TrialState.RUNNING for trial in trials)}

    def _orphans(self) -> list[FrozenTrial]:
        """Return the trials under way in a process that has been silent for too long, and those that others failed."""
        silent = self._signs.silent()
        running = (trial for trial in self.places.values() if trial.state == TrialState.RUNNING)
        failed = {
            t.user_attrs[NUMBER]: t for t in self.trials if t.user_attrs.get(NUMBER, -1) not in {-1, *self.places}
        }
        return [*(trial for trial in running if self._owner(trial) in silent), *failed.values()]

    def _created(self, trial: FrozenTrial, generation: int, number: int) -> Proposal:
        attributes = {OWNER: [self.owner, generation], NUMBER: number}
        new = create_trial(
            state=TrialState.RUNNING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=attributes,
        )
        self.database.storage.create_new_trial(self._id, new)
        return self._proposal(new)

    def _proposal(self, trial: FrozenTrial) -> Proposal:
        return Proposal(trial.user_attrs[NUMBER], self.space.decode(trial.params))

    def _beside(self, places: Mapping[int, FrozenTrial]) -> Proposer:
        """Return a study in memory with trials in their places, for the sampler, which asks for them many times."""
        beside = Proposer(self.space, self._make(trials=self.total, generation=self._generation))
        with quiet():
            beside.study.add_trials(_bare(places[place]) for place in sorted(places))
        return beside

    @contextmanager
    def _outlasting(self) -> Iterator[None]:
        """Let a database that is away keep nobody from training: whoever asks or tells next hears of it."""
        try:
            yield
        except DatabaseError as error:
            if self._answers:
                self.warn(f"training goes on, but {error}")
            self._answers = False

    @contextmanager
    def _transaction(self, alone: bool = True) -> Iterator[None]:
        started = time.perf_counter()
        try:
            with quiet(), self.database.transaction(self._id if alone else None):
                yield
        finally:
            self.seconds += time.perf_counter() - started

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with quiet(), self.database.errors():
            yield


def _bare(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial as samplers see it."""
    return create_trial(
        state=TrialState.RUNNING if trial.state == TrialState.FAIL else trial.state,  # It is replaced.
        value=trial.value,
        params=trial.params,
        distributions=trial.distributions,
        intermediate_values=trial.intermediate_values,
    )
