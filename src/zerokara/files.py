"""Atomic writes: a file or folder is replaced completely or not at all."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from zerokara.errors import OutsideError

WAITS = (0.01, 0.03, 0.1, 0.3, 0.6)
"""Seconds between attempts to rename what another program has open."""


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
    fresh = target.with_name(f".{target.name}.new-{os.getpid()}")
    with outside(path):
        try:
            yield fresh
            if fresh.is_dir():
                _put_folder(fresh, target)
            else:
                replace(fresh, target)
        except BaseException:
            try:
                recover(target)
            finally:
                _remove(fresh)
            raise


def backup(path: str | Path) -> Path:
    """Return where a folder is moved while it is replaced; a kill may leave it there."""
    target = Path(os.path.abspath(path))
    return target.with_name(f".{target.name}.old")


def recover(path: str | Path) -> bool:
    """Undo a replacement of this folder that was killed halfway; return whether the old folder was moved back."""
    target, old = Path(os.path.abspath(path)), backup(path)
    if not old.exists():
        return False
    if target.exists():
        _remove_backup(old)
        return False
    replace(old, target)
    return True


def remove_temporary(folder: Path, name: str = "*") -> None:
    """Remove the temporary files of killed processes from a folder that no other process writes to now.

    Args:
        folder: it need not exist.
        name: only those of the file or folder of this name.
    """
    for path in folder.glob(f".{name if name == '*' else escape(name)}.new-*"):
        _remove(path)


def _put_folder(fresh: Path, target: Path) -> None:
    recover(target)
    with suppress(OSError):
        os.replace(fresh, target)  # Fails if the target has files, and on Windows if there is a target.
        return
    old = backup(target)
    if target.is_dir():
        replace(target, old)
    replace(fresh, target)
    _remove_backup(old)


def replace(source: Path, target: Path) -> None:
    """Rename a file or folder, in place of an earlier file; on Windows wait a moment if one of them is open.

    There a file that is open, as by a reader or a virus scanner, can be neither renamed nor replaced.
    """
    for seconds in WAITS if sys.platform == "win32" else ():
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if target.is_dir():  # It is never replaced there.
                raise
            time.sleep(seconds)
    os.replace(source, target)


def _remove_backup(old: Path) -> None:
    # Renamed first: a folder that is removed in part must not be moved back.
    rest = old.with_name(f"{old.name.removesuffix('.old')}.new-{os.getpid()}-old")
    with suppress(OSError):
        os.replace(old, rest)
    _remove(rest)


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
