"""Where data sets lie on this machine, and where they are asked for: ZEROKARA_DATA, the user's cache, mirrors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zerokara.data.download.sources import Archive, Source
from zerokara.errors import InputError, OutsideError
from zerokara.locks import run_lock


def own_root() -> Path | None:
    """Return the folder that ZEROKARA_DATA names, or None where it is not set."""
    setting = os.environ.get("ZEROKARA_DATA")
    if not setting:
        return None
    root = Path(setting).expanduser()
    if not root.is_dir():
        raise InputError(f"ZEROKARA_DATA must name a folder, got {setting!r}, which is none: correct or unset it")
    return root


def cache_folder(source: Source | Archive) -> Path:
    """Return where the source's files lie in the user's cache, whether or not they do."""
    from platformdirs import user_cache_path

    return user_cache_path("zerokara", appauthor=False) / source.name


def mirrors_of(source: Source | Archive) -> list[str]:
    """Return the addresses to try in turn: ``$ZEROKARA_MIRROR/NAME`` first, if that variable holds one."""
    own = os.environ.get("ZEROKARA_MIRROR")
    if not own:
        return list(source.mirrors)
    if not own.startswith(("http://", "https://")):
        raise InputError(f"ZEROKARA_MIRROR must be an address that starts with http:// or https://, got {own!r}")
    return [f"{own.rstrip('/')}/{source.name}", *source.mirrors]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from downloading into the folder; they wait, and then find the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError(f"cannot write to the cache {folder}: {error.strerror or error}") from error
    with run_lock(folder / "download", wait=True):
        yield
