"""A network whose loss stops being finite is taken out and recorded, and its neighbors do not notice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.cases import DTYPES, OPTIMIZERS
from zerokara import nn, optim
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.train import EarlyStopping, Trainer
from zerokara.train.ranking import ranking

Make = Callable[..., Trainer]


def test_it_is_recorded_with_its_epoch_and_retired(trainer: Make) -> None:
    run = trainer(diverging=True)
    rows = [epoch.rows.tolist() for epoch in run.epochs(3)]
    assert rows == [[0, 1, 2], [0, 1], [0, 1]]
    assert run.history.diverged.tolist() == [0, 0, 1]
    assert run.history.epochs.tolist() == [3, 3, 1]
    assert run.network.population == len(run.optimizer.lr) == len(run.best_value) == 2
    with pytest.raises(InputError, match="network 2 has no weights: it diverged"):
        run.trained(2)
    value, _ = run.history.ranking(ranking("loss", "classification"), keep_best=False)
    assert value.tolist() == [*run.history["val_loss"][:2, -1], np.inf]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_neighbors_do_not_notice(digits: Dataset, name: str, dtype: str) -> None:
    def run(lr: list[float]) -> Trainer:
        network = nn.mlp(64, (8,), 10, "tanh", population=len(lr), batch_norm=True, dropout=0.1, dtype=dtype)
        made = Trainer(network, optim.OPTIMIZERS[name](lr=lr, weight_decay=0.01), digits, keep_best=True)
        made.fit(3)
        return made

    alone, company = run([0.01]), run([1e200 if dtype == "float64" else 1e36, 0.01])
    assert company.history.diverged[1] == alone.history.diverged[0] == 0
    assert np.array_equal(company.trained(1).params, alone.trained(0).params)
    for curve in ("train_loss", "train_score", "val_loss", "val_score", "lr"):
        assert np.array_equal(company.history[curve][1], alone.history[curve][0])


def test_a_network_alone_ends_the_epochs(digits: Dataset) -> None:
    run = Trainer(nn.mlp(64, (8,), 10), optim.SGD(lr=1e30), digits)
    epochs = list(run.epochs(10))
    assert [epoch.diverged.tolist() for epoch in epochs] == [[True]]
    assert run.history.diverged.tolist() == [1]
    assert run.network.population == 0
    assert list(run.epochs(10)) == []


def test_it_may_diverge_late(digits: Dataset) -> None:
    run = Trainer(nn.mlp(64, (8,), 10, population=2), optim.Momentum(lr=[0.1, 0.1]), digits)
    for epoch in run.epochs(6):
        if epoch.number == 3:
            run.network.params[1, 5] = np.nan
    assert run.history.diverged.tolist() == [0, 4]
    assert run.history.epochs.tolist() == [6, 4]
    assert run.rows.tolist() == [0]


def test_the_driver_may_take_it_out_first(trainer: Make) -> None:
    run = trainer(diverging=True)
    for epoch in run.epochs(3):
        if epoch.diverged.any():
            run.take(np.flatnonzero(~epoch.diverged)[::-1])
    assert run.rows.tolist() == [1, 0]
    assert run.history.epochs.tolist() == [3, 3, 1]


def test_infinite_weights_are_divergence_even_where_the_loss_is_finite(digits: Dataset) -> None:
    # A saturated tanh hides them.
    network = nn.mlp(64, (8,), 10, "tanh", population=2)
    run = Trainer(network, optim.SGD(lr=1e-3), digits)
    for epoch in run.epochs(3):
        if epoch.number == 1:
            run.network.arrays()["0.b"][1] = np.inf
    assert run.history.diverged.tolist() == [0, 2]


def test_it_is_seen_without_any_evaluation(digits: Dataset) -> None:
    network = nn.mlp(64, (8,), 10, population=2)
    blind = replace(digits, validation=None)
    run = Trainer(network, optim.SGD(lr=[0.1, 1e30]), blind, evaluate_train_every=100, schedule_epochs=100)
    run.fit(2)
    assert run.history.diverged.tolist() == [0, 1]


def test_a_loss_that_is_infinite_on_the_training_data_alone_is_divergence(curve: Dataset) -> None:
    t = curve.train.t.copy()
    t[0] = 1e25  # its square is beyond single precision
    run = Trainer(nn.mlp(3, (), 2), optim.SGD(lr=1e-30), replace(curve, train=replace(curve.train, t=t)))
    epoch = next(run.epochs(3))
    assert np.isinf(epoch.train_loss[0])
    assert np.isfinite(epoch.val_loss[0])
    assert epoch.diverged[0]


def test_a_diverged_network_has_not_stopped_early(trainer: Make) -> None:
    run = trainer(diverging=True, early_stopping=EarlyStopping(1))
    run.fit(3)
    assert run.history.diverged.tolist() == [0, 0, 1]
    with pytest.raises(InputError, match="network 2 has no weights: it diverged"):
        run.trained(2)
