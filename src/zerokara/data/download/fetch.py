"""The files of a dataset: from the folder in ZEROKARA_DATA, the user's cache, or a download."""

import hashlib
from contextlib import nullcontext
from pathlib import Path

from zerokara.data.download.archive import ensure_downloaded
from zerokara.data.download.cache import cache_folder, locked, mirrors_of, own_root
from zerokara.data.download.idx import read_content
from zerokara.data.download.mirrors import TIMEOUT, download
from zerokara.data.download.progress import ProgressCallback, bar
from zerokara.data.download.sources import ARCHIVES, DATASET_NAMES, SOURCES, TRAIN_LABELS, Source
from zerokara.errors import InputError, OutsideError, unknown


def find_files(source: Source) -> Path | None:
    """Return the folder of the source's files on this machine, or None.

    Only file names are checked. Files in ZEROKARA_DATA take precedence even if some are missing or damaged: reading
    them raises, whereas falling back to the cache or a download would hide the problem.
    """
    own = _own_folder(source)
    if own is not None:
        return own
    cache = cache_folder(source)
    return cache if all((cache / f"{name}.gz").exists() for name in source.sha256) else None


def contents(source: Source, progress: ProgressCallback | None = None, timeout: float = TIMEOUT) -> dict[Path, bytes]:
    """Return the decompressed content of the source's files, in order; download missing files.

    Cached and downloaded files must have the right SHA-256 (0.04 s for MNIST); cached files with another digest are
    downloaded again. Files in ZEROKARA_DATA may hold other data in MNIST's format: their length, structure and gzip CRC
    are checked, but not their digest.
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
    by_path = {path: read_content(path) for path in paths.values() if path is not None}
    owner = _owner(next(content for path, content in by_path.items() if path.name.startswith(TRAIN_LABELS)))
    if owner not in (None, source.name):
        raise InputError(f"{own} must hold the files of {source.name}, got those of {owner}: move them to {owner}/")
    return by_path


def fetch(name: str, progress: ProgressCallback | None = None) -> Path:
    """Return the folder of a dataset's files; download them to the user's cache if needed.

    Mirrors are tried in order, ``$ZEROKARA_MIRROR/NAME/`` first if that variable is set.

    Args:
        name: the name of the dataset.
        progress: called as bytes arrive; None shows a progress bar if stderr is a terminal.
    """
    if name not in DATASET_NAMES:
        raise unknown("dataset", name, DATASET_NAMES)
    if name in ARCHIVES:
        return ensure_downloaded(ARCHIVES[name], progress)
    if name not in SOURCES:  # in the package
        return Path(__file__).parents[1]
    return next(iter(contents(SOURCES[name], progress))).parent


def _cached(source: Source, progress: ProgressCallback | None, timeout: float) -> dict[Path, bytes]:
    folder = cache_folder(source)
    targets = {name: folder / f"{name}.gz" for name in source.sha256}
    files = {name: _verified_content(path, source, name) for name, path in targets.items()}
    if None in files.values():
        mirrors = mirrors_of(source)
        with locked(folder), nullcontext(progress) if progress else bar() as show:
            for name, path in targets.items():
                # Another process may have downloaded it while this one waited for the lock.
                files[name] = files[name] or _verified_content(path, source, name)
                if files[name] is None:
                    urls = [f"{mirror}/{name}.gz" for mirror in mirrors]
                    try:
                        files[name] = download(urls, path, source.sha256[name], source.sizes[name], show, timeout)
                    except OutsideError as error:
                        raise OutsideError(f"{source.name}: {error}\n{_files_remedy(source)}") from error
    return {targets[name]: content for name, content in files.items() if content is not None}


def _own_folder(source: Source) -> Path | None:
    """Return the folder in ZEROKARA_DATA with the source's files: its subfolder NAME, or the folder itself."""
    root = own_root()
    if root is None:
        return None
    for folder in (root / source.name, root):
        if any(_path(folder, name) for name in source.sha256) and (folder != root or _owns_root(root, source)):
            return folder
    return None


def _owns_root(root: Path, source: Source) -> bool:
    """Return whether the files directly in ZEROKARA_DATA belong to this source.

    The MNIST family shares its file names. The digest of the training labels identifies the dataset; unknown labels
    count as mnist.
    """
    labels = _path(root, TRAIN_LABELS)
    try:
        owner = None if labels is None else _owner(read_content(labels))
    except InputError:  # damaged: reading it later raises
        owner = None
    return source.name == (owner or "mnist")


def _owner(train_labels: bytes) -> str | None:
    digest = hashlib.sha256(train_labels).hexdigest()
    return next((s.name for s in SOURCES.values() if s.sha256[TRAIN_LABELS] == digest), None)


def _path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def _verified_content(path: Path, source: Source, name: str) -> bytes | None:
    """Return the content of a cached file, or None if it is missing or has another digest."""
    try:
        content = read_content(path, source.sizes[name]) if path.exists() else b""
    except InputError:
        return None
    return content if hashlib.sha256(content).hexdigest() == source.sha256[name] else None


def _files_remedy(source: Source) -> str:
    names = ", ".join(f"{name}.gz" for name in source.sha256)
    return f"Remedy: put {names} into a folder {source.name}/ and set ZEROKARA_DATA to its parent folder."
