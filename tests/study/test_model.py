"""The model of a study: the winner trained again on all training and validation samples, from several seeds."""

import json
import os
import signal
import threading

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.shard import refit_trainer
from zerokara.errors import InputError
from zerokara.model import Model
from zerokara.native.compiled import Compiled
from zerokara.native.library import why_numpy
from zerokara.study import loop

SPACE = {"lr": zk.log(1e-3, 1e-1), "dropout": zk.uniform(0, 0.5), "hidden": (8,)}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0)


@pytest.fixture(scope="module")
def study(data) -> zk.Study:
    return zk.tune(data, SPACE, trials=9, epochs=9, refit=3)


def test_it_is_the_mean_of_networks_trained_as_the_winner_on_all_training_samples(data, study):
    best = study.best
    network = zk.nn.mlp(
        64, (8,), 10, dropout=best.params["dropout"], init_scale=best.params["init_scale"], population=3
    )
    for k in range(3):
        network.put([k], zk.nn.mlp(64, (8,), 10, dropout=best.params["dropout"], replicate=k))
    run = zk.Trainer(
        network,
        zk.optim.Adam(best.params["lr"]),
        data.pooled(),
        batch_size=100,
        schedule=zk.optim.schedules.Cosine(),
        schedule_epochs=9,
    )
    run.fit(best.epoch)
    assert len(data.pooled().train) == len(data.train) + len(data.validation)
    assert np.array_equal(study.refitted.params, run.network.params)
    p = np.mean([Model.of(run.trained(k), data.pooled()).predict_proba(data.test.x) for k in range(3)], axis=0)
    assert np.allclose(study.model.predict_proba(data.test.x), p, atol=1e-6)
    assert study.test_score == pytest.approx((p.argmax(axis=1) == data.test.t).mean())


def test_its_networks_start_from_different_weights(study):
    params = study.refitted.params
    assert len(params) == 3
    assert not np.array_equal(params[0], params[1])


@pytest.mark.parametrize("workers", [1, 2, "processes:2"])
def test_workers_change_nothing(data, study, workers):
    again = zk.tune(data, SPACE, trials=9, epochs=9, refit=3, workers=workers)
    assert np.array_equal(again.refitted.params, study.refitted.params)


@pytest.mark.skipif(bool(why_numpy()), reason="needs the compiled kernel")
@pytest.mark.parametrize(("workers", "networks"), [(1, {3}), (2, {1, 2})])
def test_the_kernel_refits_in_so_many_threads(data, workers, networks, monkeypatch):
    refitted, train = set(), Compiled.train

    def noted(self, network, *arguments, **options):
        if threading.current_thread().name.startswith("zerokara-refit"):
            refitted.add(network.population)
        return train(self, network, *arguments, **options)

    monkeypatch.setattr(Compiled, "train", noted)
    monkeypatch.setattr(loop, "cores", lambda: 2)
    zk.tune(data, SPACE, trials=1, epochs=9, refit=3, workers=workers)
    assert refitted == networks


def test_patience_does_not_shorten_the_refit(data):
    options = {"trials": 3, "epochs": 12, "refit": 2, "race": "none", "evaluate_train_every": 12}
    impatient = zk.tune(data, SPACE, **options, patience=1)
    trial = impatient.best.trial
    run = refit_trainer(trial, impatient.plan, 2)
    assert run.fit(trial.epoch).epochs.tolist() == [trial.epoch] * 2
    assert np.array_equal(impatient.refitted.params, run.network.params)


def test_without_a_refit_it_is_the_winner(data):
    study = zk.tune(data, SPACE, trials=3, epochs=2, refit=0)
    assert study.refitted is None
    assert study.model is study.best.model
    assert study.test_score == study.best.model.evaluate(data)[1]


def test_folds_and_seeds_have_a_model_too(data):
    study = zk.tune(data, SPACE, trials=3, epochs=3, folds=3, seeds=2, race="none", refit=5)
    assert study.refitted.population == 5
    assert study.best.epoch == round(np.mean([row.epoch for row in study.best.rows]))


def test_a_run_has_both_models_and_says_what_they_are(data, study, tmp_path):
    zk.tune(data, SPACE, trials=9, epochs=9, refit=3, out=tmp_path / "run")
    model, best = (Model.load(tmp_path / "run" / f"{name}.safetensors") for name in ("model", "best"))
    assert np.array_equal(model.predict_proba(data.test.x), study.model.predict_proba(data.test.x))
    assert np.array_equal(best.predict_proba(data.test.x), study.best.model.predict_proba(data.test.x))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["model"] == {"networks": 3, "refit": True, "epochs": study.best.epoch}
    assert summary["test_accuracy"] == study.test_score
    assert summary["best"]["compared_trials"] == study.last_comparison[1]
    assert summary["epochs_trained"] == study.epochs_trained, "of the search"


def test_a_refit_that_diverges_is_warned_of_and_the_winner_is_the_model(data):
    """All training samples may be too many for a rate at the edge of divergence."""
    warned = []
    steep = {"lr": zk.log(1e30, 2e30), "optimizer": "sgd", "hidden": (8,)}
    with pytest.raises(InputError, match="needs a finite validation loss"):
        _ = zk.tune(data, steep, trials=2, epochs=2, warn=warned.append).best
    assert warned == [], "there is no winner to train again"


def test_the_comparison_is_the_last_one_that_had_several_trials(data):
    raced = zk.tune(data, SPACE, trials=9, epochs=9, race="halving")
    assert raced.last_comparison == (3, 3)
    assert raced.best.epochs == 9
    assert zk.tune(data, SPACE, trials=4, epochs=3, race="none").last_comparison == (3, 4)
    assert zk.tune(data, SPACE, trials=1, epochs=3).last_comparison == (3, 1)


ENDS = {
    "far too low": ({"lr": zk.log(1e-8, 1e-6)}, {"lr": "upper"}),
    "far too high": ({"lr": zk.log(30, 3000)}, {"lr": "lower"}),
    "in the middle": ({"lr": zk.log(1e-9, 1e6)}, {}),
    "a lower end of 0": ({"lr": 1e-2, "dropout": zk.uniform(0, 0.99)}, {}),
    "the depth of the layers": ({"lr": 1e-2, "hidden": zk.layers((1, 2), (2, 64))}, {"hidden_width": "upper"}),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_winner_at_the_end_of_a_range_names_it(data, case):
    space, ends = ENDS[case]
    study = zk.tune(data, {"hidden": (8,), **space}, trials=40, epochs=3, race="none", refit=0)
    assert {name: end for name, end in study.at_ends.items() if name in ends} == ends
    assert ends or not study.at_ends


def test_a_search_that_is_stopped_while_the_model_trains_ends_with_the_same_model(data, study, tmp_path):
    pressed = []

    def press(progress):
        if "again" in (progress.remark or "") and not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    stopped = zk.tune(data, SPACE, trials=9, epochs=9, refit=3, out=tmp_path / "run", progress=press)
    assert pressed
    assert stopped.interrupted
    assert stopped.model is stopped.best.model
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["finished"] is False
    again = zk.resume(tmp_path / "run", data)
    assert np.array_equal(again.refitted.params, study.refitted.params)
    assert again.test_score == study.test_score
