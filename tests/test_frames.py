"""One can follow a search from the call to the arithmetic."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is a folder beside the package, no part of it

from benchmarks.frames import frames

MOST = 11


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_from_the_call_to_the_arithmetic_it_is_not_far(engine: str) -> None:
    seen = frames(engine)
    assert seen[0].endswith(" tune")
    # In NumPy the layer and its product are further frames; the kernel has none.
    assert len(seen) <= MOST + (not seen[-1].endswith(" Compiled.train")), "\n".join(seen)
