"""The folder of a run, created atomically with its config inside."""

import json
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Any

from zerokara.checks import is_of
from zerokara.errors import InputError, OutsideError, warn
from zerokara.files import backup, outside, recover, remove_temporary, replacing, write
from zerokara.locks import run_lock
from zerokara.study.config import check_config

if TYPE_CHECKING:
    from zerokara.storage.journal import Journal

CONFIG_FILE = "config.toml"
JOURNAL = "journal.log"
WORKER_ID = "worker_id"
ANOTHER = "choose another with --out, in Python out='runs/mine'"


class RunFolder:
    """A run on disk. `create` makes a new folder, `RunFolder(path)` opens an existing one.

    A run that was being replaced when the process was killed is moved back, with a warning.

    Raises:
        InputError: the path is not a run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        _recover(self.path)
        if not (self.path / CONFIG_FILE).is_file():
            raise InputError(f"a run is a folder with a {CONFIG_FILE}, got {self.path}: pass a folder that tune wrote")

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any], force: bool = False) -> "RunFolder":
        """Create the folder with its config inside; ``force`` replaces an existing run.

        Raises:
            InputError: the path exists and is not a run, or it is a run and ``force`` is not set.
            OutsideError: another process uses the run, the path is not writable, or the disk is full.
        """
        path = Path(path)
        _recover(path)
        check_free(path, force)
        with outside(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing_lock(path):
            check_free(path, force)
            remove_temporary(path.parent, path.name)
            with replacing(path) as fresh:
                fresh.mkdir()
                write(fresh / CONFIG_FILE, toml(config))
        return cls(path)

    @property
    def checkpoints(self) -> Path:
        """The folder for the networks of trials that are not recorded yet."""
        return self.path / "checkpoints"

    def journal(self, warn: Callable[[str], None] = warn) -> "Journal":
        """Open the journal, and lock the run for this process until it is closed."""
        from zerokara.storage.journal import Journal

        return Journal(self.path / JOURNAL, warn)

    def repair(self, make: "Callable[[Journal], object]", warn: Callable[[str], None]) -> None:
        """Repair the journal; see `zerokara.storage.repair.repair`."""
        from zerokara.storage.repair import repair

        # They may be of trials that are proposed again, in other generations.
        shutil.rmtree(self.checkpoints, ignore_errors=True)
        repair(self.path / JOURNAL, make, warn)

    @contextmanager
    def lock(self) -> Iterator[Path]:
        """Lock a run without a journal against other processes, and yield the file with its worker id in the database.

        Raises:
            OutsideError: another process has the run.
        """
        path = self.path / WORKER_ID
        with run_lock(path):
            with outside(path):
                path.touch()
            yield path

    def resumed(self, trials: int) -> None:
        """Prepare a locked run for more training: write the total number of trials, remove what a kill left.

        Raises:
            OutsideError: another process has resumed the run in the meantime, or the disk is full.
        """
        config = self.config()
        if config["trials"] > trials:
            raise OutsideError(
                f"only one process at a time may resume {self.path}, got another that raised the trials to "
                f"{config['trials']} meanwhile: resume again"
            )
        if config["trials"] < trials:
            self.write(CONFIG_FILE, toml(config | {"trials": trials}))
        for folder in (self.path, self.checkpoints):
            remove_temporary(folder)

    def finished(self, trials: int | None = None) -> dict[str, Any]:
        """Return the summary of a run that has ended, also by a callback, with this number of trials; else nothing.

        A run of which a process was killed since has not ended. ``trials`` None is the number in its config.
        """
        summary = self._ended(trials)
        return summary if summary.get("finished") is True and not (self.path / WORKER_ID).exists() else {}

    def final_networks(self, trials: int | None = None) -> int | None:
        """Return how many networks the final training had, also if it was interrupted; None if it never began."""
        return self._ended(trials).get("final_networks")

    def _ended(self, trials: int | None) -> dict[str, Any]:
        """Return the summary if these trials were trained, or a callback stopped a search for them; else nothing."""
        planned, summary = self.config()["trials"], read_summary(self.path)
        stopped = summary.get("stopped")
        total = stopped.get("trials", planned) if isinstance(stopped, dict) else summary.get("trials")
        if trials not in (None, planned) or not is_of(total, int):
            return {}
        readable = is_of(summary.get("trials"), int) and is_of(summary.get("final_networks") or 0, int)
        return summary if readable and total >= planned else {}

    def config(self) -> dict[str, Any]:
        """Return the config.

        Raises:
            InputError: it is not as `create` wrote it: a key is missing or unknown, or a value has another type.
        """
        content = read_toml(self.path / CONFIG_FILE)
        check_config(content, self.path / CONFIG_FILE)
        return content

    def write(self, name: str, content: str) -> Path:
        """Write a text file atomically, and return its path."""
        return write(self.path / name, content)


@contextmanager
def out_folder(out: Path | None, name: str, parent: str | Path = "runs") -> Iterator[Path]:
    """Yield ``out``; if it is None, a new folder ``parent/name-N`` with the first unused N, removed if it stays empty.

    Of several processes that start together, each gets another folder.
    """
    if out is not None:
        yield out
        return
    parent, number = Path(parent), 1
    with outside(parent):
        created = [] if parent.exists() else [parent]
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            path = parent / f"{name}-{number}"
            try:
                path.mkdir()
                break
            except FileExistsError:
                number += 1
    try:
        yield path
    finally:
        with suppress(OSError):
            for folder in (path, *created):
                folder.rmdir()


def read_id(path: Path) -> str:
    """Return the worker id in a file, hexadecimal digits; empty if the file has anything else."""
    text = path.read_text(encoding="ascii", errors="replace")
    return text if set(text) <= set(hexdigits) else ""


def toml(content: Mapping[str, Any]) -> str:
    """Return a mapping as TOML, without the values that are None, which TOML does not have."""
    import tomli_w

    return tomli_w.dumps({name: value for name, value in content.items() if value is not None})


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"a config must be a readable TOML file, got {path}: {error}; fix the file") from error
    except RecursionError as error:
        raise InputError(f"a config must be a flat TOML file, got {path} with deep nesting: fix the file") from error


def read_summary(run: Path) -> dict[str, Any]:
    """Return the content of a run's ``summary.json``; empty if there is none."""
    try:
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return summary if isinstance(summary, dict) else {}


def check_free(path: Path, force: bool) -> None:
    """Raise InputError unless a run may be created here: a new or empty folder or, with ``force``, a run."""
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"a run needs a new or empty folder, got the file {path}: {ANOTHER}")
    if not any(path.iterdir()):
        return
    if not (path / CONFIG_FILE).is_file():
        raise InputError(f"a run needs a new or empty folder, got {path} with other files: {ANOTHER}")
    if not force:
        raise InputError(f"{path} already contains a run: {ANOTHER}; or replace it with --force, in Python force=True")
    for name in (JOURNAL, WORKER_ID):
        with run_lock(path / name):
            """No process uses the run."""


def _recover(path: Path) -> None:
    """Move a run back that was being replaced when the process was killed."""
    if path.exists() or not backup(path).exists():
        return
    with _replacing_lock(path), outside(path):
        if recover(path):
            warn(f"Moved {path} back: a process was killed while it replaced this run.")


def _replacing_lock(path: Path) -> AbstractContextManager[None]:
    return run_lock(Path(os.path.abspath(path)), wait=True)
