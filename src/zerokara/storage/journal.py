"""The study's record on disk: an Optuna journal that is written by the generation.

Importing this file imports Optuna: do so inside the function that opens a study.
"""

import json
import os
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState

from zerokara.errors import InputError, OutsideError
from zerokara.locks import run_lock


class Journal(BaseJournalBackend):
    """The journal of a run folder, held by one process at a time and used by one thread of it.

    What Optuna logs is kept in memory, where this process reads it at once, until it reaches the file in
    one write at the end of a generation. The file is what Optuna's own ``JournalFileBackend`` writes and
    reads. Opening cuts a last line that a kill has torn.

    Args:
        path: the file, made where it is missing; ``journal.pid`` beside it names the holder while it is open.

    Raises:
        InputError: when it is read: a whole line is no log of Optuna's.
        OutsideError: another process holds it, or the disk fails or is full.

    >>> import tempfile, optuna
    >>> with tempfile.TemporaryDirectory() as run, Journal(Path(run) / "journal.log") as journal:
    ...     with journal.generation():
    ...         study = optuna.create_study(storage=journal.storage())
    ...     len(journal.path.read_text().splitlines())
    1
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as opened:
            try:
                # Windows would otherwise write "\r\n" for "\n".
                binary = getattr(os, "O_BINARY", 0)
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | binary, 0o644)
                opened.callback(os.close, self._file)
                opened.enter_context(run_lock(path))
                content = path.read_bytes()
                os.ftruncate(self._file, content.rfind(b"\n") + 1)
            except OutsideError:
                raise
            except OSError as error:
                raise _outside(path, error) from error
            self._opened = opened.pop_all()
        self._committed = content.count(b"\n")
        self._kept: list[bytes] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the logs from this number on, those not yet committed too."""
        # From text each time, so that this process sees what any other would.
        lines, first = self._kept, self._committed
        if log_number_from < first:  # Only a storage that is new: Optuna reads each log once.
            lines, first = [*self.path.read_bytes().split(b"\n")[:-1], *lines], 0
        for number, line in enumerate(lines[log_number_from - first :], start=log_number_from + 1):
            try:
                log = json.loads(line)
                _ = log["op_code"], log["worker_id"]
            except (ValueError, TypeError, KeyError) as error:
                raise InputError(
                    f"each line of {self.path} must be a log of Optuna's, got {line[:40]!r} in line "
                    f"{number}: restore the file from a copy, or start anew in another folder"
                ) from error
            yield log

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Keep logs for the next commit."""
        self._kept += [json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs]

    def commit(self) -> None:
        """Write what is kept in one write, and wait until it is on the disk.

        Raises:
            OutsideError: it cannot be written. The file is as before, and the next commit tries again.
        """
        committed, lines, size = self._committed, self._kept, -1
        kept = memoryview(b"".join(lines))
        if not kept:
            return
        try:
            size = os.fstat(self._file).st_size
            while kept:  # Once, unless the disk fills up halfway.
                kept = kept[os.write(self._file, kept) :]
            os.fsync(self._file)
            self._committed, self._kept = committed + len(lines), []
        except BaseException as error:
            # Ctrl-C included: half a commit, or one that is then repeated, would spoil the numbers.
            self._committed, self._kept = committed, lines
            with suppress(OSError):
                os.ftruncate(self._file, size)
            if isinstance(error, OSError):
                raise _outside(self.path, error) from error
            raise

    @contextmanager
    def generation(self) -> Iterator[None]:
        """Commit when the block ends, by an error too: what has been logged Optuna takes for done."""
        try:
            yield
        finally:
            self.commit()

    def storage(self) -> JournalStorage:
        """Return the Optuna storage that logs here."""
        return _Storage(self)

    def close(self) -> None:
        """Commit, and let another process in."""
        try:
            self.commit()
        finally:
            self._opened.close()
            self._file = -1  # The number may be another file's soon.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Storage(JournalStorage):
    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        # Every ask looks for enqueued trials among all, 0.6 ms of them at 10,000. Here nothing is enqueued.
        if states == (TrialState.WAITING,):
            return []
        return super().get_all_trials(study_id, deepcopy, states)


def _outside(path: Path, error: OSError) -> OutsideError:
    return OutsideError(f"{path} must be readable and writable, got {error.strerror}: mend that and try again")
