"""The book's trainer. Source: Deep Learning from Scratch, ``common/trainer.py``, used from section 6.3 on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.optimizer import OPTIMIZERS
from zerokara.errors import unknown


class Trainer:
    """Trains a network that has ``params``, ``gradient``, ``loss`` and ``accuracy``; the curves are in three lists.

    As in the course, and unlike `zerokara.Trainer`:
    - A batch is drawn with replacement. zerokara shuffles once an epoch, so that each sample is seen exactly once.
    - ``iter_per_epoch`` is a float, and accuracies are recorded when ``current_iter % iter_per_epoch == 0``, which a
      fractional one mostly misses. zerokara counts batches, the last one short, and records every epoch.
    - The loss of the batch is computed again after the step. zerokara records the mean of the losses of the steps.

    Args:
        optimizer: SGD, Momentum, Nesterov, AdaGrad, RMSprop or Adam, in upper or lower case.
        optimizer_param: its hyperparameters; {'lr': 0.01} if None.
        evaluate_sample_num_per_epoch: evaluate only this many samples, the first ones.
    """

    def __init__(
        self,
        network: Any,
        x_train: Array,
        t_train: Array,
        x_test: Array,
        t_test: Array,
        epochs: int = 20,
        mini_batch_size: int = 100,
        optimizer: str = "SGD",
        optimizer_param: Mapping[str, float] | None = None,
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
    ) -> None:
        if optimizer.lower() not in OPTIMIZERS:
            raise unknown("optimizer", optimizer.lower(), OPTIMIZERS)
        self.network = network
        self.x_train, self.t_train = np.asarray(x_train), np.asarray(t_train)
        self.x_test, self.t_test = np.asarray(x_test), np.asarray(t_test)
        self.epochs, self.batch_size, self.verbose = epochs, mini_batch_size, verbose
        self.evaluate_sample_num_per_epoch = evaluate_sample_num_per_epoch
        self.optimizer = OPTIMIZERS[optimizer.lower()](**({"lr": 0.01} if optimizer_param is None else optimizer_param))

        self.train_size = len(self.x_train)
        self.iter_per_epoch = max(self.train_size / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        self.current_iter = self.current_epoch = 0
        self.train_loss_list: list[Any] = []
        self.train_acc_list: list[Any] = []
        self.test_acc_list: list[Any] = []

    def train_step(self) -> None:
        """Draw a batch, take a step, and record its loss; evaluate at the start of an epoch."""
        chosen = np.random.choice(self.train_size, self.batch_size)  # noqa: NPY002  the course's draws
        x, t = self.x_train[chosen], self.t_train[chosen]
        self.optimizer.update(self.network.params, self.network.gradient(x, t))
        loss = self.network.loss(x, t)
        self.train_loss_list.append(loss)
        if self.verbose:
            print(f"train loss:{loss}")
        if self.current_iter % self.iter_per_epoch == 0:
            self._evaluate()
        self.current_iter += 1

    def _evaluate(self) -> None:
        self.current_epoch += 1
        first = slice(self.evaluate_sample_num_per_epoch)
        train_acc = self.network.accuracy(self.x_train[first], self.t_train[first])
        test_acc = self.network.accuracy(self.x_test[first], self.t_test[first])
        self.train_acc_list.append(train_acc)
        self.test_acc_list.append(test_acc)
        if self.verbose:
            print(f"=== epoch:{self.current_epoch}, train acc:{train_acc}, test acc:{test_acc} ===")

    def train(self) -> None:
        """Take all steps, and print the final accuracy on the test set."""
        for _ in range(self.max_iter):
            self.train_step()
        test_acc = self.network.accuracy(self.x_test, self.t_test)
        if self.verbose:
            print("=============== Final Test Accuracy ===============")
            print(f"test acc:{test_acc}")
