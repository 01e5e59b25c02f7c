"""One generation of trials, from proposals to results: populations train in lockstep and race at rungs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from zerokara.engine.bracket import Finalist, Standing, finest
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.halving import Race
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population
from zerokara.engine.progress import Watch
from zerokara.engine.shard import census, shards
from zerokara.engine.trial import Proposal, Trial
from zerokara.engine.workers import Crew
from zerokara.errors import OutsideError

Report = Callable[[Sequence[Trial]], None]


@dataclass(frozen=True)
class Generation:
    """The trials of a generation by number, the best with their networks, and the seconds inside trainers."""

    trials: list[Trial]
    finalists: list[Finalist]
    seconds: float


@dataclass
class Generations:
    """Trains generations of one study, one after another.

    Args:
        plan, race: how the trials train and race.
        crew: who trains.
        watch: is told of trials that end.
        stop: when set, everything stands still.
        checkpoints: where it is kept how the trials stand.
        keep: how many of the best networks are kept.
        tick: called about four times a second.
        report: told at every rung how the trials there stand.
    """

    plan: Plan
    race: Race
    crew: Crew
    watch: Watch
    stop: threading.Event
    checkpoints: Checkpoints
    keep: int
    tick: Callable[[], None]
    report: Report
    seconds: float = field(default=0.0, init=False)

    def train(self, number: int, proposals: Sequence[Proposal]) -> Generation:
        """Train generation ``number``, its proposals dealt to the brackets of the race in order."""
        self.seconds = 0.0
        self.watch.remark = census(proposals).remark if self.plan.paired else None
        parts: list[Standing] = []
        for k, bracket in enumerate(self.race.brackets(len(proposals), self.plan.epochs)):
            name = f"{number}-{k}"
            own, proposals = proposals[: bracket.trials], proposals[bracket.trials :]
            standing = self._begin(name, own)
            parts.append(standing)
            while standing.rung < len(bracket.rungs) and standing.populations and not self.stop.is_set():
                before = sum(population.seconds for population in standing.populations)
                handed_back = partial(self.checkpoints.handed_back, name, standing.rung)
                try:
                    self.crew.advance(standing.populations, bracket.rungs[standing.rung], handed_back, self.tick)
                except OutsideError:
                    # The workers are gone, but what they handed back is here.
                    self.checkpoints.write(name, standing, stopped=True)
                    raise
                self.seconds += sum(population.seconds for population in standing.populations) - before
                if not self.stop.is_set():
                    self.report(standing.trials(self.plan))
                    self.watch.settle(standing.at_rung(bracket, self.plan, self.keep, self.crew.count))
                    self.checkpoints.write(name, standing)
            if self.stop.is_set() and standing.populations:
                self.checkpoints.write(name, standing, stopped=True)
                trials = standing.trials(self.plan)
                standing.settle(trials, self.keep)
                self.watch.settle(trials)
        trials = sorted((trial for part in parts for trial in part.settled), key=lambda trial: trial.number)
        finalists = finest([finalist for part in parts for finalist in part.finalists], self.keep)
        return Generation(trials, finalists, self.seconds)

    def _begin(self, name: str, proposals: Sequence[Proposal]) -> Standing:
        """Return the trials of a bracket where its checkpoint has them, the others at their beginning."""
        standing = self.checkpoints.read(name, proposals)
        settled = {trial.number for trial in standing.settled}
        fresh = [proposal for proposal in proposals if proposal.number not in settled]
        new = shards(fresh, self.plan, self.crew.count, without=standing.members())
        standing.populations += [Population(shard) for shard in new]
        self.watch.restore(standing.settled, sum(population.epochs_trained for population in standing.populations))
        return standing
