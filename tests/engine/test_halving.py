"""Schedulers: which trials survive, and that dropping the others changes no number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zerokara as zk
from zerokara.engine.halving import Bracket, Halving, Hyperband, NoScheduler, make_scheduler, rungs
from zerokara.errors import InputError

SCHEDULERS = [NoScheduler(), Halving(), Hyperband(), Hyperband(2, 3)]
RACES = ["halving", "halving:2:1", "halving:4:2", "hyperband", "hyperband:2:2"]
STRUCTURES = zk.choice(["relu", "tanh"])


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(validation=0.2, test=0.2, seed=0, stratify=False)


SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "dropout": zk.uniform(0, 0.5),
    "label_smoothing": zk.uniform(0, 0.2),
    "hidden": (8,),
    "activation": STRUCTURES,
    "batch_norm": True,
}


@given(st.integers(1, 500), st.integers(2, 6), st.integers(1, 40))
def test_rungs_are_whole_and_end_at_the_last_epoch(epochs, eta, first) -> None:
    steps = rungs(epochs, eta, first)
    assert steps[-1] == epochs
    assert all(type(rung) is int for rung in steps)
    assert list(steps) == sorted(set(steps))
    assert all(rung == first * eta**k for k, rung in enumerate(steps[:-1]))
    assert first * eta ** (len(steps) - 1) >= epochs, "no rung is left out"


def test_the_rungs_of_243() -> None:
    assert rungs(243, 3, 1) == (1, 3, 9, 27, 81, 243)


@pytest.mark.parametrize(
    ("epochs", "starts"),
    [(1, [1]), (2, [1]), (3, [1, 3]), (50, [1, 3, 9, 27]), (81, [1, 3, 9, 27, 81]), (82, [1, 3, 9, 27, 81])],
)
def test_the_brackets_of_hyperband_start_at_the_powers(epochs, starts) -> None:
    assert [bracket.rungs[0] for bracket in Hyperband().brackets(300, epochs)] == starts


@given(st.integers(1, 300), st.integers(1, 100), st.sampled_from(SCHEDULERS))
def test_every_trial_is_in_one_bracket(trials, epochs, scheduler) -> None:
    brackets = scheduler.brackets(trials, epochs)
    assert sum(bracket.trials for bracket in brackets) == trials
    assert all(bracket.rungs[-1] == epochs for bracket in brackets)


def test_a_bracket_counts_its_epochs() -> None:
    # 9 trials for 1 epoch, 3 for 2 more, 1 for 6 more.
    assert Bracket(9, (1, 3, 9)).epochs == 9 + 3 * 2 + 6
    assert Bracket(5, (7,)).epochs == 35


@pytest.mark.parametrize("name", ["halvin", "halving:1", "halving:3:0", "halving:x", "none:2", "halving:3:1:4"])
def test_a_race_is_checked(name) -> None:
    with pytest.raises(InputError):
        make_scheduler(name)


@pytest.mark.parametrize("race", RACES)
@pytest.mark.parametrize("keep_best", [False, True])
def test_a_survivors_curve_is_that_of_the_full_search_to_the_bit(data, race, keep_best) -> None:
    options = {"trials": 20, "epochs": 9, "keep_best": keep_best}
    full = zk.tune(data, SPACE, race="none", **options)
    for workers in (1, 3):
        raced = zk.tune(data, SPACE, race=race, workers=workers, **options)
        states = [trial.state for trial in raced.trials]
        assert states.count("pruned") >= 8
        assert states.count("complete") >= 1
        for a, b in zip(full.trials, raced.trials, strict=True):
            assert (a.number, a.params) == (b.number, b.params)
            for name in a.curves:
                assert np.array_equal(a.curves[name][: b.epochs], b.curves[name], equal_nan=True)
        assert raced.epochs_trained < full.epochs_trained
        best = raced.best
        assert best.number == min(raced.trials, key=lambda t: t.rank_key).number
        assert best.model.evaluate(data, "validation") == (best.val_loss, best.val_accuracy)


def test_halving_takes_the_epochs_of_its_bracket(data) -> None:
    [bracket] = Halving().brackets(20, 9)
    assert (
        zk.tune(data, {"hidden": (8,), "lr": zk.log(1e-3, 1e-2)}, trials=20, epochs=9, race="halving").epochs_trained
        == bracket.epochs
    )


def test_the_best_at_a_rung_survive(data) -> None:
    study = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=18, epochs=9, race="halving")
    at_first = sorted(study.trials, key=lambda t: (t.curves["val_loss"][0], t.number))
    assert {t.number for t in at_first[:6]} == {t.number for t in study.trials if t.epochs > 1}


def test_a_trial_that_the_race_dropped_does_not_win(data) -> None:
    """With far too high rates networks get worse as they train, so a trial that was dropped early had a lower loss."""
    space = {"lr": zk.log(0.2, 3), "hidden": (8,)}
    study = zk.tune(data, space, trials=12, epochs=81, race="halving", seed=3, keep_best=False)
    lowest = min(study.trials, key=lambda trial: trial.value)
    assert lowest.state == "pruned", "choose a case in which the lowest loss was dropped"
    assert study.best.trial.state == "complete"
    assert study.best.model.evaluate(data, "validation")[0] == study.best.val_loss
    epochs = [trial.epochs for trial in study.ranking()]
    assert epochs == sorted(epochs, reverse=True)
    for count in set(epochs):
        values = [trial.value for trial in study.ranking() if trial.epochs == count]
        assert values == sorted(values)


def test_diverged_trials_never_survive(data) -> None:
    space = {"lr": zk.choice([1e30, 2e30, 3e30, 1e-2]), "optimizer": "sgd", "hidden": (8,)}
    study = zk.tune(data, space, trials=12, epochs=9, race="halving")
    diverged = [trial for trial in study.trials if trial.params["lr"] > 1]
    assert diverged
    assert all(trial.state == "diverged" for trial in diverged)
    assert study.best.params["lr"] == 1e-2


def test_all_diverged(data) -> None:
    study = zk.tune(data, {"lr": 1e30, "optimizer": "sgd"}, trials=9, epochs=9, race="halving")
    assert {trial.state for trial in study.trials} == {"diverged"}


def test_progress_counts_the_epochs_of_the_scheduler(data) -> None:
    seen = []
    study = zk.tune(
        data, {"hidden": (8,), "lr": zk.log(1e-3, 1e-2)}, trials=20, epochs=9, race="halving", progress=seen.append
    )
    done = study.epochs_trained + 5 * study.best.epoch
    assert (seen[-1].epochs_done, seen[-1].epochs) == (done, done)
    assert seen[-1].trials_done == 20
