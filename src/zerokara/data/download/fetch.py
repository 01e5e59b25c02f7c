"""Finding the files of a data set: the folder in ZEROKARA_DATA, the user's cache, a download."""

import hashlib
from contextlib import nullcontext
from pathlib import Path

from zerokara.data.download.archive import brought
from zerokara.data.download.cache import cache_folder, locked, mirrors_of, own_root
from zerokara.data.download.idx import read_content
from zerokara.data.download.mirrors import TIMEOUT, download
from zerokara.data.download.progress import Progress, bar
from zerokara.data.download.sources import ARCHIVES, NAMES, SOURCES, TRAIN_LABELS, Source
from zerokara.errors import InputError, OutsideError, unknown


def find(source: Source) -> Path | None:
    """Return the folder that holds the source's files on this machine, or None.

    Only names are looked at. Files in ZEROKARA_DATA win, even when some of them are missing or damaged:
    reading them says so, where taking the cache or a download instead would hide it.
    """
    own = _own_folder(source)
    if own is not None:
        return own
    cache = cache_folder(source)
    return cache if all((cache / f"{name}.gz").exists() for name in source.sha256) else None


def contents(source: Source, progress: Progress | None = None, timeout: float = TIMEOUT) -> dict[Path, bytes]:
    """Return the decompressed content of each of the source's files, in order, downloading what is not here.

    Cached and downloaded files must have the right SHA-256 (0.04 s for MNIST); a cached file that has another
    is fetched again. Files in ZEROKARA_DATA may be one's own in MNIST's format: there length, structure and
    gzip's CRC are checked when they are read, and not the sum.
    """
    own = _own_folder(source)
    if own is None:
        return _cached(source, progress, timeout)
    paths = {name: _path(own, name) for name in source.sha256}
    if missing := [name for name, path in paths.items() if path is None]:
        raise InputError(
            f"{own} must hold all files of {source.name}, missing: {', '.join(missing)}: "
            "add them (with or without .gz), or unset ZEROKARA_DATA"
        )
    found = {path: read_content(path) for path in paths.values() if path is not None}
    owner = _owner(next(content for path, content in found.items() if path.name.startswith(TRAIN_LABELS)))
    if owner not in (None, source.name):
        raise InputError(f"{own} must hold the files of {source.name}, got those of {owner}: move them to {owner}/")
    return found


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Return the folder that holds a data set's files, downloading them to the user's cache where needed.

    Mirrors are tried in turn, ``$ZEROKARA_MIRROR/NAME/`` first if that variable holds an address.

    Args:
        name: the data set.
        progress: called as bytes arrive; None shows a bar if stderr is a terminal.
    """
    if name not in NAMES:
        raise unknown("dataset", name, NAMES)
    if name in ARCHIVES:
        return brought(ARCHIVES[name], progress)
    if name not in SOURCES:  # in the package
        return Path(__file__).parents[1]
    return next(iter(contents(SOURCES[name], progress))).parent


def _cached(source: Source, progress: Progress | None, timeout: float) -> dict[Path, bytes]:
    folder = cache_folder(source)
    targets = {name: folder / f"{name}.gz" for name in source.sha256}
    found = {name: _good(path, source.sha256[name]) for name, path in targets.items()}
    if None in found.values():
        mirrors = mirrors_of(source)
        with locked(folder), nullcontext(progress) if progress else bar() as show:
            for name, path in targets.items():
                # Another process may have brought it while this one waited for the lock.
                found[name] = found[name] or _good(path, source.sha256[name])
                if found[name] is None:
                    urls = [f"{mirror}/{name}.gz" for mirror in mirrors]
                    try:
                        found[name] = download(urls, path, source.sha256[name], show, timeout)
                    except OutsideError as error:
                        raise OutsideError(f"{source.name}: {error}\n{_remedy(source)}") from error
    return {targets[name]: content for name, content in found.items() if content is not None}


def _own_folder(source: Source) -> Path | None:
    """Return the folder in ZEROKARA_DATA that holds the source's files: its subfolder, or itself."""
    root = own_root()
    if root is None:
        return None
    for folder in (root / source.name, root):
        if any(_path(folder, name) for name in source.sha256) and (folder != root or _lies_bare(root, source)):
            return folder
    return None


def _lies_bare(root: Path, source: Source) -> bool:
    """Return whether files without a subfolder are this source's.

    The family shares its file names, so known training labels tell whose they are; unknown ones are mnist's.
    """
    labels = _path(root, TRAIN_LABELS)
    try:
        owner = None if labels is None else _owner(read_content(labels))
    except InputError:  # damaged: reading it later says so
        owner = None
    return source.name == (owner or "mnist")


def _owner(train_labels: bytes) -> str | None:
    digest = hashlib.sha256(train_labels).hexdigest()
    return next((s.name for s in SOURCES.values() if s.sha256[TRAIN_LABELS] == digest), None)


def _path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def _good(path: Path, sha256: str) -> bytes | None:
    """Return the content of a cached file, or None if it is not there or not what it should be."""
    try:
        content = read_content(path) if path.exists() else b""
    except InputError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def _remedy(source: Source) -> str:
    names = ", ".join(f"{name}.gz" for name in source.sha256)
    return f"Remedy: put {names} into a folder {source.name}/ and set ZEROKARA_DATA to the folder around it."
