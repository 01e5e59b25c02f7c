"""Which trials train together: cohorts of one structure, cut into shards, each one population.

Numeric hyperparameters ride as arrays over the networks; structure decides who shares a population.
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
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Proposal, Trial
from zerokara.optim import OPTIMIZERS
from zerokara.space.hyperparameters import HYPERPARAMETERS, split, to_text
from zerokara.train import EarlyStopping, Trainer
from zerokara.train.build import build
from zerokara.train.metrics import CHUNK

NETWORKS = range(5, 51)
"""Networks in a shard: enough to make the cost of a Python call small, few enough to stay near the core."""
CACHE = 12 << 20
"""Bytes that a training step of a shard may touch before smaller shards are faster, down to the fewest networks."""
SLIGHT = 200_000
"""Bytes of a layer's output below which threads hinder each other: NumPy lets go of Python's lock for every operation,
and an operation on so little is over before the lock has changed hands. Two threads took 1.7 times as long as one with
40 kB, 1.3 times with 150 kB, and less than one from 250 kB on."""
MEMORY = 1 << 29
"""Bytes that a shard may take in all, at most."""
SMALL = 3
"""Fewer are too small a cohort to pay: a network 32-32 costs 3.7 ms an epoch alone, 2.4 as one of two, 1.3 of many."""
DEFAULTS = {name: row.default for name, row in HYPERPARAMETERS.items()}


@dataclass(frozen=True)
class Shard:
    """Networks that train as one population, one of each trial: one structure, one initialization, one fold.

    ``repeat`` counts the initializations of a trial, ``replicate`` says which draws that one has.
    """

    proposals: tuple[Proposal, ...]
    structure: dict[str, Any]
    repeat: int = 0
    fold: int = 0
    replicate: int = 0

    @property
    def cohort(self) -> tuple[Any, ...]:
        """What shards of one cohort have in common."""
        return self.repeat, self.fold, self.replicate, *map(to_text, self.structure.values())

    def of(self, proposals: Iterable[Proposal]) -> "Shard":
        """Return a shard of the same cohort with other trials."""
        return replace(self, proposals=tuple(proposals))


def structure(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what networks must share to train as one population; whether there is dropout at all is part of it.

    What a trial has no value for, it does not use, and any one value stands for that.
    """
    whole = {**DEFAULTS, **params}
    return {**split(whole)[1], "dropout": whole["dropout"] > 0}


def shards(
    proposals: Iterable[Proposal], plan: Plan, workers: int, without: Container[tuple[int, int, int]] = ()
) -> list[Shard]:
    """Return every network of the proposals in a shard: grouped by cohort, then cut so that each worker has its share.

    Those ``without`` are left out, each named by trial, initialization and fold. How they are cut changes no
    number, only the speed. Unpaired trials have draws of their own, and so a shard each.
    """
    singles = [
        Shard((p,), structure(p.params), repeat, fold, plan.draws(p.number, repeat))
        for p in proposals
        for repeat in range(plan.seeds)
        for fold in range(plan.folds)
        if (p.number, repeat, fold) not in without
    ]
    found = []
    groups = cohorts(singles)
    for same in groups:
        members = [single.proposals[0] for single in same]
        # Where there are enough cohorts to keep every worker busy, each is cut for speed alone.
        share = max(1, workers // len(groups))
        found += [same[0].of(members[i] for i in piece) for piece in cut(len(members), same[0], plan, share)]
    return found


class InCohort(Protocol):
    """Whatever belongs to a cohort: a shard, or a population."""

    @property
    def cohort(self) -> tuple[Any, ...]:
        """What members of one cohort have in common."""


Member = TypeVar("Member", bound=InCohort)


def cohorts(members: Iterable[Member]) -> list[list[Member]]:
    """Return the members by cohort, in the order in which the cohorts first appear."""
    groups: dict[tuple[Any, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(member.cohort, []).append(member)
    return list(groups.values())


@dataclass(frozen=True)
class Census:
    """How many cohorts some trials make, and how many trials each has, smallest first."""

    sizes: tuple[int, ...]

    @property
    def remark(self) -> str | None:
        """One sentence where most trials are in cohorts too small to pay; else None.

        >>> Census((2, 50)).remark
        >>> Census((2,) * 10).remark  # doctest: +ELLIPSIS
        '10 structures for 20 trials, 10 of them with fewer than 3: these train up to three times slower ...'
        """
        trials = sum(self.sizes)
        small = [size for size in self.sizes if size < SMALL]
        if trials < SMALL or 2 * sum(small) <= trials:
            return None
        return (
            f"{len(self.sizes)} structures for {trials} trials, {len(small)} of them with fewer than {SMALL}: "
            "these train up to three times slower than in large groups; search structure more coarsely, or try more "
            "trials at once"
        )


def census(proposals: Iterable[Proposal]) -> Census:
    """Return how many cohorts these trials make, and of what sizes; unpaired ones train apart whatever they are."""
    sizes = Counter(tuple(map(to_text, structure(proposal.params).values())) for proposal in proposals)
    return Census(tuple(sorted(sizes.values())))


def cut(trials: int, shard: Shard, plan: Plan, workers: int) -> list[Index]:
    """Return which of so many trials of the shard's cohort go into each of its shards."""
    pieces = max(math.ceil(trials / _largest(shard.structure, plan)), min(workers, trials))
    # A whole number of rounds, so that no worker is left with nothing to do at the end.
    pieces = min(math.ceil(pieces / workers) * workers, trials)
    return np.array_split(np.arange(trials), pieces)


def trainer(shard: Shard, plan: Plan, stop: Callable[[], bool] | None = None, data: Dataset | None = None) -> Trainer:
    """Return the trainer of a shard: its trials' numbers as arrays over the networks of one population.

    It trains on the shard's fold, or on ``data``.
    """
    return build(
        shard.structure | {name: _column(shard.proposals, name) for name in split(DEFAULTS)[0]},
        data or plan.parts[shard.fold],
        len(shard.proposals),
        seed=plan.seed,
        replicate=shard.replicate,
        dtype=plan.dtype,
        augment=plan.augment,
        schedule_epochs=plan.schedule_epochs or plan.epochs,
        evaluate_train_every=plan.evaluate_train_every,
        keep_best=plan.keep_best,
        early_stopping=EarlyStopping(plan.patience, plan.tol) if plan.patience else None,
        rank=plan.rank,
        stop=stop,
    )


def untrained(trial: Proposal | Trial, plan: Plan, data: Dataset | None = None) -> Trainer:
    """Return the trainer of a trial's first network alone: what is kept of a trial is that network."""
    proposal = Proposal(trial.number, trial.params)
    return trainer(Shard((proposal,), structure(trial.params), replicate=plan.draws(trial.number)), plan, data=data)


def retrain(trial: Trial, plan: Plan, epochs: int | None = None, data: Dataset | None = None) -> Trainer:
    """Train a trial's first network again from its beginning: to the bit, unless on other data.

    Args:
        epochs: how many; by default as many as it was trained for.
        data: in place of the first fold.
    """
    run = untrained(trial, plan, data)
    with one_thread():
        run.fit((trial.rows[0] if trial.rows else trial).epochs if epochs is None else epochs)
    return run


def is_slight(networks: int, structure: dict[str, Any], plan: Plan) -> bool:
    """Return whether the arrays of so many networks are too small for two threads to train side by side."""
    sizes = [*structure["hidden"], plan.data.n_outputs]
    layer = structure["batch_size"] * sum(sizes) / len(sizes)
    return bool(networks * layer * np.dtype(plan.dtype).itemsize < SLIGHT)


def _largest(structure: dict[str, Any], plan: Plan) -> int:
    """Return how many networks of a structure make a good shard."""
    sizes = [plan.data.n_inputs, *structure["hidden"], plan.data.n_outputs]
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    arrays = weights * (2 + len(OPTIMIZERS[structure["optimizer"]].state))
    itemsize: int = np.dtype(plan.dtype).itemsize
    step = itemsize * (arrays + 3 * structure["batch_size"] * sum(sizes[1:]))
    # Evaluation has chunks of its own size, and the best epoch and the last may be kept beside the present one.
    whole = itemsize * (arrays + 3 * weights + 6 * max(structure["batch_size"], CHUNK) * sum(sizes[1:]))
    few, many = NETWORKS.start, NETWORKS.stop - 1
    return int(max(1, min(many, max(few, CACHE // step), MEMORY // whole)))


def _column(proposals: Sequence[Proposal], name: str) -> Array:
    return np.array([proposal.params.get(name, DEFAULTS[name]) for proposal in proposals], float)
