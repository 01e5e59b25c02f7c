"""A data set that comes as one archive: found on this machine, or downloaded, checked and unpacked."""

import shutil
import tarfile
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path, PurePosixPath

from zerokara.data.download.cache import cache_folder, locked, mirrors_of, own_root
from zerokara.data.download.mirrors import TIMEOUT, download
from zerokara.data.download.progress import Progress, bar
from zerokara.data.download.sources import Archive
from zerokara.errors import OutsideError
from zerokara.files import replacing


def find_archive(archive: Archive) -> Path | None:
    """Return the folder of the archive's files on this machine, or None.

    Only names are looked at, and no sums: the files may be one's own in this layout. Those in ZEROKARA_DATA, in
    its subfolder NAME or bare, win over the cache, even when some of them are missing: reading them says so.
    """
    root = own_root()
    for folder in () if root is None else (root / archive.name, root):
        for place in (folder / archive.folder, folder):
            if any((place / name).exists() for name in (*archive.train, *archive.test)):
                return place
    cached = cache_folder(archive) / archive.folder
    return cached if all((cached / name).exists() for name in (*archive.train, *archive.test)) else None


def brought(archive: Archive, progress: Progress | None = None, timeout: float = TIMEOUT) -> Path:
    """Return the folder of the archive's files, downloading the archive to the user's cache where needed.

    Raises:
        OutsideError: no mirror delivered what has the right SHA-256; the message says how else to have the files.
    """
    found = find_archive(archive)
    if found is not None:
        return found
    folder = cache_folder(archive)
    urls = [f"{mirror}/{archive.file}" for mirror in mirrors_of(archive)]
    with locked(folder), nullcontext(progress) if progress else bar() as show:
        # Another process may have brought it while this one waited for the lock.
        if (found := find_archive(archive)) is not None:
            return found
        target = folder / archive.file
        try:
            content = download(urls, target, archive.sha256, show, timeout, bytes)
        except OutsideError as error:
            raise OutsideError(f"{archive.name}: {error}\n{_remedy(archive, folder)}") from error
        _unpack(content, folder / archive.folder)
        target.unlink()
    return folder / archive.folder


def _unpack(content: bytes, target: Path) -> None:
    """Write the files of the archive's folder of this name; nothing else in the archive is looked at."""
    with replacing(target) as fresh, tarfile.open(fileobj=BytesIO(content)) as tar:
        fresh.mkdir()
        for member in tar:
            path = PurePosixPath(member.name)
            file = tar.extractfile(member) if member.isfile() and str(path.parent) == target.name else None
            if file is not None:
                with open(fresh / path.name, "wb") as copy:
                    shutil.copyfileobj(file, copy)


def _remedy(archive: Archive, folder: Path) -> str:
    """Return what else brings the files."""
    root = own_root()
    script = None if root is None else root / f"make_{archive.name}.py"
    made = f"python {script} {folder} makes it here; or " if script and script.exists() else ""
    return (
        f"Remedy: {made}zerokara data fetch {archive.name} goes on with the download; or put the folder "
        f"{archive.folder}/ into {folder}/, or anywhere and set ZEROKARA_DATA to the folder around it."
    )
