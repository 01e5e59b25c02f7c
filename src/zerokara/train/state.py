"""The state of a trainer as named arrays, from which another trainer can continue."""

from collections.abc import Mapping

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn import Network
from zerokara.train.trainer import Trainer


def state(run: Trainer) -> dict[str, Array]:
    """Return the networks, the optimizer's state, the history and the best epochs.

    The arguments of the trainer (data, hyperparameters, settings) are not part of it.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2)
    >>> make = lambda: zk.Trainer(zk.nn.mlp(64, (8,), 10), zk.optim.Adam(), data)
    >>> uncut, first, second = make(), make(), make()
    >>> curves, _ = uncut.fit(3), first.fit(2)
    >>> restore(second, state(first))
    >>> bool((second.fit(1)["val_loss"] == curves["val_loss"]).all())
    True
    """
    arrays = {
        "rows": run.rows,
        "scalars": np.array([run.epoch, run.optimizer.t, run.schedule_epochs or 0]),
        "best_value": run.best_value,
        "best_epoch": run.best_epoch,
        "history.epochs": run.history.epochs,
        "history.diverged": run.history.diverged,
        "history.seconds": np.array(run.history.seconds),
    }
    arrays |= {f"history.{name}": run.history[name] for name in run.history.curves}
    arrays |= {f"optimizer.{name}": getattr(run.optimizer, name) for name in run.optimizer.state}
    if run.early_stopping:
        arrays |= {"early_stopping.best": run.early_stopping.best, "early_stopping.waited": run.early_stopping.waited}
    networks = {"network": run.network, **({"best": run.best} if run.best else {})}
    networks |= {f"finished.{row}": network for row, network in run.finished.items()}
    for prefix, network in networks.items():
        arrays |= {f"{prefix}.{name}": value for name, value in network.arrays().items()}
    return arrays


def restore(run: Trainer, arrays: Mapping[str, Array]) -> None:
    """Load a state into a new trainer that was made with the same arguments.

    Raises:
        InputError: the state is of a trainer with other arguments.
    """
    try:
        start = run.network.take([0])
        run.take(arrays["rows"])
        _load(run.network, arrays, "network")
        if run.best:
            _load(run.best, arrays, "best")
        for name in run.optimizer.state:
            getattr(run.optimizer, name)[...] = arrays[f"optimizer.{name}"]
        if run.early_stopping:
            for name in ("best", "waited"):
                setattr(run.early_stopping, name, arrays[f"early_stopping.{name}"].copy())
        run.epoch, run.optimizer.t, schedule_epochs = map(int, arrays["scalars"])
        run.schedule_epochs = schedule_epochs or None
        run.best_value, run.best_epoch = arrays["best_value"].copy(), arrays["best_epoch"].copy()
        names = ("epochs", "diverged", "seconds", *run.history.curves)
        run.history.load({name: arrays[f"history.{name}"] for name in names})
        rows = {int(name.split(".")[1]) for name in arrays if name.startswith("finished.")}
        run.finished = {row: start.copy() for row in sorted(rows)}
        for row, network in run.finished.items():
            _load(network, arrays, f"finished.{row}")
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"the state must be of a trainer with the same arguments, got another ({error}): make the trainer as before"
        ) from error


def _load(network: Network, arrays: Mapping[str, Array], prefix: str) -> None:
    network.load({name: arrays[f"{prefix}.{name}"] for name in network.arrays()})
