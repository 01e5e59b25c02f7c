"""A population while it trains: it advances, losers leave at a rung, and survivors regroup."""

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from typing import Any

from zerokara.arrays import Array
from zerokara.engine.plan import Key, Plan, Scorer
from zerokara.engine.shard import Shard, cohorts, cut, trainer
from zerokara.engine.trial import Proposal, State, Trial
from zerokara.nn import Network
from zerokara.train import History, Trainer
from zerokara.train.history import CURVES
from zerokara.train.state import restore, state
from zerokara.train.trainer import concat


class Population:
    """The networks of a shard while they train: they advance, losers leave, and survivors regroup.

    A row of the trainer, of its history and a proposal belong together, in this order. Between two calls it can
    be pickled: what then travels is the shard and what the trainer has come to, not the data.
    """

    def __init__(self, shard: Shard, arrays: dict[str, Array] | None = None) -> None:
        self.shard, self.cohort, self._arrays = shard, shard.cohort, arrays
        self.run: Trainer | None = None
        self.seconds = 0.0

    def attach(self, plan: Plan, stop: Callable[[], bool] | None = None) -> Trainer:
        """Return the trainer, made here if this is where it is first needed: so the workers share that too."""
        if self.run is None:
            self.run = trainer(self.shard, plan, stop)
            if self._arrays:
                restore(self.run, self._arrays)
                self._arrays = None
        self.run.stop = stop
        return self.run

    def arrives(self, epochs: int) -> bool:
        """Whether so many epochs have passed, or all networks have ended before."""
        return self.run is not None and (self.run.epoch >= epochs or not len(self.run.rows))

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return 0 if self.run is None else int(self.run.history.epochs.sum())

    def members(self) -> list[Key]:
        """Return which networks these are, in the order of the rows."""
        return [(p.number, self.shard.repeat, self.shard.fold) for p in self.shard.proposals]

    def trials(self, plan: Plan) -> dict[Key, Trial]:
        """Return what came of each network so far."""
        run, proposals = self.run, self.shard.proposals
        history = History(len(proposals)) if run is None else run.history
        ended = set() if run is None else set(run.finished)
        found = dict(zip(self.members(), judge(proposals, history, plan, ended), strict=True))
        return {key: self._scored(key, trial, plan.scorer) for key, trial in found.items()} if plan.scorer else found

    def _scored(self, key: Key, trial: Trial, scorer: Scorer) -> Trial:
        """Return the trial of one network with the objective that a scorer returns."""
        lost = trial.state == "diverged" or not trial.epochs
        value = math.inf if lost else scorer(key, trial.epochs, lambda: self.network(key))
        return replace(trial, value=value if math.isfinite(value) else math.inf)

    def network(self, key: Key) -> Network:
        """Return a network by its key."""
        assert self.run is not None
        return self.run.trained(self.members().index(key))

    def arrays(self) -> dict[str, Array]:
        """Return what the trainer has come to; nothing if it has not begun."""
        return self._arrays or {} if self.run is None else state(self.run)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "run": None, "_arrays": self.arrays() or None}


def regroup(populations: Sequence[Population], survivors: Set[int], plan: Plan, workers: int) -> list[Population]:
    """Return new populations of the surviving trials, cut again so that every worker has its share."""
    found = []
    groups = cohorts(populations)
    for same in groups:
        runs: list[Trainer] = []
        proposals: list[Proposal] = []
        for population in same:
            run = population.attach(plan)
            rows = [int(row) for row in run.rows]
            alive = [i for i, row in enumerate(rows) if population.shard.proposals[row].number in survivors]
            if alive:
                runs.append(run.part(alive))
                proposals += [population.shard.proposals[rows[i]] for i in alive]
        if not runs:
            continue
        whole, shard = concat(runs), same[0].shard
        for piece in cut(len(proposals), shard, plan, max(1, workers // len(groups))):
            population = Population(shard.of(proposals[i] for i in piece))
            population.run = whole.part(piece)
            found.append(population)
    return found


def judge(proposals: Sequence[Proposal], history: History, plan: Plan, ended: Set[int] = frozenset()) -> list[Trial]:
    """Return the trials as they stand, with their state, and the value and epoch that each is ranked by.

    ``ended`` are the rows that stopped early, by their own patience.
    """
    values, epochs = history.ranking(plan.rank, plan.keep_best)
    curves = {name: history[name] for name in CURVES}
    trials = []
    for i, proposal in enumerate(proposals):
        length = int(history.epochs[i])
        done = length == plan.epochs or i in ended
        state: State = "diverged" if history.diverged[i] else "complete" if done else "interrupted"
        own = {name: curve[i, :length].copy() for name, curve in curves.items()}
        trials.append(Trial(proposal.number, proposal.params, state, float(values[i]), length, int(epochs[i]), own))
    return trials
