"""All that a trainer has come to, as arrays by name, so that another can go on from there."""

from collections.abc import Mapping

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn import Network
from zerokara.train.history import CURVES
from zerokara.train.trainer import Trainer


def state(run: Trainer) -> dict[str, Array]:
    """Return the networks, the optimizer's state, the history, and what is kept of the best epochs.

    What the trainer was made with (data, hyperparameters, settings) is not part of it.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2)
    >>> make = lambda: zk.Trainer(zk.nn.mlp(64, (8,), 10), zk.optim.Adam(), data)
    >>> whole, first, second = make(), make(), make()
    >>> curves, _ = whole.fit(3), first.fit(2)
    >>> restore(second, state(first))
    >>> bool((second.fit(1)["val_loss"] == curves["val_loss"]).all())
    True
    """
    found = {
        "rows": run.rows,
        "scalars": np.array([run.epoch, run.optimizer.t, run.span or 0]),
        "best_value": run.best_value,
        "best_epoch": run.best_epoch,
        "history.epochs": run.history.epochs,
        "history.diverged": run.history.diverged,
        "history.seconds": np.array(run.history.seconds),
    }
    found |= {f"history.{name}": run.history[name] for name in CURVES}
    found |= {f"optimizer.{name}": getattr(run.optimizer, name) for name in run.optimizer.state}
    if run.patience:
        found |= {"patience.best": run.patience.best, "patience.waited": run.patience.waited}
    networks = {"network": run.network, **({"best": run.best} if run.best else {})}
    networks |= {f"finished.{row}": network for row, network in run.finished.items()}
    for prefix, network in networks.items():
        found |= {f"{prefix}.{name}": value for name, value in network.arrays().items()}
    return found


def restore(run: Trainer, arrays: Mapping[str, Array]) -> None:
    """Put a trainer that was made alike, and has not trained, where ``arrays`` say.

    Raises:
        InputError: they are of another kind of trainer.
    """
    try:
        start = run.network.take([0])
        run.take(arrays["rows"])
        _load(run.network, arrays, "network")
        if run.best:
            _load(run.best, arrays, "best")
        for name in run.optimizer.state:
            getattr(run.optimizer, name)[...] = arrays[f"optimizer.{name}"]
        if run.patience:
            run.patience.best, run.patience.waited = arrays["patience.best"].copy(), arrays["patience.waited"].copy()
        run.epoch, run.optimizer.t, span = map(int, arrays["scalars"])
        run.span = span or None
        run.best_value, run.best_epoch = arrays["best_value"].copy(), arrays["best_epoch"].copy()
        run.history.load({name: arrays[f"history.{name}"] for name in ("epochs", "diverged", "seconds", *CURVES)})
        rows = {int(name.split(".")[1]) for name in arrays if name.startswith("finished.")}
        run.finished = {row: start.copy() for row in sorted(rows)}
        for row, network in run.finished.items():
            _load(network, arrays, f"finished.{row}")
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"a trainer goes on from the state of one that was made alike, got another: {error}"
        ) from error


def _load(network: Network, arrays: Mapping[str, Array], prefix: str) -> None:
    network.load({name: arrays[f"{prefix}.{name}"] for name in network.arrays()})
