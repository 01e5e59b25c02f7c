"""A population: the networks of a shard while they train."""

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from typing import Any

from zerokara.arrays import Array
from zerokara.engine.plan import NetworkId, Plan, Scorer
from zerokara.engine.shard import Shard, cohorts, divide, trainer
from zerokara.engine.trial import Proposal, State, Trial
from zerokara.nn import Network
from zerokara.train import History, Trainer
from zerokara.train.history import CURVES
from zerokara.train.metrics import METRICS
from zerokara.train.state import restore, state
from zerokara.train.trainer import concat_trainers


class Population:
    """The networks of a shard while they train.

    A row of the trainer, a row of its history and a proposal belong together, in this order. Between two calls a
    population can be pickled: the shard and the state of the trainer are, the data are not.
    """

    def __init__(self, shard: Shard, arrays: dict[str, Array] | None = None) -> None:
        self.shard, self.cohort, self._arrays = shard, shard.cohort, arrays
        self.run: Trainer | None = None
        self.seconds = 0.0

    def attach(self, plan: Plan, stop: Callable[[], bool] | None = None) -> Trainer:
        """Return the trainer, created at the first call, so that creating trainers is divided among the workers."""
        if self.run is None:
            self.run = trainer(self.shard, plan, stop)
            if self._arrays:
                restore(self.run, self._arrays)
                self._arrays = None
        self.run.stop = stop
        return self.run

    def reached(self, epochs: int) -> bool:
        """Return whether so many epochs are trained, or all networks have stopped before."""
        return self.run is not None and (self.run.epoch >= epochs or not len(self.run.rows))

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return 0 if self.run is None else int(self.run.history.epochs.sum())

    @property
    def underway(self) -> float:
        """The part of the present epoch that this process has trained, in network-epochs."""
        return 0.0 if self.run is None else self.run.underway * len(self.run.rows)

    def network_ids(self) -> list[NetworkId]:
        """Return the networks, in the order of the rows."""
        return [(p.number, self.shard.repeat, self.shard.fold) for p in self.shard.proposals]

    def trials(self, plan: Plan) -> dict[NetworkId, Trial]:
        """Return the results of each network so far."""
        run, proposals = self.run, self.shard.proposals
        history = History(len(proposals), (*CURVES, *plan.metric.more)) if run is None else run.history
        stopped = set() if run is None else set(run.finished)
        rows = dict(zip(self.network_ids(), make_trials(proposals, history, plan, stopped), strict=True))
        return {key: self._scored(key, row, plan.scorer) for key, row in rows.items()} if plan.scorer else rows

    def _scored(self, network_id: NetworkId, trial: Trial, scorer: Scorer) -> Trial:
        """Return the trial of one network with the objective that a scorer returns."""
        failed = trial.state == "diverged" or not trial.epochs
        value = math.inf if failed else scorer(network_id, trial.epochs, lambda: self.network(network_id))
        return replace(trial, value=value if math.isfinite(value) else math.inf)

    def network(self, network_id: NetworkId) -> Network:
        """Return a trained network."""
        assert self.run is not None
        return self.run.trained(self.network_ids().index(network_id))

    def arrays(self) -> dict[str, Array]:
        """Return the state of the trainer; empty before training."""
        return self._arrays or {} if self.run is None else state(self.run)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "run": None, "_arrays": self.arrays() or None}


def regroup(populations: Sequence[Population], survivors: Set[int], plan: Plan, workers: int) -> list[Population]:
    """Return new populations of the surviving trials, divided again among the workers."""
    regrouped = []
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
        joined, shard = concat_trainers(runs), same[0].shard
        for piece in divide(len(proposals), shard, plan, max(1, workers // len(groups))):
            population = Population(shard.with_trials(proposals[i] for i in piece))
            population.run = joined.part(piece)
            regrouped.append(population)
    return regrouped


def make_trials(
    proposals: Sequence[Proposal], history: History, plan: Plan, stopped: Set[int] = frozenset()
) -> list[Trial]:
    """Return a trial for each row of a history: its state, and the value and epoch that it is ranked by.

    ``stopped`` are the rows that early stopping has ended.
    """
    values, epochs = history.ranking(plan.metric, plan.keep_best)
    curves = {name: history[name] for name in history.curves}
    trials = []
    for i, proposal in enumerate(proposals):
        length = int(history.epochs[i])
        done = length == plan.epochs or i in stopped
        state: State = "diverged" if history.diverged[i] else "complete" if done else "interrupted"
        own = {name: curve[i, :length].copy() for name, curve in curves.items()}
        ranked = state, float(values[i]), length, int(epochs[i])
        trials.append(Trial(proposal.number, proposal.params, *ranked, own, score_name=METRICS[plan.task]))
    return trials
