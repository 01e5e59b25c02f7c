"""The journal of a study on disk, in Optuna's format, with one write per generation."""

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from zerokara.errors import OutsideError, warn
from zerokara.locks import run_lock
from zerokara.storage.checksums import check_lines, damaged, with_checksums

if TYPE_CHECKING:
    from optuna.storages import JournalStorage


class Journal:
    """The journal of a run folder, locked by one process and used by one of its threads.

    Optuna's log entries are buffered in memory, where this process reads them, and written to the file at once at the
    end of a generation. The file format is that of Optuna's ``JournalFileBackend``, with a checksum in each line. An
    incomplete last line, left by a kill, is removed when the journal is opened.

    Args:
        path: the file, created if it does not exist; ``journal.pid`` beside it names the process that has it open.
        warn: called with a sentence about lines without a checksum.

    Raises:
        InputError: the file is damaged.
        OutsideError: another process has the journal open, or the disk fails or is full.

    >>> import tempfile, optuna
    >>> with tempfile.TemporaryDirectory() as run, Journal(Path(run) / "journal.log") as journal:
    ...     with journal.generation():
    ...         study = optuna.create_study(storage=journal.storage())
    ...     len(journal.path.read_text().splitlines())
    1
    """

    def __init__(self, path: Path, warn: Callable[[str], None] = warn) -> None:
        self.path = path
        with ExitStack() as opened:
            try:
                # Otherwise Windows writes "\r\n" for "\n".
                binary = getattr(os, "O_BINARY", 0)
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | binary, 0o644)
                opened.callback(os.close, self._file)
                opened.enter_context(run_lock(path))
                content = path.read_bytes()
                content = content[: content.rfind(b"\n") + 1]
                check = check_lines(content)
                if check.sound < check.lines:
                    raise damaged(path, content, check.sound, "another checksum")
                os.ftruncate(self._file, len(content))
            except OutsideError:
                raise
            except OSError as error:
                raise _outside(path, error) from error
            if check.unchecked:
                warn(
                    f"The last {check.unchecked} lines of {path} have no checksum: Optuna or an older version of "
                    "zerokara wrote them. Damage in them may change the results."
                )
            self._opened = opened.pop_all()
        self._committed, self._size, self._crc = check.lines, len(content), check.crc
        self._incomplete: int | None = None
        self._pending: list[bytes] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the log entries from this number on, including those not committed yet."""
        # Parsed from text, so that this process sees the same as any other.
        lines, first = self._pending, self._committed
        if log_number_from < first:  # Only for a new storage: Optuna reads each entry once.
            lines, first = [*self.content().split(b"\n")[:-1], *lines], 0
        for line in lines[log_number_from - first :]:
            log = json.loads(line)
            _ = log["op_code"], log["worker_id"]
            yield log

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Buffer log entries for the next commit."""
        self._pending += [json.dumps(log, separators=(",", ":")).encode() for log in logs]

    def commit(self) -> None:
        """Write the buffered entries at once, and wait until they are on disk.

        Raises:
            OutsideError: writing fails. The file is unchanged, and the next commit tries again.
        """
        before = self._committed, self._pending, self._size, self._crc
        committed, lines, size, crc = before
        if not lines:
            return
        try:
            if self._incomplete is not None:
                os.ftruncate(self._file, self._incomplete)
            size = self._incomplete = os.fstat(self._file).st_size
            if size != self._size:  # Another program has written, such as a note in Optuna's dashboard.
                crc = zlib.crc32(self.content())
            batch, crc = with_checksums(lines, crc)
            content = memoryview(batch)
            while content:  # Once, unless the disk is full.
                content = content[os.write(self._file, content) :]
            os.fsync(self._file)
            self._committed, self._pending = committed + len(lines), []
            self._size, self._crc, self._incomplete = size + len(batch), crc, None
        except BaseException as error:
            # Also on Ctrl-C: a partial or repeated commit would corrupt the trial numbers.
            self._committed, self._pending, self._size, self._crc = before
            with suppress(OSError):
                os.ftruncate(self._file, size)
                self._incomplete = None
            if isinstance(error, OSError):
                raise _outside(self.path, error) from error
            raise

    @contextmanager
    def generation(self) -> Iterator[None]:
        """Commit at the end of the block, even after an error: Optuna takes logged entries for done."""
        try:
            yield
        finally:
            self.commit()

    def storage(self) -> "JournalStorage":
        """Return the Optuna storage that logs here."""
        from zerokara.storage.studies.optuna_journal import Storage

        return Storage(self)

    def close(self) -> None:
        """Commit, and release the lock."""
        try:
            self.commit()
        finally:
            self._opened.close()
            self._file = -1  # The system may reuse the number for another file.

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return self.path.read_bytes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _outside(path: Path, error: OSError) -> OutsideError:
    return OutsideError(f"{path} must be readable and writable, got {error.strerror}: check permissions and disk space")
