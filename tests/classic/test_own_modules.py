"""A learner's own modules and zerokara's complete each other, one module at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from zerokara.classic import finder

REPORT = """
def origin(module):
    return "zerokara" if module.__name__.startswith("zerokara.") else module.where
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def run(folder: Path, script: str, *options: str) -> list[str]:
    command = [sys.executable, "-W", "error", *options, "-m", "zerokara.classic", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_own_packages_beside_the_script_are_completed(tmp_path: Path) -> None:
    script = """
import common.functions, common.layers, common.gradient, common.util
import cs231n.classifiers.linear, cs231n.classifiers.neural_net, cs231n.gradient_check, cs231n.classifiers
import dataset.mnist, two_layer_net, two_layer_net0
from common import optimizer
from common.layers import *
from cs231n.classifiers.neural_net import TwoLayerNet
for module in (common.functions, common.layers, common.gradient, common.util, cs231n.classifiers.linear,
    cs231n.classifiers.neural_net, cs231n.gradient_check, dataset.mnist, two_layer_net, two_layer_net0, optimizer):
    print(module.__name__, origin(module))
print(sigmoid(0), common.layers.answer, common.gradient.numerical_gradient is not None)
try:
    import common.nothing
except ModuleNotFoundError as error:
    print(error)
"""
    files = {
        "ch/script.py": REPORT + script,
        "ch/common/__init__.py": "",
        "ch/common/functions.py": "where = 'beside'\nsigmoid = lambda x: 'mine'\n",
        "ch/common/layers.py": "where = 'beside'\nfrom .functions import *\nfrom common.util import np\nanswer = 42\n",
        # Folders without __init__.py: one of modules and data, one of data alone.
        "ch/cs231n/classifiers/linear.py": "where = 'beside'\nfrom cs231n.data_utils import load_CIFAR10\n",
        "ch/cs231n/gradient_check.py": "where = 'beside'\n",
        "ch/cs231n/datasets/README": "",
        "ch/dataset/train.csv": "1,2\n",
        "ch/two_layer_net/weights.txt": "",
    }
    write(tmp_path, files)
    assert run(tmp_path, "ch/script.py") == [
        "common.functions beside",
        "common.layers beside",
        "zerokara.classic.common.gradient zerokara",
        "zerokara.classic.common.util zerokara",
        "cs231n.classifiers.linear beside",
        "zerokara.classic.cs231n.classifiers.neural_net zerokara",
        "cs231n.gradient_check beside",
        "zerokara.classic.dataset.mnist zerokara",
        "zerokara.classic.two_layer_net zerokara",
        "zerokara.classic.two_layer_net0 zerokara",
        "zerokara.classic.common.optimizer zerokara",
        "mine 42 True",
        "No module named 'common.nothing'",
    ]


def test_own_packages_in_the_parent_folder_are_completed(tmp_path: Path) -> None:
    script = """
import os, sys
sys.path.append(os.pardir)
import common.optimizer, common.layers, common.functions, dataset.mnist, two_layer_net
from common.optimizer import MySGD
for module in (common.optimizer, common.layers, common.functions, dataset.mnist, two_layer_net):
    print(module.__name__, origin(module))
"""
    files = {
        "ch06/script.py": REPORT + script,
        "ch06/common/functions.py": "where = 'no package: hidden by that of the parent'\n",
        "ch06/two_layer_net.py": "where = 'beside'\n",
        "common/__init__.py": "",
        "common/optimizer.py": "where = 'parent'\nfrom common.layers import Affine\nclass MySGD: pass\n",
        "dataset/mnist.py": "where = 'parent'\n",
        "two_layer_net.py": "where = 'parent'\n",
    }
    write(tmp_path, files)
    assert run(tmp_path / "ch06", "script.py") == [
        "common.optimizer parent",
        "zerokara.classic.common.layers zerokara",
        "zerokara.classic.common.functions zerokara",
        "dataset.mnist parent",
        "two_layer_net beside",
    ]


@pytest.fixture
def path(monkeypatch, tmp_path):
    """``sys.path`` and the import hooks as at the start of Python, which a test may change."""
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if not isinstance(each, finder.Finder)])
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    monkeypatch.setattr(finder.display, "to_files", lambda title: None)
    monkeypatch.setattr(finder.display, "AFTER_IMPORT", {})
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    for place in ("site", "given", "added"):
        write(tmp_path / place, {"common/__init__.py": ""})
    return tmp_path


def found(name: str) -> str:
    spec = sys.meta_path[0].find_spec(name)
    return "zerokara" if isinstance(spec.loader, finder._Alias) else Path(spec.origin).parents[1].name


def test_an_installed_package_of_the_same_name_is_not_the_learners(path: Path, monkeypatch) -> None:
    finder.install()
    assert found("common") == "zerokara"
    sys.path.append(str(path / "added"))
    assert found("common") == "added"
    finder.install()
    assert found("common") == "added"
    finder.install(path / "site")
    assert found("common") == "site"


@pytest.mark.parametrize("entry", ["added", "../{}/added"])
def test_folders_that_were_added_before_count(entry: str, path: Path) -> None:
    sys.path.append(entry.format(path.name))
    finder.install()
    assert found("common") == "added"


def test_folders_of_pythonpath_count(path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{path / 'given'}")
    sys.path.append(str(path / "given"))
    finder.install()
    assert found("common") == "given"
