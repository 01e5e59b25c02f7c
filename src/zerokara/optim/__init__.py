"""Optimizers from SGD to AdamW, and learning-rate schedules."""

from zerokara.optim.adaptive import AdaGrad, Adam, AdamW, RMSprop
from zerokara.optim.optimizer import Optimizer, concat_optimizers
from zerokara.optim.schedules import Constant, Cosine, Exponential, Schedule, Step
from zerokara.optim.sgd import SGD, Momentum, Nesterov

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "Step",
    "concat_optimizers",
]
