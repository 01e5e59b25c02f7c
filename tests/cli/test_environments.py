"""Commands in odd environments: terminals, names, closed output, limits; they work, or end with one clear error."""

import dataclasses
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.cli.terminal import SafeStream, printable
from zerokara.engine.executors import open_pool
from zerokara.errors import OutsideError, ZerokaraWarning

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SMALL = ["--train-size", "150", "--hidden", "8", "--epochs", "2", "--trials", "3", "--workers", "1"]
RESULTS = {"best.safetensors", "config.toml", "journal.log", "model.safetensors", "summary.json", "trials.csv"}
PICTURES = {"race.png", "curves.png", "scatter.png", "report.html", "report.npz"}
EVIL = "a\x1b[31m\x07\r[red]:cat:"
"""A name that colors, rings, overwrites its line, and is markup and an emoji of rich."""


def run(capfd: Any, *tokens: object) -> tuple[int, str, str]:
    """Run a command in this process and return its exit code and what it printed."""
    with pytest.raises(SystemExit) as ended:
        main([str(token) for token in tokens])
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def command(*tokens: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own."""
    line = [sys.executable, "-m", "zerokara", *map(str, tokens)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, **options)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with odd names of classes."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    data = zk.data.load("digits").first(150).split(0.2, 0.2, seed=0)
    trained = zk.tune(data, {"hidden": (8,)}, trials=1, epochs=1).best.model
    dataclasses.replace(trained, classes=(EVIL, "zero\none", "あ", "é", *map(str, range(6)))).save(path)
    return path


def few_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))


def test_few_open_files_and_a_backend_that_is_not_installed(tmp_path) -> None:
    """Commands inherit the backend of their notebook."""
    env = os.environ | {"MPLBACKEND": "backend_of_a_notebook"}
    ended = command("tune", "digits", *SMALL, "--out", tmp_path / "run", env=env, preexec_fn=few_files)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert files(tmp_path / "run") == RESULTS | PICTURES


@pytest.mark.parametrize("workers", ["processes:2", "dask:2"])
def test_too_few_open_files_for_processes(workers) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, before[1]))
    try:
        with pytest.raises(
            OutsideError, match=r"need \d+ open files, got a limit of 20: raise it with ulimit -n, or use t"
        ):
            open_pool(workers)()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def broken_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: object) -> None:
        raise RuntimeError("no fonts\nat all")

    monkeypatch.setattr("zerokara.figures.draw_curves", fail)


@pytest.mark.usefixtures("broken_curves")
def test_a_picture_that_fails_costs_nothing_else(capfd, tmp_path) -> None:
    out = tmp_path / "run"
    code, printed, err = run(capfd, "tune", "digits", *SMALL, "--out", out)
    assert code == 1
    assert "Best-1" in printed
    assert "test accuracy of the model" in printed
    assert err == f"zerokara: curves.png was not drawn, all results are in {out}: RuntimeError: no fonts\n"
    assert files(out) == RESULTS | PICTURES - {"curves.png"}


@pytest.mark.usefixtures("broken_curves")
def test_in_python_a_picture_that_fails_is_a_warning(tmp_path) -> None:
    data = zk.data.load("digits").first(150).split(0.2, 0.2, seed=0)
    with pytest.warns(ZerokaraWarning, match=r"curves.png was not drawn"):
        study = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=2, epochs=1, out=tmp_path / "run")
    assert len(study.trials) == 2
    assert "summary.json" in files(tmp_path / "run")


def test_text_without_control_characters() -> None:
    assert printable(EVIL) == r"a\x1b[31m\x07\r[red]:cat:"
    assert printable("ア ー\u3000é\u200d", keep="") == "ア ー\u3000é\u200d"
    assert printable("a\nb\udcff\u202e\u2028", keep="\n") == "a\nb\\udcff\\u202e\\u2028"


@pytest.fixture
def output_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], io.BytesIO]:
    """Let standard output have an encoding."""

    def replace(encoding: str) -> io.BytesIO:
        content = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding, newline=""))
        return content

    return replace


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "cp1252", "ascii"])
def test_encodings(capfd, tmp_path, model, output_in, encoding) -> None:
    content = output_in(encoding)
    code, _, err = run(capfd, "predict", model, "digits", "--index", "3", "--picture", tmp_path / "é.png")
    assert (code, err) == (0, "")
    printed = content.getvalue().decode(encoding)
    assert "a\\x1b[31m\\x07\\r[red]:cat: 0." in printed
    assert "zero\\none 0." in printed
    assert ("█" in printed, "#" in printed) == (encoding == "utf-8", encoding != "utf-8")
    shown = {"utf-8": "あé", "cp932": "あ?", "cp1252": "?é", "ascii": "??"}[encoding]
    assert all(f" {name} 0." in printed for name in shown)


def on_terminal(*tokens: object, **env: str) -> tuple[int, str]:
    """Run a command on a terminal of its own, and return its exit code and what it showed."""
    import pty

    inner, outer = pty.openpty()
    line = [sys.executable, "-m", "zerokara", *map(str, tokens)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200"} | env
    process = subprocess.Popen(line, stdin=outer, stdout=outer, stderr=outer, env=environment)
    os.close(outer)
    shown = b""
    while True:
        try:
            part = os.read(inner, 65536)
        except OSError:  # EIO: the last process has closed it.
            break
        shown += part
        if not part:
            break
    os.close(inner)
    return process.wait(60), shown.decode(errors="replace")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_names_on_a_terminal(tmp_path) -> None:
    """Every line that shows a name of the table, the file or the folder, with the live table of the search."""
    table = tmp_path / "x[red]:cat:.csv"
    name = EVIL.replace("\r", "")
    cells = [name, "b\tc", "[bold]d"]
    rows = "".join(f'{k},"{cells[k % 3]}"\n' for k in range(90))
    table.write_text(f'"in{name}","target[/red]"\n{rows}', newline="")
    out = tmp_path / "runs" / "m[red]x[/y]\x1b[2J"
    code, shown = on_terminal(
        "tune",
        table,
        "--target",
        "target[/red]",
        "--epochs",
        "2",
        "--hidden",
        "4",
        "--trials",
        "2",
        "--out",
        out,
        PYTHONIOENCODING="ascii",
    )
    assert code == 0, shown
    assert r"m[red]x[/y]\x1b[2J (best.safetensors" in shown
    assert r"ina\x1b[31m\x07[red]:cat:" in shown
    assert "target[/red]" in shown
    assert "\x1b[31m" not in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown
    assert "Traceback" not in shown


CLOSED = [
    (">&-", 0, ""),
    (">/dev/full", 1, "zerokara: standard output must be writable, got: No space left on device;"),
]


@pytest.mark.parametrize(("redirection", "code", "error"), [*CLOSED, ("| head -1", 1, "")][: 3 if SOAK else 1])
def test_a_closed_output_is_no_reason_to_lose_a_search(tmp_path, redirection, code, error) -> None:
    line = f'"{sys.executable}" -m zerokara tune digits {" ".join(SMALL)} --out "{tmp_path / "run"}"'
    script = f"set -o pipefail; {line} {redirection}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.startswith(error)
    assert ended.stderr.count("\n") == bool(error)
    assert files(tmp_path / "run") == RESULTS | PICTURES


def test_a_stream_that_fails_is_dropped(tmp_path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        stream = SafeStream(pipe)
        assert stream.write("text\n") == 5
        stream.flush()
        assert isinstance(stream.error, BrokenPipeError)
        stream.write("more\n")
        stream.flush()


def test_file_names_that_are_not_utf_8(capfd, tmp_path, model) -> None:
    name = os.fsdecode(b"\xff\x1b.csv")
    code, out, err = run(capfd, "predict", model, tmp_path / name)
    assert (code, out) == (2, "")
    assert r"\udcff\x1b.csv" in err
    assert "\x1b" not in err


def test_csv_that_the_output_cannot_encode(capfd, tmp_path, output_in) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "".join(f"{k},{'あ' if k % 2 else 'い'}\n" for k in range(60)), encoding="utf-8")
    data = zk.data.load(table, "y").split(0.2, seed=0)
    zk.tune(data, {"hidden": (4,)}, trials=1, epochs=1).best.model.save(tmp_path / "m.safetensors")
    content = output_in("ascii")
    code, _, err = run(capfd, "predict", tmp_path / "m.safetensors", table)
    assert code == 2
    assert "standard output must have all characters of the predictions, got ascii without" in err
    assert content.getvalue() == b""


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([str(unshare), "-m", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount")
@pytest.mark.parametrize("options", ["ro", "size=4k"] if SOAK else ["ro"])
def test_no_shared_memory(tmp_path, options) -> None:
    fill = "head -c 5000 /dev/zero >/dev/shm/full 2>/dev/null;" if options != "ro" else ""
    tokens = ["tune", "digits", *SMALL[:-1], "processes:2", "--out", str(tmp_path / "run")]
    script = f'mount -t tmpfs -o {options} none /dev/shm; {fill} exec "$0" -m zerokara "$@"'
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, sys.executable, *tokens], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("zerokara: worker processes need pipes, temporary files and shared memory (/dev/shm), got: ")


def test_a_user_without_a_name_and_a_home(tmp_path, model) -> None:
    """A container's user: no entry in passwd, no HOME, no other variable."""
    unknown = [shutil.which("unshare") or "", "--user", "--map-user=54321", "--map-group=54321"]
    if not unknown[0] or subprocess.run([*unknown, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to make a namespace of users")
    line = [*unknown, sys.executable, "-m", "zerokara", "predict", str(model), "digits", "--index", "0"]
    env = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "TMPDIR": str(tmp_path)}
    ended = subprocess.run(line, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    (folder,) = tmp_path.glob("zerokara-*")
    assert files(folder) == {"digits-0.png"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert files(tmp_path) == {folder.name}
