"""The parts of the benchmark beside the contestants: what they count by hand, and runs of a moment."""

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is a folder beside the package, no part of it

from benchmarks import ours
from benchmarks.contestants import CONTESTANTS, CORES, PLAIN
from benchmarks.harness import Row
from benchmarks.keep import Kept, fingerprint
from benchmarks.parts import (
    before,
    costs,
    estimators,
    fits,
    large,
    numerical,
    pages,
    pairs,
    races,
    rival_races,
    samplers,
    winners,
)
from benchmarks.parts.asked import OURS, Asked, verdict
from benchmarks.splits import split
from benchmarks.work import Work
from benchmarks.worker import cpu

ROOT = Path(__file__).parents[1]
LOOP = next(c for c in CONTESTANTS if c.name == "textbook loop" and c.way == PLAIN)
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch comes with `make bench`")


def tiny(name: str = "W1", trials: int = 6, epochs: int = 4) -> Work:
    rng = np.random.default_rng(0)
    x, t = rng.random((30, 3), np.float32), rng.integers(0, 2, 30)
    lrs, decays = np.geomspace(1e-3, 1.0, trials), np.geomspace(1e-8, 1e-4, trials)
    return Work(name, x[:20], t[:20], x[20:], t[20:], (3, 4, 2), "sgd", 5, epochs, lrs, decays)


def asked(path: Path, *works: Work, seeds: int = 1) -> Asked:
    return Asked({work.name: work for work in works}, Kept(path / "kept.jsonl"), seeds=seeds, say=lambda line: None)


def test_a_run_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    path, made = tmp_path / "kept.jsonl", []

    def make(result: int) -> tuple[int, ...]:
        made.append(result)
        return (result,)

    first = Kept(path)
    assert first.get("a", lambda: make(1)) == first.get("a", lambda: make(2)) == [1]
    assert first.resumed == []
    first.get("b", lambda: make(3))
    path.write_bytes(path.read_bytes()[:-9])  # A kill in the middle of the second line.
    second = Kept(path)
    assert second.get("a", lambda: make(4)) == [1]
    assert len(second.resumed) == 1
    assert second.get("b", lambda: make(5)) == [5]
    assert made == [1, 3, 5]
    assert [json.loads(line)["result"] for line in path.read_text().splitlines()] == [[1], [5]]


def test_what_a_run_used_is_forgotten_when_it_ends(tmp_path: Path) -> None:
    first = Kept(tmp_path / "kept.jsonl")
    first.get("a", lambda: 1)
    first.get("b", lambda: 2)
    second = Kept(first.path)
    second.get("b", lambda: 3)
    second.forget()
    assert Kept(first.path).get("a", lambda: 4) == 1
    third = Kept(first.path)
    third.get("a", lambda: 5)
    third.forget()
    assert not first.path.exists()


def test_results_are_kept_outside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Kept().path == tmp_path / "zerokara-benchmark" / f"{fingerprint()}.jsonl"


def test_records_are_in_the_order_of_time() -> None:
    seen = [(2.0, 0.5), (1.0, 0.9), (3.0, 0.7), (4.0, 0.4), (1.5, np.inf)]
    assert ours.records(seen) == [(1.0, 0.9), (2.0, 0.5), (4.0, 0.4)]
    assert ours.records([(1.0, np.inf)]) == []


def test_our_race_goes_on_until_the_goal() -> None:
    work = tiny()
    best = ours.summary(work, seed=0, race="halving")["loss"]
    found = ours.trace(work, goal=best, budget=60.0, seed=0, race="halving")
    assert found[-1][1] <= best
    assert all(loss > best for _, loss in found[:-1])
    # More trials than the work's come, but no more than the budget allows.
    on = ours.trace(work, goal=0.0, budget=1.0, seed=0, race="halving")
    assert 0 < on[-1][0] < 30.0
    assert on[-1][1] <= best


def test_a_race_found_the_winner() -> None:
    full = (3, 0.5, 100, 2.0)
    assert races.Pair(0, full, (3, 0.6, 10, 1.0)).found
    assert races.Pair(0, full, (4, 0.5, 10, 1.0)).found
    assert not races.Pair(0, full, (4, 0.51, 10, 1.0)).found


def test_the_races_by_hand() -> None:
    good = [races.Pair(seed, (3, 0.5, 800, 2.0), (3, 0.5, 100, 1.0)) for seed in range(18)]
    bad = [races.Pair(seed, (3, 0.5, 800, 2.0), (4, 0.6, 100, 3.0)) for seed in (18, 19, 20)]
    text = races.section([*good, *bad[:2]], (115.0, "run once"), judge=True)
    assert text.splitlines()[-3:] == [
        "- pass: same winner, or none with a higher loss, in 90% of the seeds: 18 of 20",
        "- pass: at most 1/8 of the epochs: 1/8.0",
        "- pass: W1 at 115 times textbook loop, as its users run it: 115.0 (1.00 s)",
    ]
    assert "| 19 | 3 | 0.5000 | 2.00 | 4 | 0.6000 | 3.00 |" in text
    text = races.section([*good[:17], *bad], (114.0, "run once"), judge=True)
    assert [line.split(":")[0] for line in text.splitlines()[-3:]] == ["- FAIL", "- pass", "- FAIL"]


def test_a_run_of_the_races(tmp_path: Path) -> None:
    this = asked(tmp_path, tiny())
    this.rows = [Row(tiny(), LOOP, [4.0, 6.0])]
    text = races.races(this)
    assert "the median of 2 above) takes 5.0 s" in text
    assert this.kept.resumed == []
    again = asked(tmp_path, tiny())
    again.rows = this.rows
    assert races.races(again) == text
    assert len(again.kept.resumed) == 2
    assert races.races(asked(tmp_path, tiny("W2"))) == ""


def test_alone_the_textbook_loop_does_a_part_of_its_trials(tmp_path: Path) -> None:
    this = asked(tmp_path, tiny(trials=20))
    seconds, about = races.textbook(this, this.works["W1"])
    assert about == "2 trials, times 10"
    [line] = map(json.loads, this.kept.path.read_text().splitlines())
    assert seconds == 10 * line["result"]["seconds"]


def test_the_rival_races_by_hand() -> None:
    zk, other = [(1.0, 0.9), (2.0, 0.51)], [(3.0, 0.6), (8.0, 0.5), (11.0, 0.3)]
    seed = rival_races.Seed(0.5, 0.3, 10.0, {"zerokara": zk, "A": other})
    for kind, own, theirs in (("easier", 2.0, 8.0), ("ours", 2.0, 8.0), ("own", 2.0, None)):
        assert seed.reached(kind, "zerokara") == own
        assert seed.reached(kind, "A") == theirs  # 0.3 came after the budget
    assert seed.counted("own", "A") == 10.0
    other = rival_races.Seed(0.3, 0.5, 10.0, {"zerokara": [(1.0, 0.4)], "A": [(3.0, 0.5)]})
    assert (other.reached("easier", "A"), other.reached("ours", "A"), other.reached("own", "A")) == (3.0, None, 3.0)
    assert (other.reached("easier", "zerokara"), other.counted("own", "zerokara")) == (1.0, 10.0)
    lines = rival_races.section("W1", [seed, other], judge=True)
    assert "| zerokara | 6.00 | 1 of 2 | 1.50 | 2 of 2 | 6.00 | 1 of 2 |" in lines[1]
    assert lines[-1].endswith("W1 at 2.3 times the better pruner (A): 1.50 (to the other goals: easier 3.67, own 1.08)")
    assert not lines[-1].startswith("- pass")


@needs_torch
def test_a_run_of_the_rival_races(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rival_races, "PRUNERS", rival_races.PRUNERS[:1])
    this = asked(tmp_path, tiny(epochs=3))
    text = rival_races.rival_races(this)
    for name in (OURS.name, *rival_races.PRUNERS):
        assert f"{name} |" in text
    lines = list(map(json.loads, this.kept.path.read_text().splitlines()))
    assert len(lines) == 3 + len(rival_races.PRUNERS)
    full = next(line for line in lines if "optuna_race" in line["asked"] and "pruner" not in line["asked"])
    assert len(full["result"]["answers"]) == CORES
    trials = {trial for answer in full["result"]["answers"] for _, _, trial in answer}
    assert trials <= set(range(6))


@needs_torch
def test_the_rival_has_the_same_trials_in_every_run(tmp_path: Path) -> None:
    from benchmarks.rivals import optuna_race

    one = optuna_race.run(tiny(), seed=0, journal=str(tmp_path / "a"))
    two = optuna_race.run(tiny(), seed=0, journal=str(tmp_path / "b"))
    assert [row[1:] for row in one] == [row[1:] for row in two]
    goal = one[-1][1]
    raced = optuna_race.run(tiny(), seed=0, journal=str(tmp_path / "c"), pruner="HyperbandPruner", budget=0.2)
    assert raced[-1][0] < 30.0
    reached = optuna_race.run(
        tiny(), seed=0, journal=str(tmp_path / "d"), pruner="SuccessiveHalvingPruner", goal=2 * goal
    )
    assert reached[-1][1] <= 2 * goal


def test_the_samplers_by_hand() -> None:
    losses = {"random": [0.5, 0.4, 0.3], "narrowing": [0.4, 0.4, 0.2], "tpe": [0.6, 0.5, 0.1], "cmaes": [0.5] * 3}
    assert [samplers.wins(losses, sampler) for sampler in ("narrowing", "tpe", "cmaes")] == [2, 1, 0]
    assert samplers.quartiles([4.0, 1.0, 3.0, 2.0]) == [1.75, 2.5, 3.25]
    _, table, floors = samplers.section("W1", losses, judge=True)
    assert "| narrowing | 0.4000 | 0.3000 | 0.4000 | 2 of 3 |" in table
    assert floors.splitlines() == [
        "- pass: W1: narrowing's median is no higher than random's: 0.4000 to 0.4000",
        "- FAIL: W1: narrowing is better than random in 70% of the seeds: 2 of 3",
    ]


def test_a_run_of_the_samplers(tmp_path: Path) -> None:
    this = asked(tmp_path, tiny("W2", trials=12, epochs=1))
    assert samplers.samplers(this).count("of 1 |") == len(samplers.SAMPLERS) - 1
    assert samplers.samplers(asked(tmp_path)) == ""


def test_the_costs_by_hand() -> None:
    growth = costs.Growth("none", (100, 2.0, 100_000.0), (10_000, 2.2, 149_500.0), alone=False)
    assert growth.memory == 5.0
    assert growth.time == pytest.approx(0.1)
    assert costs.section([0.02, 0.9, 0.04], [growth], judge=True).splitlines()[-4:] == [
        "- pass: raced W1: proposing and bookkeeping take at most 5%: 4.0%",
        "- FAIL: W2 from 100 to 10000 trials, race none: less than 5 KB a trial: 5.0 KB",
        "- FAIL: W2 from 100 to 10000 trials, race none: in one process: no",
        "- pass: W2 from 100 to 10000 trials, race none: at most 15% more time a trial: +10%",
    ]


def test_the_cost_of_a_search() -> None:
    found = ours.cost(tiny(), race="halving")
    assert 0 < found["proposing"] < found["seconds"]
    assert found["peak"] > 20_000  # Python and NumPy alone take that many KB.


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss begins with the parent's only there")
def test_the_peak_is_not_the_parent_s() -> None:
    """A parent with 400 MB starts a small process, which has less."""
    child = "from benchmarks.ours import peak; print(peak())"
    parent = (
        "import subprocess, sys; large = bytearray(b'x') * 400_000_000\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True, cwd=ROOT)
    assert 20_000 < float(done.stdout) < 300_000


def test_a_run_of_the_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FEW": 5, "MANY": 10, "FEW_ROUNDS": 1, "EPOCHS": {"halving": 3}}.items():
        monkeypatch.setattr(costs, name, value)
    text = costs.costs(asked(tmp_path, tiny("W2")))
    assert "| W2, race halving | 5 |" in text
    assert "| W2, race halving | 10 |" in text
    assert text.count("in one process: yes") == 1
    assert costs.costs(asked(tmp_path)) == ""


def test_the_numerical_gradient_by_hand() -> None:
    found = {"seconds": {"loop": [4.0, 2.0], "ours": [0.1, 0.3], "skipped": [0.1, 0.1]}, "parameters": 19}
    lines = numerical.section(tiny(), found | {"difference": 2e-8}, judge=True).splitlines()
    assert "each of the 19 parameters of 3-4-2 (sigmoid, softmax) on a batch of 5: 4 full iterations" in lines[2]
    assert lines[6:9] == [
        "| the plain loop, two whole losses for each | 3.0000 | 2.0000 | 4.0000 | 1/1.0 |",
        "| zerokara.nn.numerical_gradient | 0.2000 | 0.1000 | 0.3000 | 1/15.0 |",
        "| the same, pixels that are 0 in the whole batch left out | 0.1000 | 0.1000 | 0.1000 | 1/30.0 |",
    ]
    assert [line.split(":")[0] for line in lines[-2:]] == ["- FAIL", "- FAIL"]


def test_a_run_of_the_numerical_gradient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numerical, "course", lambda: tiny("S2", trials=1, epochs=3))
    text = numerical.differences(asked(tmp_path))
    assert "each of the 26 parameters of 3-4-2" in text
    [line] = map(json.loads, (tmp_path / "kept.jsonl").read_text().splitlines())
    [found] = line["result"]["answers"]
    assert [len(seconds) for seconds in found["seconds"].values()] == [3, 3, 3]
    assert 0 < found["difference"] < 1e-8


def test_the_numerical_gradient_is_measured_on_the_courses_run(
    mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder.parent))
    work = numerical.course()
    assert (work.x_train.shape, work.sizes, work.batch, work.epochs) == ((100, 784), (784, 50, 10), 10, 20)


def fitted(ours: list[float], theirs: list[float]) -> fits.Fits:
    seconds = dict(zip(fits.SIDES, (ours, theirs), strict=True))
    return fits.Fits("W2", 1, "as it is", seconds, dict.fromkeys(fits.SIDES, 0.9))


def test_the_fits_by_hand() -> None:
    text = fits.section([tiny("W2")], [fitted([2.0, 1.0, 9.0], [12.0, 13.0, 2.0]), fitted([2.0], [11.9])], judge=True)
    assert "| W2 | as it is | 1 | 2.000 (1.000) | 12.000 (2.000) | 6.00 | 0.900 | 0.900 |" in text
    assert text.splitlines()[-2:] == [
        "- pass: W2, as it is, BLAS threads 1: 6 times as fast as MLPClassifier: 6.00",
        "- FAIL: W2, as it is, BLAS threads 1: 6 times as fast as MLPClassifier: 5.95",
    ]


def test_a_run_of_the_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "THREADS", (2,))
    this = asked(tmp_path, tiny("W2"))
    text = fits.fits(this)
    assert text.count("| W2 |") == len(fits.THREADS) * len(fits.WAYS)
    lines = [json.loads(line) for line in this.kept.path.read_text().splitlines()]
    sides = [line["asked"].split("benchmarks.")[1].split(":")[0] for line in lines]
    assert sides == ["ours", "rivals.sklearn_fit"] * 2, "the two in turn"
    for line in lines:
        [answer] = line["result"]["answers"]
        assert len(answer["scores"]) == 10
        assert 0 < answer["seconds"] < line["result"]["seconds"]
    again = asked(tmp_path, tiny("W2"))
    assert fits.fits(again) == text
    assert len(again.kept.resumed) == len(lines)
    assert fits.fits(asked(tmp_path)) == ""


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("whole", [False, True])
def test_both_sides_of_the_fits_learn_the_same(whole: bool) -> None:
    """With the same settings, digits are told as well by either network."""
    from benchmarks.rivals import sklearn_fit
    from benchmarks.work import w2

    work = replace(w2().shortened(1, 10), lrs=np.array([3e-3]), decays=np.array([1e-5]))
    scores = [side.fit(work, threads=1, whole=whole, seed=0)["scores"] for side in (ours, sklearn_fit)]
    assert all(0.93 < own < 1 for side in scores for own in side)


Given = estimators.Result


def test_the_estimators_by_hand() -> None:
    rivals = {side: [Given(2.0, 0.7, 3), Given(4.0, 0.9, 4)] for side in estimators.SEARCHES}
    found = {
        "zerokara": [Given(1.0, 0.8, 60), Given(3.0, 0.9, 60)],
        **rivals,
        "HistGradientBoosting": [Given(0.1, 0.5)] * 2,
    }
    assert estimators.ahead(found, "RandomizedSearchCV") == (pytest.approx(0.05), pytest.approx(0.05))
    worse = found | {side: [Given(2.0, 0.85, 3), Given(4.0, 1.0, 4)] for side in estimators.SEARCHES}
    text = estimators.section({"wine": found, "digits": worse}, judge=True)
    assert "| wine | zerokara | 0.8500 | 0.0500 |  |  | 2.00 | 1.00 | 60 |" in text
    assert "| wine | RandomizedSearchCV | 0.8000 | 0.1000 | +0.0500 | +1.0 | 3.00 | 2.00 | 3.5 |" in text
    assert "| wine | HistGradientBoosting | 0.5000 | 0.0000 | +0.3500 | +7.0 | 0.10 | 0.10 |  |" in text
    rule = "not behind HalvingRandomSearchCV by more than one standard error"
    assert text.splitlines()[-3:] == [
        f"- pass: wine: {rule}: +0.0500, standard error 0.0500",
        f"- FAIL: digits: {rule}: -0.0750, standard error 0.0250",
        "- FAIL: ahead of HalvingRandomSearchCV on most: 1 of 2",
    ]


def test_of_one_split_there_is_no_spread() -> None:
    found = {side: [Given(1.0, 0.5, 3)] for side in ("zerokara", *estimators.SEARCHES, "HistGradientBoosting")}
    assert estimators.ahead(found, "RandomizedSearchCV") == (0.0, 0.0)
    assert "| +0.0000 | 0 |" in estimators.section({"wine": found}, judge=False)


def test_a_search_gets_candidates_for_our_time_and_more_when_it_was_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours takes 10 seconds, then 5; a search 1 second and 1 for each candidate."""
    asked_for, mine = [], iter([10.0, 5.0])

    def run(asked: Asked, contestant: object, work: Work, **settings: object) -> estimators.Result:
        if contestant is estimators.OURS:
            return Given(next(mine), 0.9, 60)
        if contestant is estimators.TREES:
            return Given(0.1, 0.9)
        asked_for.append((settings["kind"], settings["count"]))
        return Given(1.0 + settings["count"], 0.9, settings["count"])

    monkeypatch.setattr(estimators, "run", run)
    found = estimators.measure(Asked({}, None, seeds=2), "wine")  # type: ignore[arg-type]
    assert [count for kind, count in asked_for if kind == "random"] == [4, 9, 5]
    assert [result.seconds for result in found["RandomizedSearchCV"]] == [10.0, 6.0]


def test_a_split_is_the_same_for_all_and_keeps_the_classes() -> None:
    one, again, other = (split("wine", seed, 100) for seed in (1000, 1000, 1001))
    assert np.array_equal(one.x_val, again.x_val)
    assert not np.array_equal(one.x_val, other.x_val)
    assert (len(one.x_train), len(one.x_val), one.x_train.dtype) == (133, 45, np.float32)
    assert np.allclose(np.bincount(one.t_val) / 45, np.bincount(one.t_train) / 133, atol=0.02)
    assert split("diabetes", 1000, 100).t_train.dtype.kind == "f"


def test_a_run_of_the_estimators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way, fresh processes and all, with a hundredth of the work; --quick has no regression."""
    monkeypatch.setattr(estimators, "DATA", {"diabetes": estimators.DATA["diabetes"]})
    monkeypatch.setattr(estimators, "SEARCHES", dict(list(estimators.SEARCHES.items())[1:]))
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # On a busy machine the trees' threads wait for one another.
    this, again = asked(tmp_path), asked(tmp_path)
    this.quick = again.quick = True
    text = estimators.estimators(this)
    assert text.count("| diabetes |") == 3
    lines = [json.loads(line)["result"]["answers"][0] for line in this.kept.path.read_text().splitlines()]
    assert lines[0]["count"] == estimators.QUICK["trials"]
    assert lines[-2]["seconds"] >= lines[0]["seconds"]
    again.kept = Kept(this.kept.path)
    assert estimators.estimators(again) == text
    assert len(again.kept.resumed) == len(lines)


def test_what_was_cut_short_is_not_judged() -> None:
    assert verdict(False, "rule", "found", judge=False) == "- cut short, not judged: rule: found"


def test_the_winners_by_hand() -> None:
    scores = {
        "W1": {"before": [0.7, 0.6], "model": [0.8, 0.8]},
        "diabetes": {"before": [0.4, 0.4], "model": [0.41, 0.40]},
        "HI": {"before": [0.4, 0.4], "model": [0.2, 0.2]},
    }
    assert winners.cell([0.7, 0.6], [0.8, 0.8]) == "0.8000 (+0.1500 ± 0.0500)"
    assert winners.floors(scores, judge=True) == [
        "- pass: W1: the model gains 0.05 over the rule before: +0.1500",
        "- FAIL: tables: the model gains 0.004 over the rule before: -0.0975",
        "- FAIL: no data set loses: HI -0.2000 ± 0.0000",
    ]


def test_a_run_of_the_winners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winners, "NAMES", ("W1", "diabetes"))
    text = winners.winners(asked(tmp_path))
    assert text.count("(+") + text.count("(-") == len(winners.RULES) - 1, "without the work W1, diabetes alone"


def test_pairs_by_hand() -> None:
    """Ratios of 2, 3 and 1 by the clock, of 4, 1.5 and 2 in CPU time."""
    ours, theirs = [(1.0, 1.0), (2.0, 4.0), (4.0, 5.0)], [(2.0, 4.0), (6.0, 6.0), (4.0, 10.0)]
    pair = pairs.Pairs("W1, full search", 2.0, ours, theirs)
    assert pair.row == ["W1, full search", "2.00", "4.00", "4.00", "6.00", "2.00", "2.00", "1.00 to 3.00"]
    slower = replace(pair, floor=2.5), replace(pair, ours=[(1.0, 2.5), *ours[1:]]), replace(pair, floor=None)
    text = pairs.section("Title", "About.", "9309380", [pair, *slower], judge=True)
    assert text.count("| W1, full search | 2.00 |") == 4
    assert text.splitlines()[-3:] == [
        "- pass: W1, full search at 2 times 9309380: wall 2.00, CPU 2.00",
        "- FAIL: W1, full search at 2.5 times 9309380: wall 2.00, CPU 2.00",
        "- FAIL: W1, full search at 2 times 9309380: wall 2.00, CPU 1.60",
    ]


def test_sides_take_turns() -> None:
    order: list[str] = []

    def side(name: str, k: int) -> pairs.Seconds:
        order.append(name)
        return float(len(order)), float(k)

    found = pairs.in_turn("", None, range(3), lambda k: side("ours", k), lambda k: side("theirs", k))
    assert order == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert (found.ours, found.theirs) == ([(2.0, 0), (3.0, 1), (6.0, 2)], [(1.0, 0), (4.0, 1), (5.0, 2)])


@pytest.mark.skipif(sys.platform != "linux", reason="children that run are counted only where there is a /proc")
def test_the_cpu_time_of_children_counts() -> None:
    """While a child runs, and when it has ended."""
    start = cpu() - time.process_time()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        end = time.monotonic() + 20
        while (running := cpu() - time.process_time() - start) < 0.1 and time.monotonic() < end:
            time.sleep(0.02)
        child.kill()
    assert 0.1 <= running <= cpu() - time.process_time() - start + 0.05


def test_an_earlier_commit_is_the_one_that_runs(tmp_path: Path) -> None:
    """Of a repository whose package and command say which they are."""
    repository, package = tmp_path / "repository", tmp_path / "repository" / "src" / "zerokara"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def which(work): return 'earlier'\n")
    (package / "__main__.py").write_text("import sys; sys.exit(sys.argv[1:] == ['fail'])\n")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(repository)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Earlier"]):
        subprocess.run([*git, *arguments], check=True)
    (package / "__init__.py").write_text("def which(work): return 'now'\n")
    (tmp_path / "side").mkdir()
    side = before.earlier("HEAD", tmp_path / "side", repository)
    run = asked(tmp_path).run(side.contestant("zerokara:which", {"warm_up": False}), tiny())
    assert run.answers == ["earlier"]
    assert run.cpu >= 0
    took = before.command(side, tmp_path, ("tune",))
    assert took is not None
    assert 0 < took[1] < 60
    assert before.command(side, tmp_path, ("fail",)) is None
    now, case = (
        before.Side("now", source=str(repository / "src")),
        before.Case("W1", None, tiny(), "zerokara:which", {}),
    )
    with pytest.raises(RuntimeError, match="W1: the sides trained 12 and 28 network-epochs"):
        before.measure(asked(tmp_path), case, now, side)
    with pytest.raises(SystemExit, match="needs the repository with the commit nowhere"):
        before.earlier("nowhere", tmp_path / "side", repository)


def test_cases_against_an_earlier_commit_are_those_of_the_works(tmp_path: Path) -> None:
    found = {case.name: case for case in before.cases({"W1": tiny(), "W2": tiny("W2", trials=20)})}
    assert {name: case.floor for name, case in found.items()} == {
        "W1, full search": 1.5,
        "W1, raced": None,
        "W2, full search": 2.0,
        "W2, one network": 4.0,
        "Default space, digits": 2.0,
    }
    assert found["W2, one network"].work.kinds == [((4,), "relu", 5)] * 10
    assert before.cases({}) == []
    [*_, default] = before.cases({"W2": replace(tiny("W2"), epochs=1)})
    found = before.measure(asked(tmp_path), default, before.Side("now"), before.Side("then"))
    assert len(found.ratios(0)) == len(found.ratios(1)) == 1


@needs_torch
def test_a_run_of_the_large_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(tiny(trials=1, epochs=1), structures=np.array(["4|relu|5"]))
    monkeypatch.setattr(large, "work", lambda optimizer: replace(small, name=optimizer, optimizer=optimizer))
    text = large.large(asked(tmp_path, tiny()))
    assert text.count("| adam |") == text.count("| sgd |") == 1
    assert text.count("cut short, not judged") == 2
    assert large.large(asked(tmp_path)) == ""


@pytest.mark.skipif(
    importlib.util.find_spec("playwright") is None or not shutil.which("chromium"), reason="no Chromium"
)
def test_a_page_is_timed(tmp_path: Path, browser: Any) -> None:
    found = pages.opened(browser, pages.page_of(12, tmp_path))
    assert found.keys() == {"first", "all", "cpu", "hover", "filter", "slider"}
    assert 0 < found["first"] <= found["all"] < 60_000
