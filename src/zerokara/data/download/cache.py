"""Locations of datasets: the folder in ZEROKARA_DATA, the user's cache, and mirrors."""

import os
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
    root = Path(setting).expanduser()
    if not root.is_dir():
        raise InputError(f"ZEROKARA_DATA must be an existing folder, got {setting!r}: correct or unset it")
    return root


def cache_folder(source: Source | Archive) -> Path:
    """Return the folder for the source's files in the user's cache; it may not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("zerokara", appauthor=False) / source.name


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
