"""Plans of estimators: given splits, and a scorer that ranks in place of the loss."""

import math
import threading
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.errors import InputError
from zerokara.space.space import Space
from zerokara.storage.local import Local
from zerokara.study import loop

SPACE = Space({"lr": zk.log(1e-3, 1e-1), "hidden": (8,)})


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(200).split(validation=0.2, seed=0)


def search(plan: Plan, space: Space, trials: int, race: str = "halving", workers=None, seed: int | None = None):
    store = Local.in_memory(space, trials=trials, seed=plan.seed if seed is None else seed)
    return loop.search(plan, store, scheduler=make_scheduler(race), pool=open_pool(workers))


class Weigh:
    """A scorer that prefers small weights, and records its calls."""

    def __init__(self) -> None:
        self.calls: dict[tuple[int, int, int], list[tuple[int, float]]] = {}
        self.lock = threading.Lock()  # An object with a lock cannot be pickled, and a scorer need not be.

    def __call__(self, network_id, epochs, network) -> float:
        self.calls.setdefault(network_id, []).append((epochs, float(np.abs(network().params).sum())))
        return self.calls[network_id][-1][1]


def records(study: zk.Study) -> list[dict[str, Any]]:
    return [trial.record for trial in study.trials]


def test_given_splits_are_folds_like_others(data) -> None:
    parts = data.folds(3, seed=4)
    cut = search(Plan(data, epochs=3, seed=4, folds=3), SPACE, trials=5, race="none")
    for fold in range(3):  # The folds of a plan have their own draws, given splits share them.
        given = search(Plan.of_splits(parts, epochs=3, seed=4, replicate=fold), SPACE, trials=5, race="none")
        assert given.plan.folds == 3
        rows = [[record["rows"][fold] for record in records(study)] for study in (cut, given)]
        assert rows[0] == rows[1]
    [alone] = search(Plan.of_splits(parts[1:2], epochs=3), SPACE, trials=1).trials
    assert len(alone.rows) == 0


def test_a_scorer_ranks_and_prunes(data) -> None:
    scorer = Weigh()
    plan = Plan.of_splits(data.folds(2, 0), epochs=9, seeds=2, scorer=scorer)
    study = search(plan, SPACE, trials=9, race="halving:3:3")
    for trial in study.trials:
        rows = [key for key in scorer.calls if key[0] == trial.number]
        assert sorted(rows) == [(trial.number, repeat, fold) for repeat in range(2) for fold in range(2)]
        assert trial.value == np.mean([scorer.calls[key][-1][1] for key in sorted(rows)])
        assert {epochs for key in rows for epochs, _ in scorer.calls[key]} == set(range(3, trial.epochs + 1, 6))
    at_rung = {n: np.mean([scorer.calls[key][0][1] for key in scorer.calls if key[0] == n]) for n in range(9)}
    survivors = {trial.number for trial in study.trials if trial.state == "complete"}
    assert survivors == set(sorted(at_rung, key=at_rung.__getitem__)[:3])
    assert study.best.value == min(trial.value for trial in study.trials if trial.state == "complete")


def test_a_scorer_is_not_sent_to_the_workers(data) -> None:
    plans = (Plan.of_splits(data.folds(2, 0), epochs=4, scorer=Weigh()) for _ in range(2))
    one, two = (
        search(plan, SPACE, trials=6, race="halving:2", workers=workers)
        for plan, workers in zip(plans, (1, "processes:1"), strict=True)
    )
    assert records(one) == records(two)


def test_only_a_scorer_works_without_validation_data(data) -> None:
    pooled = data.pooled()
    plan = Plan.of_splits((pooled, pooled), epochs=2, keep_best=True, patience=1, scorer=Weigh())
    assert all(math.isfinite(trial.value) for trial in search(plan, SPACE, trials=2).trials)
    for make in (lambda: Plan(pooled, epochs=1), lambda: Plan.of_splits((data, pooled), epochs=1)):
        with pytest.raises(InputError, match="ranked on validation data"):
            make()


def test_a_scorer_is_not_called_for_diverged_trials(data) -> None:
    scorer = Weigh()
    space = Space({"lr": zk.choice([1e30, 0.01]), "optimizer": "sgd", "hidden": (8,)})
    study = search(Plan.of_splits([data], epochs=2, scorer=scorer), space, trials=6)
    diverged = {trial.number for trial in study.trials if trial.state == "diverged"}
    assert diverged
    assert not diverged & {number for number, _, _ in scorer.calls}
    plan = Plan.of_splits([data], epochs=1, scorer=lambda network_id, epochs, network: math.nan)
    assert [trial.value for trial in search(plan, SPACE, trials=2).trials] == [math.inf] * 2


def test_schedule_epochs_tol_and_the_seed_of_the_sampler(data) -> None:
    space = Space({"lr": zk.log(1e-3, 1e-2), "schedule": "cosine", "hidden": (8,)})
    long = search(Plan(data, epochs=8), space, trials=3, race="none")
    short = search(Plan.of_splits([data], epochs=4, schedule_epochs=8), space, trials=3, race="none")
    for a, b in zip(long.trials, short.trials, strict=True):
        assert np.array_equal(a.curves["val_loss"][:4], b.curves["val_loss"])
    impatient = search(Plan.of_splits([data], epochs=8, patience=2, tol=100.0), space, trials=3, race="none")
    assert {trial.epochs for trial in impatient.trials} == {3}
    other = search(Plan(data, epochs=1), space, trials=3, seed=1)
    assert [trial.params for trial in other.trials] != [trial.params for trial in long.trials]
    same = search(Plan(data, epochs=1), space, trials=3, seed=0)
    assert [trial.params for trial in same.trials] == [trial.params for trial in long.trials]
