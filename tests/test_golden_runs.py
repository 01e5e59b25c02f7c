"""One search is the same however it runs: where the study is kept, who trains, how many at once.

The recorded numbers of `golden_runs.py` hold on one processor only; what is compared here was found a moment ago.
"""

from pathlib import Path
from typing import Any

import pytest

import zerokara as zk
from tests import golden_runs
from zerokara.report.run import trials_csv

CASES = [
    ("random", "none"),
    ("grid", "halving:2"),
    ("qmc", "hyperband:2"),
    ("tpe", "halving:2"),
    ("cmaes", "none"),
    ("narrowing", "hyperband:2"),
]
SEARCH = {"trials": 9, "epochs": 4, "generation": 4, "seed": 3}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return golden_runs.digits(150)


def without_a_folder(data: zk.data.Dataset, path: Path, **settings: Any) -> dict[str, Any]:
    """Return of a search without a run folder what `golden_runs.search` returns of one with a folder."""
    study = zk.tune(data, golden_runs.SPACE, **settings)
    found = {"trials": trials_csv(study), "winner": study.best.number}
    for name, model in {"best": study.best.model, "model": study.model}.items():
        found[f"{name}.safetensors"] = golden_runs.digest(model.save(path).read_bytes())
    return found | {"test": study.test_score, "rounds": str(study.rounds)}


@pytest.mark.parametrize(("sampler", "race"), CASES)
def test_one_search_is_the_same_however_it_runs(data, tmp_path, sampler, race) -> None:
    settings = {**SEARCH, "sampler": sampler, "race": race}
    path = tmp_path / "best.safetensors"
    memory = without_a_folder(data, path, **settings, workers=1)
    database = without_a_folder(data, path, **settings, workers=2, storage=f"sqlite:///{tmp_path}/studies.db")
    journal = golden_runs.search(data, golden_runs.SPACE, "journal", **settings, workers="processes:2")
    del journal["config"]
    assert memory == database == journal
