"""The scripts of examples/ on numerical gradients and CS231n, their parts run as they are on less."""

import importlib
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

ASK = """
import s2_numerical as s2, zerokara as zk, pathlib
s2.ITERATIONS = 3
data = zk.data.load("mnist").first(100)
learned = [s2.learn(data, numerical)[0] for numerical in (True, False)]
assert abs(learned[0].params - learned[1].params).max() < 1e-8
s2.ask({"differences of all": (learned[0], data), "slopes": (learned[1], data)}, pathlib.Path("weights"))
"""


@pytest.mark.parametrize("keys", ["7\n10000\n-1\nseven\n0\n\n1\n\n", "7\n10000\n-1\nseven\n0\n\n1\n"])
def test_the_networks_of_s2_are_saved_loaded_and_asked(keys: str, tmp_path: Path, mnist_folder: Path) -> None:
    paths = os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])
    settings = {"ZEROKARA_DATA": str(mnist_folder.parent), "PYTHONPATH": paths, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        input=keys,
        cwd=tmp_path,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == [
        "differences.safetensors",
        "slopes.safetensors",
    ]
    first, second = done.stdout.split("trained by")[1:]
    bars = [line.split() for line in first.splitlines() if line[:2] in {f"{k} " for k in range(10)}]
    assert len(bars) == 20  # Two images of ten classes.
    assert sum(float(bar[1]) for bar in bars) == pytest.approx(2, abs=2e-3)
    assert "truth: 9" in first  # The eighth of MNIST's test images.
    assert "truth: 7" in first
    assert first.count("the test samples of mnist are 0 to 9999") == 2
    assert "there is no picture seven" in first
    assert "truth: 2" in second
    assert (tmp_path / "zerokara" / "pictures" / "mnist-7.png").read_bytes()[:4] == b"\x89PNG"


@pytest.fixture
def scripts(monkeypatch, cifar_folder: Path, tmp_path: Path):
    """What imports a script by its name."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("ZEROKARA_DATA", str(cifar_folder.parent))
    ours = {path.stem for path in EXAMPLES.glob("*.py")}
    monkeypatch.setattr(importlib.import_module("picture"), "PICTURES", tmp_path / "pictures")
    yield importlib.import_module
    for name in ours & set(sys.modules):
        del sys.modules[name]


@pytest.fixture
def s4(scripts):
    return scripts("s4_cs231n")


def test_s4_has_the_courses_numbers(s4) -> None:
    found = s4.toy()
    assert found["scores"] < 1e-7
    assert abs(found["loss"] - 1.30378789133) < 1e-11
    assert found["gradients"] < 1e-8
    assert found["trained"] < 0.2


def test_s4_on_a_part_of_cifar10(s4, monkeypatch, tmp_path: Path) -> None:
    data = s4.zk.data.load("cifar10")
    whole = s4.parts(data)
    assert (len(whole.train), len(whole.validation), whole.test) == (49_000, 1000, None)
    assert (whole.validation.t == data.train.t[49_000:]).all()
    few = data.with_parts(data.train.take(slice(0, 2000)), data.train.take(slice(-300, None)), data.test)
    monkeypatch.setattr(s4.zk.data, "load", lambda name: few)
    monkeypatch.setattr(s4, "parts", lambda found: found.with_parts(found.train, found.validation))
    rows = []
    monkeypatch.setattr(s4, "row", lambda *cells: rows.append(cells))
    monkeypatch.setattr(s4, "given", partial(s4.given, iterations=40))
    search = s4.search  # Whitening takes ten seconds.
    monkeypatch.setattr(s4, "search", lambda data, scaling: search(data, "center", trials=3, epochs=3))
    s4.main()
    assert [row[0] for row in rows] == ["S4", "S4b"]
    assert "loss 1.30378789133" in rows[0][3]
    assert re.search(r"evaluated once: 0\.[23]\d\d on the course's 1,000 images, 0\.[23]\d\d on all 10,000", rows[1][3])
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["s4_given.png", "s4_search.png"]


def test_cifar10_at_its_best_on_a_part(scripts, monkeypatch, tmp_path: Path) -> None:
    script = scripts("cifar10")
    data = script.zk.data.load("cifar10")
    few = data.with_parts(data.train.take(slice(0, 1000)), None, data.test.take(slice(0, 500)))
    monkeypatch.setattr(script.zk.data, "load", lambda name: few)
    rows = []
    monkeypatch.setattr(script, "row", lambda *cells: rows.append(cells))
    monkeypatch.setattr(script, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(script, "VALIDATION", 0.1)
    monkeypatch.setattr(script, "EPOCHS", 5)
    for name in ("PLAIN", "AUGMENTED"):
        monkeypatch.setitem(getattr(script, name), "hidden", (30,))
    script.main()
    assert [row[0] for row in rows] == ["S4c", "S4d"]
    for row in rows:
        assert re.match(r"mean 0\.[1-5]\d{3} of 0\.\d{4}, 0\.\d{4}, 0\.\d{4} on all 10,000 test images", row[3])
    assert (tmp_path / "pictures" / "s4_cifar10.png").is_file()
    assert len(list((tmp_path / "runs").iterdir())) == 6
