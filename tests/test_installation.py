"""What runs with which packages: a model is served without most of them, and each that is missing is named."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.data.download.mirrors import download
from zerokara.errors import InputError
from zerokara.pictures import write_picture

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED_TO_SERVE = {"numpy", "safetensors", "threadpoolctl", "cyclopts", "rich", "pillow"}
"""For arrays; for the commands cyclopts and rich; for pictures pillow."""
MODULES = {"pillow": "PIL", "tomli-w": "tomli_w"}
HEAD = """
import sys

class Missing:
    def __init__(self, names):
        self.names = names
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = Missing(set(sys.argv[1].split(",")))
sys.meta_path.insert(0, missing)
"""
SERVE = """
import numpy as np
from zerokara import Model
from zerokara.cli import main

def run(*words):
    try:
        main(list(words))
    except SystemExit as end:
        return end.code
    return 0

model = Model.load("best.safetensors")
assert model.predict(np.zeros((2, 64), np.float32)).shape == (2,)
missing.names |= {"cyclopts", "rich", "PIL"}
assert "command line needs" in str(run("info"))
missing.names -= {"cyclopts", "rich", "PIL"}
assert run("evaluate", "best.safetensors", "digits") == 0
assert run("predict", "best.safetensors", "digit.png") == 0
assert run("info") == 0
assert run("tune", "digits", "--trials", "2", "--epochs", "1") == 2
assert not missing.names & {name.partition(".")[0] for name in sys.modules}
"""


def test_the_page_has_the_packages_that_serve_a_model() -> None:
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    packages = " ".join(sorted(NEEDED_TO_SERVE))
    assert f"python -m pip install --no-deps .\npython -m pip install {packages}\n" in page


def modules(requirements: list[str]) -> set[str]:
    """Return the modules of packages, by their lines in pyproject.toml."""
    names = {re.split(r"[<>=\\[;]", line)[0] for line in requirements}
    return {MODULES.get(name, name.replace("-", "_")) for name in names}


def run_without(missing: set[str], script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script where some modules are not installed."""
    command = [sys.executable, "-c", HEAD + script, ",".join(missing)]
    return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, encoding="utf-8", check=False)


def test_a_model_is_served_without_what_only_a_search_needs(tmp_path: Path) -> None:
    data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    study = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (16,)}, trials=2, epochs=1, seed=0)
    study.model.save(tmp_path / "best.safetensors")
    write_picture(tmp_path / "digit.png", data.test.x[0], (8, 8))
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    missing = modules(PROJECT["dependencies"] + extras) - modules(sorted(NEEDED_TO_SERVE)) - {"pytest"}
    assert {"matplotlib", "optuna", "loky", "requests", "filelock"} <= missing
    ended = run_without(missing, SERVE, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "accuracy" in ended.stdout
    assert re.search(
        r"zerokara: this command needs [\w-]+, which is not installed: python -m pip install", ended.stderr
    )


def tuned(**settings):
    data = zk.data.load("digits").split(validation=0.2, seed=0)
    zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=2, epochs=1, **settings)


CALLS = {
    "tpe": ("optuna", lambda folder: tuned(sampler="tpe")),
    "narrowing": ("optuna", lambda folder: tuned(sampler="narrowing")),
    "own sampler": ("optuna", lambda folder: tuned(sampler=object())),
    "database": ("optuna", lambda folder: tuned(storage=f"sqlite:///{folder}/studies.db")),
    "cmaes": ("cmaes", lambda folder: tuned(sampler="cmaes")),
    "processes": ("loky", lambda folder: tuned(workers="processes:2")),
    "dask": ("distributed", lambda folder: tuned(workers="dask:2")),
    "download": ("requests", lambda folder: download(["http://localhost:9"], folder / "file", "", 1)),
    "picture": ("pillow", lambda folder: write_picture(folder / "x.png", np.zeros(64, np.float32), (8, 8))),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_missing_package_is_one_error_with_the_command_that_installs_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, call = CALLS[name]
    monkeypatch.setitem(sys.modules, MODULES.get(package, package), None)
    with pytest.raises(InputError, match=rf"need {package}, .*: python -m pip install {package}"):
        call(tmp_path)


def test_a_search_in_a_folder_its_resumption_and_its_study_need_no_optuna(tmp_path: Path) -> None:
    script = """
import zerokara as zk
data = zk.data.load("digits").split(validation=0.2, seed=0)
space = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.layers((0, 2), (8, 16)), "optimizer": zk.choice(["sgd", "adam"])}
zk.tune(data, space, trials=4, epochs=2, out="run", ensemble=2)
zk.resume("run", data, trials=6)
assert len(zk.open("run").trials) == 6
assert zk.open("run").importances() == {}  # Too few trials, and no error.
for name in ("race", "curves", "scatter", "weights", "confusion"):
    try:
        getattr(zk.open("run", data).plot, name)()
    except zk.errors.InputError as error:
        print(name, error)
"""
    ended = run_without({"optuna", "cmaes", "sqlalchemy", "matplotlib"}, script, tmp_path)
    assert ended.returncode == 0, ended.stderr
    remedy = "need matplotlib, which is not installed: python -m pip install matplotlib"
    assert ended.stdout.count(remedy) == 5, ended.stdout + ended.stderr
    assert ended.stderr.count(remedy) == ended.stderr.count("was drawn") == 2, ended.stderr
