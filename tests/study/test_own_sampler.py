"""Sampler objects of Optuna as ``sampler=``: asked by the generation, and the same trials after a resume."""

import random
import shutil
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

import zerokara as zk
from tests.study.test_resume import results
from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.samplers.registry import generation_size, make_sampler
from zerokara.space.space import Space
from zerokara.storage.journal import Journal
from zerokara.storage.local import Local

optuna.logging.set_verbosity(optuna.logging.WARNING)
SPACE = Space({"lr": zk.log(1e-3, 1e-1), "dropout": zk.uniform(0, 0.5), "activation": zk.choice(["relu", "tanh"])})
GRID = {"lr": [0.001, 0.01, 0.1], "dropout": [0.0, 0.25], "activation": ["relu", "tanh"]}


class Drawing(RandomSampler):
    """A sampler of a user with a NumPy generator within a list, and one of Python."""

    def __init__(self) -> None:
        super().__init__()
        self.generators, self.other = [np.random.default_rng()], random.Random()
        self.lock = threading.Lock()  # It cannot be copied.

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        if param_name == "activation":
            return self.other.choice(["relu", "tanh"])
        if param_name == "dropout":
            return float(self.generators[0].uniform(0, 0.5))
        return super().sample_independent(study, trial, param_name, param_distribution)


SAMPLERS: dict[str, Callable[[], BaseSampler]] = {
    "random": RandomSampler,
    "tpe": lambda: TPESampler(multivariate=True, n_startup_trials=5),
    "groups": lambda: TPESampler(multivariate=True, group=True, n_startup_trials=5),
    "cmaes": lambda: optuna.samplers.CmaEsSampler(popsize=5, n_startup_trials=3),
    "qmc": lambda: optuna.samplers.QMCSampler(scramble=True),
    "nsgaii": lambda: optuna.samplers.NSGAIISampler(population_size=6),
    "grid": lambda: optuna.samplers.GridSampler(GRID),
    "fixed": lambda: optuna.samplers.PartialFixedSampler({"dropout": 0.1}, TPESampler(n_startup_trials=5)),
    "user": Drawing,
}


def told(store: Local, trials: list[Proposal]) -> None:
    """Record a result for every trial: the best lr is 0.01; some are pruned."""
    results = []
    for trial in trials:
        value = abs(np.log10(trial.params["lr"]) + 2) + trial.params["dropout"]
        pruned = trial.number % 4 == 3
        results.append(Trial(trial.number, trial.params, "pruned" if pruned else "complete", value, 1, 1, {}))
    store.report(results)
    store.tell(results)


def params(folder: Path, make: Callable[[], BaseSampler], processes: int) -> list[dict[str, Any]]:
    """Return the hyperparameters of 20 trials that so many processes propose, one after another."""
    folder.mkdir()
    found: list[dict[str, Any]] = []
    for process in range(processes):
        with Journal(folder / "journal.log") as journal:
            store = Local(SPACE, make_sampler(make(), SPACE, 3, trials=20, generation=5), 20, 5, journal)
            for _ in range(4 // processes):
                number, proposals = store.ask()
                if process == 1:  # A kill before anything is recorded.
                    assert number == len(found) // 5
                found += [proposal.params for proposal in proposals]
                told(store, proposals)
    return found


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_restart_proposes_the_same_trials(name: str, tmp_path: Path) -> None:
    whole = params(tmp_path / "whole", SAMPLERS[name], 1)
    assert len(whole) == 20
    assert len({str(each) for each in whole}) > 10
    assert params(tmp_path / "restarted", SAMPLERS[name], 4) == whole


def test_a_space_with_conditions() -> None:
    space = Space({"optimizer": zk.choice(["sgd", "momentum"]), "momentum": zk.uniform(0.5, 0.9)})
    store = Local.in_memory(space, trials=20, sampler=SAMPLERS["tpe"](), generation=10)
    trials: list[Proposal] = []
    for _ in range(2):
        trials += store.ask()[1]
        store.tell([Trial(each.number, each.params, "complete", each.number, 1, 1, {}) for each in trials[-10:]])
    with_, without = (
        {"momentum" in t.params for t in trials if t.params["optimizer"] == o} for o in ("momentum", "sgd")
    )
    assert (with_, without) == ({True}, {False})


def test_a_sampler_learns_from_earlier_generations(tmp_path: Path) -> None:
    last = params(tmp_path / "tpe", SAMPLERS["tpe"], 1)[15:]
    other = params(tmp_path / "random", SAMPLERS["random"], 1)[15:]
    distances = [np.mean([abs(np.log10(p["lr"]) + 2) + p["dropout"] for p in each]) for each in (last, other)]
    assert distances[0] < distances[1]


def test_the_seed_is_that_of_the_study_and_the_object_stays_as_it_is() -> None:
    sampler = TPESampler(seed=8)

    def first(seed: int) -> list[Proposal]:
        return Local.in_memory(SPACE, trials=10, sampler=sampler, seed=seed).ask()[1]

    assert first(0) == first(0) != first(1)
    assert sampler._rng.rng.random() == TPESampler(seed=8)._rng.rng.random()


class Unseeded(BaseSampler):
    """A sampler whose random numbers come from elsewhere."""

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        return {}

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        return {}

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        return 10 ** np.random.uniform(-3, -1)


class Hidden(Unseeded):
    """One that has a generator too, but does not use it."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(0.2, 0.2, seed=0).scaled("standard")


SEARCH: dict[str, Any] = {"trials": 6, "epochs": 2, "generation": 3, "workers": 1, "refit": 0}
LR = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}


@pytest.mark.parametrize("sampler", [Unseeded(), Hidden()])
def test_the_promise_is_withdrawn_where_a_sampler_has_no_seed(data, sampler) -> None:
    with pytest.warns(ZerokaraWarning, match="cannot be seeded for each trial: a resumed search may propose other"):
        study = zk.tune(data, LR, **SEARCH, sampler=sampler)
    assert len({trial.params["lr"] for trial in study.trials}) == 6


@pytest.mark.usefixtures("undrawn")
def test_a_resume_asks_for_the_sampler_and_ends_the_same(data, tmp_path) -> None:
    run, killed = tmp_path / "run", tmp_path / "killed"

    def copied(epoch: zk.train.Epoch) -> None:
        trials = (run / "journal.log").read_text().count('"record"')
        if trials == 3 and not killed.exists():
            shutil.copytree(run, killed, ignore=shutil.ignore_patterns(".*"))

    zk.tune(data, LR, **SEARCH, sampler=TPESampler(n_startup_trials=2), out=run, on_epoch=copied)
    assert 'sampler = "optuna.samplers._tpe.sampler.TPESampler"' in (run / "config.toml").read_text()
    with pytest.raises(
        InputError, match=r"this run needs optuna\.\S+TPESampler: .* zerokara\.resume\(run, data, sampler=\.\.\.\)"
    ):
        zk.resume(killed, data)
    with pytest.raises(InputError, match=r"keeps its sampler, got \S+RandomSampler for a run with \S+TPESampler"):
        zk.resume(killed, data, sampler=RandomSampler())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zk.resume(killed, data, sampler=TPESampler(n_startup_trials=2), workers=1)
    assert results(killed) == results(run)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (TPESampler, "sampler must be one of random, .*, or a sampler object of Optuna, got <class"),
        ("tpee", "unknown sampler 'tpee': did you mean 'tpe'"),
        (
            optuna.samplers.GridSampler({"x": [1]}),
            "must propose a value for each searched hyperparameter, lr, got Value",
        ),
    ],
)
def test_what_is_no_sampler_of_the_space_is_refused(data, sampler, message, tmp_path) -> None:
    with pytest.raises(InputError, match=message):
        zk.tune(data, LR, sampler=sampler, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_processes_that_share_a_study_ask_one_kind_of_sampler(data, tmp_path) -> None:
    database = f"sqlite:///{tmp_path}/studies.db"
    shared = {**SEARCH, "storage": database, "sampler": SAMPLERS["cmaes"]()}
    study = zk.tune(data, LR, **shared)
    local = zk.tune(data, LR, **SEARCH, sampler=SAMPLERS["cmaes"]())
    assert [trial.params for trial in study.trials] == [trial.params for trial in local.trials]
    with pytest.raises(InputError, match=r"sampler random here and optuna\.\S+CmaEsSampler there"):
        zk.tune(data, LR, **SEARCH, storage=database)
    assert generation_size(TPESampler(), 100) == generation_size("tpe", 100)
