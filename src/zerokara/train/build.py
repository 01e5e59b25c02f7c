"""From hyperparameters to a trainer: the one place that knows which part of it each hyperparameter sets."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.data import Dataset
from zerokara.nn import Exp, Network, mlp
from zerokara.nn.encodings import encoding_layers
from zerokara.nn.regression_losses import POISSON
from zerokara.optim import OPTIMIZERS, schedules
from zerokara.train.objective import ClassWeight, training_loss
from zerokara.train.stopping import EarlyStopping
from zerokara.train.trainer import Trainer


def build(
    params: Mapping[str, Any],
    data: Dataset,
    networks: int = 1,
    *,
    seed: int = 0,
    replicate: int = 0,
    same_start: bool = True,
    dtype: npt.DTypeLike = np.float32,
    keep_best: bool = False,
    early_stopping: EarlyStopping | None = None,
    loss: str | None = None,
    class_weight: ClassWeight | None = None,
    **settings: Any,
) -> Trainer:
    """Return the trainer of a population that has these hyperparameters.

    Args:
        params: a value for every hyperparameter; a number may be an array with one for each network (P,).
        data: without a validation part no best epoch is kept, and networks stop early by their training loss.
        same_start: the networks share a draw of initial weights; otherwise network k has that of ``replicate`` + k.
        loss: the loss of a regression, by name; the networks of "poisson" end with an `Exp`, and their ``data``
            are those of `as_counts`.
        class_weight: the weights of the classes in the loss, see `class_weights`.
        settings: as for `Trainer`.
    """
    numbers = {"dropout": params["dropout"] if np.any(params["dropout"]) else None, "init_scale": params["init_scale"]}
    make = partial(_network, params, data, seed=seed, dtype=dtype)
    network = make(population=networks, replicate=replicate, **numbers)
    if not same_start:
        for k in range(1, networks):
            own = {name: value if np.ndim(value) == 0 else value[k] for name, value in numbers.items()}
            network.put([k], make(population=1, replicate=replicate + k, **own))
    if loss == POISSON:
        network.layers.append(Exp())
    optimizer = OPTIMIZERS[params["optimizer"]]
    return Trainer(
        network,
        optimizer(**{name: params[name] for name in optimizer.hyperparameters if name in params}),
        data,
        batch_size=params["batch_size"],
        loss=training_loss(data, loss, class_weight, params["label_smoothing"]),
        schedule=schedules.of(params["schedule"], params["optimizer"]),
        seed=seed,
        replicate=replicate,
        keep_best=keep_best and data.validation is not None,
        early_stopping=early_stopping,
        **settings,
    )


def _network(
    params: Mapping[str, Any],
    data: Dataset,
    population: int,
    seed: int,
    replicate: int,
    dtype: npt.DTypeLike,
    **numbers: Any,
) -> Network:
    """Return networks with the structure of ``params``, after the layers that encode the inputs of ``data``."""
    encodings = encoding_layers(params, data, seed, replicate)
    shape = encodings[-1].outputs if encodings else data.n_inputs, params["hidden"], data.n_outputs
    network = mlp(
        *(*shape, params["activation"]),
        batch_norm=params["batch_norm"],
        population=population,
        seed=seed,
        replicate=replicate,
        dtype=dtype,
        **numbers,
    )
    return Network([*encodings, *network.layers], population, dtype) if encodings else network
