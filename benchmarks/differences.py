"""Numerical gradients, ours and the plain loop's, at the same weights and in turn, in one process."""

import time
from typing import Any

import numpy as np

import zerokara as zk
from benchmarks.rivals import numerical
from benchmarks.work import Work
from zerokara.blas import one_thread

NAMES = ("W1", "b1", "W2", "b2")


def run(work: Work) -> dict[str, Any]:
    """Learn for ``work.epochs`` iterations; return each gradient's CPU seconds and the largest difference of all."""
    network = zk.nn.mlp(work.sizes[0], work.sizes[1:-1], work.sizes[-1], "sigmoid", init=0.01, dtype="float64")
    loss, rng = zk.nn.SoftmaxCrossEntropy(), np.random.default_rng(0)
    seconds: dict[str, list[float]] = {"loop": [], "ours": [], "skipped": []}
    difference = 0.0
    for _ in range(work.epochs):
        rows = rng.choice(len(work.x_train), work.batch)
        x, t = work.x_train[rows].astype(np.float64), work.t_train[rows]
        values = [value[0].copy() for _, value, _ in network.parameters()]
        with one_thread():
            start = time.process_time()
            plain = numerical.gradient(dict(zip(NAMES, values, strict=True)), x, t)
            seconds["loop"].append(time.process_time() - start)
            for name, skip in (("skipped", True), ("ours", False)):
                start = time.process_time()
                network.grads[...] = zk.nn.numerical_gradient(network, loss, x[None], t, skip_zeros=skip)
                seconds[name].append(time.process_time() - start)
                pairs = zip(network.parameters(), plain.values(), strict=True)
                difference = max(difference, *(float(np.abs(ours[0] - loop).max()) for (_, _, ours), loop in pairs))
        network.params -= 0.1 * network.grads
    return {"seconds": seconds, "difference": difference, "parameters": network.size}
