"""The first words of the command line: refusals before the data are loaded, the short help, completion, the winner."""

import json
import re
import subprocess
from pathlib import Path

import pytest

import zerokara as zk
from tests.cli.test_commands import rows
from tests.cli.test_trials import folder  # noqa: F401
from tests.commands import run
from zerokara.cli.app import app
from zerokara.cli.short_help import SHORT

EARLY = {
    "trials": (["--trials", "0"], "trials must be a whole number, 1 or above, got 0"),
    "sampler": (["--sampler", "randon"], "unknown sampler 'randon': did you mean 'random'?"),
    "grid": (["--sampler", "grid", "--search", "hidden=choice:8|9"], "a grid tries each point once"),
    "race": (["--race", "halving:1"], "race"),
    "workers": (["--workers", "threads"], "workers must be a number of threads"),
    "no workers": (["--workers", "0"], "workers must be a whole number, 1 or above"),
    "epochs": (["--epochs", "0"], "epochs must be a whole number"),
    "loss": (["--loss", "hubris"], "loss"),
    "a folder with other files": (["--out", "{tmp}"], "a run needs a new or empty folder"),
}


@pytest.mark.parametrize("name", EARLY)
def test_a_search_is_refused_before_its_data_are_loaded(capsys, tmp_path, name) -> None:
    """There is no such file: were the data loaded first, the error would be about them."""
    (tmp_path / "note.txt").touch()
    options, message = EARLY[name]
    code, out, err = run(capsys, "tune", "missing.csv", *[option.format(tmp=tmp_path) for option in options])
    assert (code, out) == (2, "")
    assert message in err
    assert "missing.csv" not in err


def test_train_and_resume_are_refused_before_their_data_are_loaded(capsys, tmp_path, folder) -> None:  # noqa: F811
    code, _, err = run(capsys, "train", "missing.csv", "--workers", "threads")
    assert (code, "workers must be" in err) == (2, True)
    config = (folder / "config.toml").read_text().replace('dataset = "digits"', 'dataset = "missing.csv"')
    (tmp_path / "config.toml").write_text(config)
    for options, message in (
        (["--trials", 3], "trials must be a whole number, 10 or above, got 3"),
        (["--trials", 20, "--workers", "threads"], "workers must be"),
        (["--storage", "sqlite:///x.db"], "uses a local journal, got storage"),
    ):
        code, _, err = run(capsys, "resume", tmp_path, *options)
        assert (code, message in err, "missing.csv" in err) == (2, True, False)


@pytest.mark.parametrize("command", SHORT)
def test_the_short_help_is_one_screen_of_ten_options(capsys, command) -> None:
    code, out, err = run(capsys, command, "--help")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) < 80
    options = re.findall(r"^  (--[\w-]+) [A-Z]", out, flags=re.MULTILINE)
    assert len(options) == 10
    assert lines[-1] == f"All options: zerokara {command} --help-all"
    assert (run(capsys, command, "-h"), run(capsys, command, "digits", "--help")) == ((0, out, ""),) * 2
    _, full, _ = run(capsys, command, "--help-all")
    assert len(full.splitlines()) > 100
    assert all(option in full for option in options)


def test_the_defaults_of_the_short_help_are_those_of_the_settings(capsys) -> None:
    _, out, _ = run(capsys, "tune", "--help")
    assert re.search(r"--trials N .*\[100\]\n", out)
    assert re.search(r"--hidden SIZES .*\[100,100\]\n", out)


def completed(words: str, tmp_path: Path) -> list[str]:
    """Return what bash offers for the last word of a command line."""
    (tmp_path / "script").write_text(app.generate_completion(shell="bash"))
    parts = words.split(" ")
    quoted = " ".join(f"'{part}'" for part in parts)
    line = f"COMP_WORDS=({quoted}); COMP_CWORD={len(parts) - 1}; _zerokara"
    code = f'source {tmp_path}/script; {line}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_shell_completes_commands_options_and_names(capsys, tmp_path, monkeypatch) -> None:
    assert completed("zerokara t", tmp_path) == ["tune", "train", "trials"]
    assert completed("zerokara tune digits --tri", tmp_path) == ["--trials"]
    assert "roc_auc" in completed("zerokara tune digits --rank ", tmp_path)
    code, out, _ = run(capsys, "completion", "bash")
    assert (code, out) == (0, (tmp_path / "script").read_text())
    monkeypatch.setenv("HOME", str(tmp_path))
    code, out, _ = run(capsys, "completion", "fish", "--install")
    written = tmp_path / ".config" / "fish" / "completions" / "zerokara.fish"
    assert (code, out) == (0, f"written: {written}; start a new shell to use it\n")
    assert "tune" in written.read_text()


def test_train_from_a_run_takes_the_winner(capsys, tmp_path, folder) -> None:  # noqa: F811
    best = json.loads((folder / "summary.json").read_text())["best"]
    code, out, _ = run(capsys, "train", "--from", folder, "--out", tmp_path / "alone")
    assert (code, "note: the data differ" in out) == (0, False)
    [alone] = rows(tmp_path / "alone")
    assert float(alone["val_loss"]) == best["val_loss"]
    winner, again = (zk.Model.load(path / "best.safetensors") for path in (folder, tmp_path / "alone"))
    assert (winner.network.params == again.network.params).all()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.toml").write_text((folder / "config.toml").read_text())
    code, _, err = run(capsys, "train", "--from", tmp_path / "begun")
    assert (code, "has no winner yet: finish it with `zerokara resume" in err) == (2, True)
