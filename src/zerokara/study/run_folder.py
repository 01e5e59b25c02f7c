"""The folder of a run, created atomically with its config inside."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerokara.errors import InputError
from zerokara.files import outside, replacing, write
from zerokara.locks import run_lock

if TYPE_CHECKING:
    from zerokara.storage.journal import Journal

CONFIG_FILE = "config.toml"


class RunFolder:
    """A run on disk. `create` makes a new folder, `RunFolder(path)` opens an existing one.

    Raises:
        InputError: the path is not a run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / CONFIG_FILE).is_file():
            raise InputError(f"a run is a folder with a {CONFIG_FILE}, got {self.path}: pass a folder that tune wrote")

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any], force: bool = False) -> "RunFolder":
        """Create the folder with its config inside; ``force`` replaces an existing run.

        Raises:
            InputError: the path exists and is not a run, or it is a run and ``force`` is not set.
            OutsideError: the path is not writable, or the disk is full.
        """
        path = Path(path)
        _check_free(path, force)
        with outside(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as fresh:
            fresh.mkdir()
            write(fresh / CONFIG_FILE, toml(config))
        return cls(path)

    @property
    def checkpoints(self) -> Path:
        """The folder for the networks of trials that are not recorded yet."""
        return self.path / "checkpoints"

    def journal(self) -> "Journal":
        """Open the journal, and lock the run for this process until it is closed."""
        from zerokara.storage.journal import Journal

        return Journal(self.path / "journal.log")

    @contextmanager
    def lock(self) -> Iterator[Path]:
        """Lock a run without a journal against other processes, and yield the file with its worker id in the database.

        Raises:
            OutsideError: another process has the run.
        """
        path = self.path / "worker_id"
        with run_lock(path):
            with outside(path):
                path.touch()
            yield path

    def config(self) -> dict[str, Any]:
        """Return the config."""
        return read_toml(self.path / CONFIG_FILE)

    def write(self, name: str, content: str) -> Path:
        """Write a text file atomically, and return its path."""
        return write(self.path / name, content)


def next_folder(parent: str | Path, name: str) -> Path:
    """Return ``parent/name-N`` with the first unused N."""
    number = 1
    while (path := Path(parent) / f"{name}-{number}").exists():
        number += 1
    return path


def toml(content: Mapping[str, Any]) -> str:
    """Return a mapping as TOML, without the values that are None, which TOML does not have."""
    import tomli_w

    return tomli_w.dumps({name: value for name, value in content.items() if value is not None})


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"a config must be a readable TOML file, got {path}: {error}; fix the file") from error


def _check_free(path: Path, force: bool) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"a run needs a new or empty folder, got the file {path}: choose another with --out")
    if not any(path.iterdir()):
        return
    if not (path / CONFIG_FILE).is_file():
        raise InputError(f"a run needs a new or empty folder, got {path} with other files: choose another with --out")
    if not force:
        raise InputError(f"{path} already contains a run: choose another folder with --out, or replace it with --force")
