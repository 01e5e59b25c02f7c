"""Where `predict` puts a picture whose place nobody has chosen: no other user can be in the way."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from zerokara.cli.samples.own_folder import own_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a folder for temporary files."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def is_private(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700 and status.st_uid == os.getuid()


def test_it_is_in_the_cache(home: Path) -> None:
    folder = own_folder("pictures")
    assert folder == home / "cache" / "zerokara" / "pictures" == own_folder("pictures")
    assert is_private(folder)


def a_link(folder: Path, home: Path) -> None:
    (home / "elsewhere").mkdir()
    folder.symlink_to(home / "elsewhere")


def a_file(folder: Path, home: Path) -> None:
    folder.write_text("")


def shared(folder: Path, home: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def another_users(folder: Path, home: Path) -> None:
    folder.mkdir(mode=0o700)
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 54321, 54321)


@pytest.mark.parametrize("obstacle", [a_link, a_file, shared, another_users])
def test_else_it_is_new_and_temporary(home: Path, obstacle) -> None:
    folder = home / "cache" / "zerokara" / "pictures"
    folder.parent.mkdir(parents=True)
    obstacle(folder, home)
    first, second = own_folder("pictures"), own_folder("pictures")
    assert first.parent == second.parent == home / "tmp"
    assert first != second
    assert is_private(first)
