"""A search with augmentation."""

import numpy as np
import pytest

from zerokara import tune
from zerokara.data import from_arrays, load
from zerokara.errors import InputError
from zerokara.study.run_folder import RunFolder

TEXT = "flip,shift:2"


def test_other_samples_than_pictures_are_an_error_before_a_folder_is_created(tmp_path):
    data = from_arrays(np.eye(12), np.arange(12) % 2).split(validation=0.5)
    with pytest.raises(InputError, match=r"augmentation flip needs images, .* got \(12,\)"):
        tune(data, {"lr": 0.1}, trials=1, epochs=1, augment="flip", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_search_augments_each_trial_as_alone_and_records_it(tmp_path):
    cut = load("digits").first(300).split(validation=0.2, seed=0)
    data = cut.scaled("whiten:20")
    whole = {"epochs": 2, "race": "none"}
    study = tune(data, {"lr": 0.01, "hidden": (16,)}, trials=3, augment=TEXT, out=tmp_path / "run", workers=2, **whole)
    assert RunFolder(tmp_path / "run").config()["augment"] == TEXT
    assert RunFolder(tmp_path / "run").config()["scaling"] == "whiten:20"
    plain = tune(data, {"lr": 0.01, "hidden": (16,)}, trials=1, **whole)
    assert study.trials[0].val_loss == study.trials[2].val_loss != plain.trials[0].val_loss
