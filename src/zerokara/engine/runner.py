"""A generation of trials, from proposals to results: populations train in parallel and are pruned at rungs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from zerokara.engine.bracket import BracketState, Candidate, Rung, rungs_before, top_k
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.halving import Scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population
from zerokara.engine.progress import ProgressTracker
from zerokara.engine.shard import grouping_remark, shards
from zerokara.engine.trial import Proposal, Trial
from zerokara.engine.workers import WorkerPool
from zerokara.errors import OutsideError


@dataclass(frozen=True)
class Generation:
    """The trials of a generation by number, the best with their networks, and the seconds inside trainers."""

    trials: list[Trial]
    candidates: list[Candidate]
    seconds: float


class RungCallbacks(Protocol):
    """What is called at the rungs."""

    def at_rung(self, rung: Rung) -> bool:
        """Return whether the generation ends at this rung."""

    def at_end(self, trials: Sequence[Trial]) -> None:
        """Take note of trials that ended because the generation did."""


@dataclass
class GenerationRunner:
    """Trains the generations of one study, one after another.

    Args:
        plan, scheduler: how the trials are trained and pruned.
        workers: train the populations.
        tracker: counts the trials that finish.
        stop: when set, training stops.
        checkpoints: where the state of the brackets is saved.
        keep: the number of best networks to keep.
        tick: called about four times a second.
        report: called at every rung with the results of the trials there.
        callbacks: called at every rung, unless nothing wants to know of it.
    """

    plan: Plan
    scheduler: Scheduler
    workers: WorkerPool
    tracker: ProgressTracker
    stop: threading.Event
    checkpoints: Checkpoints
    keep: int
    tick: Callable[[], None]
    report: Callable[[Sequence[Trial]], None]
    callbacks: RungCallbacks | None = None

    def run(self, number: int, proposals: Sequence[Proposal]) -> Generation:
        """Train generation ``number``; its proposals are assigned to the brackets in order."""
        seconds_of = dict.fromkeys((proposal.number for proposal in proposals), 0.0)
        self.tracker.remark = (
            grouping_remark(proposals) if self.plan.paired and self.plan.computed_by == "numpy" else None
        )
        states: list[BracketState] = []
        ended = False
        for k, bracket in enumerate(self.scheduler.brackets(len(proposals), self.plan.epochs)):
            name = f"{number}-{k}"
            own, proposals = proposals[: bracket.trials], proposals[bracket.trials :]
            state = self._begin(name, own)
            states.append(state)
            if self.callbacks and state.rung:  # Resumed.
                trials = [*state.finished, *state.trials(self.plan)]
                for epoch, there in rungs_before(bracket, trials, self.plan, state.rung):
                    ended |= self.callbacks.at_rung(Rung.of(number, k, epoch, there))
            while not ended and state.rung < len(bracket.rungs) and state.populations and not self.stop.is_set():
                before, epoch = _seconds(state), bracket.rungs[state.rung]
                self.tracker.underway = partial(_underway, state)
                on_return = partial(self.checkpoints.on_return, name, state.rung)
                try:
                    self.workers.advance(state.populations, epoch, on_return, self.tick)
                except OutsideError:
                    # The workers are gone, but the populations that they returned are here.
                    self.checkpoints.write(name, state, stopped=True)
                    raise
                for n, seconds in _seconds(state).items():
                    seconds_of[n] += seconds - before[n]
                if not self.stop.is_set():
                    self.report(state.trials(self.plan))
                    done = state.prune(bracket, self.plan, self.keep, self.workers.count)
                    self.tracker.finish(done)
                    self.checkpoints.write(name, state)
                    if self.callbacks:
                        trials = [*done, *state.trials(self.plan)]
                        try:
                            ended = self.callbacks.at_rung(Rung.of(number, k, epoch, trials))
                        except Exception:
                            self.checkpoints.write(name, state, stopped=True)
                            raise
            if self.stop.is_set() and state.populations:
                self.checkpoints.write(name, state, stopped=True)
                self._end(state, state.trials(self.plan))
            elif ended:
                trials = [replace(trial, state="pruned") for trial in state.trials(self.plan)]
                self._end(state, trials)
                if self.callbacks:
                    self.callbacks.at_end(trials)
        finished = sorted((trial for state in states for trial in state.finished), key=lambda trial: trial.number)
        finished = [replace(trial, seconds=seconds_of[trial.number]) for trial in finished]
        candidates = [candidate for state in states for candidate in state.candidates]
        return Generation(finished, top_k(candidates, self.plan, self.keep), sum(seconds_of.values()))

    def _end(self, state: BracketState, trials: Sequence[Trial]) -> None:
        """Record all trials of a bracket that still train as finished."""
        state.finish(trials, self.plan, self.keep)
        self.tracker.finish(trials)

    def _begin(self, name: str, proposals: Sequence[Proposal]) -> BracketState:
        """Return the state of a bracket from its checkpoint, with new populations for the trials it does not have."""
        self.tracker.begin(proposals)
        state = self.checkpoints.read(name, proposals)
        finished = {trial.number for trial in state.finished}
        rest = [proposal for proposal in proposals if proposal.number not in finished]
        new = shards(rest, self.plan, self.workers.count, without=state.network_ids())
        state.populations += [Population(shard) for shard in new]
        self.tracker.restore(state.finished, sum(population.epochs_trained for population in state.populations))
        self.tracker.reach(state.trials(self.plan) if state.rung else ())
        return state


def _underway(state: BracketState) -> float:
    return sum(population.underway for population in state.populations)


def _seconds(state: BracketState) -> dict[int, float]:
    """Return the seconds inside trainers by trial: the networks of a population have equal shares."""
    seconds: dict[int, float] = {}
    for population in state.populations:
        networks = population.network_ids()
        for number, _, _ in networks:
            seconds[number] = seconds.get(number, 0.0) + population.seconds / len(networks)
    return seconds
