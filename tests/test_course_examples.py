"""The scripts of examples/ on numerical gradients and CS231n, their parts run as they are on less."""

import os
import subprocess
import sys
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
    settings = {"ZEROKARA_DATA": str(mnist_folder.parent), "PYTHONPATH": paths, "TMPDIR": str(tmp_path)}
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
    first, second = done.stdout.split("learned by")[1:]
    bars = [line.split() for line in first.splitlines() if line[:2] in {f"{k} " for k in range(10)}]
    assert len(bars) == 20  # Two images of ten classes.
    assert sum(float(bar[1]) for bar in bars) == pytest.approx(2, abs=2e-3)
    assert "truth: 9" in first  # The eighth of MNIST's test images.
    assert "truth: 7" in first
    assert first.count("the test samples of mnist are 0 to 9999") == 2
    assert "there is no picture seven" in first
    assert "truth: 2" in second
    assert (tmp_path / "zerokara-mnist-7.png").read_bytes()[:4] == b"\x89PNG"
