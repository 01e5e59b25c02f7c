"""What an estimator keeps from one call of `fit` to the next."""

import math
from collections.abc import Callable

import numpy as np

from zerokara import blas, nn
from zerokara.arrays import Array
from zerokara.data import Dataset, Encoder, Preprocess
from zerokara.errors import InputError
from zerokara.nn.encodings import keep_encodings
from zerokara.optim.optimizer import Optimizer
from zerokara.train import EarlyStopping, Epoch, History, Trainer
from zerokara.train.epoch_line import EpochLine

Objective = Callable[[nn.Network, Epoch], float]
"""Returns the objective of all networks together after an epoch, lower is better."""


class FitState:
    """The networks of an estimator between calls of `fit`: all that further training needs, except data.

    The networks form one ensemble: they start from different weights, share one objective, keep the same best epoch and
    stop together. ``history`` holds the curves, ``values`` the objective of each epoch, NaN without validation data;
    ``best`` holds the weights of the best epoch.

    Args:
        seed: of the initial weights, batches and dropout.
        preprocess: the scaling of the samples, fixed by the first `fit`.
        networks: how many.
        encoder: of the rows of a table, fixed likewise.
    """

    def __init__(self, seed: int, preprocess: Preprocess, networks: int = 1, encoder: Encoder | None = None) -> None:
        self.seed, self.preprocess, self.networks, self.encoder = seed, preprocess, networks, encoder
        self.network: nn.Network | None = None
        self.optimizer: Optimizer | None = None
        self.history = History(networks)
        self.values: list[float] = []
        self.numeric_encoding: str | None = None
        self.forget()

    def forget(self) -> None:
        """Forget the best epoch, and how long training has not improved."""
        self.best: nn.Network | None = None
        self.best_value: Array = np.full(self.networks, np.inf)
        self.best_epoch: Array = np.zeros(self.networks, int)
        self.early_stopping: EarlyStopping | None = None

    def keep_encodings(self, numeric_encoding: str, data: Dataset) -> None:
        """Let networks that are built for further ``data`` encode numbers as it was learned from the first."""
        if self.network is not None and numeric_encoding == self.numeric_encoding:
            keep_encodings(self.network, data)
        self.numeric_encoding = self.numeric_encoding or numeric_encoding

    @property
    def epoch(self) -> int:
        """The number of epochs trained so far."""
        return int(self.history.epochs[0])

    def chosen(self) -> nn.Network:
        """Return a copy of the networks from the best epoch, or else from the last."""
        network = self.best or self.network
        if network is None:
            raise InputError(f"the loss stopped being finite in epoch {self.epoch + 1}: lower the learning rate lr")
        return network.copy()

    def settle(self) -> None:
        """Continue from the weights of `chosen`."""
        self.network = self.chosen()
        self.forget()

    def train(self, run: Trainer, epochs: int, progress: bool | Callable[[Epoch], None] = False) -> None:
        """Train with a new trainer for ``epochs`` more epochs, or until they stop early or one of them diverges.

        ``progress`` shows a long call, or is called with every epoch.
        """
        if self.epoch and self.network is None:
            raise InputError(f"the loss stopped being finite in epoch {self.epoch}: start again with a lower lr")
        self._hand_over(run)
        # Set once for all epochs, because it takes a millisecond.
        with blas.threads(run.threads), EpochLine(epochs, self.epoch).shown(progress) as show:
            for epoch in run.epochs(epochs):
                show(epoch)
                if epoch.diverged.any():
                    self.network = None
                    return
                # The trainer drops networks that stop early; a later `fit` with more patience continues them.
                network, optimizer = run.network, run.optimizer
                self.best, self.best_value, self.best_epoch = run.best, run.best_value, run.best_epoch
        if len(run.rows):  # Also after Ctrl-C, which undoes the steps of the epoch underway.
            network, optimizer = run.network, run.optimizer
        # A copy, because layers keep the last batch.
        self.network, self.optimizer = network.copy(), optimizer

    def objective(self, shared: Objective | None, network: nn.Network, epoch: Epoch) -> Array:
        """Record the shared objective of an epoch and return it for each network (P,): by default the training loss."""
        self.values.append(shared(network, epoch) if shared and not epoch.diverged.any() else math.nan)
        value = self.values[-1] if shared else float(epoch.train_loss.mean())
        return np.full(len(epoch.rows), value if math.isfinite(value) else math.inf)

    def _hand_over(self, run: Trainer) -> None:
        """Give a trainer all that was kept; its settings remain its own."""
        if self.network is not None:
            run.network = _like(self.network, run.network)
        if type(self.optimizer) is type(run.optimizer):
            for name in ("t", *run.optimizer.state):
                setattr(run.optimizer, name, getattr(self.optimizer, name))
        run.epoch, run.history = self.epoch, self.history
        run.best, run.best_value, run.best_epoch = self.best or run.best, self.best_value, self.best_epoch
        if run.early_stopping and self.early_stopping:
            # The first min_delta remains; the patience may change.
            self.early_stopping.patience, run.early_stopping = run.early_stopping.patience, self.early_stopping
        self.early_stopping = run.early_stopping or self.early_stopping

    def stopped(self, patience: int | None) -> bool:
        """Return whether training has stopped early, given the patience of this call of `fit`."""
        return patience is not None and self.early_stopping is not None and self.early_stopping.waited[0] >= patience

    def improves(self, patience: int | None, schedule: str) -> bool:
        """Return whether training improved within the last ``patience`` epochs, so that more epochs may help.

        Without patience so many epochs are wanted. A cosine schedule ends with a rate of 0: nothing is to follow.
        """
        return patience is not None and not self.stopped(patience) and not schedule.startswith("cosine")


def _like(old: nn.Network, new: nn.Network) -> nn.Network:
    """Return the old network with the dropout rates of the new one; both must have the same structure."""
    if old.structure() != new.structure() or old.dtype != new.dtype:
        names = "hidden, activation, encodings, batch_norm and dtype, and dropout or none"
        raise InputError(
            f"training continues only with the same {names}, got others: start again with warm_start=False"
        )
    for layer, other in zip(old.layers, new.layers, strict=True):
        if isinstance(layer, nn.Dropout) and isinstance(other, nn.Dropout):
            layer.rate = other.rate
    return old
