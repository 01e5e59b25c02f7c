"""zerokara on Windows, as far as Linux can show it; the workflow runs the tests on Windows itself."""

# ruff: noqa: SIM905 (a long list of names is read as text)
import os
import subprocess
import sys
from pathlib import Path

import pytest

import zerokara as zk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that can take on another system's ways")

HEAD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from windows import simulate
simulate(*{{}})
"""
DEPENDENCIES = """
asyncio concurrent.futures cyclopts cyclopts.config filelock matplotlib.backends.backend_agg matplotlib.figure
multiprocessing.resource_tracker numpy.testing optuna PIL.Image PIL.ImageOps platformdirs requests rich.console
rich.live
rich.progress rich.table safetensors.numpy sqlalchemy subprocess tempfile threadpoolctl tomli_w uuid zipfile
""".split()
COMMANDS = """
from pathlib import Path
from zerokara.cli import main

def run(*words):
    print("$", *words)
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        assert not end.code, (words, end.code)

here = Path.cwd()
rows = [f"{k % 7},{k % 5},{'Ähre' if k % 7 > k % 5 else '麦'}" for k in range(60)]
(here / "Körner.csv").write_bytes("\\n".join(["Länge,Breite,Sorte", *rows, ""]).encode())
FEW = ["--trials", "4", "--epochs", "3"]
run("tune", here / "Körner.csv", "--target", "Sorte", "--out", here / "Läufe", *FEW, "--ensemble", "2")
run("resume", here / "Läufe", "--trials", "6")
run("tune", here / "Körner.csv", "--target", "Sorte", "--out", here / "Läufe", *FEW, "--force", "--folds", "2")
run("predict", here / "Läufe" / "best.safetensors", here / "Körner.csv", "--out", here / "Sorten.csv")
run("evaluate", here / "Läufe" / "best.safetensors", here / "Körner.csv")
run("inspect", here / "Läufe" / "best.safetensors", here / "Körner.csv")
run("gradcheck", here / "Körner.csv", "--target", "Sorte", "--hidden", "4", "--entry", "W1[0,0]")
run("trials", here / "Läufe")
run("info")
run("tune", "digits", *FEW, "--sampler", "tpe", "--storage", "sqlite:///studies.db")
"""


WAITING = """
import os, threading, time
from pathlib import Path
from zerokara.files import replacing, write

target = Path("Bericht.txt")
write(target, "alt")
reader = open(target, "rb")
threading.Timer(0.1, reader.close).start()
write(target, "neu")
assert reader.closed and target.read_bytes() == b"neu"
for number in range(2):
    with replacing("Läufe") as fresh:
        fresh.mkdir()
        write(fresh / "config.toml", f"seed = {number}")
assert Path("Läufe", "config.toml").read_bytes() == b"seed = 1"
assert sorted(os.listdir()) == ["Bericht.txt", "Läufe"], os.listdir()
with open(target, "rb"):
    try:
        write(target, "nie")
    except Exception as error:
        assert type(error).__name__ == "OutsideError" and "Bericht.txt" in str(error), error
    else:
        raise AssertionError("a file in use was replaced")
assert sorted(os.listdir()) == ["Bericht.txt", "Läufe"], os.listdir()
"""
ORPHAN = """
import ctypes, threading
from types import SimpleNamespace
from zerokara.processes import wait_for_end

ended, asked = threading.Event(), []

def kernel32(name, **settings):
    def open_process(access, inherited, number):
        asked.append((name, access, inherited, number))
        return 1 << 40

    def wait(handle, milliseconds):
        asked.append((handle.value, milliseconds))
        ended.wait()

    # As of a library, whose functions take attributes.
    return SimpleNamespace(OpenProcess=open_process, WaitForSingleObject=wait)

ctypes.WinDLL = kernel32
watch = threading.Thread(target=wait_for_end, args=(4711,), daemon=True)
watch.start()
watch.join(0.3)
assert watch.is_alive(), "the parent still runs"
ended.set()
watch.join(5)
assert not watch.is_alive()
assert asked == [("kernel32", 0x100000, False, 4711), (1 << 40, 0xFFFFFFFF)], asked
"""
AGAIN = """
import os, signal, time
from types import SimpleNamespace
from zerokara import signals

os.kill = None  # It would end the process.
signals.handle(signals.interrupt)
signals.receive(signal.SIGINT)
signals.send_again(SimpleNamespace(exc_value=KeyboardInterrupt()))  # As Python calls it for a destructor.
try:
    for _ in range(50):
        time.sleep(0.1)
except KeyboardInterrupt:
    print("interrupted")
"""


def in_windows(script: str, folder: Path, *dependencies: str) -> subprocess.CompletedProcess[str]:
    """Run a script as on Windows, in a folder; its output must succeed."""
    known = os.environ | {"PYTHONUTF8": "0", "ZEROKARA_DATA": str(folder / "cache")}
    command = [sys.executable, "-W", "error::EncodingWarning", "-c", HEAD.format(dependencies) + script]
    ended = subprocess.run(command, cwd=folder, env=known, capture_output=True, encoding="cp1252", check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def test_commands_run_on_windows_with_any_file_name(tmp_path: Path) -> None:
    folder = tmp_path / "Mein Ordner äé"
    folder.mkdir()
    ended = in_windows(COMMANDS, folder, *DEPENDENCIES)
    assert "Traceback" not in ended.stderr
    journal = (folder / "Läufe" / "journal.log").read_bytes()
    assert journal
    assert b"\r" not in journal
    assert not [*folder.rglob(".*.new-*"), *folder.rglob(".*.lock")]
    assert len(zk.open(folder / "Läufe").trials) == 4
    assert "麦" in (folder / "Sorten.csv").read_text(encoding="utf-8")


def test_a_file_in_use_is_waited_for(tmp_path: Path) -> None:
    in_windows(WAITING, tmp_path, "shutil", "glob")


def test_a_worker_waits_for_a_handle_of_its_parent(tmp_path: Path) -> None:
    in_windows(ORPHAN, tmp_path, "multiprocessing.resource_tracker")


def test_a_dropped_interrupt_is_sent_again_in_the_process(tmp_path: Path) -> None:
    assert in_windows(AGAIN, tmp_path).stdout == "interrupted\n"
