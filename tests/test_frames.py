"""One can follow a search from the call to the arithmetic."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is a folder beside the package, no part of it

from benchmarks.frames import frames

MOST = 11


def test_from_the_call_to_the_product_it_is_not_far() -> None:
    seen = frames()
    assert seen[0].endswith(" tune")
    assert len(seen) <= MOST, "\n".join(seen)
