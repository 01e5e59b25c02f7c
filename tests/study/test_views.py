"""What a study shows: its trials as a table, its figures, and its HTML; and the scores of a trial by name."""

import copy
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import zerokara as zk
from zerokara.engine.trial import merged
from zerokara.errors import InputError
from zerokara.figures.style import plain
from zerokara.study.views import series

DATA = zk.data.load("digits").first(300).split(validation=0.2, test=0.2, seed=0)
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (8, 4)]), "dropout": 0.1}


@pytest.fixture(scope="module")
def study() -> zk.Study:
    return zk.tune(DATA, SPACE, trials=12, epochs=4, workers=1, refit=0, rank="f1_macro")


@pytest.fixture(scope="module")
def regression() -> zk.Study:
    x = np.linspace(0, 1, 80)[:, None]
    data = zk.data.from_arrays(x, 3 * x[:, 0]).split(validation=0.3, seed=0)
    return zk.tune(data, {"lr": 0.01, "hidden": (4,)}, trials=1, epochs=3, folds=2, refit=0)


def test_every_trial_has_its_scores_by_name_and_dir_tells_them(study, regression) -> None:
    trial = study.trials[0]
    assert trial.val_accuracy == trial.val_score == trial.curves["val_score"][trial.epoch - 1]
    assert trial.train_accuracy == trial.train_score
    assert trial.val_f1_macro == trial.at("val_f1_macro")
    assert trial.train_loss == trial.curves["train_loss"][trial.epoch - 1]
    names = {"val_loss", "val_accuracy", "val_f1_macro", "train_loss", "train_accuracy"}
    for one in (trial, study.best):
        assert names <= set(dir(one))
        assert "val_r2" not in dir(one)
    assert {"epoch", "params", "model"} <= set(dir(study.best))
    assert regression.trials[0].val_r2 == np.mean([row.val_r2 for row in regression.trials[0].rows])
    with pytest.raises(AttributeError, match="'Trial' object has no attribute 'val_accuracy'") as caught:
        _ = regression.trials[0].val_accuracy
    assert (caught.value.name, caught.value.obj) == ("val_accuracy", regression.trials[0])
    for one in (trial, study.best, study):
        again = pickle.loads(pickle.dumps(copy.copy(one)))
        assert repr(again) == repr(one)
    assert copy.deepcopy(study.best).val_accuracy == study.best.val_accuracy


def test_a_frame_has_a_row_for_each_trial_and_what_was_searched(study, regression) -> None:
    columns = study.frame(kind="dict")
    scores = ["val_loss", "val_accuracy", "train_loss", "train_accuracy", "val_f1_macro"]
    assert list(columns) == ["number", "state", "epochs", "epoch", *scores, "lr", "hidden"]
    assert columns["number"] == list(range(12))
    assert columns["val_accuracy"] == [trial.val_accuracy for trial in study.trials]
    assert columns["hidden"] == [",".join(map(str, trial.params["hidden"])) for trial in study.trials]
    assert study.frame(kind="dict", fixed=True)["dropout"] == [0.1] * 12
    several = regression.frame(kind="dict")
    assert several["val_loss_standard_error"] == [regression.trials[0].standard_error("val_loss")]


def test_a_frame_is_of_pandas_or_else_of_polars(study, monkeypatch) -> None:
    first = study.frame()
    assert type(first).__module__.startswith("pandas")
    assert first.sort_values("val_accuracy").shape == (12, 11)
    monkeypatch.setitem(sys.modules, "pandas", None)
    second = study.frame()
    assert type(second).__module__.startswith("polars")
    assert second["lr"].to_list() == first["lr"].to_list()
    with pytest.raises(InputError, match="needs the package pandas: python -m pip install pandas"):
        study.frame(kind="pandas")
    monkeypatch.setitem(sys.modules, "polars", None)
    assert study.frame() == study.frame(kind="dict")
    with pytest.raises(InputError, match="unknown kind of frame 'panda': did you mean 'pandas'"):
        study.frame(kind="panda")  # type: ignore[arg-type]


def test_every_figure_of_a_study(study, regression) -> None:
    for name in ("race", "scatter", "curves", "importances", "confusion", "weights"):
        figure = getattr(study.plot, name)()
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
    assert len(study.plot.curves(trial=3).axes) == len(regression.plot.curves().axes) == 2
    assert len(study.plot.scatter("lr").axes) == 1
    assert len(regression.plot.residuals().axes) == 2
    assert set(dir(study.plot)) >= {"race", "narrowing", "residuals"}
    assert repr(study.plot).startswith("Plots(confusion, curves, ")


def test_the_error_of_residuals_counts_samples_by_their_weights() -> None:
    x = np.linspace(0, 1, 80)
    rows = {"x": x, "y": x + 5 * (x > 0.5), "w": np.where(x > 0.5, 0.01, 1.0)}
    data = zk.data.from_table(rows, "y", weights="w").split(validation=0.3, test=0.2, seed=0)
    study = zk.tune(data, {"lr": 0.01, "hidden": (4,)}, trials=1, epochs=3, folds=1, refit=0)
    error = study.test_errors["root_mean_squared_error"]["y"]
    assert f"root mean squared error {plain(error)}" in study.residuals("test").title


def test_a_diverged_network_has_no_standard_error_and_no_warning(study) -> None:
    rows = [replace(study.trials[0], curves={"val_loss": np.array([loss])}, epoch=1) for loss in (1.0, np.inf)]
    assert np.isnan(merged(rows, "diverged").standard_error("val_loss"))


BAD = {
    "a trial that is not there": (lambda plot: plot.curves(trial=99), "the study has 12 trials, got trial 99"),
    "a name that was not searched": (lambda plot: plot.scatter("dropout"), "unknown searched hyperparameter 'dropout'"),
    "no rounds": (lambda plot: plot.narrowing(), "narrowing draws the rounds of sampler='narrowing'"),
    "residuals of classes": (lambda plot: plot.residuals(), "residuals needs a regression, got a classification"),
    "a late epoch": (lambda plot: plot.importances(epoch=4), "importances need 10 trials .*, got 1 at epoch 4"),
    "a part that is not there": (lambda plot: plot.confusion("tset"), "tset"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_figure_that_cannot_be_drawn_says_why(study, name) -> None:
    call, message = BAD[name]
    with pytest.raises(InputError, match=message):
        call(study.plot)


def test_no_searched_hyperparameter_and_no_pictures(regression) -> None:
    with pytest.raises(InputError, match="a scatter needs a searched hyperparameter"):
        regression.plot.scatter()
    with pytest.raises(InputError, match="weights are shown for images"):
        regression.plot.weights()
    with pytest.raises(InputError, match="confusion needs a classification"):
        regression.plot.confusion()


def test_a_study_as_html_has_its_winner_and_the_race_and_reads_no_test_data(regression) -> None:
    study = zk.tune(DATA, SPACE, trials=4, epochs=2, workers=1, refit=0)
    html = study._repr_html_()
    assert f"trial {study.best.number} at epoch {study.best.epoch}" in html
    assert f"{study.best.val_accuracy:.4f}" in html
    assert html.count('src="data:image/png;base64,') == 1
    assert "test_score" not in vars(study)
    assert "test_accuracy" not in html
    score = study.test_score
    assert f"{score:.4f}" in study._repr_html_()
    assert "<img" not in regression._repr_html_(), "one trial is no race"


def test_data_model_and_networks_as_html(study) -> None:
    assert "300 samples of 8x8, 10 classes" in DATA._repr_html_()
    html = study.best.model._repr_html_()
    assert "Affine(64, 8)" in html
    assert "dropout 0.1" in html
    assert "<td" in zk.nn.mlp(4, (3,), 2, population=5)._repr_html_()
    odd = zk.data.from_arrays(np.eye(4), ["<b>", "a&b", "<b>", "a&b"])
    assert "&lt;b&gt;, a&amp;b" in odd._repr_html_()


def test_networks_with_best_epochs_of_their_own_are_shown_as_such() -> None:
    """The star of the winner lies on its mean curve, and no epoch is marked that no network was kept at."""
    x = np.random.default_rng(0).normal(size=(90, 4))
    study = zk.tune((x, x[:, 0] * x[:, 1] > 0), trials=3, race="none", epochs=40, progress=False)
    best = study.best.trial
    own = sorted(row.epoch for row in best.rows)
    assert own[0] < own[-1]
    assert best.epoch_text == f"epochs {own[0]} to {own[-1]}"
    race, curves = series.race(study), series.curves(study)
    assert race.best_loss == race.losses[race.best][race.epoch - 1]
    assert race.best_label == f"winner: trial {best.number} at {best.epoch_text} of its networks"
    assert next(curve for curve in curves.curves if curve.number == best.number).epoch == 0
    assert series.learning(study).epoch is None
    assert len(best.curves["val_loss"]) == min(row.epochs for row in best.rows)
