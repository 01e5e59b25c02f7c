"""A study in a database that several processes share: no trial runs twice, and the total is never exceeded.

Importing this file imports Optuna: do so inside the function that opens a shared study.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import DatabaseError
from zerokara.samplers.base import sign_of
from zerokara.samplers.diverged import DIVERGED
from zerokara.samplers.narrowing import Round
from zerokara.samplers.quiet import quiet
from zerokara.space.space import Space
from zerokara.storage.agreement import TOTAL, agree, open_study
from zerokara.storage.comparison import Comparison, write_comparison
from zerokara.storage.database import Database
from zerokara.storage.heartbeat import Heartbeat
from zerokara.storage.proposer import Proposer
from zerokara.storage.store import STOP, Stop, stop_of
from zerokara.storage.studies.replica import NUMBER, current_trials, replica
from zerokara.storage.studies.results import record_result
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Metric

WORKER = "worker"
"""The attribute of a trial with the id of its process and the number of the generation in that process."""


class Shared:
    """One process's view of a study in a database; implements `zerokara.storage.store.Store`.

    Each `ask` and `tell` is one transaction, and the database runs one `ask` at a time. So there are never more trials
    than the total, and each trial belongs to one process. The running trials of a process that has sent no heartbeat
    for `zerokara.storage.heartbeat.GRACE_PERIOD` seconds are taken over by another process.

    Args:
        database, name: of the study, which is created if it does not exist.
        plan: the settings that all processes must share; stored with the study by the first process.
        trials: the total number of trials.
        generation: the number of trials per `ask` of this process; the sampler uses that of the first process.
        space, metric: the search space, and the metric that names the values, with the direction of a new study.
        make: creates the sampler, from ``trials`` and ``generation``.
        worker_id: the unique name of this process, the same again when it resumes.
        resuming: the study must exist; its total may differ from ``trials``, and is raised to it.
        warn: called with a message for the user.

    Attributes:
        trials: Optuna's trials at the last refresh, replaced ones included.
        current: the trials at the last refresh by number, without the replaced ones.

    Raises:
        InputError: the study was not created by zerokara, or has another plan.
        DatabaseError: the database does not respond.
    """

    shared = True

    def __init__(
        self,
        database: Database,
        name: str,
        plan: Mapping[str, Any],
        *,
        trials: int,
        generation: int,
        space: Space,
        metric: Metric,
        make: Callable[..., BaseSampler],
        worker_id: str,
        warn: Callable[[str], None],
        resuming: bool = False,
    ) -> None:
        self.database, self.worker_id, self.warn = database, worker_id, warn
        self.space, self._metric, self._make, self._size = space, metric, make, generation
        self._results: dict[int, Trial] = {}
        self._heartbeat = Heartbeat(worker_id)
        self._available = True
        self.trials: list[FrozenTrial] = []
        self.current: dict[int, FrozenTrial] = {}
        self.seconds = 0.0
        self._study = open_study(database, name, metric, resuming)
        self._sign = sign_of(self._study)
        self._id = database.storage.get_study_id_from_name(name)
        with self._transaction():
            self.plan = agree(self._study, {**plan, "generation": generation}, trials, resuming)
            self._generation: int = self.plan["generation"]
            self._write_heartbeat()
            self.refresh()

    def refresh(self) -> None:
        """Read the trials and the heartbeats from the database."""
        with quiet(), self.database.errors():
            self.trials = self._study.get_trials(deepcopy=False)
            attributes = self._study.user_attrs
        self.current = current_trials(self.trials)
        self.total: int = attributes[TOTAL]
        self.stop = stop_of(attributes, self.total)
        self._heartbeat.observe(attributes)

    def ended(self) -> dict[int, Trial]:
        """Return all trials, of any process, that had ended at the last refresh, by number."""
        for number, trial in self.current.items():
            if number not in self._results and trial.state.is_finished():
                record, score_name = trial.user_attrs["record"], METRICS[self._metric.task]
                self._results[number] = Trial.of_record(self._proposal(trial), record, score_name)
        return dict(sorted(self._results.items()))

    @property
    def finished(self) -> bool:
        """Whether all trials had ended at the last refresh, or the search was stopped and no live process trains."""
        if self.stop:
            lost = self._heartbeat.lost()
            running = (trial for trial in self.current.values() if trial.state == TrialState.RUNNING)
            return all(self._worker(trial) in lost for trial in running)
        return len(self.ended()) >= self.total

    def record_stop(self, stop: Stop) -> None:
        """Record that the search stops."""
        with self._transaction():
            self._study.set_user_attr(STOP, asdict(stop))
        self.stop = stop

    def generations(self) -> list[tuple[int, list[int]]]:
        """Return the generations of this process that have ended, without trials that others took over."""
        own = {n: trials for n, trials in self._generations().items() if n not in self._unfinished()}
        return [(n, [t.user_attrs[NUMBER] for t in own[n] if t.state != TrialState.FAIL]) for n in sorted(own)]

    @property
    def sizes(self) -> list[int]:
        return [min(self._size, self.total - start) for start in range(0, self.total, self._size)]

    def ask(self, count: int | None = None) -> tuple[int, list[Proposal]]:
        """Return the number and the trials of a generation for this process; no trials if nothing is left to start.

        A generation that this process has not finished, because it was killed, comes first. Then come the running
        trials of lost processes: they are marked FAIL and replaced by new trials with the same parameters. Then come
        new trials from the sampler.
        """
        count = self._size if count is None else count
        self.refresh()
        if not self._unfinished() and (self.stop or not (self._orphans() or len(self.current) < self.total)):
            return -1, []
        with self._transaction():
            self.refresh()
            if unfinished := self._unfinished():
                # All of the generation, also trials that others took over: a race compares the whole generation.
                number = min(unfinished)
                return number, [self._proposal(trial) for trial in unfinished[number]]
            if self.stop:  # By another process, meanwhile.
                return -1, []
            number = max(self._generations(), default=-1) + 1
            orphans = self._orphans()[:count]
            for trial in orphans:
                if trial.state == TrialState.RUNNING:
                    self.database.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
            proposals = [self._created(trial, number, trial.user_attrs[NUMBER]) for trial in orphans]
            known = self.current | {trial.user_attrs[NUMBER]: trial for trial in orphans}
            fresh = min(count - len(orphans), self.total - len(known))
            if fresh > 0:
                replica = self._replica(known)
                numbers = [proposal.number for proposal in replica.ask(fresh)]
                trials = replica.study.get_trials(deepcopy=False)
                proposals += [self._created(trials[k], number, k) for k in numbers]
        if orphans:
            self.warn(f"Taking over {len(orphans)} trials from a dead process.")
        return number, proposals

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how trials ended; those that another process has taken over are left to it."""
        storage, lost = self.database.storage, 0
        with self._transaction():
            self.refresh()
            mine = {there.user_attrs[NUMBER]: there for own in self._generations().values() for there in own}
            for trial in sorted(trials, key=lambda trial: trial.number):
                there = mine[trial.number]
                if there.state != TrialState.RUNNING:  # Recorded before the connection broke, or taken over.
                    lost += there.state == TrialState.FAIL
                    continue
                if trial.state == "pruned" and trial.epochs:
                    storage.set_trial_intermediate_value(there._trial_id, trial.epochs, self._sign * trial.value)
                record_result(storage, there._trial_id, trial, self._sign, self._metric)
        self.refresh()
        if lost:
            self.warn(f"Another process took over {lost} trials after this process missed its heartbeats.")

    def report(self, trials: Iterable[Trial]) -> None:
        """Record the values of running trials at a rung; they are for display only, so a failure is only a warning."""
        with self._tolerating_outage(), self._transaction(wait=self._display_wait):
            self.refresh()
            for trial in trials:
                there = self.current.get(trial.number)
                mine = there and there.state == TrialState.RUNNING and self._worker(there) == self.worker_id
                if there and mine and trial.value < DIVERGED:
                    value = self._sign * trial.value
                    self.database.storage.set_trial_intermediate_value(there._trial_id, trial.epochs, value)

    def send_heartbeat(self) -> None:
        """Send a heartbeat if one is due, and read those of the other processes."""
        if not self._heartbeat.due():
            return
        with self._tolerating_outage():
            with self._transaction(exclusive=False, wait=self._display_wait):
                attributes = self._write_heartbeat()
            self._heartbeat.observe(attributes)
            self._available = True

    def write_comparison(self, comparison: Comparison) -> None:
        """Write all trials at one epoch as a second study; without the database that is left out, with a warning."""
        try:
            with self._transaction():
                write_comparison(self.database.storage, self._study.study_name, self.space, comparison)
        except DatabaseError as error:
            self.warn(f"{error}; the study at epoch {comparison.epoch} was not written")

    def rounds(self) -> list[Round]:
        """Return the rounds that the study has begun, if its sampler has rounds."""
        return self._replica(self.current).rounds()

    def _write_heartbeat(self) -> Mapping[str, Any]:
        """Write a heartbeat, and return the study's attributes."""
        attributes = self._study.user_attrs
        self._study.set_user_attr(*self._heartbeat.next(attributes))
        return attributes

    def _worker(self, trial: FrozenTrial) -> str:
        return str(trial.user_attrs.get(WORKER, [""])[0])

    def _generations(self) -> dict[int, list[FrozenTrial]]:
        """Return the trials of this process by generation."""
        generations: dict[int, list[FrozenTrial]] = {}
        for trial in self.trials:
            if self._worker(trial) == self.worker_id:
                generations.setdefault(trial.user_attrs[WORKER][1], []).append(trial)
        return generations

    def _unfinished(self) -> dict[int, list[FrozenTrial]]:
        """Return the generations of this process that have running trials."""
        own = self._generations().items()
        return {n: trials for n, trials in own if any(trial.state == TrialState.RUNNING for trial in trials)}

    def _orphans(self) -> list[FrozenTrial]:
        """Return the running trials of lost processes, and failed trials that have not been replaced."""
        lost = self._heartbeat.lost()
        running = (trial for trial in self.current.values() if trial.state == TrialState.RUNNING)
        failed = {
            t.user_attrs[NUMBER]: t for t in self.trials if t.user_attrs.get(NUMBER, -1) not in {-1, *self.current}
        }
        return [*(trial for trial in running if self._worker(trial) in lost), *failed.values()]

    def _created(self, trial: FrozenTrial, generation: int, number: int) -> Proposal:
        new = create_trial(
            state=TrialState.RUNNING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={WORKER: [self.worker_id, generation], NUMBER: number},
            system_attrs=trial.system_attrs,
        )
        self.database.storage.create_new_trial(self._id, new)
        return self._proposal(new)

    def _proposal(self, trial: FrozenTrial) -> Proposal:
        return Proposal(trial.user_attrs[NUMBER], self.space.decode(trial.params))

    def _replica(self, trials: Mapping[int, FrozenTrial]) -> Proposer:
        """Return a study in memory with these trials by number, as the sampler reads them many times."""
        # In the direction of the study, which an older version may have created.
        metric = replace(self._metric, maximize=self._sign < 0)
        return replica(self.space, self._make(trials=self.total, generation=self._generation), metric, trials)

    @property
    def _display_wait(self) -> float | None:
        """How long training waits to write what can be left out: not at all if the last attempt failed."""
        return None if self._available else 0.0

    @contextmanager
    def _tolerating_outage(self) -> Iterator[None]:
        """Turn the first failure of the database into a warning, so that training continues; `ask` and `tell` raise."""
        try:
            yield
        except DatabaseError as error:
            if self._available:
                self.warn(f"{error}; training continues")
            self._available = False

    @contextmanager
    def _transaction(self, exclusive: bool = True, wait: float | None = None) -> Iterator[None]:
        started = time.perf_counter()
        try:
            with quiet(), self.database.transaction(self._id if exclusive else None, wait):
                yield
        finally:
            self.seconds += time.perf_counter() - started
