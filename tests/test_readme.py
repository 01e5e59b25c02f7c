"""The README's Python runs as it stands."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(section: str) -> list[str]:
    """Return the Python of a section of the README."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


ARRAYS, TABLE, FRAME, PLOT, SAVE = blocks("First steps")


def run(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec"), names)


def lines(block: str) -> int:
    return len([line for line in block.splitlines() if line.strip()])


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the names after the first example, with ``folder`` to work in."""
    names: dict[str, Any] = {"folder": tmp_path_factory.mktemp("readme")}
    run(ARRAYS, names)
    return names


def test_the_first_examples_are_short() -> None:
    assert README.index(ARRAYS) == README.index("```python\n") + len("```python\n")
    assert lines(ARRAYS) <= 4
    assert lines(TABLE) <= 4
    assert max(map(lines, (ARRAYS, TABLE, FRAME, PLOT, SAVE))) <= 6


def test_arrays(steps: dict[str, Any]) -> None:
    assert steps["study"].best.val_accuracy > 0.95
    assert "train 143, validation 35 (20 % stratified), no test" in repr(steps["study"])


def test_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    size, city = rng.uniform(40, 200, 300).round(), rng.choice(["Bern", "Basel"], 300)
    rows = [f"{s:g},{c},{5 * s + 200 * (c == 'Bern') + rng.normal():.2f}" for s, c in zip(size, city, strict=True)]
    (tmp_path / "houses.csv").write_text("\n".join(["size,city,price", *rows]))
    (tmp_path / "new.csv").write_text("city,size\nBern,100\nBasel,100\n")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    run(TABLE, names)
    assert names["prices"].ravel() == pytest.approx([700, 500], abs=20)
    assert "'lr': " in capsys.readouterr().out


def test_the_best_trials_as_a_table(steps: dict[str, Any]) -> None:
    run(FRAME, steps)
    assert len(steps["frame"]) == len(steps["study"].trials)
    assert "lr" in steps["frame"].columns


def test_a_picture(steps: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(steps["folder"])
    run(PLOT, steps)
    assert (steps["folder"] / "race.png").read_bytes().startswith(b"\x89PNG")


def test_save_load_and_predict(steps: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(steps["folder"])
    run(SAVE, steps)
    assert np.array_equal(steps["model"].predict(steps["X"]), steps["study"].model.predict(steps["X"]))
    assert steps["model"].predict(steps["X"][:3]).tolist() == steps["y"][:3].tolist()


def test_the_python_in_the_readme_runs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks("In Python")[:2]:
        run(block, names)
    assert names["study"].best.val_accuracy > 0.95
    assert names["study"].test_score > 0.95
    assert (tmp_path / "digits.safetensors").exists()
    assert capsys.readouterr().out.count("\n") == 20
    assert names["run"].network.population == 2


def test_the_tasks_of_a_study_run_in_a_few_lines_each(tmp_path, monkeypatch) -> None:
    """Trials as a table; figures; save, load, predict; a run folder."""
    monkeypatch.chdir(tmp_path)
    section = README.split("### What a study shows")[1].split("\n### ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert len(blocks) == 4
    assert all(block.count("\n") <= 6 for block in blocks)
    data = zk.data.load("digits").first(300).split(validation=0.2, test=0.2, seed=0)
    space = {"lr": zk.log(1e-4, 1e-1), "hidden": (8,)}
    study = zk.tune(data, space, trials=12, epochs=4, workers=1, out="runs/mine")
    names: dict[str, object] = {"zk": zk, "data": data, "study": study}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert len(names["trials"]) == 12  # type: ignore[arg-type]
    assert (tmp_path / "race.png").exists()
    assert names["saved"].best.params == study.best.params  # type: ignore[attr-defined]


def test_the_layer_in_the_readme_is_the_real_one() -> None:
    file = Path(__file__).parents[1] / "src" / "zerokara" / "nn" / "layers" / "affine.py"
    source = file.read_text(encoding="utf-8")
    block = blocks("In Python")[2]
    for line in block.splitlines():
        code = line.split("#")[0].strip()
        if not code.startswith("def"):
            assert code.replace(" ", "") in source.replace(": Array", "").replace(" ", ""), line
