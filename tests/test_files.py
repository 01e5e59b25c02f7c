"""Files and folders are replaced completely or not at all."""

import os

import pytest

from zerokara.errors import OutsideError
from zerokara.files import replacing


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
    monkeypatch.setattr(os, "replace", lambda *_: os.mkdir(path / "no" / "such"))
    with pytest.raises(OutsideError, match="results must be writable"), replacing(path) as fresh:
        fill(fresh, "folder", "new")
    assert (content_of(path), os.listdir(tmp_path)) == ("old", ["results"])
