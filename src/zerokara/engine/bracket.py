"""How a race stands at a rung: who goes on, who has ended, and the best networks so far."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from zerokara.engine.halving import Bracket
from zerokara.engine.plan import Key, Plan
from zerokara.engine.population import Population, regroup
from zerokara.engine.trial import Trial, merged, ranked
from zerokara.nn import Network

Finalist = tuple[Trial, Network]
"""A trial among the best so far, with its network: that of the first initialization and the first fold."""


@dataclass
class Standing:
    """Where the trials of a bracket stand on their way to a rung.

    ``ended`` are the networks that stopped early while others of their trial go on, ``networks`` those among
    them that may have to be kept, by the number of the trial.
    """

    populations: list[Population]
    rung: int = 0
    ended: dict[Key, Trial] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)
    settled: list[Trial] = field(default_factory=list)
    finalists: list[Finalist] = field(default_factory=list)

    def members(self) -> set[Key]:
        """Return which networks have a place here, those of settled trials aside."""
        return {*self.ended, *(key for population in self.populations for key in population.members())}

    def trials(self, plan: Plan) -> list[Trial]:
        """Return the trials that have not been settled, as they stand."""
        rows = dict(self.ended)
        for population in self.populations:
            rows |= population.trials(plan)
        numbers = sorted({number for number, _, _ in rows})
        by_number: dict[int, list[Trial]] = {number: [] for number in numbers}
        for key in sorted(rows):
            by_number[key[0]].append(rows[key])
        return [merged(by_number[number]) for number in numbers]

    def settle(self, trials: Iterable[Trial], keep: int) -> None:
        """Let trials go, and keep the networks of the best."""
        leaving = ranked(trials)
        self.settled += leaving
        best = [trial for trial in leaving[:keep] if math.isfinite(trial.value)]
        found = [(trial, self._network(trial.number)) for trial in best]
        self.finalists = finest([*self.finalists, *found], keep)

    def _network(self, number: int) -> Network:
        """Return the network that stands for a trial: the one of its first initialization and fold."""
        if number in self.networks:
            return self.networks[number]
        first = (number, 0, 0)
        return next(p.network(first) for p in self.populations if first in p.members())

    def at_rung(self, bracket: Bracket, plan: Plan, keep: int, workers: int) -> list[Trial]:
        """Drop the losers, regroup the survivors for the next rung, and return the trials that were settled now."""
        trials = self.trials(plan)
        going: set[int] = set()
        if self.rung + 1 < len(bracket.rungs):
            order = ranked(trials)
            open_ = {trial.number for trial in order if trial.state == "interrupted"}
            going = open_.intersection(bracket.survivors([trial.number for trial in order]))
        leaving = [trial for trial in trials if trial.number not in going]
        leaving = [replace(trial, state="pruned") if trial.state == "interrupted" else trial for trial in leaving]
        self.settle(leaving, keep)
        self._keep_ended(going, plan)
        self.populations = regroup(self.populations, going, plan, workers)
        self.rung += 1
        return leaving

    def _keep_ended(self, going: set[int], plan: Plan) -> None:
        """Remember what stopped early of the trials that go on: it has no place in the next populations."""
        ended = {key: row for key, row in self.ended.items() if key[0] in going}
        networks = {number: network for number, network in self.networks.items() if number in going}
        for population in self.populations:
            for key, row in population.trials(plan).items():
                if key[0] in going and row.state == "complete":
                    ended[key] = row
                    if key[1:] == (0, 0):
                        networks[key[0]] = population.network(key)
        self.ended, self.networks = ended, networks


def finest(finalists: Sequence[Finalist], keep: int) -> list[Finalist]:
    """Return the best so many finalists, each trial once."""
    once = {trial.number: (trial, network) for trial, network in finalists}
    return sorted(once.values(), key=lambda finalist: finalist[0].rank_key)[:keep]
