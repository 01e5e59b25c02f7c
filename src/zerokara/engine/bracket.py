"""The state of a bracket between rungs: the trials still in training, those that finished, and the best networks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from zerokara.engine.halving import Bracket
from zerokara.engine.plan import NetworkId, Plan
from zerokara.engine.population import Population, regroup
from zerokara.engine.trial import Trial, merged, ranked
from zerokara.nn import Network

Candidate = tuple[Trial, Network]
"""A trial among the best, with its network: that of the first initialization and the first fold."""


@dataclass
class BracketState:
    """The trials of a bracket on the way to a rung.

    ``stopped`` has the networks that stopped early while other networks of their trial still train; ``networks`` has
    the weights of those that may become candidates, by trial number.
    """

    populations: list[Population]
    rung: int = 0
    stopped: dict[NetworkId, Trial] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)
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

    def finish(self, trials: Iterable[Trial], keep: int) -> None:
        """Record trials as finished, and keep the networks of the best."""
        order = ranked(trials)
        self.finished += order
        best = [(t, self._network(t.number)) for t in order[:keep] if math.isfinite(t.value)]
        self.candidates = top_k([*self.candidates, *best], keep)

    def _network(self, number: int) -> Network:
        """Return the network of a trial's first initialization and first fold."""
        if number in self.networks:
            return self.networks[number]
        first = (number, 0, 0)
        return next(p.network(first) for p in self.populations if first in p.network_ids())

    def prune(self, bracket: Bracket, plan: Plan, keep: int, workers: int) -> list[Trial]:
        """Drop the losers at a rung, regroup the survivors for the next, and return the trials that finished here."""
        trials = self.trials(plan)
        survivors: set[int] = set()
        if self.rung + 1 < len(bracket.rungs):
            order = sorted(trials, key=lambda trial: trial.value_key)
            running = {trial.number for trial in order if trial.state == "interrupted"}
            survivors = running.intersection(bracket.survivors([trial.number for trial in order]))
        done = [trial for trial in trials if trial.number not in survivors]
        done = [replace(trial, state="pruned") if trial.state == "interrupted" else trial for trial in done]
        self.finish(done, keep)
        self._keep_stopped(survivors, plan)
        self.populations = regroup(self.populations, survivors, plan, workers)
        self.rung += 1
        return done

    def _keep_stopped(self, survivors: set[int], plan: Plan) -> None:
        """Keep the networks of surviving trials that stopped early: the next populations do not contain them."""
        stopped = {network_id: row for network_id, row in self.stopped.items() if network_id[0] in survivors}
        networks = {number: network for number, network in self.networks.items() if number in survivors}
        for population in self.populations:
            for network_id, row in population.trials(plan).items():
                if network_id[0] in survivors and row.state == "complete":
                    stopped[network_id] = row
                    if network_id[1:] == (0, 0):
                        networks[network_id[0]] = population.network(network_id)
        self.stopped, self.networks = stopped, networks


def top_k(candidates: Sequence[Candidate], k: int) -> list[Candidate]:
    """Return the best ``k`` candidates, each trial once."""
    by_number = {trial.number: (trial, network) for trial, network in candidates}
    return sorted(by_number.values(), key=lambda candidate: candidate[0].rank_key)[:k]
