"""Ctrl-C in `fit`: what was trained is kept, with a warning, and the estimator is usable."""

import signal
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from zerokara.engine.progress import ProgressTracker
from zerokara.engine.trial import Proposal
from zerokara.errors import ZerokaraWarning
from zerokara.estimators import NetworkClassifier, TunedNetworkClassifier
from zerokara.train import Epoch

Arrays = tuple[np.ndarray, np.ndarray]


class PressAt:
    """Presses Ctrl-C when an epoch is printed for the first time."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.pressed = epoch, False

    def __call__(self, epoch: Epoch) -> None:
        if epoch.number == self.epoch and not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda epoch: monkeypatch.setattr("zerokara.estimators.base._show", PressAt(epoch))


def test_the_networks_until_then_are_kept(digits: Arrays, press: Any) -> None:
    press(3)
    net = NetworkClassifier(epochs=1000, patience=None, validation=None, verbose=True, random_state=0)
    with pytest.warns(ZerokaraWarning, match="interrupted after epoch 3, and the networks trained so far are kept"):
        net.fit(*digits)
    assert net.n_iter_ == 3
    wanted = NetworkClassifier(epochs=3, schedule_epochs=1000, patience=None, validation=None, random_state=0).fit(
        *digits
    )
    assert np.array_equal(net.predict_proba(digits[0]), wanted.predict_proba(digits[0]))


def test_training_continues_from_there(digits: Arrays, press: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.train.trainer.PATIENT", 0.0)  # The epoch underway ends at its next step.
    options: dict[str, Any] = {"patience": None, "warm_start": True, "random_state": 0}
    net = NetworkClassifier(epochs=1000, schedule_epochs=1000, verbose=True, **options)
    press(4)
    with pytest.warns(ZerokaraWarning, match="after epoch 4"):
        net.fit(*digits)
    net.set_params(epochs=2, verbose=False).fit(*digits)
    wanted = NetworkClassifier(epochs=6, schedule_epochs=1000, **options).fit(*digits)
    assert np.array_equal(net.predict_proba(digits[0]), wanted.predict_proba(digits[0]))


def test_before_the_first_epoch_there_is_nothing_to_keep(digits: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerokara.estimators.fit_state import FitState

    train = FitState.train

    def pressed(self: FitState, *arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        train(self, *arguments)

    monkeypatch.setattr(FitState, "train", pressed)
    with pytest.raises(KeyboardInterrupt):
        NetworkClassifier((100,), random_state=0).fit(*digits)


def test_a_search_keeps_its_best_trial(digits: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    record = ProgressTracker.record

    def pressed(self: ProgressTracker, proposals: Sequence[Proposal], epoch: Epoch) -> None:
        record(self, proposals, epoch)
        if epoch.number == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ProgressTracker, "record", pressed)
    options: dict[str, Any] = {"trials": 2, "epochs": 1_000_000, "race": "none", "workers": 1, "random_state": 0}
    tuned = TunedNetworkClassifier(cv=None, refit=False, **options)
    with pytest.warns(ZerokaraWarning, match="the search was interrupted, and the best trial so far is the result"):
        tuned.fit(*digits)
    assert tuned.predict(digits[0]).shape == digits[1].shape


def test_of_default_networks_nothing_is_kept_before_all_folds_have_begun(digits: Arrays, press: Any) -> None:
    press(3)
    net = NetworkClassifier(verbose=True, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*digits)
    assert not hasattr(net, "model_")
