"""Checksums of the lines of a journal, which detect damage before a study is read from it.

The last key of a line, ``crc32``, has the CRC-32 of the file from its first byte up to this key, so that lines that are
missing, repeated or exchanged are found too. Optuna passes over the key.
"""

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zerokara.errors import InputError, command_line

_END = re.compile(rb',"crc32":"([0-9a-f]{8})"}')
_LENGTH = 20
"""Bytes of a checksum at the end of a line."""
_SET_STATE = 6
"""Optuna's ``op_code`` of the end of a trial."""


@dataclass(frozen=True)
class LineCheck:
    """What the checksums of a journal say.

    Attributes:
        lines: the number of lines.
        sound: the number of lines before the first damage.
        unchecked: the number of lines at the end without a checksum after them, from Optuna or an older version.
        crc: the CRC-32 of all lines.
    """

    lines: int
    sound: int
    unchecked: int
    crc: int


def with_checksums(lines: Iterable[bytes], crc: int = 0) -> tuple[bytes, int]:
    r"""Return lines with their checksums, and the CRC-32 of the file with them.

    Args:
        lines: JSON objects, without line ends.
        crc: the CRC-32 of the file so far.

    >>> with_checksums([b'{"op_code":0}'])
    (b'{"op_code":0,"crc32":"b7bbe9d1"}\n', 637604564)
    """
    parts = []
    for line in lines:
        head = line[:-1]
        crc = zlib.crc32(head, crc)
        end = b',"crc32":"%08x"}\n' % crc
        crc = zlib.crc32(end, crc)
        parts += [head, end]
    return b"".join(parts), crc


def check_lines(content: bytes) -> LineCheck:
    """Compare the lines of a journal, all of them complete, with their checksums."""
    lines = content.split(b"\n")[:-1]
    crc = sound = 0
    for number, line in enumerate(lines, start=1):
        head, end = line[:-_LENGTH], line[-_LENGTH:]
        crc = zlib.crc32(head, crc)
        if checksum := _END.fullmatch(end):
            if int(checksum[1], 16) != crc:
                return LineCheck(len(lines), sound, 0, crc)
            sound = number
        crc = zlib.crc32(end + b"\n", crc)
    return LineCheck(len(lines), len(lines), len(lines) - sound, crc)


def ended_trials(lines: Iterable[bytes]) -> int:
    """Return the number of trials that have ended after these lines, which are not damaged."""
    logs = map(json.loads, lines)
    return len({log["trial_id"] for log in logs if log["op_code"] == _SET_STATE})


def damaged(path: Path, content: bytes, sound: int, got: str) -> InputError:
    """Return the error for a damaged journal, which says how much of it is sound."""
    lines = content.split(b"\n")[:-1]
    return InputError(
        f"a journal must be as it was written, got {got} in {path}: the first {sound} of {len(lines)} lines are sound, "
        f"with {ended_trials(lines[:sound])} finished trials. Resume from them with "
        f"`{command_line('resume', path.parent, '--repair')}`, which keeps a copy of the damaged file, or restore "
        "the file from a backup"
    )
