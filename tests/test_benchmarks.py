"""The benchmark's harness, on works of a moment; the rivals that need their libraries run in `make bench`."""

import os
import shutil
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is a folder beside the package, no part of it

from benchmarks import mixed, ours, peak, report
from benchmarks.contestants import ALONE, CONTESTANTS, CORES, ONE_THREAD, OURS, PER_CORE, PLAIN, Contestant
from benchmarks.harness import Row, measure, timed
from benchmarks.rivals import textbook
from benchmarks.work import WORKS, Work
from benchmarks.worker import cpu

GIGA = 1e9


def tiny(name: str = "tiny", optimizer: str = "sgd") -> Work:
    rng = np.random.default_rng(0)
    x, t = rng.random((7, 3), np.float32), np.array([0, 1, 0, 1, 1, 0, 1])
    lrs, decays = np.geomspace(1e-4, 1e-1, 3), np.geomspace(1e-8, 1e-4, 3)
    return Work(name, x[:5], t[:5], x[5:], t[5:], (3, 4, 2), optimizer, 2, 2, lrs, decays)


def rival(name: str, way: str = PLAIN) -> Contestant:
    return Contestant(name, way, "benchmarks.rivals.textbook:run", "float64")


def measured(work: Work, name: str, way: str, *seconds: float, best: float = 0.8, lr: float = 5e-3) -> Row:
    return Row(work, rival(name, way), list(seconds), [0.5], [(lr, best), (1e-6, 0.1)], [3.0])


def test_flop_by_hand() -> None:
    # 3-4-2: a forward pass is 2 (12 + 8) = 40, the weights' gradient the same, the data's gradient only through
    # the second layer, 16. An epoch: 5 samples trained at 96, 5 + 2 scored at 40, is 760; 3 trials of 2 epochs.
    assert tiny().flop == 3 * 2 * 760


def test_flop_of_the_digits_by_hand() -> None:
    # 64-64-64-10: forward 2 (4096 + 4096 + 640) = 17664, step 3 * 17664 - 8192 = 44800.
    assert WORKS["W2"]().flop == 100 * 20 * (1438 * 44800 + 1797 * 17664)


def test_w1_is_the_course_search(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder.parent))
    work = WORKS["W1"]()
    assert work.x_train.shape == (400, 784)
    assert work.x_val.shape == (100, 784)
    assert work.sizes == (784, 100, 100, 100, 100, 100, 100, 10)
    assert (work.lrs.min(), work.lrs.max()) == (1e-6, 1e-2)
    assert (work.decays.min(), work.decays.max()) == (1e-8, 1e-4)


@pytest.mark.parametrize("of", [1, 2, 3, 4])
def test_shares_are_the_whole(of: int) -> None:
    lrs = [lr for k in range(of) for lr in tiny().share(k, of).lrs]
    assert sorted(lrs) == tiny().lrs.tolist()


def test_a_saved_work_is_the_same(tmp_path: Path) -> None:
    tiny().save(tmp_path / "tiny.npz")
    loaded = Work.load(tmp_path / "tiny.npz")
    for field in fields(Work):
        one, other = getattr(tiny(), field.name), getattr(loaded, field.name)
        assert type(one) is type(other)
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_textbook_loop_learns(optimizer: str) -> None:
    x = np.random.default_rng(1).random((300, 3), np.float32)
    t = (x[:, 0] > x[:, 1]).astype(np.int64)
    lrs = np.array([1e-9, {"sgd": 0.5, "adam": 0.02}[optimizer]])
    work = Work("line", x[:200], t[:200], x[200:], t[200:], (3, 8, 2), optimizer, 10, 40, lrs, np.zeros(2))
    (_, idle), (lr, learned) = textbook.run(work)
    assert lr == lrs[1]
    assert learned > 0.85
    assert learned > idle


def test_a_run_of_the_harness() -> None:
    works = [replace(tiny("sgd"), epochs=1), replace(tiny("adam", "adam"), epochs=1, decays=np.zeros(3))]
    contestants = [OURS, rival("textbook loop"), rival("textbook loop", PER_CORE)]
    rows = [Row(work, contestant) for work in works for contestant in contestants]
    said: list[str] = []
    measure(rows, rounds=1, enough=0.0, say=said.append)
    assert len(said) == len(rows)
    for row in rows:
        assert len(row.seconds) == len(row.cpu) == len(row.warm_ups) == 1
        assert len(row.scores) == 3
        assert all(0 <= accuracy <= 1 and 0.9e-4 < lr < 1.1e-1 for lr, accuracy in row.scores)
        assert row.rate == row.work.flop / row.seconds[0]
    text = report.document(rows, (GIGA, 2 * GIGA), "python -m benchmarks")
    assert text.count("| zerokara |") == 2
    assert text.count("| textbook loop |") == 4
    assert "1 GFLOP/s on one thread, 2 on" in text


def test_settings_reach_the_contestant() -> None:
    run = timed(Contestant("zerokara", PLAIN, "benchmarks.ours:summary", "", {"seed": 3, "warm_up": False}), tiny())
    [found] = run.answers
    study = ours.tune(tiny(), seed=3)
    assert (found["best"], found["loss"]) == (study.best.number, study.best.trial.value)
    assert found["epochs"] == 6
    assert 0 < found["proposing"] < found["seconds"] < run.seconds
    assert ours.tune(tiny(), seed=4).best.trial.value != found["loss"]


def test_a_contestant_may_have_the_whole_work_in_each_process() -> None:
    whole = timed(replace(rival("textbook loop", PER_CORE), settings={"shared": False}), tiny())
    assert [len(answer) for answer in whole.answers] == [3] * CORES


def test_one_that_has_run_enough_sits_out() -> None:
    done, short = measured(tiny(), "done", PLAIN, 3.0, 3.0), measured(tiny(), "short", PLAIN, 9.0)
    measure([done, short], rounds=2, enough=5.0, say=lambda line: None)
    assert (len(done.seconds), len(short.seconds)) == (2, 2)


def test_a_contestant_that_fails_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    broken = Row(tiny(), Contestant("broken", PLAIN, "benchmarks.nowhere:run", ""))
    with pytest.raises(RuntimeError, match="ended without an answer"):
        measure([broken], rounds=1, enough=1.0)
    assert "No module named 'benchmarks.nowhere'" in capfd.readouterr().err


def test_the_table_by_hand() -> None:
    work = tiny()
    rows = [measured(work, "slow", PLAIN, 6.0, 4.0, 8.0), measured(work, "fast", PER_CORE, 2.0, 1.0)]
    lines = report.table(rows, "tiny", (1e3, 2e3)).splitlines()
    # 4560 operations in 1.5 s are 3040 a second, 152 % of a peak of 2000.
    assert lines[2].startswith(
        f"| fast | {PER_CORE}: float64 | 1.50 | 1.00 | 2.00 | 3.00 | 2 | 0.0 | 152% | 0.5 | 0.800 |"
    )
    assert lines[3].startswith(f"| slow | {PLAIN}: float64 | 6.00 | 4.00 | 8.00 | 3.00 | 3 | 0.0 | 38% |")


def test_headlines_and_floors_take_the_right_way() -> None:
    work = tiny("W1")
    rows = [
        measured(work, OURS.name, PLAIN, 2.0),
        measured(work, "JAX", PLAIN, 2.0),
        measured(work, "JAX", PER_CORE, 3.0),
        measured(work, "PyTorch eager", PLAIN, 2.0),
        measured(work, "PyTorch eager", PER_CORE, 3.0),
    ]
    assert report.headlines(rows, "W1")[0].startswith("W1: 1.00 times as fast as JAX")
    rate = work.flop / 2.0
    assert report.floors(rows, rate / 0.6) == [
        "pass: W1 at 1.2 times PyTorch eager, one process per core: 1.50",
        "FAIL: W1 at 1.35 times JAX, the faster of its ways: 1.00",
        "pass: W1 at 60% of the peak: 60%",
    ]
    assert report.floors(rows, rate / 0.59)[-1] == "FAIL: W1 at 60% of the peak: 59%"


def test_what_is_missed_stands_at_the_top() -> None:
    parts = ["## A\n\n- pass: a: 2", "- FAIL: b: 1\n- cut short, not judged: c: 1"]
    assert report.overview(parts) == "2 floors and checks, 1 missed.\n\n- FAIL: b: 1"
    assert report.overview(parts[:1]) == "1 floors and checks, 0 missed."
    assert report.document([], None, "command", sections=parts).index("1 missed") < 300
    assert report.overview(["## A"]) == ""


@pytest.mark.parametrize(
    ("best", "lr", "verdict"), [(0.75, 5e-3, "pass"), (0.65, 5e-3, "FAIL"), (0.75, 5e-4, "FAIL"), (0.95, 5e-3, "FAIL")]
)
def test_other_work_is_seen(best: float, lr: float, verdict: str) -> None:
    work = tiny("W1")
    rows = [measured(work, name, PLAIN, 1.0) for name in "abcd"]
    rows.append(measured(work, "e", PLAIN, 1.0, best=best, lr=lr))
    lines = report.same_work(rows)
    assert [line.split(":")[0] for line in lines] == ["pass"] * 4 + [verdict]


def test_one_process_per_core_has_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    for contestant in CONTESTANTS:
        alone = contestant.way == PLAIN
        assert contestant.processes == (1 if alone else CORES)
        assert contestant.environment.get("OMP_NUM_THREADS") == (None if alone else "1")
        assert alone or contestant.environment.items() >= ONE_THREAD.items()
    single = replace(CONTESTANTS[0], way=ALONE, source="/earlier")
    assert single.processes == 1
    assert single.environment.items() >= ONE_THREAD.items()
    assert single.environment["PYTHONPATH"].split(os.pathsep)[0] == "/earlier"


def test_mixed_structure_is_the_same_work_together_and_one_by_one() -> None:
    whole = mixed.w3()
    assert (whole.trials, len(set(whole.kinds)), len(set(whole.lrs))) == (120, 12, 10)
    assert whole.about == "networks of 12 structures, adam, batch 32 or 64"
    assert whole.share(1, 2).kinds == whole.kinds[1::2]
    # 1,438 samples trained at 3 x forward - first, 1,438 + 359 scored at forward.
    one = replace(whole, lrs=whole.lrs[:1], structures=whole.structures[:1])
    forward, first = 2 * (64 * 16 + 16 * 16 + 16 * 10), 2 * 64 * 16
    assert one.flop == 20 * (1438 * (3 * forward - first) + 1797 * forward)
    few = replace(whole, structures=np.array(["8|relu|50", "8|tanh|50", "5,5|relu|50", "5,5|tanh|50"] * 2))
    few = replace(few, lrs=np.repeat([1e-3, 1e-2], 4), decays=np.zeros(8), epochs=2)
    together, alone = sorted(mixed.together(few)), sorted(mixed.one_by_one(few))
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_every_floor_has_its_contestants() -> None:
    there = {(c.name, way) for c in CONTESTANTS + mixed.MIXED for way in (c.way, None)}
    assert {(floor.rival, floor.way) for floor in report.FLOORS} <= there


def test_the_seconds_are_counted_while_threads_end() -> None:
    over = threading.Event()

    def start_and_end() -> None:
        while not over.is_set():
            threading.Thread(target=time.sleep, args=(1e-4,)).start()

    starting = threading.Thread(target=start_and_end)
    starting.start()
    try:
        seconds = [cpu() for _ in range(500)]
    finally:
        over.set()
        starting.join()
    assert seconds == sorted(seconds)


def test_the_peak_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "LIBRARIES", {"numpy": peak.LIBRARIES["numpy"]})
    assert peak.peak(1, n=256, seconds=0.05) > 1e8
    if shutil.which("cc"):
        assert peak.multiply_adds(2, seconds=0.05) > 1e9
