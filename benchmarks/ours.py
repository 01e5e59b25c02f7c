"""zerokara on the benchmark's works: the public call, the search's own book-keeping included."""

import resource
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import zerokara as zk
from benchmarks.work import Scores, Work
from benchmarks.worker import peak


def dataset(work: Work) -> zk.data.Dataset:
    """Return the samples of a work."""
    return replace(zk.data.from_arrays(work.x_train, work.t_train), validation=zk.data.Part(work.x_val, work.t_val))


def search(work: Work, space: dict[str, Any], **settings: Any) -> zk.Study:
    """Search a space: the search alone, by its last epochs."""
    settings = {"keep_best": False, "refit": 0} | settings
    return zk.tune(dataset(work), space, trials=work.trials, epochs=work.epochs, **settings)


def tune(work: Work, *, wide: bool = False, seed: int = 0, race: str = "none", **settings: Any) -> zk.Study:
    """Search the work's space, the full search by default; the wide space has weight decay and dropout too."""
    decays = zk.log(work.decays.min(), work.decays.max()) if work.decays.any() else 0.0
    space = {
        "lr": zk.log(work.lrs.min(), work.lrs.max()),
        "weight_decay": zk.log(1e-8, 1e-4) if wide else decays,
        "dropout": zk.uniform(0, 0.5) if wide else 0.0,
        "hidden": work.sizes[1:-1],
        "optimizer": work.optimizer,
        "schedule": "constant",
        "batch_size": work.batch,
    }
    return search(work, space, seed=seed, race=race, **settings)


def default(work: Work, **settings: Any) -> dict[str, Any]:
    """Search what a search has by default, with the default layers and batch size: learning rate, decay and dropout."""
    space = {"lr": zk.log(1e-4, 1e-1), "weight_decay": zk.log(1e-6, 1e-2), "dropout": zk.uniform(0, 0.5)}
    return told(search(work, space | {"schedule": "constant"}, **settings))


def run(work: Work, **settings: Any) -> Scores:
    return [(trial.params["lr"], trial.val_score) for trial in tune(work, **settings).trials]


def summary(work: Work, **settings: Any) -> dict[str, Any]:
    """Search, and return what the other parts of the benchmark compare."""
    return told(tune(work, **settings))


def told(study: zk.Study) -> dict[str, Any]:
    """Return the numbers of a study that are compared."""
    best = study.ranking(1)[0]
    return {
        "best": best.number,
        "loss": best.value,
        "epochs": study.epochs_trained,
        "seconds": study.seconds,
        "proposing": study.proposing_seconds,
    }


class Over(Exception):  # noqa: N818
    """The goal is reached, or the budget spent."""


def trace(work: Work, *, goal: float, budget: float, **settings: Any) -> list[tuple[float, float]]:
    """Search, and return the (seconds since the call, validation loss) of each epoch that beat all before it.

    It goes on with as many new trials again until a loss is within the goal or the budget of seconds is spent.
    """
    seen: list[tuple[float, float]] = []
    start = time.perf_counter()

    def look(epoch: "zk.train.Epoch") -> None:
        at = time.perf_counter() - start
        loss = float(np.min(epoch.val_loss, initial=np.inf, where=~epoch.diverged))
        seen.append((at, loss))
        if loss <= goal or at > budget:
            raise Over

    whole = 1 if work.epochs == 1 else 100  # One epoch is a warm-up.
    more = replace(work, lrs=np.tile(work.lrs, whole), decays=np.tile(work.decays, whole))
    with suppress(Over):
        tune(more, **settings, generation=work.trials, on_epoch=look)
    return records(seen)


def records(seen: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (seconds, loss) pairs whose loss is below all that came before, in the order of time."""
    found: list[tuple[float, float]] = []
    for seconds, loss in sorted(seen):
        if loss < (found[-1][1] if found else float("inf")):
            found.append((seconds, loss))
    return found


def cost(work: Work, **settings: Any) -> dict[str, Any]:
    """Search with a run folder, as the command does, and return its summary with the peak memory in KB.

    ``children`` is the most memory that another process of it has had, 0 if there was none.
    """
    tune(work.shortened(20, 1), **settings)
    with tempfile.TemporaryDirectory() as folder:
        found = summary(work, **settings, out=Path(folder) / "run")
    return found | {"peak": peak(), "children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}


def fit(work: Work, *, threads: int, whole: bool, seed: int) -> dict[str, Any]:
    """Fit a network for each learning rate; ``whole``: inputs standardized, a tenth held out to judge epochs by."""
    from zerokara.estimators import NetworkClassifier

    seconds, scores = 0.0, []
    for lr, decay in zip(work.lrs.tolist(), work.decays.tolist(), strict=True):
        model = NetworkClassifier(
            work.sizes[1:-1],
            lr=lr,
            weight_decay=decay,
            batch_size=work.batch,
            epochs=work.epochs,
            patience=None,
            validation=0.1 if whole else None,
            scaling="standard" if whole else "none",
            threads=threads,
            random_state=seed,
        )
        start = time.perf_counter()
        model.fit(work.x_train, work.t_train)
        seconds += time.perf_counter() - start
        scores.append(float(model.score(work.x_val, work.t_val)))
    return {"seconds": seconds, "scores": scores}


def tuned(work: Work, *, seed: int, **settings: Any) -> dict[str, Any]:
    """Search within `fit`, and return its seconds, the score on held-out samples and the trials."""
    from zerokara.estimators import TunedNetworkClassifier, TunedNetworkRegressor

    kind = TunedNetworkClassifier if work.t_train.dtype.kind == "i" else TunedNetworkRegressor
    model = kind(random_state=seed, **settings)
    start = time.perf_counter()
    model.fit(work.x_train, work.t_train)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "score": float(model.score(work.x_val, work.t_val)), "count": len(model.study_.trials)}
