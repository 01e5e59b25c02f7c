"""Where a run is, and whether a process trains it: found again after it was moved, and reported when it is gone."""

import os
import platform
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from zerokara.study.live.feed import LIVE
from zerokara.study.run_folder import CONFIG_FILE, JOURNAL, WORKER_ID

HOLDER = re.compile(r"process (\d+) on (.*)")
"""What `zerokara.locks.run_lock` writes into a file beside what it locks."""
DELETED = " (deleted)"
"""What Linux adds to the path of a folder that is deleted."""

Change = Literal["", "gone", "moved", "replaced"]


class RunPlace:
    """The folder of a run, which may be moved, deleted, or replaced by another one.

    Args:
        path: where it is; `find` follows it where the system says where an open folder is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._folder = -1
        self._id = self._open()

    def find(self) -> Change:
        """Look for the folder, and return what has happened to it since the last call."""
        try:
            found = os.stat(self.path)
        except OSError:
            return self._follow()
        if self._id == (found.st_dev, found.st_ino):
            return "" if (self.path / CONFIG_FILE).is_file() else "gone"
        if not (self.path / CONFIG_FILE).is_file():
            return self._follow()
        before, self._id = self._id, self._open()
        return "replaced" if before else ""

    def _follow(self) -> Change:
        """Look where the folder is that was here."""
        if self._folder >= 0:
            with suppress(OSError):
                path = os.readlink(f"/proc/self/fd/{self._folder}")
                if not path.endswith(DELETED) and (Path(path) / CONFIG_FILE).is_file():
                    self.path = Path(path)
                    return "moved"
        return "gone"

    def _open(self) -> tuple[int, int] | None:
        """Keep the folder open, on Linux, and return what tells it from others."""
        self.close()
        try:
            if sys.platform == "linux":
                self._folder = os.open(self.path, os.O_RDONLY)
                found = os.fstat(self._folder)
            else:
                found = os.stat(self.path)
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None

    def close(self) -> None:
        """Close the folder."""
        if self._folder >= 0:
            os.close(self._folder)
        self._folder = -1

    @property
    def live(self) -> bool:
        """Whether a search runs here, or did when it was killed."""
        return (self.path / LIVE).is_dir()

    def holder(self) -> tuple[int, str] | None:
        """Return the process that has the run, and its machine; of a process that was killed the note stays."""
        for name in (JOURNAL, WORKER_ID):
            with suppress(OSError):
                text = (self.path / name).with_suffix(".pid").read_text(encoding="utf-8", errors="replace")
                if found := HOLDER.fullmatch(text.strip()):
                    return int(found[1]), found[2]
        return None


def is_alive(pid: int, machine: str) -> bool | None:
    """Return whether a process runs; None if this process cannot know."""
    if machine != platform.node() or sys.platform == "win32":  # There os.kill would end it.
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError):  # One that was killed, and that its parent does not know of yet.
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return not text.rpartition(")")[2].startswith(" Z")
    return True
