"""Atomic writes: a file or folder is replaced completely or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerokara.errors import OutsideError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to this one; the file or folder written there replaces the path when the block ends.

    After an error the temporary file or folder is removed and the path is unchanged. A power failure may still lose
    data that the block did not flush to disk (fsync).

    Raises:
        OutsideError: the path is not writable, or the disk is full.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "notes.txt") as fresh:
    ...         size = fresh.write_text("a note")
    ...     os.listdir(folder)
    ['notes.txt']
    """
    target = Path(os.path.abspath(path))
    fresh, old = (target.with_name(f".{target.name}.{kind}-{os.getpid()}") for kind in ("new", "old"))
    with outside(path):
        try:
            yield fresh
            if fresh.is_dir() and target.exists():  # A rename cannot replace a folder.
                target.rename(old)
            os.replace(fresh, target)
        except BaseException:
            if old.exists():
                old.rename(target)
            _remove(fresh)
            raise
        _remove(old)


def write(path: str | Path, content: bytes | str) -> Path:
    """Write a file atomically, by a rename, and return its path.

    Raises:
        OutsideError: the path is not writable, or the disk is full; the previous content is kept.
    """
    with replacing(path) as fresh, open(fresh, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    return Path(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def outside(path: str | Path) -> Iterator[None]:
    """Turn an OSError into an `OutsideError` with the path, the reason and a remedy."""
    try:
        yield
    except OutsideError:
        raise
    except OSError as error:
        raise OutsideError(
            f"{path} must be writable, got: {error.strerror or error}; free disk space or choose another path"
        ) from error
