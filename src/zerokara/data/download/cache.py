"""Locations of datasets: the folder in ZEROKARA_DATA, the user's cache, and mirrors."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zerokara.data.download.sources import Archive, Source
from zerokara.errors import InputError, OutsideError
from zerokara.locks import run_lock


def own_root() -> Path | None:
    """Return the folder in ZEROKARA_DATA, or None if it is not set."""
    setting = os.environ.get("ZEROKARA_DATA")
    if not setting:
        return None
    root = Path(os.path.expanduser(setting))
    if not root.is_dir():
        raise InputError(f"ZEROKARA_DATA must be an existing folder, got {setting!r}: correct or unset it")
    return root


def cache_folder(source: Source | Archive) -> Path:
    """Return the folder for the source's files in the user's cache; it may not exist."""
    # Files are checked by their hash, so a folder that others can write to does for a user without a home.
    return (user_cache() or Path(tempfile.gettempdir(), "zerokara")) / source.name


def user_cache() -> Path | None:
    """Return zerokara's folder in the user's cache; None for a user without a home."""
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("zerokara", appauthor=False)
    except RuntimeError:  # Neither HOME nor an entry in passwd; older versions return a path that begins with ~.
        return None
    return folder if folder.is_absolute() else None


def mirrors_of(source: Source | Archive) -> list[str]:
    """Return the addresses to try in order; ``$ZEROKARA_MIRROR/NAME`` is first if that variable is set."""
    own = os.environ.get("ZEROKARA_MIRROR")
    if not own:
        return list(source.mirrors)
    if not own.startswith(("http://", "https://")):
        raise InputError(f"ZEROKARA_MIRROR must start with http:// or https://, got {own!r}: correct or unset it")
    return [f"{own.rstrip('/')}/{source.name}", *source.mirrors]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from downloading into the folder; they wait and then use the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError(
            f"the cache {folder} must be writable, got: {error.strerror or error}; check the path and its permissions"
        ) from error
    with run_lock(folder / "download", wait=True):
        yield
