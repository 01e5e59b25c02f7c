"""Which trials train together: cohorts of one structure, divided into shards; each shard trains as one population.

Numeric hyperparameters ride as arrays over the networks; structure decides which networks share a population.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.blas import one_thread
from zerokara.data import Dataset
from zerokara.engine.plan import NetworkId, Plan
from zerokara.engine.trial import Proposal, Trial
from zerokara.nn import Network
from zerokara.nn.encodings import width_limit
from zerokara.optim import OPTIMIZERS
from zerokara.space.hyperparameters import HYPERPARAMETERS, split, to_text
from zerokara.train import EarlyStopping, Trainer
from zerokara.train.build import build
from zerokara.train.metrics import CHUNK

NETWORKS = range(5, 51)
"""Networks in a shard: enough to make the cost of a Python call small, few enough to fit the processor's cache."""
CACHE = 12 << 20
"""Bytes that a training step in NumPy may touch; beyond them smaller shards are faster, down to the fewest networks.
The kernel trains one network after another."""
SMALL_ARRAY = 200_000
"""Bytes of a layer's output below which threads that compute in NumPy slow each other down: it releases Python's lock
for every operation, and so short an operation ends before another thread has the lock. Two threads took 1.7 times as
long as one with 40 kB, 1.3 times with 150 kB, and less than one from 250 kB on."""
MEMORY = 1 << 29
"""The maximum memory of a shard in bytes."""
SMALL_COHORT = 3
"""Cohorts of fewer trials are slow: a network 32-32 costs 3.7 ms an epoch alone, 2.4 as one of two, 1.3 of many."""
DEFAULTS = {name: row.default for name, row in HYPERPARAMETERS.items()}


@dataclass(frozen=True)
class Shard:
    """Networks that train as one population, one of each trial, with the same structure, initialization and fold.

    ``repeat`` is the index of the initialization, ``replicate`` the set of its random draws.
    """

    proposals: tuple[Proposal, ...]
    structure: dict[str, Any]
    repeat: int = 0
    fold: int = 0
    replicate: int = 0

    @property
    def cohort(self) -> tuple[Any, ...]:
        """The key of the cohort."""
        return self.repeat, self.fold, self.replicate, *map(to_text, self.structure.values())

    def with_trials(self, proposals: Iterable[Proposal]) -> "Shard":
        """Return a shard of the same cohort with these trials."""
        return replace(self, proposals=tuple(proposals))


def structure(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what networks must share to train as one population, including whether there is dropout at all.

    A hyperparameter without a value is not used by the trial; here it has its default.
    """
    params = {**DEFAULTS, **params}
    return {**split(params)[1], "dropout": params["dropout"] > 0}


def shards(proposals: Iterable[Proposal], plan: Plan, workers: int, without: Container[NetworkId] = ()) -> list[Shard]:
    """Return every network of the proposals in a shard: grouped by cohort, then divided among the workers.

    The networks in ``without`` are left out. The division affects speed only, never results. Unpaired trials have
    separate draws, and so a shard each.
    """
    singles = [
        Shard((p,), structure(p.params), repeat, fold, plan.draws(p.number, repeat, fold))
        for p in proposals
        for repeat in range(plan.seeds)
        for fold in range(plan.folds)
        if (p.number, repeat, fold) not in without
    ]
    divided = []
    groups = cohorts(singles)
    for same in groups:
        trials = [single.proposals[0] for single in same]
        # Enough cohorts keep every worker busy; then each is divided for speed alone.
        pieces = divide(len(trials), same[0], plan, max(1, workers // len(groups)))
        divided += [same[0].with_trials(trials[i] for i in piece) for piece in pieces]
    return divided


class InCohort(Protocol):
    """A shard or a population."""

    @property
    def cohort(self) -> tuple[Any, ...]:
        """The key of the cohort."""


Member = TypeVar("Member", bound=InCohort)


def cohorts(members: Iterable[Member]) -> list[list[Member]]:
    """Return the members by cohort, in the order in which the cohorts first appear."""
    groups: dict[tuple[Any, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(member.cohort, []).append(member)
    return list(groups.values())


def grouping_remark(proposals: Iterable[Proposal]) -> str | None:
    """Return a sentence if most trials are in cohorts too small to train fast, else None."""
    counts = Counter(tuple(map(to_text, structure(proposal.params).values())) for proposal in proposals)
    trials, small = counts.total(), [size for size in counts.values() if size < SMALL_COHORT]
    if trials < SMALL_COHORT or 2 * sum(small) <= trials:
        return None
    return (
        f"{len(counts)} structures for {trials} trials, {len(small)} of them with fewer than {SMALL_COHORT}: these "
        "train up to three times slower than large groups; search fewer structures, or use larger generations"
    )


def divide(trials: int, shard: Shard, plan: Plan, workers: int) -> list[Index]:
    """Return the indices of the trials in each shard, for so many trials of the shard's cohort."""
    pieces = max(math.ceil(trials / _largest(shard.structure, plan)), min(workers, trials))
    # A multiple of the workers, so that none is idle at the end.
    pieces = min(math.ceil(pieces / workers) * workers, trials)
    return np.array_split(np.arange(trials), pieces)


def trainer(
    shard: Shard,
    plan: Plan,
    stop: Callable[[], bool] | None = None,
    data: Dataset | None = None,
    same_start: bool = True,
) -> Trainer:
    """Return the trainer of a shard, with numeric hyperparameters as arrays over the networks.

    It trains on the shard's fold, or on ``data``. Data without a validation part are trained on for all epochs.
    """
    patience = plan.patience if data is None or data.validation is not None else None
    return build(
        shard.structure | {name: _column(shard.proposals, name) for name in split(DEFAULTS)[0]},
        data or plan.parts[shard.fold],
        len(shard.proposals),
        same_start=same_start,
        seed=plan.seed,
        replicate=shard.replicate,
        dtype=plan.dtype,
        augment=plan.augment,
        schedule_epochs=plan.schedule_epochs or plan.epochs,
        evaluate_train_every=plan.evaluate_train_every,
        keep_best=plan.keep_best,
        early_stopping=EarlyStopping(patience, plan.tol) if patience else None,
        rank=plan.rank,
        loss=plan.loss,
        class_weight=plan.class_weight,
        engine=plan.engine,
        stop=stop,
    )


def untrained(trial: Proposal | Trial, plan: Plan, *, repeat: int = 0, fold: int = 0) -> Trainer:
    """Return the trainer of one of a trial's networks, by default the first, which represents the trial."""
    proposal = Proposal(trial.number, trial.params)
    shard = Shard((proposal,), structure(trial.params), repeat, fold, plan.draws(trial.number, repeat, fold))
    return trainer(shard, plan)


def retrain(trial: Trial, plan: Plan, epochs: int | None = None, *, repeat: int = 0, fold: int = 0) -> Trainer:
    """Train one of a trial's networks again, by default the first, with identical results on the same data.

    Without ``epochs`` it trains for as many as it was trained for.
    """
    run = untrained(trial, plan, repeat=repeat, fold=fold)
    row = trial.rows[repeat * plan.folds + fold] if trial.rows else trial
    with one_thread():
        run.fit(row.epochs if epochs is None else epochs, progress=False)
    return run


def retrained(trial: Trial, plan: Plan) -> tuple[Network, ...]:
    """Train all networks of a trial again, with identical results."""
    ids = plan.network_ids(trial.number)
    return tuple(retrain(trial, plan, repeat=repeat, fold=fold).trained() for _, repeat, fold in ids)


def refit_trainer(trial: Trial, plan: Plan, networks: int, stop: Callable[[], bool] | None = None) -> Trainer:
    """Return the trainer of ``networks`` networks with a trial's hyperparameters, on training and validation samples.

    They start from different weights.
    """
    proposals = (Proposal(trial.number, trial.params),) * networks
    shard = Shard(proposals, structure(trial.params), replicate=plan.draws(trial.number))
    run = trainer(shard, plan, stop, plan.data.pooled(), same_start=False)
    run.evaluate_train_every = plan.epochs + 1  # Nothing is read from its curves.
    return run


def has_small_arrays(networks: int, structure: dict[str, Any], plan: Plan) -> bool:
    """Return whether the arrays of so many networks are too small for threads to train in parallel."""
    sizes = [*structure["hidden"], plan.data.n_outputs]
    layer = structure["batch_size"] * sum(sizes) / len(sizes)
    return bool(networks * layer * np.dtype(plan.dtype).itemsize < SMALL_ARRAY)


def _largest(structure: dict[str, Any], plan: Plan) -> int:
    """Return the maximum number of networks of a structure in a shard."""
    sizes = [width_limit(structure, plan.data), *structure["hidden"], plan.data.n_outputs]
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    arrays = weights * (2 + len(OPTIMIZERS[structure["optimizer"]].state))
    itemsize: int = np.dtype(plan.dtype).itemsize
    step = itemsize * (arrays + 3 * structure["batch_size"] * sum(sizes[1:]))
    # Evaluation has another chunk size, and the weights of the best and the last epoch may be kept as well.
    network = itemsize * (arrays + 3 * weights + 6 * max(structure["batch_size"], CHUNK) * sum(sizes[1:]))
    few, many = NETWORKS.start, NETWORKS.stop - 1
    fast = many if plan.computed_by == "native" else max(few, CACHE // step)
    return int(max(1, min(many, fast, MEMORY // network)))


def _column(proposals: Sequence[Proposal], name: str) -> Array:
    return np.array([proposal.params.get(name, DEFAULTS[name]) for proposal in proposals], float)
