"""A lock excludes other processes, ends with its process, and leaves no files."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from zerokara.errors import OutsideError
from zerokara.locks import run_lock

HOLD = "import sys; from pathlib import Path; from zerokara.locks import run_lock\n"
HOLD += "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_lock_ends_with_its_process_however_that_ends(tmp_path, end):
    path = tmp_path / "journal.log"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(OutsideError, match=f"held by process {process.pid} on"), run_lock(path):
            pass
        assert sorted(os.listdir(tmp_path)) == [".journal.lock", "journal.pid"]
        if end:
            process.send_signal(end)
        else:
            process.stdin.close()
    with run_lock(path):
        pass
    assert os.listdir(tmp_path) == []


def test_who_waits_comes_next_though_the_lock_file_is_removed(tmp_path):
    holders, most = [], []

    def work():
        for _ in range(5):
            with run_lock(tmp_path / "download", wait=True):
                holders.append(threading.get_ident())
                most.append(len(holders))
                holders.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_a_failure_outside(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutsideError, match=r"file/journal\.log must be writable, got: "),
        run_lock(tmp_path / "file/journal.log"),
    ):
        pass
    with pytest.raises(OSError, match="of the block"), run_lock(tmp_path / "journal.log"):
        raise OSError("of the block")
