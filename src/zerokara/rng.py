"""Random streams: each is derived from what it is for, never from a position in the population."""

import zlib

import numpy as np


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return the random stream of one purpose, the same wherever and whenever it is asked for.

    Args:
        seed: the seed of the study or the fit.
        purpose: what is drawn, such as ``"weights"``, ``"batches"`` or ``"dropout"``.
        keys: which one: a layer, a step, an epoch, a replicate. Whole numbers, zero or above.

    >>> a, b = stream(0, "weights", 3), stream(0, "weights", 3)
    >>> bool(a.random() == b.random())
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()), *keys))
    return np.random.Generator(np.random.PCG64(sequence))
