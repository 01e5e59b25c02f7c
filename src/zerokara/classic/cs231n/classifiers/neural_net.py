"""The two-layer network of CS231n, assignment 1."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.classic.common.inputs import floats
from zerokara.classic.common.layers import Affine, Relu
from zerokara.classic.common.shortcut import NAMES
from zerokara.classic.two_layer_net import initial
from zerokara.nn import SoftmaxCrossEntropy
from zerokara.nn.losses import class_numbers


class TwoLayerNet:
    """scores = max(0, X W1 + b1) W2 + b2, with a softmax loss; ``params`` (W1, b1, W2, b2) are read at each call.

    The penalty is reg * sum W^2, without zerokara's 1/2: reg here is weight_decay / 2 there.

    >>> np.random.seed(0)
    >>> TwoLayerNet(4, 10, 3, std=0.1).loss(np.zeros((2, 4)))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4) -> None:
        self.params = initial(input_size, hidden_size, output_size, std)

    def loss(self, X: Array, y: Array | None = None, reg: float = 0.0) -> Any:
        """Return the scores (N, C) of X (N, D); with labels y (N,), the loss and its gradient by each of ``params``."""
        W1, b1, W2, b2 = (floats(self.params[name]) for name in NAMES)
        first, activation, second = Affine(W1, b1), Relu(), Affine(W2, b2)
        scores = second.forward(activation.forward(first.forward(X)))
        if y is None:
            return scores
        rule = SoftmaxCrossEntropy()
        scores = np.atleast_2d(scores)
        labels = class_numbers(y, *scores.shape)
        data_loss = rule.forward(scores[None], labels)[0]
        hidden = activation.backward(second.backward(rule.backward(scores[None], labels)[0]))
        assert hidden is not None
        first.backward(hidden)
        grads = {"W1": first.dW + 2 * reg * W1, "b1": first.db, "W2": second.dW + 2 * reg * W2, "b2": second.db}
        return data_loss + reg * (np.sum(W1 * W1) + np.sum(W2 * W2)), grads

    def train(
        self,
        X: Array,
        y: Array,
        X_val: Array,
        y_val: Array,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 5e-6,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> dict[str, list[Any]]:
        """Take steps of gradient descent; return ``loss_history``, ``train_acc_history`` and ``val_acc_history``.

        As in the course, and unlike zerokara: a batch is drawn with replacement (zerokara shuffles once an epoch, so
        that each sample is seen once); the training accuracy is that of one batch (zerokara evaluates all samples); and
        the rate decays after the very first step (`zerokara.optim.Exponential` waits for a full epoch).
        An epoch is N // batch_size steps: a fraction would miss nearly every decay.
        """
        X, y, y_val = np.asarray(X), np.asarray(y), np.asarray(y_val)
        self.params.update({name: floats(self.params[name]) for name in NAMES})
        epoch = max(len(X) // batch_size, 1)
        history: dict[str, list[Any]] = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        for step in range(num_iters):
            chosen = np.random.choice(len(X), batch_size)  # noqa: NPY002  the course's draws
            X_batch, y_batch = X[chosen], y[chosen]
            loss, grads = self.loss(X_batch, y_batch, reg)
            history["loss_history"].append(loss)
            for name in NAMES:
                self.params[name] -= learning_rate * grads[name]
            if verbose and step % 100 == 0:
                print(f"iteration {step} / {num_iters}: loss {loss:f}")
            if step % epoch == 0:
                history["train_acc_history"].append((self.predict(X_batch) == y_batch).mean())
                history["val_acc_history"].append((self.predict(X_val) == y_val).mean())
                learning_rate *= learning_rate_decay
        return history

    def predict(self, X: Array) -> Array:
        """Return the label of the highest score of each sample, (N,)."""
        labels: Array = np.argmax(self.loss(X), axis=-1)
        return labels
