"""A lock that one process at a time holds."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerokara.errors import OutsideError
from zerokara.files import outside


@contextmanager
def run_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Keep all other processes from a path while the block runs; NAME.pid beside it names the holder.

    The operating system holds the lock on ``.NAME.lock`` beside the path, and releases it when the process ends,
    however it ends. Both files are removed at the end; those that a kill leaves are used again.

    Args:
        path: what is protected; it need not exist.
        wait: until the holder releases the lock, instead of an error.

    Raises:
        OutsideError: another process holds the lock, or its folder is not writable.

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
                name = holder.read_text()
            raise OutsideError(
                f"one process at a time may hold {path}, got one held by {name}: wait until it ends, or stop it"
            ) from error
    try:
        with outside(path):
            holder.write_text(f"process {os.getpid()} on {platform.node()}")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
            # Windows refuses to remove an open file, and filelock removes it there.
            lock_path.unlink(missing_ok=True)
        lock.release()
