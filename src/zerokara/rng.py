"""Random streams, each derived from its purpose and never from a position in the population."""

import zlib

import numpy as np


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return the random stream of one purpose; the same arguments always give the same stream.

    Args:
        seed: the seed of the study or the fit.
        purpose: the kind of draw, such as ``"weights"``, ``"batches"`` or ``"dropout"``.
        keys: the layer, step, epoch or replicate, as whole numbers, 0 or above.

    >>> a, b = stream(0, "weights", 3), stream(0, "weights", 3)
    >>> bool(a.random() == b.random())
    True
    """
    key = zlib.crc32(purpose.encode()), *keys
    if any(number >> 32 for number in (seed, *keys)):
        sequence = np.random.SeedSequence(seed, spawn_key=key)
    else:  # The same words, in half the time: a seed of four words, then the key.
        sequence = np.random.SeedSequence(np.array((seed, 0, 0, 0, *key), np.uint32))
    return np.random.Generator(np.random.PCG64(sequence))
