"""zerokara on the benchmark's works: the public call, the search's own book-keeping included."""

from dataclasses import replace

import zerokara as zk
from benchmarks.work import Scores, Work


def run(work: Work) -> Scores:
    data = replace(zk.data.from_arrays(work.x_train, work.t_train), validation=zk.data.Part(work.x_val, work.t_val))
    space = {
        "lr": zk.log(work.lrs.min(), work.lrs.max()),
        "weight_decay": zk.log(work.decays.min(), work.decays.max()) if work.decays.any() else 0.0,
        "hidden": work.sizes[1:-1],
        "optimizer": work.optimizer,
        "batch_size": work.batch,
    }
    study = zk.tune(data, space, trials=work.trials, epochs=work.epochs, seed=0)
    return [(trial.params["lr"], trial.val_score) for trial in study.trials]
