"""A network as it learns, or several side by side, over one call of `fit` or over many."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from zerokara import blas, nn
from zerokara.arrays import Array
from zerokara.data import Dataset, Preprocess
from zerokara.errors import InputError
from zerokara.optim.optimizer import Optimizer
from zerokara.train import Epoch, History, Patience, Trainer
from zerokara.train.build import build

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

    def learn(
        self,
        data: Dataset,
        settings: Mapping[str, Any],
        epochs: int,
        *,
        span: int,
        judge: Judge | None = None,
        patience: Patience | None = None,
        threads: int = 1,
        watch: Callable[[Epoch], None] | None = None,
    ) -> None:
        """Train for ``epochs`` more epochs: fewer if ``patience`` ends or the network diverges.

        Args:
            data: scaled, with a validation part if anything is to be judged.
            settings: a value for every hyperparameter of a search.
            span: the epochs that the schedule spans.
            judge: what the best epoch is told by; None takes the validation loss.
            watch: sees every epoch.
        """
        if self.waits(patience):
            return
        if self.epoch and self.network is None:
            raise InputError(f"the network's loss stopped being finite in epoch {self.epoch}: fit anew with a lower lr")
        run = build(
            settings,
            data,
            self.networks,
            seed=self.seed,
            same_start=False,
            keep_best=True,
            patience=patience,
            span=span,
            threads=threads,
            objective=partial(self._objective, judge, data.validation is not None),
        )
        self._hand_over(run)
        # Set once for all epochs: it takes a millisecond.
        with blas.threads(threads):
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

    def _objective(self, judge: Judge | None, judged: bool, network: nn.Network, epoch: Epoch) -> Array:
        """Return one value for all networks of an epoch, (P,): they keep the same best epoch and stop together."""
        value = math.nan
        if judged and not epoch.diverged.any():
            value = judge(network, epoch) if judge else float(epoch.objective.mean())
        self.values.append(value)
        return np.full(len(epoch.rows), value if math.isfinite(value) else math.inf)

    def _hand_over(self, run: Trainer) -> None:
        """Let a new trainer continue from here, with the settings it was made with."""
        if self.network is not None:
            run.network = _like(self.network, run.network)
        if type(self.optimizer) is type(run.optimizer):
            run.optimizer.t = self.optimizer.t
            for name in run.optimizer.state:
                setattr(run.optimizer, name, getattr(self.optimizer, name))
        run.epoch, run.history = self.epoch, self.history
        run.best, run.best_value, run.best_epoch = self.best or run.best, self.best_value, self.best_epoch
        if run.patience and self.patience:
            # Improvements are counted by the first rule; only how long it waits may change.
            self.patience.epochs = run.patience.epochs
            run.patience = self.patience
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
