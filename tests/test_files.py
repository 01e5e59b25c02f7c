"""Files and folders are replaced completely or not at all."""

import os

import pytest

from zerokara.errors import OutsideError
from zerokara.files import backup, recover, remove_temporary, replacing


def fill(path, kind, content):
    if kind == "folder":
        path.mkdir()
        path /= "inside"
    path.write_text(content)


def content_of(path):
    return (path / "inside" if path.is_dir() else path).read_text()


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_fails_halfway_leaves_what_was_there(tmp_path, kind, error):
    path = tmp_path / "results"
    with replacing(path) as fresh:
        fill(fresh, kind, "old")

    def half():
        with replacing(path) as fresh:
            fill(fresh, kind, "half")
            raise error

    with pytest.raises(OutsideError if isinstance(error, OSError) else error):
        half()
    assert (content_of(path), os.listdir(tmp_path)) == ("old", ["results"])
    with replacing(path) as fresh:
        fill(fresh, kind, "new")
    assert (content_of(path), os.listdir(tmp_path)) == ("new", ["results"])


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "results"
    fill(path, "folder", "old")
    replace = os.replace

    def fails(source, target):
        replace(source if ".new-" not in source.name else path / "no" / "such", target)

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OutsideError, match="results must be writable"), replacing(path) as fresh:
        fill(fresh, "folder", "new")
    assert (content_of(path), os.listdir(tmp_path)) == ("old", ["results"])


def test_what_a_killed_replacement_left_is_moved_back_or_removed(tmp_path):
    path = tmp_path / "results"
    assert not recover(path)
    fill(backup(path), "folder", "old")
    assert recover(path)
    assert (content_of(path), os.listdir(tmp_path)) == ("old", ["results"])
    fill(backup(path), "folder", "older")
    assert not recover(path)
    assert (content_of(path), os.listdir(tmp_path)) == ("old", ["results"])
    (tmp_path / ".results.new-1").mkdir()
    (tmp_path / ".results.csv.new-1").touch()
    remove_temporary(tmp_path, "results")
    assert sorted(os.listdir(tmp_path)) == [".results.csv.new-1", "results"]
