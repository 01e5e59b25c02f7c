"""Which trials train together: cohorts of one structure, cut into shards, each one population.

Numeric hyperparameters ride as arrays over the networks; structure decides who shares a population.
Only this file knows the difference.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.errors import InputError, unknown
from zerokara.nn import Network, SoftmaxCrossEntropy, mlp
from zerokara.optim import OPTIMIZERS, schedules
from zerokara.search.hyperparameters import split, to_text
from zerokara.search.trial import Proposal, State, Trial
from zerokara.train import Epoch, History, Trainer
from zerokara.train.history import CURVES, badness
from zerokara.train.metrics import CHUNK

NETWORKS = range(5, 26)
"""Networks in a shard: enough to make the cost of a Python call small, few enough to stay near the core."""
CACHE = 12 << 20
"""Bytes that a training step of a shard may touch before smaller shards are faster, down to the fewest networks."""
MEMORY = 1 << 29
"""Bytes that a shard may take in all, at most."""


@dataclass(frozen=True)
class Plan:
    """What all trials of a study share: the data, how long they train, and how they are judged.

    ``replicate`` says which draws they share; unpaired, trial k has the draws replicate + k for itself.
    """

    data: Dataset
    epochs: int
    seed: int = 0
    rank: str = "loss"
    keep_best: bool = False
    paired: bool = True
    replicate: int = 0
    evaluate_train_every: int = 1
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_counts(epochs=self.epochs, evaluate_train_every=self.evaluate_train_every)
        check_counts(0, seed=self.seed, replicate=self.replicate)
        if self.rank not in RANKS:
            raise unknown("rank", self.rank, RANKS)
        if self.dtype not in ("float32", "float64"):
            raise unknown("dtype", self.dtype, ("float32", "float64"))
        if self.data.validation is None:
            raise InputError(
                "a search is judged on validation data, got none: cut them off with data.split(validation=0.2)"
            )


RANKS = ("loss", "accuracy")
"""What trials are ranked by, on the validation data; in regression, "accuracy" is R2."""


def check_counts(least: int = 1, **counts: int) -> None:
    """Raise for the first of the named counts that is no whole number of at least ``least``."""
    for name, value in counts.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} must be a whole number, {least} or above, got {value!r}")


@dataclass(frozen=True)
class Shard:
    """Trials that train as one population: one structure, one replicate."""

    proposals: tuple[Proposal, ...]
    structure: dict[str, Any]
    replicate: int = 0


@dataclass(frozen=True)
class ShardResult:
    """The trials of a shard, the network of the best of them, and the seconds that training took."""

    trials: list[Trial]
    winner: tuple[int, Network] | None
    seconds: float


def shards(proposals: Iterable[Proposal], plan: Plan, workers: int) -> list[Shard]:
    """Return the proposals as shards: grouped by structure, then cut so that every worker has its share.

    How they are cut changes no number, only the speed. Unpaired trials have draws of their own, and so a shard each.
    """
    cohorts: dict[tuple[Any, ...], list[Proposal]] = {}
    for proposal in proposals:
        _, structure = split(proposal.params)
        replicate = plan.replicate + (0 if plan.paired else proposal.number)
        cohorts.setdefault((replicate, *map(to_text, structure.values())), []).append(proposal)
    found = []
    for (replicate, *_), members in cohorts.items():
        _, structure = split(members[0].params)
        largest = _largest(structure, plan)
        pieces = max(math.ceil(len(members) / largest), min(workers, len(members)))
        # A whole number of rounds, so that no worker is left with nothing to do at the end.
        pieces = min(math.ceil(pieces / workers) * workers, len(members))
        for part in np.array_split(np.arange(len(members)), pieces):
            found.append(Shard(tuple(members[i] for i in part), structure, replicate))
    return found


def _largest(structure: dict[str, Any], plan: Plan) -> int:
    """Return how many networks of a structure make a good shard."""
    sizes = [plan.data.n_inputs, *structure["hidden"], plan.data.n_outputs]
    weights = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
    arrays = weights * (2 + len(OPTIMIZERS[structure["optimizer"]].state))
    itemsize: int = np.dtype(plan.dtype).itemsize
    step = itemsize * (arrays + 3 * structure["batch_size"] * sum(sizes[1:]))
    # Evaluation has chunks of its own size, and the best epoch and the last may be kept beside the present one.
    whole = itemsize * (arrays + 3 * weights + 6 * max(structure["batch_size"], CHUNK) * sum(sizes[1:]))
    few, many = NETWORKS.start, NETWORKS.stop - 1
    return int(max(1, min(many, max(few, CACHE // step), MEMORY // whole)))


def trainer(shard: Shard, plan: Plan, stop: Callable[[], bool] | None = None) -> Trainer:
    """Return the trainer of a shard: its trials' numbers as arrays over the networks of one population."""
    s, data = shard.structure, plan.data
    numbers = {name: _column(shard.proposals, name) for name in split(shard.proposals[0].params)[0]}
    optimizer = OPTIMIZERS[s["optimizer"]]
    network = mlp(
        data.n_inputs,
        s["hidden"],
        data.n_outputs,
        s["activation"],
        dropout=numbers["dropout"] if numbers["dropout"].any() else None,
        batch_norm=s["batch_norm"],
        init_scale=numbers["init_scale"],
        population=len(shard.proposals),
        seed=plan.seed,
        replicate=shard.replicate,
        dtype=plan.dtype,
    )
    smoothing = SoftmaxCrossEntropy(numbers["label_smoothing"]) if data.task == "classification" else None
    return Trainer(
        network,
        optimizer(**{name: numbers[name] for name in optimizer.numbers if name in numbers}),
        data,
        batch_size=s["batch_size"],
        loss=smoothing,
        schedule=schedules.parse(s["schedule"]),
        span=plan.epochs,
        seed=plan.seed,
        replicate=shard.replicate,
        evaluate_train_every=plan.evaluate_train_every,
        keep_best=plan.keep_best,
        rank=plan.rank,
        stop=stop,
    )


def train(
    shard: Shard, plan: Plan, watch: Callable[[Shard, Epoch, Array], None], stop: Callable[[], bool]
) -> ShardResult:
    """Train a shard to its end, or until ``stop()``; ``watch`` sees every epoch and its values."""
    if stop():
        history = History(len(shard.proposals))
        return ShardResult(judge(shard.proposals, history, plan), None, 0.0)
    started = time.perf_counter()
    run = trainer(shard, plan, stop)
    for epoch in run.epochs(plan.epochs):
        watch(shard, epoch, badness(epoch.val_loss, epoch.val_score, plan.rank))
    trials = judge(shard.proposals, run.history, plan)
    row = min(range(len(trials)), key=lambda i: trials[i].rank_key)
    found = (trials[row].number, run.trained(row)) if trials[row].value < math.inf else None
    return ShardResult(trials, found, time.perf_counter() - started)


def judge(proposals: Sequence[Proposal], history: History, plan: Plan) -> list[Trial]:
    """Return the trials with their state, and the value and epoch that each is ranked by."""
    values, epochs = history.ranking(plan.rank, plan.keep_best)
    curves = {name: history[name] for name in CURVES}
    trials = []
    for i, proposal in enumerate(proposals):
        length = int(history.epochs[i])
        state: State = (
            "diverged" if history.diverged[i] else "complete" if length == plan.epochs else "interrupted"
        )
        own = {name: curve[i, :length].copy() for name, curve in curves.items()}
        trials.append(
            Trial(proposal.number, proposal.params, state, float(values[i]), length, int(epochs[i]), own)
        )
    return trials


def _column(proposals: Sequence[Proposal], name: str) -> Array:
    return np.array([proposal.params[name] for proposal in proposals], float)
