"""The number of BLAS threads: a product computed by two threads differs in its last bits from one computed by one."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

_lock = threading.Lock()
_inside = 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the BLAS libraries of this process to one thread while the block runs.

    The limit applies to all threads of the process. Concurrent blocks share it: the first sets it, the last restores
    the previous number of threads.
    """
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _take_control()
            _limit = _libraries(len(sys.modules)).limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _take_control()
                _limit.restore_original_limits()
                _limit = None
                _take_control()


@contextmanager
def one_thread_if_possible() -> Iterator[None]:
    """Like `one_thread`, but without a limit where threadpoolctl is not installed, as in a deployment."""
    try:
        import threadpoolctl
    except ImportError:
        yield
        return
    del threadpoolctl
    with one_thread():
        yield


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Give BLAS ``count`` threads while the block runs; within `one_thread` it keeps one."""
    if count == 1:
        with one_thread():
            yield
    elif _inside:
        yield
    else:
        _take_control()
        with _libraries(len(sys.modules)).limit(limits=count, user_api="blas"):
            yield


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """Return the BLAS libraries of this process. Finding them takes milliseconds, longer than many predictions.

    Libraries are loaded by modules, so the result is valid while the number of loaded ``modules`` is the same.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _take_control() -> None:
    """Let any thread set the limit next.

    Since version 3.8, threadpoolctl silently ignores every thread except the first that set OpenBLAS's limit.
    """
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)
