"""Narrowing: ranges that shrink around the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.samplers.narrowing import MIN_SHRINK, MIN_WIDTH, NarrowingSampler, best_count, narrow, rounds
from zerokara.samplers.registry import make_sampler
from zerokara.space.space import Space, choice, integer, log, uniform
from zerokara.space.unit_interval import edges, from_unit, to_unit
from zerokara.storage.proposer import Proposer

RANGES = [
    FloatDistribution(-1.0, 3.0),
    FloatDistribution(1e-6, 1e-2, log=True),
    FloatDistribution(0.1, 0.9, step=0.1),
    IntDistribution(0, 1000),
    IntDistribution(16, 256, step=16),
    IntDistribution(1, 1000, log=True),
]


@pytest.mark.parametrize("start", RANGES, ids=str)
@given(data=st.data())
def test_a_range_never_leaves_the_one_before_nor_shrinks_to_nothing_nor_loses_the_best(start, data):
    now = start
    for _ in range(8):
        places = data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=6))
        values = [from_unit(now, place) for place in places]
        before, now = now, narrow(now, start, values)
        assert before.low <= now.low <= min(values)
        assert max(values) <= now.high <= before.high
        (a, b), (a0, b0) = edges(start, now.low, now.high), edges(start, before.low, before.high)
        if isinstance(start, FloatDistribution) and start.step is None:
            assert b - a > 0.999 * min(max(MIN_SHRINK * (b0 - a0), MIN_WIDTH), b0 - a0)
        assert (type(now), now.log, now.step) == (type(start), start.log, start.step)


@pytest.mark.parametrize(
    ("start", "values", "ends"),
    [
        (FloatDistribution(0, 1), [0.4, 0.5, 0.6], (0.3, 0.7)),
        (FloatDistribution(0, 1), [0.0, 0.5, 1.0], (0, 1)),
        (FloatDistribution(0, 1), [0.5, 0.5, 0.5], (1 / 3, 2 / 3)),
        (FloatDistribution(0, 1), [0.98, 1.0], (2 / 3, 1)),
        (FloatDistribution(0, 1), [0.0], (0, 1 / 3)),
        (FloatDistribution(1e-6, 1e-2, log=True), [1e-4, 1e-3, 1e-2], (1e-5, 1e-2)),
        (FloatDistribution(0, 0.9, step=0.1), [0.4, 0.5], (0.3, 0.6)),
        (IntDistribution(0, 9), [4, 4, 4], (2, 6)),
        (IntDistribution(16, 64, step=16), [16], (16, 32)),
        (IntDistribution(1, 100, log=True), [90, 95, 100], (17, 100)),
        (IntDistribution(7, 7), [7], (7, 7)),
    ],
    ids=str,
)
def test_a_range_shrinks_around_the_best_and_a_gap_more(start, values, ends):
    found = narrow(start, start, values)
    assert (found.low, found.high) == pytest.approx(ends)


def test_options_that_the_best_lack_are_lost_and_never_all():
    start = CategoricalDistribution(["a", "b", "c"])
    assert narrow(start, start, ["c", "a", "c"]).choices == ("a", "c")
    assert narrow(CategoricalDistribution(["a"]), start, ["b"]).choices == ("a",)


SPACE = {"x": FloatDistribution(0, 1), "kind": CategoricalDistribution(["a", "b"])}


def trial(number, x, kind="a", value=None, state=TrialState.COMPLETE):
    found = create_trial(params={"x": x, "kind": kind}, distributions=SPACE, value=value, state=state)
    found.number = number
    return found


def test_rounds_follow_from_the_finished_trials_alone():
    trials = [trial(k, k / 10, "ab"[k % 2], abs(k / 10 - 0.21)) for k in range(10)]
    trials += [trial(10, 0.21, value=0.01), trial(11, 0.9, "b", 0.7), trial(12, 0.3, state=TrialState.RUNNING)]
    first, second, coming = rounds(trials, SPACE, 10)
    assert (first.ranges, first.trials) == (SPACE, tuple(range(10)))
    assert (second.trials, coming.trials) == ((10, 11, 12), ())
    # The best three of the first round are 0.1, 0.2 and 0.3: three gaps more on each side.
    assert second.ends("x") == pytest.approx((0, 0.6))
    assert second.ends("kind") == ("a", "b")
    # Now they are 0.2, 0.21 and 0.3, and the margin two gaps.
    assert coming.ends("x") == pytest.approx((0.1, 0.4))
    assert rounds(trials[::-1], SPACE, 10) == [first, second, coming]
    assert rounds(trials, SPACE, 10, sign=-1)[1].ends("x")[1] == 1
    assert [r.ranges for r in rounds([], SPACE, 10)] == [SPACE]


def test_options_are_given_up_later_than_ranges_shrink():
    # Of a round of 10 three are kept: for options nine after the first round, six after the second.
    def ranked(numbers):
        return [trial(k, k / 40, "b" if place in (5, 15) else "a", place / 20) for place, k in enumerate(numbers)]

    found = rounds(ranked(range(10)), SPACE, 10)
    assert found[1].ends("kind") == ("a", "b")
    found = rounds(ranked(range(20)), SPACE, 10)
    assert found[2].ends("kind") == ("a", "b")
    found = rounds([*ranked(range(20)), *(trial(k, 0.3, value=1.0) for k in range(20, 30))], SPACE, 10)
    assert found[3].ends("kind") == ("a",)


def test_a_round_without_any_result_leaves_the_ranges_as_they_were():
    failed = [trial(k, 0.1, state=TrialState.FAIL) for k in range(10)]
    assert [found.ranges for found in rounds(failed, SPACE, 10)] == [SPACE, SPACE]


@pytest.mark.parametrize(("size", "best"), [(1, 3), (10, 3), (20, 4), (256, 52)])
def test_how_many_are_kept(size, best):
    assert best_count(size) == best


def test_a_round_has_at_least_one_trial():
    with pytest.raises(InputError, match="at least one trial, got size=0"):
        NarrowingSampler(size=0)


def search(space, score, seed=0, sampler="narrowing", trials=100):
    asker = Proposer(space, make_sampler(sampler, space, seed, trials=trials))
    noise = np.random.default_rng(seed)
    for start in range(0, trials, 20):
        asked = asker.ask(min(20, trials - start))
        asker.tell([Trial(p.number, p.params, "complete", score(p.params, noise), 1, 1, {}) for p in asked])
    return asker


def test_every_trial_lies_in_the_ranges_of_its_round_and_covers_them_evenly():
    space = Space(
        {
            "lr": log(1e-6, 1e-2),
            "dropout": uniform(0, 0.5),
            "hidden": choice([(8,), (16,), ()]),
            "batch_size": integer(10, 100, 10),
        }
    )
    asker = search(space, lambda p, noise: abs(np.log10(p["lr"]) + 3) + len(p["hidden"]) + p.get("dropout", 0))
    begun = asker.rounds()
    assert [found.trials for found in begun] == [tuple(range(k, k + 20)) for k in range(0, 100, 20)]
    trials = asker.study.trials
    for found in begun:
        mine = [trials[number] for number in found.trials]
        for t in mine:
            own = {name: found.ranges[name] for name in t.params}
            create_trial(params=t.params, distributions=own, value=0.0)  # Raises for a value outside.
        lr = [to_unit(found.ranges["lr"], t.params["lr"]) for t in mine]
        assert sorted(int(20 * place) for place in lr) == list(range(20))
    assert begun[-1].ends("hidden") == ("linear",)
    assert begun[-1].ends("lr")[1] / begun[-1].ends("lr")[0] < 10


def course(p, noise):
    """Like the course's search: only the top tenth of the lr range learns, the best lies at its edge."""
    at = [-6, -4, -3.5, -3, -2.5, -2.3, -2.1, -2.0]
    loss = np.interp(np.log10(p["lr"]), at, [2.45, 2.40, 2.34, 2.27, 2.05, 1.7, 0.98, 0.73])
    return float(loss + 0.03 * noise.standard_normal() * min(1, 2.45 - loss))


def valley(p, noise):
    """A smooth valley, oblique in log lr and log decay, with some noise."""
    lr, decay = np.log10(p["lr"]) / 4 + 1.5, np.log10(p["weight_decay"]) / 4 + 2
    return float(8 * (lr - 0.7 + 0.3 * (decay - 0.5)) ** 2 + 0.6 * (decay - 0.35) ** 2 + 0.01 * noise.standard_normal())


def decoy(p, noise):
    """A broad valley, and a deeper one of a third its width elsewhere."""
    lr = np.log10(p["lr"]) / 4 + 1.5
    broad, narrow = np.exp(-(((lr - 0.3) / 0.2) ** 2)), np.exp(-(((lr - 0.8) / 0.07) ** 2))
    return float(min(1 - 0.5 * broad, 1 - 0.8 * narrow) + 0.02 * noise.standard_normal())


@pytest.mark.parametrize("score", [course, valley, decoy])
def test_it_beats_random_search_at_equal_cost(score):
    space = Space({"lr": log(1e-6, 1e-2), "weight_decay": log(1e-8, 1e-4)})
    ours, random = (
        np.array([search(space, score, seed, sampler).study.best_value for seed in range(20)])
        for sampler in ("narrowing", "random")
    )
    assert np.median(ours) < np.median(random)
    assert (ours < random).sum() >= 14
