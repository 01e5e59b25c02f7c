"""The textbook loop: plain NumPy in float64, one network after another.

Written after common/layers.py, common/multi_layer_net.py and common/trainer.py of "Deep Learning from
Scratch": layers that keep what their backward pass needs, batches drawn with replacement, the loss of the
same batch computed once more after each step.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.work import Scores, Work

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


class Affine:
    def __init__(self, W: Floats, b: Floats):
        self.W, self.b = W, b

    def forward(self, x: Floats) -> Floats:
        self.x = x
        out: Floats = np.dot(x, self.W) + self.b
        return out

    def backward(self, dout: Floats) -> Floats:
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        dx: Floats = np.dot(dout, self.W.T)
        return dx


class Relu:
    def forward(self, x: Floats) -> Floats:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Floats) -> Floats:
        dout[self.mask] = 0
        return dout


class SoftmaxWithLoss:
    def forward(self, x: Floats, t: Labels) -> float:
        x = x - np.max(x, axis=1, keepdims=True)
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        self.t = t
        return float(-np.sum(np.log(self.y[np.arange(len(t)), t] + 1e-7)) / len(t))

    def backward(self) -> Floats:
        dx: Floats = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        dx /= len(self.t)
        return dx


class MultiLayerNet:
    def __init__(self, layers: list[tuple[int, int]], decay: float, rng: np.random.Generator):
        self.decay = decay
        self.affines = [
            Affine(np.sqrt(2.0 / n_in) * rng.standard_normal((n_in, n_out)), np.zeros(n_out)) for n_in, n_out in layers
        ]
        self.layers: list[Any] = [self.affines[0]]
        for affine in self.affines[1:]:
            self.layers += [Relu(), affine]
        self.last = SoftmaxWithLoss()

    @property
    def params(self) -> list[Floats]:
        return [p for affine in self.affines for p in (affine.W, affine.b)]

    def predict(self, x: Floats) -> Floats:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x: Floats, t: Labels) -> float:
        penalty = sum(0.5 * self.decay * np.sum(affine.W**2) for affine in self.affines)
        return self.last.forward(self.predict(x), t) + float(penalty)

    def accuracy(self, x: Floats, t: Labels) -> float:
        return float(np.mean(np.argmax(self.predict(x), axis=1) == t))

    def gradient(self, x: Floats, t: Labels) -> list[Floats]:
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return [g for affine in self.affines for g in (affine.dW + self.decay * affine.W, affine.db)]


class SGD:
    def __init__(self, lr: float):
        self.lr = lr

    def update(self, params: list[Floats], grads: list[Floats]) -> None:
        for p, g in zip(params, grads, strict=True):
            p -= self.lr * g


class Adam:
    def __init__(self, lr: float):
        self.lr, self.beta1, self.beta2, self.steps = lr, 0.9, 0.999, 0
        self.m: list[Floats] = []
        self.v: list[Floats] = []

    def update(self, params: list[Floats], grads: list[Floats]) -> None:
        if not self.m:
            self.m, self.v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
        self.steps += 1
        lr = self.lr * np.sqrt(1.0 - self.beta2**self.steps) / (1.0 - self.beta1**self.steps)
        for p, g, m, v in zip(params, grads, self.m, self.v, strict=True):
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g**2 - v)
            p -= lr * m / (np.sqrt(v) + 1e-7)


def fit(work: Work, lr: float, decay: float, rng: np.random.Generator) -> float:
    """Train one network and return its last validation accuracy."""
    x_train, x_val = work.x_train.astype(np.float64), work.x_val.astype(np.float64)
    network = MultiLayerNet(work.layers, decay, rng)
    optimizer = SGD(lr) if work.optimizer == "sgd" else Adam(lr)
    n = len(x_train)
    train_losses, train_accuracies, val_accuracies = [], [], []
    for _ in range(work.epochs):
        for _ in range(-(-n // work.batch)):
            rows = rng.choice(n, work.batch)
            x_batch, t_batch = x_train[rows], work.t_train[rows]
            optimizer.update(network.params, network.gradient(x_batch, t_batch))
            train_losses.append(network.loss(x_batch, t_batch))
        train_accuracies.append(network.accuracy(x_train, work.t_train))
        val_accuracies.append(network.accuracy(x_val, work.t_val))
    return val_accuracies[-1]


def run(work: Work) -> Scores:
    rng = np.random.default_rng(0)
    return [(lr, fit(work, lr, decay, rng)) for lr, decay in zip(work.lrs, work.decays, strict=True)]
