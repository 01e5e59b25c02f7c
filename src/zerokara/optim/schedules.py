"""Learning-rate schedules."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from zerokara.errors import InputError


class Schedule(ABC):
    """A factor on the learning rate, as a function of the epochs done so far (3.5: halfway through the fourth)."""

    @abstractmethod
    def factor(self, epoch: float, epochs: int) -> float:
        """Return the factor after ``epoch`` of ``epochs`` epochs."""


@dataclass(frozen=True)
class Constant(Schedule):
    """factor = 1."""

    def factor(self, epoch: float, epochs: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Exponential(Schedule):
    """factor = rate ^ floor(epoch). Source: CS231n assignment 1, ``learning_rate_decay``.

    >>> Exponential(0.5).factor(2.9, 10)
    0.25
    """

    rate: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise InputError(f"0 < rate <= 1 must hold for the exponential schedule, got {self.rate}: try 0.95")

    def factor(self, epoch: float, epochs: int) -> float:
        return self.rate ** math.floor(epoch)


@dataclass(frozen=True)
class Step(Schedule):
    """factor = rate ^ floor(epoch / every): multiplied by ``rate`` after each ``every`` epochs.

    >>> [Step(10, 0.1).factor(epoch, 30) for epoch in (9, 10)]
    [1.0, 0.1]
    """

    every: int = 10
    rate: float = 0.1

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 < self.rate <= 1:
            raise InputError(
                f"every >= 1 and 0 < rate <= 1 must hold for the step schedule, got every={self.every} and "
                f"rate={self.rate}: try step:10:0.1"
            )

    def factor(self, epoch: float, epochs: int) -> float:
        return self.rate ** (math.floor(epoch) // self.every)


@dataclass(frozen=True)
class Cosine(Schedule):
    """factor = (1 + cos(pi (epoch - warmup) / (epochs - warmup))) / 2, after a linear warm-up over ``warmup`` epochs.

    The warm-up ends at 1 and starts at 1 / (10 warmup), not at 0, so that the first step has an effect.
    Source: Loshchilov and Hutter 2017, section 3; warm-up, Goyal et al. 2017, section 2.2.

    >>> [round(Cosine(warmup=2).factor(epoch, 10), 3) for epoch in (1, 2, 6, 10)]
    [0.525, 1.0, 0.5, 0.0]
    """

    warmup: int = 0

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise InputError(f"warmup >= 0 epochs must hold for the cosine schedule, got {self.warmup}: try 5")

    def factor(self, epoch: float, epochs: int) -> float:
        if epoch < self.warmup:
            first = 1 / (10 * self.warmup)
            return first + (1 - first) * epoch / self.warmup
        past = (epoch - self.warmup) / max(epochs - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(past, 1.0)))


AUTO = "auto"
"""The schedule that an optimizer has by default; see `of`."""


def as_schedule(schedule: Schedule | str | None, optimizer: str) -> Schedule:
    """Return a schedule that is given as itself or as text, see `of`; without one, `Constant`."""
    if isinstance(schedule, str):
        return of(schedule, optimizer)
    if schedule is not None and not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be one of zerokara.optim or its text, got {schedule!r}: pass 'cosine'")
    return schedule or Constant()


def of(text: str, optimizer: str) -> Schedule:
    """Return the schedule that a text names; "auto" is what a search with this optimizer does best with.

    Measured in races, with the winner trained again (`python -m benchmarks --part winners`): cosine for Adam and AdamW.

    >>> of("auto", "adam"), of("auto", "sgd"), of("step:30:0.1", "adam")
    (Cosine(warmup=0), Constant(), Step(every=30, rate=0.1))
    """
    if text == AUTO:
        return Cosine() if optimizer in ("adam", "adamw") else Constant()
    return parse(text)


def parse(text: str) -> Schedule:
    """Return the schedule that a text names.

    >>> parse("exponential:0.9"), parse("step:30:0.1"), parse("cosine:5")
    (Exponential(rate=0.9), Step(every=30, rate=0.1), Cosine(warmup=5))
    """
    match text.split(":"):
        case ["constant"]:
            return Constant()
        case ["exponential", rate] if _is(float, rate):
            return Exponential(float(rate))
        case ["step", every, rate] if _is(int, every) and _is(float, rate):
            return Step(int(every), float(rate))
        case ["cosine"]:
            return Cosine()
        case ["cosine", warmup] if _is(int, warmup):
            return Cosine(int(warmup))
    raise InputError(
        f"a schedule must be constant, exponential:RATE, step:EPOCHS:RATE, cosine or cosine:WARMUP_EPOCHS, got {text!r}"
    )


def _is(kind: type[int] | type[float], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
