"""Datasets in one archive: found on this machine, or downloaded, verified and unpacked."""

import shutil
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path, PurePosixPath

from zerokara.data.download.cache import cache_folder, locked, mirrors_of, own_root
from zerokara.data.download.mirrors import TIMEOUT, download
from zerokara.data.download.progress import ProgressCallback, bar
from zerokara.data.download.sources import Archive
from zerokara.errors import OutsideError
from zerokara.files import replacing


def find_archive(archive: Archive) -> Path | None:
    """Return the folder of the archive's files on this machine, or None.

    Only file names are checked, not checksums: ZEROKARA_DATA may hold other data in this layout. Its files, in the
    subfolder NAME or directly in it, take precedence over the cache even if some are missing; reading them raises.
    """
    root = own_root()
    for folder in () if root is None else (root / archive.name, root):
        for place in (folder / archive.folder, folder):
            if any((place / name).exists() for name in (*archive.train, *archive.test)):
                return place
    cached = cache_folder(archive) / archive.folder
    return cached if all((cached / name).exists() for name in (*archive.train, *archive.test)) else None


def ensure_downloaded(archive: Archive, progress: ProgressCallback | None = None, timeout: float = TIMEOUT) -> Path:
    """Return the folder of the archive's files; download the archive to the user's cache if needed.

    Raises:
        OutsideError: no mirror delivered the archive with the right SHA-256; the message names other ways to get it.
    """
    present = find_archive(archive)
    if present is not None:
        return present
    folder = cache_folder(archive)
    urls = [f"{mirror}/{archive.file}" for mirror in mirrors_of(archive)]
    with locked(folder), nullcontext(progress) if progress else bar() as show:
        # Another process may have downloaded it while this one waited for the lock.
        if (present := find_archive(archive)) is not None:
            return present
        target = folder / archive.file
        try:
            content = download(urls, target, archive.sha256, archive.size, show, timeout, packed=True)
        except OutsideError as error:
            raise OutsideError(f"{archive.name}: {error}\n{_archive_remedy(archive, folder)}") from error
        _unpack(content, folder / archive.folder)
        target.unlink()
    return folder / archive.folder


def _unpack(content: bytes, target: Path) -> None:
    """Write the files of the archive's folder of this name; other members are ignored."""
    import tarfile

    with replacing(target) as fresh, tarfile.open(fileobj=BytesIO(content)) as tar:
        fresh.mkdir()
        for member in tar:
            path = PurePosixPath(member.name)
            file = tar.extractfile(member) if member.isfile() and str(path.parent) == target.name else None
            if file is not None:
                with open(fresh / path.name, "wb") as copy:
                    shutil.copyfileobj(file, copy)


def _archive_remedy(archive: Archive, folder: Path) -> str:
    """Return other ways to get the files."""
    root = own_root()
    script = None if root is None else root / f"make_{archive.name}.py"
    made = f"run python {script} {folder}; or " if script and script.exists() else ""
    return (
        f"Remedy: {made}run zerokara data fetch {archive.name} to continue the download; or put the folder "
        f"{archive.folder}/ into {folder}/, or elsewhere and set ZEROKARA_DATA to its parent folder."
    )
