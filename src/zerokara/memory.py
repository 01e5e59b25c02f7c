"""How the C library treats freed memory: on Linux, glibc keeps it for reuse or returns it to the system.

Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; malloc_trim(3).
"""

import ctypes
import sys
from typing import Any

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1


def keep_freed() -> None:
    """Keep up to 64 MiB of freed memory, so that the next training step reuses it without new page faults.

    This overrides the setting of Dask workers, which return freed memory at once.
    """
    _set(32 << 20, 64 << 20)


def return_freed() -> None:
    """Return kept memory, and memory freed later, to the system, for other processes to use."""
    _set(128 << 10, 128 << 10)
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def _set(mmap: int, trim: int) -> None:
    mallopt = _of_c_library("mallopt")
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, mmap)
        mallopt(TRIM_THRESHOLD, trim)


def _of_c_library(name: str) -> Any:
    """Return a function of the C library, or None: only glibc has these, and Windows has no library of this process."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
