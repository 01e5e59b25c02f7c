"""Studies and curves for the tests of this room."""

from pathlib import Path

import pytest

import zerokara as zk
from zerokara.report.data import run_page
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study


@pytest.fixture(scope="session")
def study() -> Study:
    """Thirty trials, some of which diverge; each is judged by its best epoch."""
    space = {
        "lr": zk.log(1e-3, 1e12),
        "dropout": zk.uniform(0, 0.5),
        "hidden": zk.choice([(8,), (8, 4)]),
        "batch_size": zk.integer(20, 80, 20),
        "optimizer": "sgd",
        "activation": "leaky_relu",
    }
    data = zk.data.load("digits").first(300).split(0.2)
    return zk.tune(data, space, trials=30, epochs=6, race="none", keep_best=True, evaluate_train_every=2)


@pytest.fixture(scope="session")
def narrowed() -> Study:
    """Three rounds of ten, some of whose trials diverge."""
    space = {
        "lr": zk.log(1e-3, 1e12),
        "dropout": zk.uniform(0, 0.5),
        "hidden": zk.choice([(8,), (8, 4)]),
        "optimizer": "sgd",
        "activation": "leaky_relu",
    }
    data = zk.data.load("digits").first(300).split(0.2)
    return zk.tune(data, space, trials=30, epochs=3, sampler="narrowing", generation=10)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a race of thirty trials."""
    folder = tmp_path_factory.mktemp("page") / "race"
    data = zk.data.load("digits").first(600).split(validation=0.2, test=0.1, seed=0)
    space = {"lr": zk.log(1e-4, 1e-1), "hidden": zk.choice([(16,), (32,)])}
    zk.tune(data, space, trials=30, epochs=9, out=folder)
    return folder


@pytest.fixture(scope="session")
def file(run: Path) -> Path:
    """Its page."""
    path = run / "report.html"
    path.write_text(run_page(zk.open(run), RunFolder(run)), encoding="utf-8")
    return path
