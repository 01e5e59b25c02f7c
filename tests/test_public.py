"""What `import zerokara` shows."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import zerokara as zk


def test_dir_shows_public_names_alone() -> None:
    assert {"cli", "report", "tuning", "errors"} <= set(vars(__import__("zerokara.cli.app")))
    shown = [name for name in dir(zk) if not name.startswith("__")]
    assert shown == sorted(zk.__all__)
    assert [name for name in shown if isinstance(getattr(zk, name), ModuleType)] == [
        "callbacks",
        "data",
        "nn",
        "optim",
        "plot",
    ]
    assert {"__doc__", "__name__", "__version__", "__all__"} <= set(dir(zk))


def test_submodules_are_there_after_the_import() -> None:
    code = "import zerokara as zk; print(zk.data.load, zk.nn.mlp, zk.optim.SGD, zk.train.Epoch, zk.__version__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split()[-1] == zk.__version__


def test_every_public_name_is_the_one_that_type_checkers_see() -> None:
    tree = ast.parse(Path(zk.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.lineno > 6]
    seen = {alias.name: str(node.module) for node in imports for alias in node.names}
    assert seen.keys() == set(zk.__all__)
    for name, module in seen.items():
        home = importlib.import_module(module)
        assert getattr(zk, name) is getattr(home, name)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'zerokara' has no attribute 'nonsense'"):
        _ = zk.nonsense  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'nonsense' from 'zerokara'"):
        from zerokara import nonsense  # type: ignore[attr-defined]  # noqa: F401
