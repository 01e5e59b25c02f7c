"""A run's folder: complete or absent."""

import os
import subprocess
import sys
import threading

import pytest

from zerokara.errors import InputError, OutsideError
from zerokara.study.run_folder import RunFolder, out_folder, read_toml, toml

CONFIG = {
    "dataset": "digits",
    "trials": 2,
    "generation": 2,
    "sampler": "random",
    "seed": 0,
    "epochs": 3,
    "test": None,
    "search": ["lr=log:0.001:0.1"],
    "record": {"numpy": "2", "data_sha256": "0"},
}


def test_a_config_reads_back(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "deep" / "run", CONFIG)
    assert folder.config() == {name: value for name, value in CONFIG.items() if value is not None}
    assert RunFolder(folder.path).config() == folder.config()
    assert [path.name for path in folder.path.parent.iterdir()] == ["run"]


def test_a_run_is_replaced_only_by_force(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    folder.write("trials.csv", "old")
    with pytest.raises(InputError, match=r"already contains a run.*--force"):
        RunFolder.create(tmp_path / "run", CONFIG)
    assert (folder.path / "trials.csv").read_text() == "old"
    RunFolder.create(tmp_path / "run", CONFIG, force=True)
    assert [path.name for path in folder.path.iterdir()] == ["config.toml"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("force", [True, False])
def test_other_folders_and_files_are_never_replaced(tmp_path, force) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    (tmp_path / "file").touch()
    for name in ("photos", "file"):
        with pytest.raises(InputError, match="needs a new or empty folder"):
            RunFolder.create(tmp_path / name, CONFIG, force)
    assert (tmp_path / "photos" / "cat.png").exists()


def test_an_empty_folder_is_used(tmp_path) -> None:
    RunFolder.create(tmp_path, CONFIG)
    assert (tmp_path / "config.toml").exists()


def test_a_default_folder_is_new_for_each_process(tmp_path) -> None:
    parent = tmp_path / "runs"
    with out_folder(None, "digits", parent) as first, out_folder(None, "digits", parent) as second:
        assert (first.name, second.name) == ("digits-1", "digits-2")
        RunFolder.create(second, CONFIG)
        with out_folder(first, "digits", parent) as given:
            assert given == first
    assert os.listdir(parent) == ["digits-2"]
    with pytest.raises(InputError), out_folder(None, "digits", tmp_path / "new") as path:
        raise InputError(str(path))
    assert os.listdir(tmp_path) == ["runs"]


def test_processes_that_start_together_get_different_folders(tmp_path) -> None:
    names, start = [], threading.Barrier(8)

    def run() -> None:
        start.wait()
        with out_folder(None, "digits", tmp_path / "runs") as path:
            names.append(RunFolder.create(path, CONFIG).path.name)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == [f"digits-{number}" for number in range(1, 9)]


def test_a_run_in_use_is_not_replaced(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    for lock in (folder.journal(), folder.lock()):
        with lock, pytest.raises(OutsideError, match=f"got one held by process {os.getpid()}"):
            RunFolder.create(tmp_path / "run", CONFIG, force=True)
    assert (tmp_path / "run" / "journal.log").exists()


def test_a_run_whose_replacement_was_killed_is_moved_back(tmp_path) -> None:
    RunFolder.create(tmp_path / "run", CONFIG)
    for use in (RunFolder, lambda path: RunFolder.create(path, CONFIG, force=True)):
        (tmp_path / "run").rename(tmp_path / ".run.old")
        (tmp_path / ".run.new-1").mkdir(exist_ok=True)
        with pytest.warns(UserWarning, match=r"Moved .*run back: a process was killed while it replaced"):
            assert use(tmp_path / "run").config()["epochs"] == 3
    assert os.listdir(tmp_path) == ["run"]


def test_a_folder_without_a_config_is_not_opened(tmp_path) -> None:
    with pytest.raises(InputError, match=r"a run is a folder with a config\.toml"):
        RunFolder(tmp_path)


def test_a_damaged_config(tmp_path) -> None:
    (tmp_path / "config.toml").write_text("epochs = = 3")
    with pytest.raises(InputError, match="readable TOML"):
        read_toml(tmp_path / "config.toml")
    with pytest.raises(InputError, match="readable TOML"):
        read_toml(tmp_path / "missing.toml")


def test_toml_leaves_out_none() -> None:
    assert toml({"a": None, "b": "x"}) == 'b = "x"\n'


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path) -> None:
    """A limit on the size of files simulates a full disk."""
    (tmp_path / "file").write_text("old")
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from zerokara.files import write\n"
        "from zerokara.errors import OutsideError\n"
        "try: write(sys.argv[1], 'x' * 5000)\n"
        "except OutsideError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "file")], capture_output=True, text=True)
    assert "must be writable, got: File too large" in done.stdout, done.stderr
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_path_that_is_not_writable(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="must be writable"):
        RunFolder.create(tmp_path / "file" / "run", CONFIG)
