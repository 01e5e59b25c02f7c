"""A network as it learns, or several side by side, over one call of `fit` or over many."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from zerokara import blas, nn
from zerokara.data import Dataset, Preprocess
from zerokara.errors import InputError
from zerokara.optim import OPTIMIZERS, schedules
from zerokara.optim.optimizer import Optimizer
from zerokara.train import Epoch, History, Patience, Trainer
from zerokara.train.history import badness

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
        self.best_value, self.best_epoch = math.inf, 0
        self.patience: Patience | None = None

    @property
    def epoch(self) -> int:
        """The epochs trained so far."""
        return int(self.history.epochs[0])

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
        run = self._trainer(data, settings, span, threads)
        # Set once for all epochs: it takes a millisecond.
        with blas.threads(threads):
            for epoch in run.epochs(epochs):
                if watch:
                    watch(epoch)
                self.values.append(math.nan)
                if epoch.diverged.any():
                    self.network = None
                    return
                if data.validation is not None and self._judged(run.network, epoch, judge, patience):
                    break
        # A copy, since layers hold on to the last batch that they saw.
        self.network, self.optimizer = run.network.copy(), run.optimizer

    def _trainer(self, data: Dataset, settings: Mapping[str, Any], span: int, threads: int) -> Trainer:
        """Return the trainer that goes on where this learner stands, with the settings of now."""
        s = settings
        make = partial(
            nn.mlp,
            data.n_inputs,
            s["hidden"],
            data.n_outputs,
            s["activation"],
            dropout=s["dropout"] or None,
            batch_norm=s["batch_norm"],
            init_scale=s["init_scale"],
            seed=self.seed,
        )
        network = make(population=self.networks)
        for k in range(1, self.networks):
            network.put([k], make(replicate=k))
        kind = OPTIMIZERS[s["optimizer"]]
        rule = kind(**{name: s[name] for name in kind.numbers if name in s})
        run = Trainer(
            network if self.network is None else _like(self.network, network),
            rule,
            data,
            batch_size=s["batch_size"],
            loss=nn.SoftmaxCrossEntropy(s["label_smoothing"]) if data.task == "classification" else None,
            schedule=schedules.parse(s["schedule"]),
            span=span,
            seed=self.seed,
            threads=threads,
        )
        run.epoch, run.history = self.epoch, self.history
        if isinstance(self.optimizer, kind) and type(self.optimizer) is kind:
            run.optimizer.t = self.optimizer.t
            for name in kind.state:
                setattr(run.optimizer, name, getattr(self.optimizer, name))
        return run

    def _judged(self, network: nn.Network, epoch: Epoch, judge: Judge | None, patience: Patience | None) -> bool:
        """Keep the network if it is the best so far; return whether patience ends."""
        value = judge(network, epoch) if judge else float(badness(epoch.val_loss, epoch.val_score, "loss").mean())
        self.values[-1] = value
        value = value if math.isfinite(value) else math.inf
        if self.best is None or value < self.best_value:
            self.best, self.best_value, self.best_epoch = network.copy(), value, epoch.number
        if patience is None:
            return False
        self.patience = self.patience or patience.start(1)
        self.patience.stops(np.array([value]))
        return self.waits(patience)

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
