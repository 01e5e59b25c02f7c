"""Initial weights: a standard deviation that keeps the scale of signals from layer to layer."""

import math

from zerokara.errors import InputError, unknown

INITS = ("he", "xavier", "lecun")
UNKNOWN_INIT = "unknown"
"""That of a layer whose weights come from a file."""


def standard_deviation(init: str | float, n_in: int, n_out: int) -> float:
    """Return the standard deviation of the initial weights of an affine map.

    he: sqrt(2 / n_in), for ReLU and similar activations (He et al. 2015).
    xavier: sqrt(2 / (n_in + n_out)), for sigmoid and tanh (Glorot and Bengio 2010).
    lecun: sqrt(1 / n_in) (LeCun et al. 1998); the book calls this one Xavier (section 6.2.2).
    A number is the standard deviation itself.

    >>> standard_deviation("he", 50, 10), standard_deviation(0.01, 50, 10)
    (0.2, 0.01)
    """
    if not isinstance(init, str):
        if not (math.isfinite(init) and init >= 0):
            raise InputError(
                f"the standard deviation of initial weights must be finite and 0 or above, got {init}: try 0.01"
            )
        return float(init)
    match init:
        case "he":
            return math.sqrt(2 / n_in)
        case "xavier":
            return math.sqrt(2 / (n_in + n_out))
        case "lecun":
            return math.sqrt(1 / n_in)
    raise unknown("initial weights", init, [*INITS, "a number"])


def default_init(activation: str) -> str:
    """Return the initial weights that go with an activation.

    >>> default_init("tanh"), default_init("relu")
    ('xavier', 'he')
    """
    return "xavier" if activation in ("sigmoid", "tanh") else "he"
