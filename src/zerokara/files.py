"""Files written whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zerokara.errors import OutsideError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a fresh path, beside this one, for a new file or folder; when the block ends, it takes the path's place.

    After an error the new one is removed, and the path is as before. A power failure may still lose what the
    block did not wait for (fsync).

    Raises:
        OutsideError: the disk refuses or is full.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "notes.txt") as fresh:
    ...         size = fresh.write_text("whole")
    ...     os.listdir(folder)
    ['notes.txt']
    """
    target = Path(os.path.abspath(path))
    fresh, old = (target.with_name(f".{target.name}.{kind}-{os.getpid()}") for kind in ("new", "old"))
    with outside(path):
        try:
            yield fresh
            if fresh.is_dir() and target.exists():  # A rename replaces files alone.
                target.rename(old)
            os.replace(fresh, target)
        except BaseException:
            if old.exists():
                old.rename(target)
            _remove(fresh)
            raise
        _remove(old)


def write(path: str | Path, content: bytes | str) -> Path:
    """Write a file by a rename, so that nobody ever sees half of it, and return its path.

    Raises:
        OutsideError: the disk refuses or is full; what was at the path is still there.
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
    """Turn what a disk refuses into one error that names the file, the reason and the remedy."""
    try:
        yield
    except OutsideError:
        raise
    except OSError as error:
        raise OutsideError(
            f"{path} must be writable, got: {error.strerror or error}; free some space or name another place"
        ) from error
