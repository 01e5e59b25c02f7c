"""What only Python can tell a study: splits of one's own, and a scorer that ranks in place of the loss."""

import math
import threading

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.executors import open_pool
from zerokara.engine.halving import make_race
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
    return loop.search(plan, store, race=make_race(race), pool=open_pool(workers))


class Weigh:
    """A scorer that likes small weights, and remembers whom it was asked about."""

    def __init__(self) -> None:
        self.asked: dict[tuple[int, int, int], list[tuple[int, float]]] = {}
        self.lock = threading.Lock()  # What holds one cannot be pickled, as a scorer need not be.

    def __call__(self, key, epochs, network) -> float:
        self.asked.setdefault(key, []).append((epochs, float(np.abs(network().params).sum())))
        return self.asked[key][-1][1]


def records(study: zk.Study) -> list[object]:
    return [trial.record for trial in study.trials]


def test_splits_of_ones_own_are_folds_like_others(data) -> None:
    parts = data.folds(3, seed=4)
    cut = search(Plan(data, epochs=3, seed=4, folds=3), SPACE, trials=5, race="none")
    ready = search(Plan(parts[0], epochs=3, seed=4, ready=parts), SPACE, trials=5, race="none")
    assert ready.plan.folds == 3
    assert records(cut) == records(ready)
    [alone] = search(Plan(data, epochs=3, ready=parts[1:2]), SPACE, trials=1).trials
    assert len(alone.rows) == 0


def test_a_scorer_ranks_and_races(data) -> None:
    scorer = Weigh()
    plan = Plan(data, epochs=9, folds=2, seeds=2, scorer=scorer)
    study = search(plan, SPACE, trials=9, race="halving:3:3")
    for trial in study.trials:
        rows = [key for key in scorer.asked if key[0] == trial.number]
        assert sorted(rows) == [(trial.number, repeat, fold) for repeat in range(2) for fold in range(2)]
        assert trial.value == np.mean([scorer.asked[key][-1][1] for key in sorted(rows)])
        assert {epochs for key in rows for epochs, _ in scorer.asked[key]} == set(range(3, trial.epochs + 1, 6))
    at_rung = {n: np.mean([scorer.asked[key][0][1] for key in scorer.asked if key[0] == n]) for n in range(9)}
    survivors = {trial.number for trial in study.trials if trial.state == "complete"}
    assert survivors == set(sorted(at_rung, key=at_rung.__getitem__)[:3])
    assert study.best.value == min(trial.value for trial in study.trials if trial.state == "complete")


def test_a_scorer_stays_at_home_while_others_train(data) -> None:
    one, two = (
        search(Plan(data, epochs=4, folds=2, scorer=Weigh()), SPACE, trials=6, race="halving:2", workers=workers)
        for workers in (1, "processes:1")
    )
    assert records(one) == records(two)


def test_a_scorer_needs_no_validation_part_and_others_do(data) -> None:
    whole = data.pooled()
    bare = search(
        Plan(whole, epochs=2, ready=(whole, whole), keep_best=True, patience=1, scorer=Weigh()), SPACE, trials=2
    )
    assert all(math.isfinite(trial.value) for trial in bare.trials)
    for plan in ({"data": whole}, {"data": data, "ready": (data, whole)}):
        with pytest.raises(InputError, match="judged on validation data"):
            Plan(**plan, epochs=1)


def test_a_scorer_is_not_asked_of_what_diverged(data) -> None:
    scorer = Weigh()
    space = Space({"lr": zk.choice([1e30, 0.01]), "optimizer": "sgd", "hidden": (8,)})
    study = search(Plan(data, epochs=2, scorer=scorer), space, trials=6)
    diverged = {trial.number for trial in study.trials if trial.state == "diverged"}
    assert diverged
    assert not diverged & {number for number, _, _ in scorer.asked}
    nothing = search(Plan(data, epochs=1, scorer=lambda key, epochs, network: math.nan), SPACE, trials=2)
    assert [trial.value for trial in nothing.trials] == [math.inf] * 2


def test_span_tolerance_and_a_seed_of_the_sampler(data) -> None:
    space = Space({"lr": zk.log(1e-3, 1e-2), "schedule": "cosine", "hidden": (8,)})
    long = search(Plan(data, epochs=8), space, trials=3, race="none")
    short = search(Plan(data, epochs=4, schedule_epochs=8), space, trials=3, race="none")
    for a, b in zip(long.trials, short.trials, strict=True):
        assert np.array_equal(a.curves["val_loss"][:4], b.curves["val_loss"])
    impatient = search(Plan(data, epochs=8, patience=2, tol=100.0), space, trials=3, race="none")
    assert {trial.epochs for trial in impatient.trials} == {3}
    other = search(Plan(data, epochs=1), space, trials=3, seed=1)
    assert [trial.params for trial in other.trials] != [trial.params for trial in long.trials]
    same = search(Plan(data, epochs=1), space, trials=3, seed=0)
    assert [trial.params for trial in same.trials] == [trial.params for trial in long.trials]
