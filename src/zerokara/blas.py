"""How many threads BLAS has while networks train: with two, the same product has other bits than with one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_inside = 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the BLAS libraries of this process at one thread, from the first that enters to the last that leaves.

    The limit belongs to the whole process, so worker threads that each set and restored it
    would undo one another's.
    """
    global _inside, _limit
    with _lock:
        if _inside == 0:
            from threadpoolctl import threadpool_limits

            _limit = threadpool_limits(1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()
                _limit = None


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Give BLAS so many threads; where `one_thread` holds it at one, it stays at one."""
    if count == 1:
        with one_thread():
            yield
    elif _inside:
        yield
    else:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(count, user_api="blas"):
            yield
