"""W3, mixed structure: the search that groups its trials into cohorts, against the same trials one by one."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.contestants import OURS, PER_CORE, PLAIN, Contestant
from benchmarks.ours import dataset
from benchmarks.work import Scores, Work, log_spaced, w2

HIDDEN, ACTIVATIONS, BATCHES = ("16,16", "32,32", "64,64"), ("relu", "tanh"), (32, 64)

MIXED = [
    Contestant(OURS.name, PLAIN, "benchmarks.mixed:together", "zk.tune: 12 cohorts of 10 networks, threads"),
    Contestant("one by one", PLAIN, "benchmarks.mixed:one_by_one", "zk.Trainer, 120 populations of one network"),
    Contestant("one by one", PER_CORE, "benchmarks.mixed:one_by_one", "zk.Trainer, populations of one network"),
]


def w3() -> Work:
    """W3: 3 hidden sizes, 2 activations and 2 batch sizes, each with 10 learning rates, on the 1,797 digits.

    The digits, as their networks are small: there a cohort of ten has most to gain, and it needs no download.
    """
    kinds = list(itertools.product(HIDDEN, ACTIVATIONS, map(str, BATCHES)))
    structures = np.array(["|".join(kind) for kind in kinds for _ in range(10)])
    lrs = np.tile(log_spaced(1e-4, 1e-1, 10), len(kinds))
    return replace(w2(), name="W3", lrs=lrs, decays=np.zeros(len(lrs)), structures=structures)


def together(work: Work, **settings: Any) -> Scores:
    """Search the grid of structures and learning rates: the public call, the search's own book-keeping included."""
    import zerokara as zk

    hidden, activations, batches = (list(dict.fromkeys(kind)) for kind in zip(*work.kinds, strict=True))
    space = {
        "lr": zk.log(work.lrs.min(), work.lrs.max()),
        "hidden": zk.choice(hidden),
        "activation": zk.choice(activations),
        "batch_size": zk.choice(batches),
        "optimizer": work.optimizer,
        "schedule": "constant",
    }
    study = zk.tune(
        dataset(work),
        space,
        trials=work.trials,
        epochs=work.epochs,
        sampler="grid",
        race="none",
        keep_best=False,
        refit=0,
        **settings,
    )
    return [(trial.params["lr"], trial.val_score) for trial in study.trials]


def one_by_one(work: Work) -> Scores:
    """Train each trial as a population of one, after the other; one BLAS thread, as everywhere in zerokara."""
    import zerokara as zk
    from zerokara.blas import one_thread

    data, inputs, outputs = dataset(work), work.sizes[0], work.sizes[-1]
    scores = []
    with one_thread():
        for lr, (hidden, activation, batch) in zip(work.lrs.tolist(), work.kinds, strict=True):
            network = zk.nn.mlp(inputs, hidden, outputs, activation, seed=0)
            run = zk.Trainer(network, zk.optim.OPTIMIZERS[work.optimizer](lr=lr), data, batch_size=batch, seed=0)
            for epoch in run.epochs(work.epochs):
                last = float(epoch.val_accuracy[0])
            scores.append((lr, last))
    return scores
