"""What a figure shows is plain data, and right."""

import itertools

import numpy as np
import pytest
from scipy import stats

import zerokara as zk
from zerokara.data import from_arrays
from zerokara.errors import InputError
from zerokara.space.distributions import Choice, Integer, Log, Uniform
from zerokara.study.views import series


def test_the_curves_are_those_of_the_best_trials(study) -> None:
    data = series.curves(study, 20)
    assert [c.rank for c in data.curves] == list(range(1, 21))
    assert [c.number for c in data.curves] == [trial.number for trial in study.ranking(20)]
    assert data.epochs == 6
    assert (data.metric, data.mark) == ("accuracy", True)
    assert data.title == "digits: the best 20 of 30 trials by epochs, then validation loss"
    first = data.curves[0]
    assert list(first.params) == ["lr", "dropout", "hidden", "batch_size"]
    assert first.score == study.best.val_score == first.validation[first.epoch - 1]
    assert np.isnan(first.train[::2]).all()
    assert np.isfinite(first.train[1::2]).all()


def test_there_are_as_many_curves_as_trials(study) -> None:
    assert len(series.curves(study, 3).curves) == 3
    assert len(series.curves(study, 1000).curves) == 30


def test_a_diverged_trial_has_no_score(study) -> None:
    states = {trial.number: trial.state for trial in study.trials}
    assert set(states.values()) == {"complete", "diverged"}
    for curve in series.curves(study, 30).curves:
        assert np.isnan(curve.score) == (states[curve.number] == "diverged")
        assert curve.state == states[curve.number]
    data = series.scatter(study)
    assert data.diverged.tolist() == [state == "diverged" for _, state in sorted(states.items())]
    np.testing.assert_array_equal(np.isnan(data.scores[-1]), data.diverged)


def test_the_scatter_holds_every_trial_over_every_searched_hyperparameter(study) -> None:
    data = series.scatter(study)
    assert [(panel.name, panel.log) for panel in data.panels] == [
        ("lr", True),
        ("dropout", False),
        ("hidden", False),
        ("batch_size", False),
    ]
    assert data.best == study.best.number
    assert (data.best_score, data.labels) == (study.best.val_score, (f"epoch 6: {30 - data.diverged.sum()} trials",))
    assert data.scores[0, data.best] == study.best.trial.curves["val_score"][5], "all at the same epoch"
    assert data.panels[0].x.tolist() == [trial.params["lr"] for trial in study.trials]
    hidden = data.panels[2]
    assert hidden.options == ("8", "8,4")
    chosen = [hidden.options[int(place)] for place in hidden.x]
    assert chosen == [",".join(map(str, trial.params["hidden"])) for trial in study.trials]


@pytest.mark.parametrize(
    ("found", "values", "log", "options"),
    [
        (Log(1e-3, 1), [0.1, 0.01], True, ()),
        (Uniform(0, 1), [0.1, 0.01], False, ()),
        (Integer(1, 64, 1, True), [2, 64], True, ()),
        (Integer(1, 64), [2, 64], False, ()),
        (Choice((True, False)), [False, True], False, ("true", "false")),
        (Choice((0.1, 0.2)), [0.2, 0.1], False, ("0.1", "0.2")),
    ],
)
def test_an_axis_is_log_where_its_range_is(found, values, log, options) -> None:
    panel = series.panel("some", found, values)
    assert (panel.log, panel.options) == (log, options)
    assert panel.x.tolist() == ([options.index(str(v).lower()) for v in values] if options else values)


def test_narrowing_holds_every_round_and_its_trials(narrowed) -> None:
    data = series.narrowing(narrowed)
    assert data.title == "digits: 3 rounds around the best"
    assert data.rounds.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert data.best == narrowed.best.number
    assert [p.name for p in data.panels] == ["lr", "dropout", "hidden"]
    assert data.ranges[0][0] == (1e-3, 1e12)
    assert data.ranges[1][0] == (0, 0.5)
    assert data.ranges[2][0] == (0, 1)
    for panel, ranges in zip(data.panels, data.ranges, strict=True):
        for r, found in enumerate(ranges):
            inside = panel.x[data.rounds == r]
            assert (
                set(inside) <= set(found) if panel.options else (found[0] <= inside).all() & (inside <= found[1]).all()
            )
        if not panel.options:
            assert all(a[0] <= b[0] < b[1] <= a[1] for a, b in itertools.pairwise(ranges))
    assert data.ranges[0][2][1] / data.ranges[0][2][0] < 1e6


def test_narrowing_shows_what_was_searched_by_quantile_in_its_own_values() -> None:
    data = zk.data.load("digits").first(100).split(0.2)
    space = {"lr": stats.lognorm(1.0, scale=1e-3), "hidden": (4,)}
    study = zk.tune(data, space, trials=12, epochs=1, sampler="narrowing")
    found = series.narrowing(study)
    assert found.ranges[0][0] == pytest.approx(stats.lognorm(1.0, scale=1e-3).ppf([0.001, 0.999]))
    assert found.ranges[0][1][0] <= found.panels[0].x[10:].min()


def test_a_search_without_rounds_has_none(study) -> None:
    assert study.rounds == ()


def test_the_learning_curves_are_those_of_the_winner(study) -> None:
    found, trial = series.learning(study), study.best.trial
    for name in ("train_loss", "val_loss", "train_score", "val_score"):
        assert np.array_equal(getattr(found, name), trial.curves[name], equal_nan=True)
    assert (found.metric, found.epoch) == ("accuracy", trial.epoch)
    assert found.title == f"digits: trial {trial.number}"


@pytest.fixture(scope="module")
def raced_and_full() -> tuple[zk.Study, zk.Study]:
    """The search of `make demo`, smaller, and the same without a race."""
    data = zk.data.load("digits").first(600).split(0.2)
    space = {"lr": zk.log(1e-4, 1e-1), "hidden": (32,)}
    raced, full = (zk.tune(data, space, trials=60, epochs=20, race=race) for race in ("halving", "none"))
    return raced, full


def test_what_the_scatter_shows_of_the_learning_rate_agrees_with_the_full_search(raced_and_full) -> None:
    """Median scores by bin of the learning rate: at each epoch, which the picture says, those of the full search."""
    raced, full = raced_and_full
    data, [panel] = series.scatter(raced), series.scatter(raced).panels
    assert data.labels == ("epoch 1 of 20: all 60 trials", "epoch 3: 20", "epoch 9: 6", "epoch 20: 2")
    bins = np.digitize(np.log10(panel.x), [-3.5, -3, -2.5, -2, -1.5])
    curves = np.array([trial.curves["val_score"] for trial in full.trials])
    for row, epoch in zip(data.scores, (1, 3, 9, 20), strict=True):
        shown = np.isfinite(row)
        np.testing.assert_array_equal(row[shown], curves[shown, epoch - 1])
        for k in set(bins[shown]):
            in_bin = shown & (bins == k)
            assert np.median(row[in_bin]) == np.median(curves[in_bin, epoch - 1])
    # What was drawn before, scores at whatever epoch each trial ended, is off by far more than 0.1 in some bin.
    mixed, end = np.array([trial.curves["val_score"][-1] for trial in raced.trials]), curves[:, -1]
    off = [abs(np.median(mixed[bins == k]) - np.median(end[bins == k])) for k in range(6)]
    assert max(off) > 0.3
    # The last row alone is the end of the search: its bins are those of the full search.
    last = np.isfinite(data.scores[-1])
    for k in set(bins[last]):
        assert abs(np.median(data.scores[-1][(bins == k) & last]) - np.median(end[bins == k])) < 0.1


def test_the_scatter_has_few_epochs_and_tells_those_that_stopped_early() -> None:
    data = zk.data.load("digits").first(200).split(0.2)
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
    study = zk.tune(data, space, trials=64, epochs=40, race="halving:2", patience=3)
    found = series.scatter(study)
    assert len(found.labels) == len(found.scores) <= series.LEVELS
    ended = [trial.epochs for trial in study.trials if trial.state == "complete"]
    early = zk.tune(data, space, trials=12, epochs=40, race="none", patience=2)
    ended = [trial.epochs for trial in early.trials]
    assert min(ended) < max(ended)
    found = series.scatter(early)
    assert found.labels[-1] == f"the end, epochs {min(ended)} to {max(ended)}: all 12"
    np.testing.assert_array_equal(found.scores[-1], [trial.curves["val_score"][-1] for trial in early.trials])


def test_the_race_is_that_of_all_trials_and_its_color_what_mattered_most(raced_and_full) -> None:
    raced, full = raced_and_full
    data = series.race(raced)
    for loss, trial in zip(data.losses, raced.trials, strict=True):
        assert loss is trial.curves["val_loss"]
    assert (data.rungs, data.best, data.epoch) == ((1, 3, 9), raced.best.number, raced.best.epoch)
    assert data.best_loss == raced.best.val_loss
    assert data.color is not None
    assert (data.color.name, data.color.log) == ("lr", True)
    assert data.color_label == "lr\nmattered most:\n1.00 at epoch 1"
    assert series.race(full).rungs == ()
    assert (series.curves(raced).fitted, series.curves(full).fitted) == (True, False)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (2, 2, 3)])
def test_weights_are_images_of_the_strongest_units(shape) -> None:
    network = zk.nn.mlp(12, (7,), 2, population=2)
    network.layers[0].W[1] *= np.arange(1, 8)
    found = series.weights(network, shape, 5, row=1)
    W = network.layers[0].W[1]
    order = np.argsort(-np.linalg.norm(W, axis=0))[:5]
    assert found.images.shape == (5, *(shape if shape[2:] == (3,) else shape[:2]))
    assert found.title == "First layer: 5 of 7 units, largest weights first"
    assert found.blocks[0][0].startswith("trained, from -")
    assert np.abs(found.images).max() == 1
    for image, unit in zip(found.images, order, strict=True):
        assert np.corrcoef(image.ravel(), W[:, unit])[0, 1] > 0.99


def test_weights_of_whitened_pictures_are_turned_back_to_pixels() -> None:
    data = zk.data.load("digits").scaled("whiten:20")
    network, basis = zk.nn.mlp(20, (7,), 10), data.preprocess.basis
    assert basis is not None
    found = series.weights(network, data.sample_shape, basis=basis)
    assert found.images.shape == (7, 8, 8)
    W = basis @ network.layers[0].W[0]
    unit = np.argmax(np.linalg.norm(W, axis=0))
    assert np.corrcoef(found.images[0].ravel(), W[:, unit])[0, 1] > 0.99


def test_weights_come_with_their_start_and_the_difference() -> None:
    start, network = zk.nn.mlp(12, (7,), 2), zk.nn.mlp(12, (7,), 2)
    change = np.zeros((12, 7))
    change[3, 5] = 0.01
    network.layers[0].W[0] += change
    found = series.weights(network, (4, 3), start=start)
    (_, trained), (name, before), (_, difference) = found.blocks
    assert (name.split(",")[0], found.title) == ("at the start", "First layer: 7 of 7 units, most changed first")
    assert difference[0].ravel().tolist() == [0, 0, 0, 1, *[0] * 8]
    assert not difference[1:].any()
    np.testing.assert_array_equal(trained[1:], before[1:])


def test_weights_that_are_all_zero_are_shown_as_such() -> None:
    assert not series.weights(zk.nn.mlp(4, (3,), 2, init_scale=0), (2, 2)).images.any()


def test_samples_that_are_no_images_have_no_pictures_of_weights() -> None:
    with pytest.raises(InputError, match=r"weights are shown for images"):
        series.weights(zk.nn.mlp(4, (3,), 2), (4,))


def test_a_search_of_nothing_leaves_one_trial_without_panels() -> None:
    x = np.linspace(-1, 1, 60).reshape(-1, 2)
    data = from_arrays(x, x[:, 0] * 2, name="line").split(0.2).scaled("standard")
    study = zk.tune(data, {"hidden": (4,)}, trials=1, epochs=1, rank="accuracy")
    assert series.scatter(study).panels == ()
    assert series.curves(study).title == "line: the best 1 of 1 trials by validation R²"
    assert series.curves(study).metric == "r2"
