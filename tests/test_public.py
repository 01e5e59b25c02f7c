"""What `import zerokara` shows."""

import subprocess
import sys
from types import ModuleType

import zerokara as zk


def test_dir_shows_public_names_alone() -> None:
    assert {"cli", "report", "tuning", "errors"} <= set(vars(__import__("zerokara.cli.search")))
    shown = [name for name in dir(zk) if not name.startswith("__")]
    assert shown == sorted(zk.__all__)
    assert [name for name in shown if isinstance(getattr(zk, name), ModuleType)] == ["data", "nn", "optim"]
    assert {"__doc__", "__name__", "__version__", "__all__"} <= set(dir(zk))


def test_submodules_are_there_after_the_import() -> None:
    code = "import zerokara as zk; print(zk.data.load, zk.nn.mlp, zk.optim.SGD, zk.train.Epoch, zk.__version__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split()[-1] == zk.__version__
