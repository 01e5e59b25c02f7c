"""A lock that excludes other processes."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerokara.errors import OutsideError
from zerokara.files import outside


@contextmanager
def run_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold an exclusive lock on a path while the block runs; NAME.pid next to the path names the holder.

    The operating system locks ``.NAME.lock`` next to the path and releases it when the process ends or is killed.
    Both files are removed at the end; files left by a killed process are reused.

    Args:
        path: the protected file or folder; it need not exist.
        wait: wait until the holder releases the lock, instead of raising an error; without NAME.pid.

    Raises:
        OutsideError: another process holds the lock, or the folder is not writable.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, run_lock(Path(folder) / "journal.log"):
    ...     sorted(os.listdir(folder))
    ['.journal.lock', 'journal.pid']
    """
    from filelock import FileLock, Timeout

    lock_path, holder = path.with_name(f".{path.stem}.lock"), path.with_suffix(".pid")
    lock = FileLock(lock_path, thread_local=False)
    with outside(path):
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout as error:
            name = "another process"
            with suppress(OSError):
                name = holder.read_text(encoding="utf-8", errors="replace")
            raise OutsideError(
                f"only one process at a time may use {path}, got one held by {name}: wait until it ends, or stop it"
            ) from error
    try:
        if not wait:
            with outside(path):
                holder.write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            if not wait:
                holder.unlink(missing_ok=True)
            if sys.platform != "win32":
                lock_path.unlink(missing_ok=True)
        lock.release()
        if sys.platform == "win32":  # An open file cannot be removed there, nor one that the next holder has opened.
            with suppress(OSError):
                lock_path.unlink(missing_ok=True)
