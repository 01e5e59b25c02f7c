"""The trainer: an iterator over epochs, for a whole population."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara import blas
from zerokara.arrays import Array, Index, as_index
from zerokara.checks import check_counts, require_flag
from zerokara.data.augment import Augment
from zerokara.data.loaders.given import for_trainer
from zerokara.errors import InputError
from zerokara.memory import keep_freed
from zerokara.nn import losses
from zerokara.nn import network as networks
from zerokara.nn.network import Network
from zerokara.optim import optimizer as optimizers
from zerokara.optim.optimizer import Optimizer
from zerokara.optim.schedules import Schedule, as_schedule
from zerokara.train import history as histories
from zerokara.train import stopping
from zerokara.train.engine import EngineName, Evaluation, Steps, Trained, choose
from zerokara.train.epoch_line import EpochLine
from zerokara.train.history import CURVES, Epoch, History
from zerokara.train.loader import BatchLoader, batches, check_kinds, check_sizes, in_precision
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Rank, ranking
from zerokara.train.stopping import EarlyStopping

PATIENT = 1.0
"""Seconds after which an epoch checks for a request to stop at every step, at the cost of a copy of the networks."""


class Trainer:
    """Trains P networks on one dataset; the caller iterates over the epochs and sees the record of each.

    Every epoch visits each training sample once, in an order drawn from (seed, epoch, replicate) and shared
    by all networks. A network whose loss becomes infinite or NaN is recorded as diverged and dropped.

    Args:
        network: P networks; they are trained in place.
        optimizer: each of its hyperparameters is one number, or one for each network (P,).
        data: a `Dataset`, which keeps its parts and its scaling, or data in another form of `zerokara.tune`, from which
            20 % are held out for validation; ``run.data`` is the dataset.
        target, validation, test: the column to predict, and the validation and test samples, as in `zerokara.tune`.
        batch_size: samples per step; a last batch of one sample is merged into the one before it.
        loss: by default the loss of the data's task.
        shuffle: draw the order of the samples in each epoch; False keeps that of the data.
        augment: random changes of the images at each step, the same for all networks: "flip", "shift:4" or both,
            "flip,shift:4" (see `Augment`).
        schedule: how the learning rate changes over the epochs; as text, for example "cosine" or "exponential:0.95".
        schedule_epochs: the epochs that the schedule spans; by default those of the first call of `epochs`.
        evaluate_train_every: evaluate on the whole training set every so many epochs, and after the last.
        keep_best: keep the weights of each network's best epoch.
        early_stopping: when to stop a network that no longer improves; without validation data, its training loss.
        rank: the validation metric of "best" and "improve": see `zerokara.train.ranking.ranking`.
        objective: replaces ``rank``: a function of the networks and the record of an epoch that returns one value per
            network (P,), lower is better.
        threads: BLAS threads where NumPy computes; with more than 1, results are not bit-identical.
        stop: called between epochs, and in long epochs between steps; True ends training and drops the epoch underway.
        engine: "native", the compiled kernel; "numpy", whose layers define what is computed; "auto", the kernel where
            it can train these networks. Their results differ in the last bits.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> net = zk.nn.mlp(64, (32,), 10, population=2)
    >>> run = zk.Trainer(net, zk.optim.Adam(lr=[1e-3, 1e-2]), data, batch_size=50)
    >>> for epoch in run.epochs(3):
    ...     pass
    >>> epoch.val_accuracy.shape, bool((epoch.val_accuracy > 0.6).all())
    ((2,), True)
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        data: Any,
        *,
        target: Any = None,
        validation: Any = None,
        test: Any = None,
        batch_size: int = 100,
        loss: losses.Loss | None = None,
        augment: str | Augment | None = None,
        schedule: Schedule | str | None = None,
        schedule_epochs: int | None = None,
        seed: int = 0,
        replicate: int = 0,
        shuffle: bool = True,
        evaluate_train_every: int = 1,
        keep_best: bool = False,
        early_stopping: EarlyStopping | None = None,
        rank: Rank = "loss",
        objective: Callable[[Network, Epoch], Array] | None = None,
        threads: int = 1,
        stop: Callable[[], bool] | None = None,
        engine: EngineName = "auto",
    ) -> None:
        check_counts(batch_size=batch_size, evaluate_train_every=evaluate_train_every, threads=threads)
        check_kinds(network, optimizer, loss, early_stopping)
        require_flag("shuffle", shuffle)
        require_flag("keep_best", keep_best)
        self.data = data = for_trainer(data, target, validation, test, seed)
        stopping.check_data(data, keep_best, early_stopping, evaluate_train_every)
        check_sizes(network, data, loss)
        self.network, self.optimizer = network, optimizer.start(network)
        encodings = network.encodings if type(network) is Network else ()  # Another class may use them differently.
        self.loader = BatchLoader(data, network.dtype, augment, seed, replicate, encodings)
        self.train = in_precision(data.train, network.dtype)
        self.validation = data.validation and in_precision(data.validation, network.dtype)
        self.task, self.loss = data.task, loss or losses.LOSSES[data.task]()
        self.schedule = as_schedule(schedule, type(optimizer).__name__.lower())
        self.batch_size, self.schedule_epochs, self.shuffle, self.stop = batch_size, schedule_epochs, shuffle, stop
        self.metric, self.preprocess = ranking(rank, data.task, data.n_outputs), data.preprocess
        self.evaluate_train_every, self.threads, self.objective = evaluate_train_every, threads, objective
        self.early_stopping = early_stopping and early_stopping.start(network.population)
        self.rows: Index = np.arange(network.population)
        self.history = History(network.population, (*CURVES, *self.metric.more))
        self.best = network.copy() if keep_best else None
        self.best_value, self.best_epoch = np.full(network.population, np.inf), np.zeros(network.population, int)
        self.finished: dict[int, Network] = {}
        self.epoch, self.underway = 0, 0.0
        how = self.loader, self.train, self.task, threads, self.loss.without_smoothing()
        self.engine = choose(engine, self.network, self.optimizer, *how)

    def __repr__(self) -> str:
        settings = f"{self.network}, {self.optimizer}, batch_size={self.batch_size}"
        return f"Trainer({settings}, {self.epoch} epochs so far; {self.data.parts_text})"

    def epochs(self, count: int) -> Iterator[Epoch]:
        """Train for ``count`` more epochs and yield the record of each; ends early when no network is left.

        The caller may `take` between two epochs. 30 epochs and then 30 more equal 60 epochs; with a schedule or
        ``evaluate_train_every``, only if ``schedule_epochs`` is 60.
        """
        if count < 1:
            raise InputError(f"epochs must be 1 or more, got {count}")
        self.schedule_epochs = self.schedule_epochs or count
        keep_freed()
        for _ in range(count):
            if not len(self.rows) or (self.stop and self.stop()):
                return
            # Set for each epoch: between two epochs the caller's own settings apply.
            with blas.threads(self.threads), np.errstate(all="ignore"):
                epoch = self._train_epoch()
            if epoch is None:
                return
            if self.objective:
                epoch = replace(epoch, objective=self.objective(self.network, epoch))
            if self.best:
                # The first epoch is kept even if its objective is infinite.
                improved = (epoch.objective < self.best_value) | (self.best_epoch == 0)
                if improved.all():
                    self.best = self.network.copy()
                elif improved.any():
                    self.best.put(improved, self.network.take(improved))
                self.best_value = np.where(improved, epoch.objective, self.best_value)
                self.best_epoch = np.where(improved, epoch.number, self.best_epoch)
            try:
                yield epoch
            finally:  # Also when the caller leaves the loop.
                self._retire(epoch)

    def fit(self, epochs: int, *, progress: bool = True) -> History:
        """Train for ``epochs`` epochs and return the curves; ``progress`` shows a long call, see `zerokara.tune`."""
        with EpochLine(epochs, self.epoch).shown(progress) as show:
            for epoch in self.epochs(epochs):
                show(epoch)
        return self.history

    def take(self, index: npt.ArrayLike) -> None:
        """Keep only the networks ``index`` (an integer, integers or a mask) of the present ones."""
        keep = as_index(index, len(self.rows))
        self.network, self.optimizer = self.network.take(keep), self.optimizer.take(keep)
        self.rows, self.loss, self.best = self.rows[keep], self.loss.take(keep), self.best and self.best.take(keep)
        self.best_value, self.best_epoch = self.best_value[keep], self.best_epoch[keep]
        self.early_stopping = self.early_stopping and self.early_stopping.take(keep)

    def part(self, index: npt.ArrayLike) -> "Trainer":
        """Return a trainer of the networks ``index`` of the present ones, with their history; its rows start at 0."""
        other = copy.copy(self)
        other.take(index)
        other.history, other.finished = self.history.take(other.rows), {}
        other.rows = np.arange(len(other.rows))
        return other

    def trained(self, row: int = 0) -> Network:
        """Return one network, by its row at the start: from its best epoch with ``keep_best``, else from its last."""
        if row in self.finished:
            return self.finished[row]
        place = np.flatnonzero(self.rows == row)
        if not len(place):
            raise InputError(f"network {row} has no weights: it diverged, or was dropped by take()")
        return (self.best or self.network).take(place)

    def _train_epoch(self) -> Epoch | None:
        """Train every network for one epoch; return None, and undo its steps, if ``stop`` ends it."""
        started = time.perf_counter()
        slow = self.stop is not None and (not self.history.seconds or self.history.seconds[-1] > PATIENT)
        before = (self.network.copy(), self.optimizer.take(np.arange(len(self.rows)))) if slow else None
        order = self.loader.order(self.epoch, self.shuffle)
        borders = batches(len(order), self.batch_size)
        count, span = len(borders), self.schedule_epochs or 1
        factors = [self.schedule.factor(self.epoch + i / count, span) for i in range(count)]
        on_train = (self.epoch + 1) % self.evaluate_train_every == 0 or self.epoch + 1 == self.schedule_epochs
        evaluations: list[Evaluation] = [(self.train, None)] if on_train else []
        if self.validation:
            collect = partial(self.metric.predictions, preprocess=self.preprocess) if self.metric.more else None
            evaluations.append((self.validation, collect))
        for steps in self.engine.cut(Steps([order[a:b] for a, b in borders], factors, self.epoch * count)):
            if before and self.stop and time.perf_counter() - started > PATIENT and self.stop():
                self.network.load(before[0].arrays())
                self.optimizer = before[1]
                return None
            done = steps.first + len(steps.samples) - self.epoch * count
            if done < count:
                self.engine.train(self.network, self.loss, self.optimizer, steps)
            else:
                trained = self.engine.end_epoch(self.network, self.loss, self.optimizer, steps, evaluations)
            self.underway = 0.75 * done / count  # The evaluation takes about a quarter of an epoch.
        self.epoch, self.underway = self.epoch + 1, 0.0
        epoch = self._record(trained, on_train, factors[-1], started)
        self.history.record(epoch)
        return epoch

    def _record(self, trained: Trained, on_train: bool, factor: float, started: float) -> Epoch:
        train_loss = train_score = val_loss = val_score = unknown = np.full(len(self.rows), np.nan)
        more = dict.fromkeys(self.metric.more, unknown)
        finite, measured = trained.finite, iter(trained.measured)
        if on_train:
            train_loss, train_score, _ = next(measured)
            finite &= np.isfinite(train_loss)
        if self.validation:
            val_loss, val_score, predictions = next(measured)
            if predictions is not None:
                more = {self.metric.curve: self.metric.evaluate(predictions, self.validation, self.preprocess)}
            finite &= np.isfinite(val_loss)
        curves = {"val_loss": val_loss, "val_score": val_score, **more}
        objective = self.metric.objective(curves[self.metric.curve])
        if self.validation is None:
            objective = np.where(np.isfinite(train_loss), train_loss, np.inf)
        return Epoch(
            number=self.epoch,
            rows=self.rows,
            train_loss=train_loss,
            train_score=train_score,
            val_loss=val_loss,
            val_score=val_score,
            lr=self.optimizer.lr * factor,
            objective=objective,
            diverged=np.logical_not(finite),
            seconds=time.perf_counter() - started,
            metric=METRICS[self.task],
            more=more,
        )

    def _retire(self, epoch: Epoch) -> None:
        """Drop the networks that diverged in this epoch, and then those that stop early."""
        order = np.argsort(epoch.rows)
        # The caller may have taken some, in another order.
        here = order[np.searchsorted(epoch.rows, self.rows, sorter=order)]
        if epoch.diverged[here].any():
            self.take(~epoch.diverged[here])
            here = here[~epoch.diverged[here]]
        if self.early_stopping and (stops := self.early_stopping.stops(epoch.objective[here])).any():
            for row in self.rows[stops]:
                self.finished[int(row)] = self.trained(row)
            self.take(~stops)


def concat_trainers(trainers: Sequence[Trainer]) -> Trainer:
    """Return one trainer of the networks of several, in that order; all have the same data, settings and epoch.

    The history of a network that was dropped is dropped too.
    """
    # A complete population in its first order need not be copied.
    parts = [t if np.array_equal(t.rows, range(len(t.history))) else t.part(range(len(t.rows))) for t in trainers]
    first = parts[0]
    if len(epochs := {trainer.epoch for trainer in parts}) > 1:
        raise InputError(f"only trainers at the same epoch can be joined, got epochs {sorted(epochs)}")
    joined = copy.copy(first)
    joined.network = networks.concat_networks([trainer.network for trainer in parts])
    joined.optimizer = optimizers.concat_optimizers([trainer.optimizer for trainer in parts])
    joined.loss = losses.concat_losses([trainer.loss for trainer in parts], [len(trainer.rows) for trainer in parts])
    joined.history = histories.concat_histories([trainer.history for trainer in parts])
    joined.best = networks.concat_networks([trainer.best for trainer in parts if trainer.best]) if first.best else None
    joined.best_value = np.concatenate([trainer.best_value for trainer in parts])
    joined.best_epoch = np.concatenate([trainer.best_epoch for trainer in parts])
    joined.early_stopping = stopping.concat_early_stopping(
        [trainer.early_stopping for trainer in parts if trainer.early_stopping]
    )
    joined.rows = np.arange(len(joined.best_value))
    return joined
