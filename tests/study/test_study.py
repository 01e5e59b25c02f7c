"""A study: identical results with any workers, ranked, with a winner."""

import math
import os
import signal
import threading

import numpy as np
import pytest

import zerokara as zk
from zerokara.errors import InputError

SPACE = {"lr": zk.log(1e-4, 1e-1), "dropout": zk.uniform(0, 0.5), "hidden": (8,)}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0)


@pytest.fixture(scope="module")
def study(data) -> zk.Study:
    return zk.tune(data, SPACE, trials=9, epochs=4, race="none", workers=2)


def same(a: zk.Study, b: zk.Study) -> bool:
    return len(a.trials) == len(b.trials) and all(
        (x.params, x.state, x.value) == (y.params, y.state, y.value)
        and all(np.array_equal(x.curves[n], y.curves[n], equal_nan=True) for n in x.curves)
        for x, y in zip(a.trials, b.trials, strict=True)
    )


@pytest.mark.parametrize("change", [{"workers": 1}, {"workers": 3}, {"generation": 4}])
def test_workers_and_generations_change_nothing(data, study, change) -> None:
    other = zk.tune(data, SPACE, trials=9, epochs=4, race="none", **change)
    assert same(study, other)
    assert np.array_equal(study.best.model.network.params, other.best.model.network.params)


def test_a_longer_study_begins_with_the_shorter(data, study) -> None:
    assert [t.params for t in zk.tune(data, SPACE, trials=3, epochs=1).trials] == [t.params for t in study.trials[:3]]


def test_another_seed_proposes_others(data, study) -> None:
    assert zk.tune(data, SPACE, trials=1, epochs=1, seed=1).trials[0].params != study.trials[0].params


def test_the_winner_is_the_trial_with_the_lowest_loss_and_its_weights_give_that_loss(data, study) -> None:
    losses = [trial.curves["val_loss"].min() for trial in study.trials]
    assert study.best.number == int(np.argmin(losses))
    assert study.best.val_loss == min(losses)
    assert study.best.model.evaluate(data, "validation") == (study.best.val_loss, study.best.val_accuracy)
    assert study.ranking(3) == sorted(study.trials, key=lambda t: t.val_loss)[:3]


def test_a_trial_is_judged_at_its_last_epoch_on_request(data) -> None:
    study = zk.tune(data, SPACE, trials=4, epochs=4, race="none", keep_best=False, refit=0)
    assert all(trial.epoch == 4 for trial in study.trials)
    assert study.best.val_loss == min(trial.curves["val_loss"][-1] for trial in study.trials)
    assert study.best.model.evaluate(data, "validation")[0] == study.best.val_loss


def test_a_trial_is_judged_at_its_best_epoch(data) -> None:
    space = {**SPACE, "lr": zk.log(0.05, 0.3)}
    study = zk.tune(data, space, trials=4, epochs=40, race="none")
    for trial in study.trials:
        assert trial.val_loss == trial.curves["val_loss"].min()
    assert study.best.epoch < 40, "choose a case whose best epoch is not its last"
    assert study.best.model.evaluate(data, "validation")[0] == study.best.val_loss


def test_rank_by_accuracy(data) -> None:
    study = zk.tune(data, SPACE, trials=6, epochs=3, rank="accuracy", race="none")
    assert study.best.val_accuracy == max(trial.val_score for trial in study.trials)


def test_the_test_score_is_the_models(data, study) -> None:
    right = study.model.predict(data.test.x) == data.test.t
    assert study.test_score == pytest.approx(right.mean())


def test_no_test_data_no_test_score() -> None:
    data = zk.data.load("digits").first(100).split(validation=0.2)
    assert math.isnan(zk.tune(data, SPACE, trials=1, epochs=1).test_score)


def test_regression_is_ranked_and_scored_by_r2() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    data = zk.data.from_arrays(x, x @ [1.0, -2.0, 0.5]).split(0.2, 0.2, seed=0).scaled("standard")
    study = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (16,)}, trials=4, epochs=20)
    assert study.best.val_r2 > 0.9
    assert study.test_score > 0.9
    assert not hasattr(study.best, "val_accuracy")


def test_all_diverged_has_no_winner_and_a_remedy(data) -> None:
    study = zk.tune(data, {"lr": 1e30, "optimizer": "sgd"}, trials=2, epochs=2)
    assert [trial.state for trial in study.trials] == ["diverged"] * 2
    with pytest.raises(InputError, match=r"2 diverged.*lower the learning rates"):
        _ = study.best


def test_progress_ends_with_everything_done(data) -> None:
    seen = []
    study = zk.tune(data, SPACE, trials=5, epochs=2, race="none", progress=seen.append)
    last = seen[-1]
    refit = 5 * study.best.epoch
    assert (last.trials_done, last.epochs_done, last.epochs, last.trials_running) == (5, 10 + refit, 10 + refit, 0)
    assert last.best.value == study.best.trial.value
    assert last.seconds_left == 0


def test_counts(data, study) -> None:
    assert study.epochs_trained == 36
    assert study.seconds > 0
    assert 0 < study.train_seconds <= 2 * study.seconds


def test_ctrl_c_ends_the_search_and_keeps_what_was_trained(data) -> None:
    pressed = []

    def press(progress) -> None:
        if progress.epochs_done and not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    study = zk.tune(
        data, {"lr": zk.log(1e-4, 1e-1), "hidden": (64, 64)}, trials=4, epochs=100_000, race="none", progress=press
    )
    assert study.interrupted
    assert {trial.state for trial in study.trials} == {"interrupted"}
    # Populations of small arrays train one after another: some may not have started.
    trained = [trial for trial in study.trials if trial.epochs]
    assert study.best.val_loss == min(trial.curves["val_loss"].min() for trial in trained)
    assert study.model is study.best.model, "it was not trained again"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_it_at_once(data) -> None:
    def press(progress) -> None:
        if progress.epochs_done:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (512, 512)}, trials=40, epochs=100_000, progress=press)


def test_it_runs_outside_the_main_thread(data, study) -> None:
    studies = []
    thread = threading.Thread(target=lambda: studies.append(zk.tune(data, SPACE, trials=9, epochs=4, race="none")))
    thread.start()
    thread.join()
    assert same(studies[0], study)


def test_an_error_in_a_worker_ends_the_search_at_once(data) -> None:
    def fail(epoch) -> None:
        raise RuntimeError("from a worker")

    with pytest.raises(RuntimeError, match="from a worker"):
        zk.tune(data, SPACE, trials=50, epochs=100_000, on_epoch=fail)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 0}, "trials must be a whole number, 1 or above, got 0"),
        ({"workers": 0}, "workers must be a whole number"),
        ({"generation": -1}, "generation must be a whole number"),
        ({"sampler": "randm"}, "did you mean 'random'"),
    ],
)
def test_bad_settings_leave_no_folder(data, tmp_path, change, message) -> None:
    with pytest.raises(InputError, match=message):
        zk.tune(data, SPACE, out=tmp_path / "run", **change)
    assert list(tmp_path.iterdir()) == []


def test_of_trials_with_the_same_accuracy_the_one_with_the_lower_loss_is_better() -> None:
    """With few validation samples many trials have the same accuracy."""
    data = zk.data.load("digits").split(validation=0.01, test=0.2, seed=0)
    space = {"lr": zk.log(1e-4, 1e-1), "hidden": (32,)}
    study = zk.tune(data, space, trials=30, epochs=5, rank="accuracy", race="none")
    tied = [trial for trial in study.ranking() if trial.val_score == study.best.val_score]
    losses = [trial.val_loss for trial in tied]
    assert len(tied) > 3
    assert losses == sorted(losses)
