"""The table of a running search fits 60 columns, whatever is in it."""

import math

import pytest

import zerokara as zk
from zerokara.display import LINE
from zerokara.engine.progress import Progress, TrialEpoch
from zerokara.engine.trial import Proposal
from zerokara.space.space import Space
from zerokara.study.views.progress_table import progress_table

WIDE = {
    "lr": (zk.log(1e-6, 1e-1), 1.2345678e-05),
    "weight_decay": (zk.log(1e-8, 1e-1), 9.87654e-07),
    "dropout": (zk.uniform(0, 0.5), 0.123456),
    "hidden": (zk.choice([(1000, 1000, 1000), (10,)]), (1000, 1000, 1000)),
    "label_smoothing": (zk.uniform(0, 0.2), 0.01),
}
SPACE = Space({name: part for name, (part, _) in WIDE.items()})
PARAMS = {name: value for name, (_, value) in WIDE.items()}


def state(trials: int, rungs: int, best: int, seconds: float = 7.5, done: int = 0) -> Progress:
    top = tuple(TrialEpoch(Proposal(trials - k, PARAMS), 3**rungs, -0.5, 0.98765) for k in range(best))
    counts = tuple((3**k, trials // 3**k + 1, 0) for k in range(rungs))
    epochs = trials * 3**rungs
    return Progress(trials, 0, trials, epochs, done, seconds, trials, top, counts, remark="Words " * 20)


@pytest.mark.parametrize("metric", ["accuracy", "average precision", "rank_by_a_function_with_a_long_name"])
@pytest.mark.parametrize("progress", [state(9, 1, 0), state(1_000_000, 12, 3, 1e6, 123_456_789), state(100, 5, 3)])
def test_a_line_has_at_most_60_columns(progress: Progress, metric: str) -> None:
    lines = progress_table(progress, SPACE, metric)
    assert LINE == 60
    assert max(map(len, lines)) <= LINE


def test_what_does_not_fit_is_left_out_from_the_end_or_the_start() -> None:
    lines = progress_table(state(1_000_000, 12, 3), SPACE, "accuracy")
    rungs = next(line for line in lines if line.startswith("rung")).split()
    assert rungs[2] != "1"
    assert rungs[-1] == f"{3**11:,}"
    header = next(line for line in lines if line.startswith("best"))
    assert "lr" in header
    assert "label_smoothing" not in header


def test_the_time_left_before_and_after_the_first_epoch() -> None:
    nothing = Progress(9, 0, 9, 90, 0, 1.0, 0)
    assert math.isinf(nothing.seconds_left)
    assert "time left       unknown" in progress_table(nothing, SPACE, "accuracy")
    assert Progress(9, 0, 9, 90, 0, 1.0, 0, epochs_underway=4.5).seconds_left == 19.0
    # Processes have taken over, and have not reported their first epoch: at 4.5 a second for 6 seconds.
    assert Progress(9, 0, 9, 90, 0, 6.0, 0, first_rate=4.5).seconds_left == 14.0
    assert Progress(9, 0, 9, 90, 0, 60.0, 0, first_rate=4.5).seconds_left == 1.0
    assert Progress(9, 3, 6, 90, 45, 5.0, 0).seconds_left == 5.0
    assert Progress(9, 3, 6, 90, 45, 5.0, 0, epochs_before=35).seconds_left == 22.5
