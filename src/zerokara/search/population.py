"""A population while it trains: it advances, losers leave at a rung, and survivors regroup."""

import math
import time
from collections.abc import Callable, Sequence, Set

from zerokara.arrays import Array
from zerokara.nn import Network
from zerokara.search.cohort import Shard, cohorts, cut, trainer
from zerokara.search.plan import Plan
from zerokara.search.trial import Proposal, State, Trial
from zerokara.train import Epoch, History, Trainer
from zerokara.train.history import CURVES, badness
from zerokara.train.trainer import concat


class Population:
    """The trials of a shard while they train: they advance, losers leave, and survivors regroup.

    A row of the trainer, of its history and a proposal belong together, in this order.
    """

    def __init__(self, shard: Shard, plan: Plan) -> None:
        self.shard, self.plan, self.cohort = shard, plan, shard.cohort
        self.run: Trainer | None = None
        self.seconds = 0.0

    def advance(
        self, epochs: int, watch: Callable[[Sequence[Proposal], Epoch, Array], None], stop: Callable[[], bool]
    ) -> None:
        """Train until ``epochs`` epochs have passed, or until ``stop()``; ``watch`` sees every epoch and its values."""
        started = time.perf_counter()
        if self.run is None and not stop():
            # Made here, so that the workers share this too.
            self.run = trainer(self.shard, self.plan, stop)
        if self.run and self.run.epoch < epochs:
            for epoch in self.run.epochs(epochs - self.run.epoch):
                watch(self.shard.proposals, epoch, badness(epoch.val_loss, epoch.val_score, self.plan.rank))
        self.seconds += time.perf_counter() - started

    def trials(self) -> list[Trial]:
        """Return the trials as they stand."""
        history = History(len(self.shard.proposals)) if self.run is None else self.run.history
        return judge(self.shard.proposals, history, self.plan)

    def best(self, trials: Sequence[Trial]) -> tuple[Trial, Network] | None:
        """Return the best of these trials of the population, with its network; None if none has a finite value."""
        trial = min(trials, key=lambda trial: trial.rank_key, default=None)
        if trial is None or self.run is None or not math.isfinite(trial.value):
            return None
        return trial, self.run.trained([p.number for p in self.shard.proposals].index(trial.number))


def regroup(populations: Sequence[Population], survivors: Set[int], workers: int) -> list[Population]:
    """Return new populations of the surviving trials, cut again so that every worker has its share."""
    found = []
    for same in cohorts(populations):
        runs: list[Trainer] = []
        proposals: list[Proposal] = []
        for population in same:
            assert population.run is not None
            rows = [int(row) for row in population.run.rows]
            alive = [i for i, row in enumerate(rows) if population.shard.proposals[row].number in survivors]
            if alive:
                runs.append(population.run.part(alive))
                proposals += [population.shard.proposals[rows[i]] for i in alive]
        if not runs:
            continue
        whole, shard, plan = concat(runs), same[0].shard, same[0].plan
        for piece in cut(len(proposals), shard, plan, workers):
            population = Population(shard.of(proposals[i] for i in piece), plan)
            population.run = whole.part(piece)
            found.append(population)
    return found


def judge(proposals: Sequence[Proposal], history: History, plan: Plan) -> list[Trial]:
    """Return the trials as they stand, with their state, and the value and epoch that each is ranked by."""
    values, epochs = history.ranking(plan.rank, plan.keep_best)
    curves = {name: history[name] for name in CURVES}
    trials = []
    for i, proposal in enumerate(proposals):
        length = int(history.epochs[i])
        state: State = "diverged" if history.diverged[i] else "complete" if length == plan.epochs else "interrupted"
        own = {name: curve[i, :length].copy() for name, curve in curves.items()}
        trials.append(Trial(proposal.number, proposal.params, state, float(values[i]), length, int(epochs[i]), own))
    return trials
