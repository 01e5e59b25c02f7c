"""The benchmark of tables: what is counted by hand, the former encoding, and a run of a moment."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is a folder beside the package, no part of it

from benchmarks import tables as sources
from benchmarks.keep import Kept
from benchmarks.parts import large_table, tables
from benchmarks.parts.asked import Asked
from benchmarks.tabular import base, contestants, former, measure, ours, scikit
from benchmarks.tabular.compare import Pairs, pairs, ranks
from benchmarks.tabular.contestants import CATBOOST, ENTRIES, FIVE, LINEAR, MLP, SHORT, TUNE, Entry
from benchmarks.tabular.measure import Result
from benchmarks.tabular.task import Answer, Task, filled, score, targets
from benchmarks.tabular.worker import measured, parts


def asked(path: Path, **settings: object) -> Asked:
    return Asked({}, Kept(path / "kept.jsonl"), seeds=1, say=lambda line: None, **settings)  # type: ignore[arg-type]


def frame(rows: int = 90) -> pd.DataFrame:
    """Numbers and texts with gaps, a text that comes once, a column called self."""
    rng = np.random.default_rng(0)
    number, text = rng.normal(size=rows), rng.choice(["a", "b"], rows).astype(object)
    goal = np.where(number > 0, "yes", "no")
    number[:4], text[:2], text[2] = np.nan, None, "once"
    columns = {"number": number, "self": text, "same": 1.0, "flag": number > 0.5, "t": goal}
    return pd.DataFrame(columns)


def of(scores: list[float], cpu: float = 1.0) -> list[Result]:
    return [Result(cpu, score) for score in scores]


def test_pairs_and_ranks_by_hand() -> None:
    one = {"a": of([0.5, 0.7]), "b": of([0.3, 0.3])}
    other = {"a": of([0.4, 0.7]), "b": of([0.5, 0.2])}
    found = pairs(one, other)
    assert (found.wins, found.losses, found.mean) == (2, 1, pytest.approx(0.0))
    assert found.of("a") == (pytest.approx(0.05), pytest.approx(0.05))
    # Means of 0.05 and -0.05: their standard deviation is 0.0707, over the square root of 2.
    assert found.error_of_tables == pytest.approx(0.05)
    assert str(found) == f"2-1, {found.mean:+.4f} ± 0.0500 ({found.error_of_pairs:.4f})"
    assert ranks({"one": one, "other": other}) == {"one": 11 / 8, "other": 13 / 8}
    assert Pairs({"a": [0.1]}).error_of_tables == 0.0


def test_floors_by_hand() -> None:
    names = list(sources.TWELVE)
    level = {name: of([0.5] * 5) for name in names}
    ahead = {name: of([0.52] * 5, cpu=3.0) for name in names}
    dear = {name: of([0.495] * 5, cpu=5.0) for name in names}
    lines = tables.floors({TUNE: ahead, SHORT: level, FIVE: level, LINEAR: level, CATBOOST: level})
    assert [line.split(":")[0] for line in lines] == ["- pass"] * 6 + ["- FAIL", "- stretch"]
    assert lines[0] == (
        "- pass: against five untuned 43-12, +0.010: 60-0, +0.0200 ± 0.0000 (0.0000); stretch 46-7, +0.014: met"
    )
    lines = tables.floors({TUNE: dear, SHORT: ahead, FIVE: level, LINEAR: level | {"cars": of([0.6] * 5)}})
    assert [line.split(":")[0] for line in lines] == ["- FAIL"] * 3 + ["- pass", "- FAIL", "- pass"]
    assert lines[2].endswith("two standard errors: " + ", ".join(names))
    more = tables.each_table({TUNE: ahead, LINEAR: level | {"cars": of([0.53] * 5)}})
    assert "| cars | -0.0100 ± 0.0000 |" in more
    assert more.endswith("- FAIL: behind linear at no table by more than two standard errors: cars")
    assert tables.each_table({TUNE: ahead}) == ""


def test_a_search_counts_at_the_seconds_that_ours_took() -> None:
    found = Result(6.0, 0.9, ((1.0, 0.7), (3.0, 0.8), (6.0, 0.9)))
    assert found.after(0.5) == Result(1.0, 0.7)
    assert found.after(1.5) == Result(3.0, 0.8)
    assert found.after(7.0) is None


def test_splits_are_three_quarters_and_the_rest() -> None:
    [(train, test), *others] = sources.splits(398, 5)
    assert len(others) == 4
    assert len(train) == 298
    assert sorted([*train, *test]) == list(range(398))
    assert not np.array_equal(test, others[0][1])
    assert all(map(np.array_equal, sources.split(398, 0), (train, test)))
    loaded, target = sources.load("diabetes")
    assert (loaded.shape, target) == ((442, 11), "target")
    train, test, target, classes = parts("diabetes", 0)
    assert (len(train), len(test), target, classes) == (332, 110, "target", False)


def test_the_large_table_is_what_its_formula_says() -> None:
    loaded = sources._made(4000)()
    assert [loaded[f"c{k}"].nunique() for k in range(10)] == list(sources.LEVELS)
    assert loaded.shape == (4000, 31)
    known = loaded["n0"] + 2 * np.sin(2 * loaded["n3"]) + loaded["n4"] * loaded["n5"] + np.log(loaded["n10"])
    assert 0.5 < np.corrcoef(known, loaded["y"])[0, 1] ** 2 < 0.9


def test_the_former_encoding() -> None:
    """The inputs of `zerokara.data.from_table` at 9309380."""
    given = pd.DataFrame({"n": [1.0, 2.0, 3.0, 5.0, np.nan], "c": ["x", "x", "y", None, None], "s": 1, "t": 0.0})
    encode = former.encoder(Task(given, "t", classes=False))
    z = (np.array([1.0, 2.0, 3.0, 5.0]) - 2.5) / 1.75  # The quartiles of what is there are 1.75 and 3.5.
    z /= np.sqrt(1 + (z / 3) ** 2)
    np.testing.assert_allclose(encode(given)[:4, 0], z, rtol=1e-6)
    # Gaps: the median and an indicator. Texts: x, missing, and the rest, in which y is, which comes once.
    hot = [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 1, 0]]
    assert encode(given)[:, 1:].tolist() == hot
    assert encode(given)[4, 0] == 0
    whole = given.assign(c=["x", "x", "y", "y", "y"])
    unseen = former.encoder(Task(whole, "t", classes=False))(whole.assign(c="z"))
    np.testing.assert_allclose(unseen[:, 2:], [[0.4, 0.6, 0.0]] * 5, rtol=1e-6)


def test_former_networks_do_not_follow_the_defaults() -> None:
    """The score of a split as it was measured at 9309380."""
    train, test, target, classes = parts("diabetes", 0)
    predict = former.five(Task(train, target, classes))
    assert score(targets(test, target, classes), predict(test.drop(columns=target)), classes) == pytest.approx(
        0.4951, abs=2e-3
    )


@pytest.mark.filterwarnings("ignore")
def test_contestants_predict_gaps_and_unseen_texts() -> None:
    task = Task(frame(), "t", classes=True)
    new = task.x.copy()
    new["self"] = [None, "new"] * 45
    assert filled(new, task.texts)["self"].tolist() == ["missing", "new"] * 45
    with threadpool_limits(1):  # On a busy machine the trees' threads wait for one another.
        for contestant in (base.mean, scikit.linear, scikit.boosting, former.five, ours.network):
            predicted = contestant(task)(new)
            assert set(predicted) <= {"yes", "no"}
            assert contestant is base.mean or score(task.y, predicted, classes=True) > 0.8


@pytest.mark.filterwarnings("ignore")
def test_a_search_over_mlp_answers_after_each_candidate() -> None:
    given = frame(60).assign(t=np.arange(60.0))
    task = Task(given, "t", classes=False)
    answers = scikit.mlp_search(task, budget=0.01)
    assert [answer.seconds >= 0.01 for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[0].predict(task.x).shape == (60,)


def test_a_fit_is_measured_alone() -> None:
    def fit(task: Task) -> list[Answer]:
        return [Answer(1.0, lambda x: np.full(len(x), "no")), Answer(2.0, lambda x: np.full(len(x), "yes"))]

    found = measured(fit, Task(frame(), "t", classes=True), frame(), {})
    share = float(np.mean(frame()["t"] == "yes"))
    assert found["answers"] == [[1.0, pytest.approx(1 - share)], [2.0, pytest.approx(share)]]
    assert found["score"] == found["answers"][-1][1]
    with pytest.raises(ValueError, match="90 predictions are needed, got 1"):
        measured(lambda task: lambda x: ["no"], Task(frame(), "t", classes=True), frame(), {})


def test_a_run_of_the_tables(tmp_path: Path) -> None:
    """A fresh process; what is kept is not measured again, and shown though it is not asked for."""
    found = tables.tables(asked(tmp_path, only=["linear"], tables=["diabetes"]))
    assert "| linear | 0." in found
    assert "| diabetes | 0." in found
    lines = (tmp_path / "tables.jsonl").read_text().splitlines()
    assert [json.loads(line)["asked"].split()[2:4] for line in lines] == [["0", "linear"]]
    again = tables.tables(asked(tmp_path, only=["nobody"], tables=["diabetes"]))
    assert again.startswith(found)
    assert "1 of these fits were measured before" in again
    assert (tmp_path / "tables.jsonl").read_text().splitlines() == lines


def test_the_search_over_mlp_is_repeated_until_it_is_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours takes 5 seconds; a search with a budget of 4 ends after 4, and one of 8 has an answer after 6."""
    budgets = []

    def one(asked: Asked, kept: Kept, entry: Entry, table: str, seeds: range) -> list[Result]:
        budgets.append(entry.settings["budget"])
        return [Result(4.0, 0.7, ((2.0, 0.6), (4.0, 0.7), (6.0, 0.8), (8.0, 0.9))[: entry.settings["budget"] // 2])]

    monkeypatch.setattr(measure, "of_table", one)
    search = next(entry for entry in ENTRIES if entry.name == MLP)
    this = asked(tmp_path)
    assert measure.same_seconds(this, this.kept, search, {"cars": of([0.5], cpu=5.0)}) == {"cars": [Result(6.0, 0.8)]}
    assert budgets == [4, 8]


def test_the_section_has_all_that_is_compared() -> None:
    ours_, level = {"cars": of([0.6, 0.8])}, {"cars": of([0.5, 0.5], cpu=2.0)}
    text = tables.section("Title", {TUNE: ours_, FIVE: level}, judge=False)
    assert f"| {FIVE} | 0.5000 | 2.00 | 2.00 |  | 0-2, -0.2000 ± 0.0000 (0.1000) |" in text
    assert "| cars | 0.7000 (1.00) | 0.5000 (2.00) |" in text
    assert text.endswith("| cars | +0.2000 ± 0.1000 |")
    both = {tables.TUNED: ours_, tables.PACED[tables.TUNED]: level}
    assert "same seconds: 2-0, +0.2000 ± 0.0000 (0.1000)." in tables.section("Title", both, judge=False)
    assert "- FAIL" in tables.section("Title", {TUNE: level, FIVE: ours_}, judge=True)


def _with_comment(path: Path, folder: Path) -> Path:
    (folder / "other.py").write_text(path.read_text().replace('"""', '"""Another text. ', 1) + "# A comment.\n")
    return folder / "other.py"


def test_only_contestants_of_now_are_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {entry.name: entry for entry in ENTRIES if not entry.missing}
    before = {name: entry.version for name, entry in entries.items()}
    monkeypatch.setattr(contestants, "package_digest", lambda: "another")
    changed = {name for name, entry in entries.items() if entry.version != before[name]}
    assert changed == {name for name, entry in entries.items() if entry.current} >= {TUNE}
    path = Path(contestants.__file__)
    assert contestants.code(path) == contestants.code(_with_comment(path, tmp_path))
    longer = replace(entries[MLP], settings={"budget": 8})
    assert longer.version != before[MLP]


def test_every_floor_has_its_contestant() -> None:
    names = {entry.name for entry in ENTRIES}
    assert len(names) == len(ENTRIES)
    assert {floor.rival for floor in (*tables.FLOORS, *tables.STRETCH)} <= {*names, tables.SAME_SECONDS}
    assert set(large_table.NAMES) <= names
    assert set(tables.LEVEL) <= set(sources.TWELVE)


def test_the_large_table_by_hand() -> None:
    few, many = sources.LARGE
    one = {"score": 0.9, "cpu": 10.0, "seconds": 12.0, "peak": 3072.0}
    found = {
        large_table.BASE.name: {few: one | {"peak": 1024.0}, many: one | {"peak": 2048.0}},
        TUNE: {few: one, many: one | {"cpu": 90.0, "peak": 10240.0}},
    }
    lines = large_table.section(found, judge=True).splitlines()
    assert f"| {few} | {TUNE} | 0.9000 | 10.0 | 12.0 | 2 |" in lines
    assert [line[:6] for line in lines if line.startswith("- ")] == ["- FAIL", "- pass"]
