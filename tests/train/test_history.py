"""Curves: take and concat_histories, and what a network is ranked by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import law
from zerokara.train import Epoch, History
from zerokara.train.history import CURVES, concat_histories
from zerokara.train.ranking import ranking

R = 4


def history(networks: int = R, epochs: int = 3, seed: int = 0, leaves: int | None = 1) -> History:
    """Return curves of some networks, one of which diverges at the second epoch."""
    rng, made = np.random.default_rng(seed), History(networks)
    rows = np.arange(networks)
    for number in range(1, epochs + 1):
        diverged = (rows == leaves) & (number == 2)
        columns = {name: rng.random(len(rows)) for name in (*CURVES, "objective")}
        made.record(Epoch(number=number, rows=rows, diverged=diverged, seconds=float(number), **columns))
        rows = rows[~diverged]
    return made


def equal(a: History, b: History) -> bool:
    return (
        all(np.array_equal(a[name], b[name], equal_nan=True) for name in CURVES)
        and np.array_equal(a.epochs, b.epochs)
        and np.array_equal(a.diverged, b.diverged)
    )


def test_what_was_recorded() -> None:
    made = history()
    assert len(made) == R
    assert made.epochs.tolist() == [3, 2, 3, 3]
    assert made.diverged.tolist() == [0, 2, 0, 0]
    assert made["val_loss"].shape == (R, 3)
    assert np.isnan(made["val_loss"]).sum() == 1
    assert made.seconds == [1.0, 2.0, 3.0]
    assert History(2)["val_loss"].shape == (2, 0)


@given(st.lists(st.integers(-R, R - 1), max_size=5), st.data())
@law(50)
def test_take_of_take(first: list[int], data: st.DataObject) -> None:
    made = history()
    second = data.draw(st.lists(st.integers(0, len(first) - 1), max_size=4) if first else st.just([]))
    rows = np.arange(R)[np.array(first, int)][np.array(second, int)]
    assert equal(made.take(first).take(second), made.take(rows))
    assert np.array_equal(made.take(first)["lr"], made["lr"][np.array(first, int)], equal_nan=True)


def test_take_of_one_of_a_mask_and_of_none() -> None:
    made = history()
    assert equal(made.take(2), made.take([False, False, True, False]))
    assert len(made.take([])) == 0
    assert made.take([])["val_loss"].shape == (0, 3)
    taken = made.take(range(R))
    columns = {name: np.zeros(R) for name in (*CURVES, "objective")}
    taken.record(Epoch(number=4, rows=np.arange(R), diverged=np.zeros(R, bool), seconds=1.0, **columns))
    assert made["val_loss"].shape == (R, 3)
    assert made.epochs.max() == 3


def test_concat_undoes_take_and_pads_what_ended_sooner() -> None:
    made = history()
    assert equal(concat_histories([made.take([0]), made.take([1, 2, 3])]), made)
    short = history(2, 1, seed=1, leaves=None)
    both = concat_histories([made, short])
    assert both["val_loss"].shape == (R + 2, 3)
    assert np.isnan(both["val_loss"][R:, 1:]).all()
    assert both["val_loss"][R:, 0].tolist() == short["val_loss"][:, 0].tolist()
    assert both.epochs.tolist() == [3, 2, 3, 3, 1, 1]
    assert both.seconds == [2.0, 2.0, 3.0]


@pytest.mark.parametrize("rank", ["loss", "accuracy"])
def test_ranking(rank: str) -> None:
    made = history()
    curve = made["val_loss"] if rank == "loss" else -made["val_score"]
    value, epoch = made.ranking(ranking(rank, "classification"), keep_best=False)
    assert value.tolist() == [curve[0, 2], np.inf, curve[2, 2], curve[3, 2]]
    assert epoch.tolist() == [3, 2, 3, 3]
    value, epoch = made.ranking(ranking(rank, "classification"), keep_best=True)
    for row in (0, 2, 3):
        assert value[row] == curve[row].min()
        assert epoch[row] == curve[row].argmin() + 1
    assert value[1] == np.inf


def test_ranking_of_a_network_that_stopped_sooner_is_its_last_epoch() -> None:
    both = concat_histories([history(), history(1, 2, seed=2, leaves=None)])
    value, epoch = both.ranking(ranking("loss", "classification"), keep_best=False)
    assert (value[R], epoch[R]) == (both["val_loss"][R, 1], 2)


def test_ranking_before_any_epoch() -> None:
    value, epoch = History(2).ranking(ranking("loss", "classification"), keep_best=True)
    assert (value.tolist(), epoch.tolist()) == ([np.inf, np.inf], [0, 0])
    value, epoch = concat_histories([History(1), history(1, 2, leaves=None)]).ranking(
        ranking("loss", "classification"), keep_best=False
    )
    assert (value[0], epoch[0]) == (np.inf, 0)
    assert epoch[1] == 2


def test_what_is_not_finite_ranks_last() -> None:
    loss, score = np.array([np.nan, np.inf, -np.inf, 0.5]), np.array([0.1, 0.2, np.nan, 0.4])
    assert ranking("loss", "classification").objective(loss).tolist() == [np.inf, np.inf, np.inf, 0.5]
    assert ranking("accuracy", "classification").objective(score).tolist() == [-0.1, -0.2, np.inf, -0.4]
