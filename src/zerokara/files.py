"""Files written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zerokara.errors import OutsideError


def write(path: str | Path, content: bytes | str) -> Path:
    """Write a file by a rename, so that nobody ever sees half of it, and return its path.

    Raises:
        OutsideError: the disk refuses or is full; what stood at the path before still stands there.
    """
    path = Path(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with outside(path):
        try:
            with open(fresh, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    return path


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
