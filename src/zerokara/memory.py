"""What becomes of memory that is freed: on Linux the C library, glibc, keeps it, or gives it back to the system.

Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; malloc_trim(3).
"""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1


def keep_freed() -> None:
    """Have the memory that one step frees serve the next, rather than come in page by page; up to 64 MiB are kept.

    Also where Dask starts workers that keep nothing.
    """
    _set(32 << 20, 64 << 20)


def return_freed() -> None:
    """Give back what has been kept and what will be freed: this process trains no more, others do."""
    _set(128 << 10, 128 << 10)
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _set(mmap: int, trim: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, mmap)
        mallopt(TRIM_THRESHOLD, trim)
