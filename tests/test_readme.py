"""The code of both READMEs runs as it stands, and they stay short."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
BOTH = ["README.md", "README.ja.md"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", read(name), flags=re.DOTALL)


def run(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec"), names)


def lines(block: str) -> int:
    return len([line for line in block.splitlines() if line.strip()])


@pytest.fixture
def houses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a table of houses, as the working directory."""
    rng = np.random.default_rng(0)
    size, city = rng.uniform(40, 200, 300).round(), rng.choice(["Bern", "Basel"], 300)
    rows = [f"{s:g},{c},{5 * s + 200 * (c == 'Bern') + rng.normal():.2f}" for s, c in zip(size, city, strict=True)]
    (tmp_path / "houses.csv").write_text("\n".join(["size,city,price", *rows]))
    (tmp_path / "new.csv").write_text("city,size\nBern,100\nBasel,100\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", BOTH)
def test_it_is_short(name: str) -> None:
    assert len(read(name).splitlines()) <= 150
    arrays, table = blocks(name, "python")
    assert max(lines(arrays), lines(table)) <= 4
    assert read(name).count("![") == 1


def test_both_have_the_same_python_and_commands() -> None:
    assert blocks(BOTH[0], "python") == blocks(BOTH[1], "python")
    first, second = ([re.sub(r"\s*#.*", "", block) for block in blocks(name, "sh")] for name in BOTH)
    assert first == second
    first, second = (re.findall(r"^    (zerokara [a-z]+)", read(name), re.MULTILINE) for name in BOTH)
    assert first == second


def test_arrays() -> None:
    names: dict[str, Any] = {}
    run(blocks(BOTH[0], "python")[0], names)
    assert names["study"].best.val_accuracy > 0.95
    assert names["study"].model.predict(names["X"][:3]).tolist() == names["y"][:3].tolist()


def test_a_table(houses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    run(blocks(BOTH[0], "python")[1], names)
    assert names["prices"].ravel() == pytest.approx([700, 500], abs=20)
    assert "'lr': " in capsys.readouterr().out


def test_the_commands_of_the_japanese_readme_lead_to_a_result(houses: Path) -> None:
    demo = re.findall(r"`zerokara (.*?)`", blocks("README.ja.md", "sh")[0])
    assert demo == ["tune digits"]
    shown = re.findall(r"^zerokara (.*)$", "\n".join(blocks("README.ja.md", "sh")), re.MULTILINE)
    for command in [*demo, *shown]:
        done = subprocess.run(
            [sys.executable, "-m", "zerokara", *command.split()],
            env=os.environ | {"COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert {"model.safetensors", "race.png", "trials.csv"} <= {path.name for path in Path("runs/digits-1").iterdir()}
    prices = [float(line) for line in Path("predictions.csv").read_text().splitlines()[1:]]
    assert prices == pytest.approx([700, 500], abs=20)


def test_make_demo_runs_that_command() -> None:
    assert re.search(r"^demo: .*\n\t\$\(BIN\)/zerokara tune digits$", read("Makefile"), re.MULTILINE)


def test_the_commands_are_those_of_the_command_line() -> None:
    listed = re.findall(r"^    zerokara ([a-z]+)", read(BOTH[0]), re.MULTILINE)
    from zerokara.cli.app import app

    assert sorted(listed) == sorted(name for name in app if not name.startswith("-"))


def test_the_layer_of_the_book_page_is_the_real_one() -> None:
    source = read("src/zerokara/nn/layers/affine.py").replace(": Array", "").replace(" ", "")
    (block,) = (block for block in blocks("docs/tutorials/book.md", "python") if block.startswith("def forward"))
    for line in block.splitlines():
        code = line.split("#")[0].strip()
        if not code.startswith("def"):
            assert code.replace(" ", "") in source, line
