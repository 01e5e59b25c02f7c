"""How many threads BLAS has while networks train: with two, the same product has other bits than with one."""

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
    """Hold the BLAS libraries of this process at one thread, from the first that enters to the last to leave.

    The limit belongs to the whole process, so worker threads that each set and restored it
    would undo one another's.
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
    """As `one_thread`; where a model is only deployed, threadpoolctl may be missing, and nothing is limited."""
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
    """Give BLAS so many threads; where `one_thread` holds it at one, it stays at one."""
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
    """Return the BLAS libraries of this process; finding them takes milliseconds, longer than many a prediction.

    A library comes with a module: as long as there are as many ``modules``, there is no other library.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _take_control() -> None:
    """Let the next thread that sets a limit do so, whichever did last.

    From version 3.8 on, threadpoolctl silently ignores all threads but the one that set OpenBLAS's limit first.
    """
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)
