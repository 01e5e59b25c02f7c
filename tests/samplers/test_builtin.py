"""What each sampler promises beyond a restart: even cover, flat cost, and no trial wasted."""

import math

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from scipy import stats

from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.samplers.base import TrialHistory, rank_key
from zerokara.samplers.builtin import CmaEs, Halton, Random, Tpe
from zerokara.samplers.diverged import DIVERGED
from zerokara.samplers.registry import make_sampler
from zerokara.space.space import Space, choice, integer, log, uniform
from zerokara.storage.proposer import Proposer

UNIT = FloatDistribution(0, 1)


def proposed(name, space, trials, seed=0):
    return [p.params for p in Proposer(space, make_sampler(name, space, seed, trials=trials)).ask(trials)]


def test_a_grid_of_two_ranges_has_every_crossing_once_ends_included():
    space = Space({"lr": log(1e-6, 1e-2), "dropout": uniform(0, 0.9)})
    params = proposed("grid", space, 100)
    lr, dropout = ({p[name] for p in params} for name in ("lr", "dropout"))
    assert sorted(lr) == pytest.approx(np.geomspace(1e-6, 1e-2, 10))
    assert sorted(dropout) == pytest.approx(np.linspace(0, 0.9, 10))
    assert len({(p["lr"], p["dropout"]) for p in params}) == 100


@pytest.mark.parametrize("trials", [1, 2, 7, 20, 47])
def test_a_grid_has_a_point_of_its_own_for_every_trial(trials):
    space = Space(
        {
            "lr": log(1e-4, 1e-1),
            "hidden": choice([(8,), (16,), ()]),
            "batch_size": integer(10, 40, 10),
            "beta1": uniform(0, 0.9, 0.3),
        }
    )
    assert len({str(params) for params in proposed("grid", space, trials)}) == trials


def test_a_grid_takes_all_values_where_they_are_few_and_says_when_they_are_too_few():
    space = Space({"batch_size": integer(1, 5, log=True), "hidden": choice([(8,), ()])})
    found = {(p["batch_size"], p["hidden"]) for p in proposed("grid", space, 10)}
    assert found == {(size, hidden) for size in range(1, 6) for hidden in ((8,), ())}
    with pytest.raises(InputError, match="this space has 10, got trials=11: use at most 10 trials"):
        make_sampler("grid", space, trials=11)
    asker = Proposer(space, make_sampler("grid", space, trials=10))
    asker.ask(10)
    with pytest.raises(InputError, match="one point per trial, here 10, got trial 11"):
        asker.ask(1)


@pytest.mark.parametrize("seed", [0, 1])
def test_each_coordinate_of_the_quasi_random_points_covers_its_range_evenly(seed):
    sampler = Halton(dict.fromkeys("abc", UNIT), seed, 256)
    points = np.array([sampler.point(k) for k in range(225)])
    for column, base in zip(points.T, (2, 3, 5), strict=True):
        for cells in (base, base**2, base**3):
            inside = np.floor(column[:cells] * cells).astype(int)
            assert sorted(inside) == list(range(cells))
    assert stats.qmc.discrepancy(points) < 0.25 * stats.qmc.discrepancy(np.random.default_rng(seed).random((225, 3)))


def test_without_scrambling_it_is_the_halton_sequence():
    sampler = Halton(dict.fromkeys("abcd", UNIT), 0, 256)
    sampler.scrambles = [
        np.tile(np.arange(base), (len(s), 1)) for base, s in zip(sampler.bases, sampler.scrambles, strict=True)
    ]
    ours = [sampler.point(k) for k in range(100)]
    assert np.allclose(ours, stats.qmc.Halton(4, scramble=False).random(100), rtol=0, atol=1e-9)


def history(count, space):
    rng = np.random.default_rng(0)
    study = optuna.create_study()
    for value in rng.permutation(count):
        params = {name: float(rng.random()) for name in space}
        study.add_trial(create_trial(params=params, distributions=space, value=float(value)))
    return study


def test_tpe_sees_the_best_trials_and_the_latest_however_many_there_are():
    space = {"x": UNIT, "y": UNIT}
    sampler = Tpe(space, 0, 100)
    study = history(1000, space)
    sampler.propose(study, 1000)
    sampler.propose(study, 1001)
    seen = [trial for trial in sampler.inner.trials if trial.state == TrialState.COMPLETE]
    assert len(seen) == Tpe.seen
    assert len(sampler.inner.trials) == Tpe.seen + 2
    kept = {trial.params["x"] for trial in seen}
    assert {t.params["x"] for t in sorted(study.trials, key=lambda t: t.value)[: Tpe.best]} <= kept
    assert {t.params["x"] for t in study.trials[-100:]} <= kept


def test_random_proposes_what_optunas_own_sampler_does():
    """Bit for bit, for every kind of range, at its ends too."""
    space = {
        "x": UNIT,
        "wide": FloatDistribution(-1e300, 1e20),
        "lr": FloatDistribution(1e-6, 1e-2, log=True),
        "narrow": FloatDistribution(1.0, math.nextafter(1.0, 2), log=True),
        "tenths": FloatDistribution(-0.2, 0.3, step=0.1),
        "depth": IntDistribution(1, 9),
        "threes": IntDistribution(-4, 8, step=3),
        "units": IntDistribution(1, 300, log=True),
        "kind": CategoricalDistribution(["a", "b", "c"]),
        "one": CategoricalDistribution([7]),
    }
    study = optuna.create_study()
    ours = Random(space, 0, 100)
    for number in (*range(200), 0):
        study.sampler = optuna.samplers.RandomSampler(ours.seed_for(number))
        proposed, asked = ours.propose(study, number), study.ask(space).params
        assert list(map(repr, proposed.items())) == [repr(item) for item in asked.items() if item[0] != "one"]


def test_tpe_proposes_what_optunas_own_sampler_does():
    space = {"x": UNIT, "y": UNIT}
    study = history(100, space)
    ours = Tpe(space, 0, 100)
    study.sampler = optuna.samplers.TPESampler(seed=ours.seed_for(100), n_ei_candidates=Tpe.candidates)
    assert ours.propose(study, 100) == study.ask(space).params


@pytest.mark.parametrize("width", [1, 2, 5])
def test_cmaes_finds_the_bottom_of_a_bowl(width):
    names = ("lr", "weight_decay", "beta1", "beta2", "dropout")[:width]
    space = Space({name: uniform(0.1, 0.9) for name in names})
    asker = Proposer(space, make_sampler("cmaes", space, 3, trials=400, generation=20))
    for _ in range(20):
        asked = asker.ask(20)
        values = [sum((p.params[name] - 0.3) ** 2 for name in names) for p in asked]
        asker.tell([Trial(p.number, p.params, "complete", v, 1, 1, {}) for p, v in zip(asked, values, strict=True)])
    assert asker.study.best_value < 1e-4


def test_cmaes_does_without_what_was_interrupted():
    space = {"x": UNIT}
    study = optuna.create_study(sampler=CmaEs(space, 0, 4))
    for number in range(12):
        trial = study.ask(space)
        study.tell(trial, **({"state": TrialState.FAIL} if number == 5 else {"values": trial.params["x"]}))
    assert 0 <= study.ask(space).params["x"] <= 1


def finished(value=None, steps=None, number=0):
    state = TrialState.PRUNED if steps else TrialState.COMPLETE
    trial = create_trial(state=state, value=None if steps else value, intermediate_values=steps or {})
    trial.number = number
    return trial


def test_the_order_of_finished_trials():
    best_first = [
        finished(0.1, number=9),
        finished(0.2, number=1),
        finished(0.2, number=2),
        finished(steps={1: 0.0, 9: 0.5}),
        finished(steps={9: 0.6}),
        finished(steps={3: 0.01}),
        finished(DIVERGED),
    ]
    worst_first = best_first[::-1]
    assert sorted(worst_first, key=rank_key) == best_first
    assert [t.value for t in sorted(best_first[:2], key=lambda t: rank_key(t, -1.0))] == [0.2, 0.1]


def test_history_ends_where_the_generation_begins():
    study = history(25, {"x": UNIT})
    past = TrialHistory(10)
    assert past.finished_trials(study, 9) == []
    assert sorted(t.number for t in past.finished_trials(study, 25)) == list(range(20))
    values = [trial.value for trial in past.finished_trials(study, 19)]
    assert values == sorted(values)
    assert len(values) == 10
