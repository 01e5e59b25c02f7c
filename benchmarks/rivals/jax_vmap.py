"""JAX: one network's epoch, `vmap` over a population, `jit` over the whole, `scan` over the batches."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from benchmarks.work import Scores, Work

SHARD = 10  # networks; the fastest of 5, 10, 25 and 50, or level with it, in both works

Tree = Any
Floats = npt.NDArray[np.float32]


def initial(work: Work, size: int) -> tuple[Tree, Tree]:
    """Return the weights of a population, and the optimizer's state (nothing for SGD)."""
    keys = jax.random.split(jax.random.key(0), len(work.layers))
    params = [
        (jax.random.normal(key, (size, n_in, n_out)) * (2.0 / n_in) ** 0.5, jnp.zeros((size, n_out)))
        for key, (n_in, n_out) in zip(keys, work.layers, strict=True)
    ]
    if work.optimizer == "sgd":
        return params, ()
    zeros = jax.tree.map(jnp.zeros_like, params)
    return params, (zeros, jax.tree.map(jnp.zeros_like, params), jnp.zeros(size))


def predict(params: Tree, x: Array) -> Array:
    for W, b in params[:-1]:
        x = jax.nn.relu(x @ W + b)
    W, b = params[-1]
    return x @ W + b


def loss(params: Tree, x: Array, t: Array) -> Array:
    log_y = jax.nn.log_softmax(predict(params, x))
    return -jnp.take_along_axis(log_y, t[:, None], axis=1).mean()


def sgd(params: Tree, grads: Tree, state: Tree, lr: Array, decay: Array) -> tuple[Tree, Tree]:
    def update(p: Array, g: Array) -> Array:
        return p - lr * (g + decay * p if p.ndim == 2 else g)

    return jax.tree.map(update, params, grads), state


def adam(params: Tree, grads: Tree, state: Tree, lr: Array, decay: Array) -> tuple[Tree, Tree]:
    m, v, steps = state
    steps = steps + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    rate, scale = lr / (1 - 0.9**steps), 1 / jnp.sqrt(1 - 0.999**steps)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) * scale + 1e-8), params, m, v)
    return params, (m, v, steps)


def accuracy(params: Tree, x: Array, t: Array) -> Array:
    return (predict(params, x).argmax(1) == t).mean()


@partial(jax.jit, static_argnames=("optimizer", "batch"), donate_argnames=("params", "state"))
def epoch(
    params: Tree, state: Tree, lrs: Array, decays: Array, data: Tree, order: Array, *, optimizer: str, batch: int
) -> tuple[Tree, Tree, Array, Array]:
    """Train every network for one epoch, the last short batch included, and score it on both parts."""
    x_train, t_train, x_val, t_val = data
    update = {"sgd": sgd, "adam": adam}[optimizer]

    def one_network(params: Tree, state: Tree, lr: Array, decay: Array) -> tuple[Tree, Tree, Array, Array]:
        def step(carry: Tree, rows: Array) -> tuple[Tree, None]:
            params, state = carry
            grads = jax.grad(loss)(params, x_train[rows], t_train[rows])
            return update(params, grads, state, lr, decay), None

        full = len(order) // batch * batch
        carry, _ = jax.lax.scan(step, (params, state), order[:full].reshape(-1, batch))
        if full < len(order):
            carry, _ = step(carry, order[full:])
        params, state = carry
        return params, state, accuracy(params, x_train, t_train), accuracy(params, x_val, t_val)

    return jax.vmap(one_network)(params, state, lrs, decays)


def fit(work: Work, lrs: Floats, decays: Floats) -> Scores:
    data = jax.tree.map(jnp.asarray, (work.x_train, work.t_train, work.x_val, work.t_val))
    params, state = initial(work, len(lrs))
    rng = np.random.default_rng(0)
    for _ in range(work.epochs):
        order = rng.permutation(len(work.x_train))
        params, state, *accuracies = epoch(
            params, state, lrs, decays, data, order, optimizer=work.optimizer, batch=work.batch
        )
    return list(zip(lrs.tolist(), accuracies[1].tolist(), strict=True))


def train(work: Work, size: int) -> Scores:
    lrs, decays = work.lrs.astype(np.float32), work.decays.astype(np.float32)
    starts = range(0, work.trials, size)
    shards = ((lrs[i : i + size], decays[i : i + size]) for i in starts)
    return [score for shard in shards for score in fit(work, *shard)]


def whole(work: Work) -> Scores:
    """All networks under one vmap."""
    return train(work, work.trials)


def shards(work: Work) -> Scores:
    """One vmap after another, each small enough for the cache."""
    return train(work, SHARD)
