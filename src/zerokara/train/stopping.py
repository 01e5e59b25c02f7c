"""Early stopping: a network that has not improved for a while is taken out."""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.errors import InputError


class Patience:
    """Stops a network after ``epochs`` epochs in a row without an improvement of more than ``least``.

    What must improve is what networks are ranked by: the validation loss, or minus the accuracy.

    >>> patience = Patience(epochs=2).start(networks=1)
    >>> [bool(patience.stops(np.array([value]))[0]) for value in (1.0, 0.9, 0.95, 0.9)]
    [False, False, False, True]

    Source: Prechelt 1998, "Early stopping - but when?", the class UP.
    """

    def __init__(self, epochs: int = 10, least: float = 0.0) -> None:
        if epochs < 1 or not least >= 0:
            raise InputError(f"patience needs epochs >= 1 and least >= 0, got epochs={epochs} and least={least}")
        self.epochs, self.least = epochs, least

    def start(self, networks: int) -> Self:
        """Return the same rule at its beginning, for so many networks."""
        other = copy.copy(self)
        other.best, other.waited = np.full(networks, np.inf), np.zeros(networks, int)
        return other

    best: Array
    waited: Array

    def stops(self, value: Array) -> Array:
        """Return which networks stop, (P,) of bool, now that their values of this epoch are known."""
        improved = value < self.best - self.least
        self.best = np.where(improved, value, self.best)
        self.waited = np.where(improved, 0, self.waited + 1)
        return self.waited >= self.epochs

    def take(self, index: Index) -> Self:
        """Return the rule for the networks ``index`` alone."""
        other = copy.copy(self)
        other.best, other.waited = self.best[index], self.waited[index]
        return other


def concat(rules: Sequence[Patience]) -> Patience | None:
    """Return the rules of several populations as one, in that order; None for none."""
    if not rules:
        return None
    other = copy.copy(rules[0])
    other.best, other.waited = (np.concatenate([getattr(rule, name) for rule in rules]) for name in ("best", "waited"))
    return other
