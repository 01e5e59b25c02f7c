"""Seeds and folds: more rows of the same populations, ranked by their mean."""

import csv
import math

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.plan import Plan
from zerokara.errors import InputError
from zerokara.report.run import leaderboard

SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "weight_decay": zk.log(1e-6, 1e-2),
    "hidden": (8,),
    "activation": zk.choice(["relu", "tanh"]),
}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0, stratify=True).scaled("standard")


@pytest.fixture(scope="module")
def study(data) -> zk.Study:
    return zk.tune(data, SPACE, trials=6, epochs=4, seeds=2, folds=3, race="none", workers=2)


def test_every_row_is_the_trial_trained_alone_on_that_fold_from_that_initialization(data, study) -> None:
    parts = data.folds(3, seed=0)
    for repeat in range(2):
        for fold in range(3):
            alone = zk.tune(parts[fold], SPACE, trials=6, epochs=4, replicate=3 * repeat + fold, race="none")
            for trial, single in zip(study.trials, alone.trials, strict=True):
                assert trial.params == single.params
                assert trial.rows[repeat * 3 + fold].record == single.record


def test_a_score_is_the_mean_with_its_standard_error(study) -> None:
    for trial in study.trials:
        losses = [row.val_loss for row in trial.rows]
        assert len(losses) == 6
        assert trial.value == trial.val_loss == np.mean(losses)
        assert trial.standard_error("val_loss") == pytest.approx(np.std(losses, ddof=1) / math.sqrt(6))
        assert trial.epochs == 4
        assert trial.epochs_trained == 24
        assert np.allclose(trial.curves["val_loss"], np.mean([row.curves["val_loss"] for row in trial.rows], axis=0))
    assert study.best.number == min(study.trials, key=lambda trial: trial.value).number
    assert study.epochs_trained == 6 * 24


def test_standard_errors_are_printed_and_saved(study, data, tmp_path) -> None:
    [line] = leaderboard([study.best.trial], study)
    assert line.count("±") == 2
    zk.tune(data, SPACE, trials=2, epochs=1, seeds=2, out=tmp_path / "run")
    with open(tmp_path / "run" / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["val_loss_standard_error"]) > 0
    assert "val_accuracy_standard_error" in rows[0]


def test_the_model_is_the_network_of_the_first_seed_and_fold(study) -> None:
    first = study.plan.parts[0]
    row = study.best.trial.rows[0]
    assert study.best.model.evaluate(first, "validation") == (row.val_loss, row.val_score)


@pytest.mark.parametrize("race", ["halving:2", "hyperband"])
def test_a_race_drops_whole_trials(data, race) -> None:
    study = zk.tune(data, SPACE, trials=9, epochs=8, seeds=2, folds=2, race=race)
    full = zk.tune(data, SPACE, trials=9, epochs=8, seeds=2, folds=2, race="none")
    assert "pruned" in {trial.state for trial in study.trials}
    for raced, whole in zip(study.trials, full.trials, strict=True):
        assert len({row.epochs for row in raced.rows}) == 1
        for a, b in zip(raced.rows, whole.rows, strict=True):
            assert np.array_equal(a.curves["val_loss"], b.curves["val_loss"][: raced.epochs])


def test_a_trial_diverges_with_any_of_its_rows(data) -> None:
    study = zk.tune(
        data, {"lr": zk.choice([1e30, 0.01]), "optimizer": "sgd", "hidden": (8,)}, trials=8, epochs=3, seeds=2
    )
    diverged = [trial for trial in study.trials if trial.state == "diverged"]
    assert diverged
    assert all(math.isinf(trial.value) for trial in diverged)
    assert study.best.trial.state != "diverged"


def test_rows_that_stop_early_wait_for_the_others(data) -> None:
    options = {"trials": 8, "epochs": 27, "patience": 1, "seeds": 3}
    space = {"lr": zk.log(1e-2, 1), "optimizer": "sgd", "hidden": (8,), "batch_size": 20}
    full = zk.tune(data, space, **options, race="none")
    assert any(len({row.epochs for row in trial.rows}) > 1 for trial in full.trials)
    assert all(row.state == "complete" for trial in full.trials for row in trial.rows if trial.state == "complete")
    raced = zk.tune(data, space, **options, race="halving")
    for a, b in zip(raced.trials, full.trials, strict=True):
        assert all(x.epochs <= y.epochs for x, y in zip(a.rows, b.rows, strict=True))
        if a.state == "complete":
            assert a.record == b.record


def test_unpaired_rows_have_separate_draws(data) -> None:
    same = {"lr": 0.01, "hidden": (8,)}
    for paired in (True, False):
        a, b = zk.tune(data, same, trials=2, epochs=2, seeds=2, paired=paired, race="none").trials
        assert (a.value == b.value) == paired
        assert a.rows[0].value != a.rows[1].value
    assert len({row.value for trial in (a, b) for row in trial.rows}) == 4


def test_folds_share_the_samples(data) -> None:
    folds = data.folds(3, seed=1)
    before = data.pooled_original().train
    dealt = np.concatenate([fold.preprocess.shift + fold.validation.x * fold.preprocess.scale for fold in folds])
    assert np.allclose(np.sort(dealt.sum(axis=1)), np.sort(before.x.sum(axis=1)), rtol=1e-4)
    for fold in folds:
        assert len(fold.train) + len(fold.validation) == len(before)
        assert np.allclose(fold.train.x.mean(axis=0), 0, atol=1e-4)  # Scaled by its own training part.
        counts = [np.bincount(f.validation.t, minlength=10) for f in folds]
        assert np.ptp(counts, axis=0).max() <= 1
        assert fold.test is data.original.test or len(fold.test) == len(data.test)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": 0}, "folds must be"),
        ({"seeds": 0}, "seeds must be"),
        ({"folds": 500}, "folds must be a whole number from 2 to the 160 samples"),
        ({"patience": 0}, "patience must be"),
    ],
)
def test_counts_are_checked(data, change, message) -> None:
    with pytest.raises(InputError, match=message):
        Plan(data, epochs=3, **change)
