"""Random streams are those of NumPy's SeedSequence with a spawn key, whatever way they are made."""

import zlib

import numpy as np
import pytest

from zerokara.rng import stream

BORDER = 1 << 32


@pytest.mark.parametrize("seed", [0, 1, 12345, BORDER - 1, BORDER, 3 * BORDER + 7, 1 << 200])
@pytest.mark.parametrize("keys", [(), (0,), (1, 2, 3), (BORDER - 1, 5), (BORDER, 5), (np.int64(4), 0, 0, 0, 0, 9)])
def test_a_stream_is_that_of_its_definition(seed: int, keys: tuple[int, ...]) -> None:
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(b"dropout"), *keys))
    defined = np.random.Generator(np.random.PCG64(sequence))
    assert stream(seed, "dropout", *keys).bit_generator.state == defined.bit_generator.state


@pytest.mark.parametrize("wrong", [(-1,), (0, -1)])
def test_negative_numbers_are_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        stream(wrong[0], "dropout", *wrong[1:])
