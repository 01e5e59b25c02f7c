"""The folder of a run, made whole by one rename with its config inside."""

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

CONFIG = "config.toml"


class RunFolder:
    """A run on disk; `create` makes one, `RunFolder(path)` opens one that is there.

    Raises:
        InputError: there is no run at the path.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / CONFIG).is_file():
            raise InputError(f"a run is a folder with a {CONFIG}, got {self.path}: name the folder that a search made")

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any], force: bool = False) -> "RunFolder":
        """Make the folder with its config inside; ``force`` replaces a run that stands there.

        Raises:
            InputError: something is there already, and it is not a run, or ``force`` is not set.
            OutsideError: the disk refuses.
        """
        path = Path(path)
        _check_free(path, force)
        with outside(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as fresh:
            fresh.mkdir()
            write(fresh / CONFIG, toml(config))
        return cls(path)

    @property
    def checkpoints(self) -> Path:
        """The folder for what is trained and not yet recorded."""
        return self.path / "checkpoints"

    def journal(self) -> "Journal":
        """Open the journal, which keeps the run from other processes until it is closed."""
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
        """Return what `create` was given."""
        return read_toml(self.path / CONFIG)

    def write(self, name: str, content: str) -> Path:
        """Write a text file whole or not at all, and return its path."""
        return write(self.path / name, content)


def next_folder(parent: str | Path, name: str) -> Path:
    """Return ``parent/name-N`` with the first N that is free."""
    number = 1
    while (path := Path(parent) / f"{name}-{number}").exists():
        number += 1
    return path


def toml(content: Mapping[str, Any]) -> str:
    """Return a mapping as TOML; what is None has no place there and is left out."""
    import tomli_w

    return tomli_w.dumps({name: value for name, value in content.items() if value is not None})


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"a config must be a readable TOML file, got {path}: {error}") from error


def _check_free(path: Path, force: bool) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"a run is written to a folder of its own, got the file {path}: name another with --out")
    if not any(path.iterdir()):
        return
    if not (path / CONFIG).is_file():
        raise InputError(
            f"a run is written to a folder of its own, got {path}, which holds other files: name another with --out"
        )
    if not force:
        raise InputError(f"{path} already holds a run: name another folder with --out, or replace it with --force")
