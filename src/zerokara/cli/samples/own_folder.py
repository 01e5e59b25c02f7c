"""A folder that only the user writes to, for files whose place nobody has chosen."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from zerokara.data.download.cache import user_cache


def own_folder(name: str) -> Path:
    """Return a folder of the user's cache, or else a new temporary folder.

    Another user can neither take the place of a file in it nor let a link lead elsewhere.
    """
    if cache := user_cache():
        folder = cache / name
        with suppress(OSError):  # A home may be read-only, or another user's.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_own(folder):
                return folder
    return Path(tempfile.mkdtemp(prefix="zerokara-"))


def _is_own(folder: Path) -> bool:
    """Return whether this is a folder, not a link, to which the user and no other may write."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
