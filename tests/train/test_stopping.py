"""Early stopping, and the best epoch's weights."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import law
from zerokara import nn, optim
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.train import EarlyStopping, Trainer, evaluate
from zerokara.train.ranking import ranking

Make = Callable[..., Trainer]
VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.3, np.inf]), min_size=1, max_size=12)


def stop_epoch(values: list[float], patience: int, min_delta: float) -> int | None:
    """Return after which epoch a network stops, found by looking back at all its values."""
    best, when = np.inf, 0
    for number, value in enumerate(values, 1):
        if value < best - min_delta:
            best, when = value, number
        if number - when >= patience:
            return number
    return None


@given(VALUES, st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.15]))
@law(200)
def test_it_stops_when_so_many_epochs_in_a_row_brought_nothing(
    values: list[float], patience: int, min_delta: float
) -> None:
    rule = EarlyStopping(patience, min_delta).start(2)
    stopped = [number for number, value in enumerate(values, 1) if rule.stops(np.array([value, -number]))[0]]
    assert (stopped[0] if stopped else None) == stop_epoch(values, patience, min_delta)


@given(st.lists(st.tuples(*[st.sampled_from([0.1, 0.2, 0.3])] * 4), min_size=2, max_size=8), st.data())
@law(50)
def test_take_goes_on_as_if_nobody_had_left(values: list[tuple[float, ...]], data: st.DataObject) -> None:
    whole = EarlyStopping(2).start(4)
    rows = np.arange(4)
    part = whole
    for value in np.array(values):
        keep = np.array(data.draw(st.permutations(range(len(rows))))[: data.draw(st.integers(0, len(rows)))], int)
        rows, part = rows[keep], part.take(keep)
        assert np.array_equal(part.stops(value[rows]), whole.stops(value)[rows])


@pytest.mark.parametrize(("patience", "min_delta"), [(0, 0.0), (-1, 0.0), (3, -0.1), (3, np.nan)])
def test_its_rules(patience: int, min_delta: float) -> None:
    with pytest.raises(InputError, match="patience >= 1 and min_delta >= 0 must hold"):
        EarlyStopping(patience, min_delta)


@pytest.mark.parametrize("rank", ["loss", "accuracy"])
@pytest.mark.parametrize("keep_best", [False, True])
def test_networks_stop_when_their_own_curve_says_so(trainer: Make, rank: str, keep_best: bool) -> None:
    free = trainer(keep_best=keep_best, rank=rank)
    free.fit(40)
    curves = free.history["val_loss"] if rank == "loss" else -free.history["val_score"]
    wanted = [stop_epoch(list(curve), 2, 0.0) or 40 for curve in curves]
    assert len(set(wanted)) > 1
    run = trainer(early_stopping=EarlyStopping(2), keep_best=keep_best, rank=rank)
    epochs = list(run.epochs(40))
    assert run.history.epochs.tolist() == wanted
    assert len(epochs) == max(wanted)
    assert not run.history.diverged.any()
    for row, last in enumerate(wanted):
        assert np.array_equal(run.history["val_loss"][row, :last], free.history["val_loss"][row, :last])
        stands = int(np.argmin(curves[row, :last])) if keep_best else last - 1
        loss, score = evaluate(run.trained(row), run.validation, run.task)
        assert loss[0] == free.history["val_loss"][row, stands]
        assert score[0] == free.history["val_score"][row, stands]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2], [2, 0]])
def test_patience_follows_a_driver_that_changes_the_order(trainer: Make, order: list[int]) -> None:
    alone = trainer(early_stopping=EarlyStopping(2), keep_best=True)
    alone.fit(40)
    run = trainer(early_stopping=EarlyStopping(2), keep_best=True)
    for epoch in run.epochs(40):
        if epoch.number == 2:
            run.take(order)
    assert run.history.epochs[order].tolist() == alone.history.epochs[order].tolist()
    for row in order:
        assert np.array_equal(run.trained(row).params, alone.trained(row).params)


@pytest.mark.parametrize("rank", ["loss", "accuracy"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_best_epoch_is_kept_to_the_bit(digits: Dataset, rank: str, batch_norm: bool) -> None:
    network = nn.mlp(64, (16,), 10, population=3, batch_norm=batch_norm, dropout=0.3)
    run = Trainer(network, optim.Momentum(lr=[0.05, 0.2, 1.0]), digits, keep_best=True, rank=rank)
    history = run.fit(25)
    values, epochs = history.ranking(ranking(rank, "classification"), keep_best=True)
    assert (epochs < 25).any()
    for row in range(3):
        loss, score = evaluate(run.trained(row), digits.validation, "classification")
        assert loss[0] == history["val_loss"][row, epochs[row] - 1]
        assert score[0] == history["val_score"][row, epochs[row] - 1]
        assert values[row] == (loss[0] if rank == "loss" else -score[0])
        curve = history["val_loss"][row] if rank == "loss" else -history["val_score"][row]
        assert epochs[row] == np.argmin(curve) + 1  # the first among equals


def test_without_validation_data_networks_stop_by_their_training_loss(digits: Dataset) -> None:
    alone = replace(digits, validation=None)
    make = partial(Trainer, optimizer=optim.Adam(lr=[0.01, 1e-9]), data=alone)
    run = make(nn.mlp(64, (8,), 10, population=2), early_stopping=EarlyStopping(2, 1e-4))
    run.fit(8)
    assert run.history.epochs.tolist() == [8, 3]
    assert run.rows.tolist() == [0]
    with pytest.raises(InputError, match="early_stopping needs the training loss of every epoch, got .*=5"):
        make(nn.mlp(64, (8,), 10), early_stopping=EarlyStopping(2), evaluate_train_every=5)
