"""The ensemble of a study: selected from the best networks, saved beside the winner."""

import json

import pytest

import zerokara as zk
from zerokara.errors import InputError

SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (16,)])}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)


def test_it_is_at_least_as_good_as_the_winner_on_the_validation_samples(data, tmp_path) -> None:
    noisy = {**SPACE, "schedule": "constant"}
    study = zk.tune(data, noisy, trials=16, epochs=9, ensemble=10, keep_best=False, out=tmp_path / "run")
    assert len(study.candidates) == 16
    assert [trial.number for trial, _ in study.candidates] == [trial.number for trial in study.ranking()]
    model = study.ensemble()
    loss, accuracy = model.evaluate(data, "validation")
    assert loss <= study.best.val_loss
    assert 1 < sum(model.about["trials"].values()) <= 10
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())["ensemble"]
    assert summary == {
        "trials": model.about["trials"],
        "val_accuracy": accuracy,
        "val_loss": loss,
        "test_accuracy": zk.Model.load(tmp_path / "run" / "ensemble.safetensors").evaluate(data)[1],
    }


def test_a_resumed_search_has_the_same_ensemble(data, tmp_path) -> None:
    options = {"trials": 12, "epochs": 9, "generation": 4}
    zk.tune(data, SPACE, **options, ensemble=5, out=tmp_path / "run")
    before = (tmp_path / "run" / "ensemble.safetensors").read_bytes()
    again = zk.resume(tmp_path / "run", data)
    assert (tmp_path / "run" / "ensemble.safetensors").read_bytes() == before
    assert len(again.candidates) == 12


def test_one_network_is_no_ensemble(data) -> None:
    with pytest.raises(InputError, match="needs several networks to select from, got 1"):
        zk.tune(data, SPACE, trials=3, epochs=1).ensemble(5)
