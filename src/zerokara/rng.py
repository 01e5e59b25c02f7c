"""Random streams, each derived from its purpose and never from a position in the population."""

import zlib

import numpy as np

POOL = 4
"""The least words of a seed, which come before the key: NumPy's `SeedSequence` appends zeros."""


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
    words = np.array(entropy(seed, purpose, *keys), np.uint32)  # From integers it would take twice as long.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def entropy(seed: int, purpose: str, *keys: int) -> list[int]:
    """Return the words of 32 bits that seed a `stream`: those of ``SeedSequence(seed, spawn_key=(purpose, *keys))``."""
    words = _words(seed)
    words += [0] * (POOL - len(words))
    words.append(zlib.crc32(purpose.encode()))
    for key in keys:
        words += _words(key)
    return words


def _words(number: int) -> list[int]:
    """Return the words of 32 bits of a whole number, the low one first."""
    if number < 0:
        raise ValueError(f"random streams need non-negative numbers, got {number}")
    words = [number & 0xFFFF_FFFF]
    while number := number >> 32:
        words.append(number & 0xFFFF_FFFF)
    return words
