"""A request to stop: between epochs at once, within a slow epoch at its next step, and nothing half-done stays."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from zerokara import nn, optim
from zerokara.data import Dataset
from zerokara.train import Trainer

Make = Callable[..., Trainer]


class Stop:
    """Asks to stop from the n-th time that it is asked."""

    def __init__(self, after: int) -> None:
        self.asked, self.after = 0, after

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked > self.after


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every epoch counts as slow."""
    monkeypatch.setattr("zerokara.train.trainer.PATIENT", 0.0)
    monkeypatch.setattr("zerokara.train.engine.BYTES", 0)  # The kernel returns after every step.
    return


def test_a_quick_epoch_is_finished(trainer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.train.trainer.PATIENT", 3600.0)
    stop = Stop(3)
    run = trainer(stop=stop)
    assert len(list(run.epochs(10))) == 3
    assert stop.asked == 4  # once before each epoch, not at every step
    assert run.history.epochs.tolist() == [3, 3, 3]


STEPS = 5
"""Steps in an epoch of 240 samples; with the one between epochs, six times asked."""


@pytest.mark.parametrize("after", [1, 3, STEPS + 1, STEPS + 3, 2 * STEPS + 4, 3 * STEPS + 3])
@pytest.mark.usefixtures("impatient")
def test_a_slow_epoch_is_dropped_and_the_one_before_restored(trainer: Make, after: int) -> None:
    options = {"dropout": 0.2, "keep_best": True}
    run = trainer(stop=Stop(after), **options)
    full = len(list(run.epochs(10)))
    assert full == after // (STEPS + 1)
    assert run.epoch == full == len(run.history.seconds)
    wanted = trainer(**options)
    if full:
        wanted.fit(full)
    for name, value in wanted.network.arrays().items():
        assert np.array_equal(run.network.arrays()[name], value)
        assert np.array_equal(run.trained(1).arrays()[name], wanted.trained(1).arrays()[name])
    assert np.array_equal(run.optimizer.v, wanted.optimizer.v)
    assert run.optimizer.t == wanted.optimizer.t
    run.stop = None
    run.fit(2)
    wanted.fit(2)
    assert np.array_equal(run.network.params, wanted.network.params)


@pytest.mark.usefixtures("impatient")
def test_running_statistics_are_restored_too(digits: Dataset) -> None:
    def trained(stop: Stop | None, epochs: int) -> Trainer:
        network = nn.mlp(64, (8,), 10, batch_norm=True, population=2)
        run = Trainer(network, optim.Adam(), digits, batch_size=50, stop=stop)
        run.fit(epochs)
        return run

    cut, wanted = trained(Stop(2 * (STEPS + 1) + 3), 9), trained(None, 2)
    assert cut.epoch == 2
    for name, value in wanted.network.arrays().items():
        assert np.array_equal(cut.network.arrays()[name], value)


def test_a_request_before_the_first_epoch(trainer: Make) -> None:
    run = trainer(stop=lambda: True)
    assert list(run.epochs(3)) == []
    assert run.history.epochs.tolist() == [0, 0, 0]
    assert run.history["val_loss"].shape == (3, 0)
