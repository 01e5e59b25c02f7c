"""The state of a bracket between rungs: the trials still in training, those that finished, and the best networks."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from zerokara.engine.halving import Bracket
from zerokara.engine.plan import NetworkId, Plan
from zerokara.engine.population import Population, regroup
from zerokara.engine.trial import Trial, merged, ranked
from zerokara.nn import Network

Candidate = tuple[Trial, tuple[Network, ...]]
"""A trial among the best, with its networks: one for each initialization and fold, in the order of the trial's rows."""


@dataclass
class BracketState:
    """The trials of a bracket on the way to a rung.

    ``stopped`` has the networks that stopped early while other networks of their trial still train, and ``networks``
    their weights.
    """

    populations: list[Population]
    rung: int = 0
    stopped: dict[NetworkId, Trial] = field(default_factory=dict)
    networks: dict[NetworkId, Network] = field(default_factory=dict)
    finished: list[Trial] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)

    def network_ids(self) -> set[NetworkId]:
        """Return all networks of unfinished trials."""
        return {*self.stopped, *(each for population in self.populations for each in population.network_ids())}

    def trials(self, plan: Plan) -> list[Trial]:
        """Return the unfinished trials with their results so far."""
        rows = dict(self.stopped)
        for population in self.populations:
            rows |= population.trials(plan)
        by_number: dict[int, list[Trial]] = {number: [] for number in sorted({number for number, _, _ in rows})}
        for network_id in sorted(rows):
            by_number[network_id[0]].append(rows[network_id])
        return [merged(networks) for networks in by_number.values()]

    def finish(self, trials: Iterable[Trial], plan: Plan, keep: int) -> None:
        """Record trials as finished, and keep the networks of the best."""
        order = ranked(trials)
        self.finished += order
        best = [(trial, self._networks(trial.number, plan)) for trial in best_of(order, plan, keep)]
        self.candidates = top_k([*self.candidates, *best], plan, keep)

    def _networks(self, number: int, plan: Plan) -> tuple[Network, ...]:
        """Return the networks of a trial."""
        where = {each: population for population in self.populations for each in population.network_ids()}
        ids = plan.network_ids(number)
        return tuple(self.networks[each] if each in self.networks else where[each].network(each) for each in ids)

    def prune(self, bracket: Bracket, plan: Plan, keep: int, workers: int) -> list[Trial]:
        """Drop the losers at a rung, regroup the survivors for the next, and return the trials that finished here."""
        trials = raced(self.trials(plan), bracket, self.rung, plan.protected)
        survivors = {trial.number for trial in trials if trial.state == "interrupted"}
        done = [trial for trial in trials if trial.number not in survivors]
        self.finish(done, plan, keep)
        self._keep_stopped(survivors, plan)
        self.populations = regroup(self.populations, survivors, plan, workers)
        self.rung += 1
        return done

    def _keep_stopped(self, survivors: set[int], plan: Plan) -> None:
        """Keep the networks of surviving trials that stopped early: the next populations do not contain them."""
        stopped = {network_id: row for network_id, row in self.stopped.items() if network_id[0] in survivors}
        networks = {each: network for each, network in self.networks.items() if each[0] in survivors}
        for population in self.populations:
            for network_id, row in population.trials(plan).items():
                if network_id[0] in survivors and row.state == "complete":
                    stopped[network_id] = row
                    networks[network_id] = population.network(network_id)
        self.stopped, self.networks = stopped, networks


@dataclass(frozen=True)
class Rung:
    """The trials of a bracket after ``epoch`` epochs, by number: those that train on are ``interrupted``."""

    generation: int
    bracket: int
    epoch: int
    trials: tuple[Trial, ...]

    @classmethod
    def of(cls, generation: int, bracket: int, epoch: int, trials: Iterable[Trial]) -> "Rung":
        """Return the rung of these trials, in any order."""
        return cls(generation, bracket, epoch, tuple(sorted(trials, key=lambda trial: trial.number)))

    @property
    def finished(self) -> list[Trial]:
        """The trials that ended here, or since the rung before."""
        return [trial for trial in self.trials if trial.state != "interrupted"]

    @property
    def place(self) -> tuple[int, int, int]:
        """The place of the rung in the search."""
        return self.generation, self.bracket, self.epoch


def raced(trials: Sequence[Trial], bracket: Bracket, rung: int, protected: int = 0) -> list[Trial]:
    """Return the trials at a rung, of which those that do not survive it are pruned now.

    The first ``protected`` trials of a study do not compete, and train to the end.
    """
    survivors: set[int] = set()
    if rung + 1 < len(bracket.rungs):
        order = [trial.number for trial in sorted(trials, key=lambda trial: trial.value_key)]
        free = [number for number in order if number >= protected]
        survivors = {number for number in order if number < protected}.union(bracket.survivors(free))
    pruned = (trial.state == "interrupted" and trial.number not in survivors for trial in trials)
    return [replace(trial, state="pruned") if lost else trial for trial, lost in zip(trials, pruned, strict=True)]


def rungs_before(bracket: Bracket, trials: Iterable[Trial], plan: Plan, rung: int) -> Iterator[tuple[int, list[Trial]]]:
    """Yield the epoch of each rung before ``rung``, and the trials as they were there, from what they are now."""
    alive = [trial for trial in trials if trial.epochs]
    for k, epoch in enumerate(bracket.rungs[:rung]):
        if not alive:
            return
        there = raced([until(trial, epoch, plan) for trial in alive], bracket, k, plan.protected)
        yield epoch, there
        survivors = {trial.number for trial in there if trial.state == "interrupted"}
        alive = [trial for trial in alive if trial.number in survivors and trial.epochs > epoch]


def until(trial: Trial, epochs: int, plan: Plan) -> Trial:
    """Return a trial as it was after so many epochs."""
    if trial.rows:
        return merged([until(row, epochs, plan) for row in trial.rows])
    if trial.epochs <= epochs:
        return replace(trial, state="interrupted") if trial.state == "pruned" else trial
    curves = {name: curve[:epochs] for name, curve in trial.curves.items()}
    values = plan.metric.objective(curves[plan.metric.curve])
    best = int(values.argmin()) if plan.keep_best else epochs - 1
    return replace(trial, state="interrupted", value=float(values[best]), epochs=epochs, epoch=best + 1, curves=curves)


def best_of(trials: Iterable[Trial], plan: Plan, count: int) -> list[Trial]:
    """Return the best ``count`` trials, and the protected ones; none without a finite value."""
    order = [trial for trial in ranked(trials) if math.isfinite(trial.value)]
    return [trial for place, trial in enumerate(order) if place < count or trial.number < plan.protected]


def top_k(candidates: Sequence[Candidate], plan: Plan, k: int) -> list[Candidate]:
    """Return the best ``k`` candidates and the protected ones, each trial once."""
    by_number = {trial.number: (trial, networks) for trial, networks in candidates}
    return [by_number[trial.number] for trial in best_of((trial for trial, _ in by_number.values()), plan, k)]
