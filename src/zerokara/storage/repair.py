"""Reading a study from a journal, and the repair of a journal that is damaged.

Importing this file imports Optuna: do so inside the function that opens a study.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from zerokara.errors import InputError, OutsideError
from zerokara.files import outside, write
from zerokara.locks import run_lock
from zerokara.storage.checksums import check_lines, damaged, ended_trials
from zerokara.storage.journal import Journal

Made = TypeVar("Made")


def read_study(journal: Journal, make: Callable[[Journal], Made]) -> Made:
    """Return what ``make`` makes of a journal.

    Raises:
        InputError: it cannot be read as a study.
    """
    try:
        return make(journal)
    except (OutsideError, InputError):
        raise
    except Exception as error:  # Optuna raises any error for a journal that it cannot replay.
        content = journal.content()
        reason = f"a line that no study has ({type(error).__name__}: {error})"
        raise damaged(journal.path, content, _sound_lines(content, make), reason) from error


def repair(path: Path, make: Callable[[Journal], object], warn: Callable[[str], None]) -> None:
    """Cut a damaged journal before its first damaged line, and keep a copy.

    Args:
        path: the journal; the copy is ``journal.damaged`` beside it.
        make: makes a study of a journal, and raises an error if it cannot.
        warn: called with a sentence about what was cut.

    Raises:
        OutsideError: another process has the journal open, or the disk fails or is full.
    """
    with run_lock(path), outside(path):
        file = path.read_bytes() if path.exists() else b""
        content = file[: file.rfind(b"\n") + 1]
        lines = content.split(b"\n")[:-1]
        sound = _sound_lines(content, make)
        if sound == len(lines):
            return
        copy = path.with_suffix(".damaged")
        while copy.exists():
            copy = copy.with_name(f"{copy.name}.damaged")
        write(copy, file)
        write(path, b"".join(line + b"\n" for line in lines[:sound]))
    warn(
        f"Cut {path} after line {sound} of {len(lines)}, with {ended_trials(lines[:sound])} finished trials; the "
        f"damaged file is kept as {copy}. The other trials are trained again."
    )


def _sound_lines(content: bytes, make: Callable[[Journal], object]) -> int:
    """Return the number of lines before the first that is damaged."""
    lines = content.split(b"\n")[:-1]

    def readable(count: int) -> bool:
        try:
            make(LinesInMemory(lines[:count], Path("journal.log")))
        except Exception:  # As above.
            return False
        return True

    low, high = 0, check_lines(content).sound
    if readable(high):
        return high
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if readable(middle) else (low, middle)
    return low


class LinesInMemory(Journal):
    """Lines in memory as a journal; what is logged is not kept. The ``path`` is for messages."""

    def __init__(self, lines: list[bytes], path: Path) -> None:
        self.path = path
        self._lines, self._committed, self._pending = lines, len(lines), []

    def content(self) -> bytes:
        return b"".join(line + b"\n" for line in self._lines)

    def commit(self) -> None:
        """Do nothing: there is no file."""
