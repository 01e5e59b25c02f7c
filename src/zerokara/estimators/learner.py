"""A network as it learns, or several side by side, over one call of `fit` or over many."""

import math
from collections.abc import Callable

import numpy as np

from zerokara import blas, nn
from zerokara.arrays import Array
from zerokara.data import Preprocess
from zerokara.errors import InputError
from zerokara.optim.optimizer import Optimizer
from zerokara.train import Epoch, History, Patience, Trainer

Judge = Callable[[nn.Network, Epoch], float]
"""What a network is worth after an epoch: a number, lower being better."""


class Learner:
    """A network between calls of `fit`: all that training for longer needs, and no data.

    It may be a population that answers as one: networks from different initial weights, trained for the same epochs
    and judged by the mean of their losses. ``history`` holds the curves, ``values`` what each epoch was judged by, NaN
    where there was nothing to judge by; ``best`` holds the weights of the best epoch.

    Args:
        seed: what initial weights, batches and dropout are drawn from.
        preprocess: how the samples are scaled, for good.
        networks: how many learn side by side.
    """

    def __init__(self, seed: int, preprocess: Preprocess, networks: int = 1) -> None:
        self.seed, self.preprocess, self.networks = seed, preprocess, networks
        self.network: nn.Network | None = None
        self.optimizer: Optimizer | None = None
        self.history = History(networks)
        self.values: list[float] = []
        self.forget()

    def forget(self) -> None:
        """Judge anew: what was best so far counts no more."""
        self.best: nn.Network | None = None
        self.best_value: Array = np.full(self.networks, np.inf)
        self.best_epoch: Array = np.zeros(self.networks, int)
        self.patience: Patience | None = None

    @property
    def epoch(self) -> int:
        """The epochs trained so far."""
        return int(self.history.epochs[0])

    @property
    def chosen_epoch(self) -> int:
        """The epoch of `chosen`."""
        return int(self.best_epoch[0]) or self.epoch

    def chosen(self) -> nn.Network:
        """Return a copy of the network that stands for this learner: of its best epoch, or else of its last."""
        found = self.best or self.network
        if found is None:
            raise InputError(f"the loss stopped being finite in epoch {self.epoch + 1}: lower the learning rate lr")
        return found.copy()

    def settle(self) -> None:
        """Go on from the weights that are in use: those of the best epoch, if one was chosen."""
        self.network = self.chosen()
        self.forget()

    def train(self, run: Trainer, epochs: int, watch: Callable[[Epoch], None] | None = None) -> None:
        """Continue with a new trainer for ``epochs`` epochs: fewer if patience ends or a network diverges."""
        if self.epoch and self.network is None:
            raise InputError(f"the network's loss stopped being finite in epoch {self.epoch}: fit anew with a lower lr")
        self._hand_over(run)
        # Set once for all epochs: it takes a millisecond.
        with blas.threads(run.threads):
            for epoch in run.epochs(epochs):
                if watch:
                    watch(epoch)
                if epoch.diverged.any():
                    self.network = None
                    return
                # The trainer drops networks that stop early; these may train on later, with more patience.
                network, optimizer = run.network, run.optimizer
                self.best, self.best_value, self.best_epoch = run.best, run.best_value, run.best_epoch
        # A copy, since layers hold on to the last batch that they saw.
        self.network, self.optimizer = network.copy(), optimizer

    def objective(self, judge: Judge | None, network: nn.Network, epoch: Epoch) -> Array:
        """Return one value for all networks of an epoch, (P,): they keep the same best epoch and stop together."""
        self.values.append(judge(network, epoch) if judge and not epoch.diverged.any() else math.nan)
        return np.full(len(epoch.rows), self.values[-1] if math.isfinite(self.values[-1]) else math.inf)

    def _hand_over(self, run: Trainer) -> None:
        """Let a trainer continue from here, with its own settings."""
        if self.network is not None:
            run.network = _like(self.network, run.network)
        if type(self.optimizer) is type(run.optimizer):
            for name in ("t", *run.optimizer.state):
                setattr(run.optimizer, name, getattr(self.optimizer, name))
        run.epoch, run.history = self.epoch, self.history
        run.best, run.best_value, run.best_epoch = self.best or run.best, self.best_value, self.best_epoch
        if run.patience and self.patience:
            # Improvements are counted by the first rule; only how long it waits may change.
            self.patience.epochs, run.patience = run.patience.epochs, self.patience
        self.patience = run.patience or self.patience

    def waits(self, patience: Patience | None) -> bool:
        """Return whether the network has waited for as long as this patience lasts, which may not be the first."""
        return patience is not None and self.patience is not None and bool(self.patience.waited[0] >= patience.epochs)


def _like(old: nn.Network, new: nn.Network) -> nn.Network:
    """Return the old network, with the dropout rates of the new one, if they are of one structure."""
    if old.structure() != new.structure():
        raise InputError(
            "training goes on only with the same hidden, activation and batch_norm, and with dropout or without as "
            "before: fit anew with warm_start=False"
        )
    for layer, other in zip(old.layers, new.layers, strict=True):
        if isinstance(layer, nn.Dropout) and isinstance(other, nn.Dropout):
            layer.rate = other.rate
    return old
