"""What a run keeps of its winner: the samples behind each number, exactly, and nothing that was left out."""

import json

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.shard import untrained
from zerokara.nn import Affine
from zerokara.report.network import kept_arrays, network_data, spec
from zerokara.report.network.collect import keep, winner_data
from zerokara.report.network.packing import pack_arrays
from zerokara.report.network.samples import IN_A_CELL
from zerokara.study.views import evaluation


def test_the_samples_of_a_cell_are_those_of_the_confusion_matrix(digits) -> None:
    kept, counts = keep(digits), digits.confusion().counts
    samples, part = kept["samples"], digits.plan.data.validation
    chances = digits.best.model.predict_proba(part.x)
    for cell in kept["predictions"]["cells"]:
        rows = samples["rows"][cell["places"]]
        assert len(rows) == min(IN_A_CELL, counts[cell["truth"], cell["predicted"]])
        assert (part.t[rows] == cell["truth"]).all()
        assert (chances[rows].argmax(axis=1) == cell["predicted"]).all()
        certainty = chances[rows, cell["truth"]]
        assert (np.diff(certainty) >= 0).all(), "the least likely truth comes first"
    assert len(kept["predictions"]["cells"]) == np.count_nonzero(counts)


@pytest.mark.parametrize(("name", "divisor"), [("digits", 16), ("pictures", 255)])
def test_pixels_are_kept_exactly_in_one_byte_each(request, name, divisor) -> None:
    study = request.getfixturevalue(name)
    samples, data = keep(study)["samples"], study.plan.data
    assert samples["x"]["values"].dtype == np.uint8
    assert samples["x"]["divisor"] == divisor
    values = samples["x"]["values"] / np.float32(divisor)
    np.testing.assert_array_equal(values, (data.original or data).validation.x[samples["rows"]])


def test_the_cells_of_a_table_are_kept_as_they_were(table) -> None:
    samples, part = keep(table)["samples"], table.plan.data.validation
    model = table.best.model
    np.testing.assert_array_equal(model.encoder.transform(part.table.columns)[samples["rows"]], part.x[samples["rows"]])
    cells = samples["cells"]
    np.testing.assert_allclose(model.predict_proba(cells), samples["answers"], atol=1e-6)
    assert {type(cell) for cell in cells["garden"]} == {bool, type(None)}
    assert {type(cell) for cell in cells["city"]} == {str, type(None)}


def test_the_figures_data_are_the_pages(digits, prices) -> None:
    model, data = digits.best.model, digits.plan.data
    shown = keep(digits)["predictions"]
    expected = evaluation.calibration(model, data)
    np.testing.assert_array_equal(shown["calibration"]["confidence"], expected.confidence)
    np.testing.assert_array_equal(shown["calibration"]["right"], expected.right)
    worst = evaluation.mistakes(model, data)
    assert shown["mistakes"]["texts"] == list(worst.texts)
    np.testing.assert_array_equal(keep(digits)["samples"]["rows"][shown["mistakes"]["places"]], worst.samples)
    assert [text.split(":")[0] for text in worst.texts] == [f"sample {k}" for k in worst.samples]
    residuals, page = prices.residuals(), keep(prices)["predictions"]["residuals"][0]
    np.testing.assert_array_equal(page["truth"], residuals.truth)
    np.testing.assert_array_equal(page["prediction"], residuals.prediction)


def test_distributions_are_those_of_the_layers_outputs_and_gradients(digits) -> None:
    kept, network = keep(digits), digits.best.model.network.copy()
    y = digits.plan.data.validation.x[None, :500].astype(np.float32)
    for layer, shown in zip(network.layers, kept["distributions"]["trained"]["activations"], strict=True):
        layer.in_place = False
        y = layer.forward(y)
        assert (shown["low"], shown["high"]) == (y.min(), y.max())
        assert shown["counts"].sum() == y.size
        assert shown["mean"] == pytest.approx(y.mean(dtype=float))
    first = kept["step"]["layers"][0]["parameters"]["W"]["gradient"]
    shown = kept["distributions"]["start"]["gradients"]
    assert len(shown) == sum(isinstance(layer, Affine) for layer in network.layers)
    assert shown[0]["deviation"] == pytest.approx(first.std(dtype=float))


def test_the_batch_is_shown_as_pictures(pictures, table) -> None:
    step, plan = keep(pictures)["step"], pictures.plan
    assert step["pictures"].shape == (32, 784)
    first = untrained(pictures.best.trial, plan)
    x = plan.data.original.train.x[first.loader.order(0, True)[:32]]
    for picture, sample in zip(step["pictures"], x, strict=True):
        assert picture[sample > 0].min() > picture[sample == 0].min()
    assert keep(table)["step"]["pictures"] is None


def test_a_run_folder_keeps_it_all(prices, tmp_path) -> None:
    arrays = kept_arrays(prices)
    np.savez_compressed(tmp_path / "kept.npz", allow_pickle=False, **arrays)
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as file:
        again = dict(file)
    assert json.dumps(network_data(prices, again)) == json.dumps(network_data(prices, arrays))


def test_what_was_kept_of_another_winner_is_not_shown(digits) -> None:
    kept = keep(digits)
    assert winner_data(digits, kept)["samples"] is kept["samples"]
    assert winner_data(digits, kept | {"trial": 7})["samples"] is None


def test_without_samples_none_is_kept(digits, prices) -> None:
    for study in (digits, prices):
        kept = keep(study, samples=False)
        assert (kept["samples"], kept["step"], kept["ranges"]) == (None, None, None)
        width = study.plan.data.n_inputs
        arrays = kept_arrays(study, samples=False).values()
        assert not [array for array in arrays if array.ndim == 2 and array.shape[1] == width]


def test_a_network_beyond_the_limit_is_left_out(digits, monkeypatch) -> None:
    size = digits.best.model.network.params.nbytes
    for limit, kept_out in ((size, False), (size - 1, True)):
        monkeypatch.setattr(spec, "LARGEST", limit)
        kept = keep(digits)
        assert (kept["start"] is None) == kept_out
        assert (winner_data(digits, kept)["model"] is None) == kept_out


def test_a_wide_network_makes_no_large_page() -> None:
    data = zk.data.load("digits").first(60).split(0.3)
    study = zk.tune(data, {"hidden": (800, 700)}, trials=1, epochs=1, refit=0, progress=None)
    step = pack_arrays(keep(study)["step"])
    assert sum(array.nbytes for array in step.values()) < 1_000_000


def test_an_ensemble_shows_one_member_and_says_so(digits) -> None:
    assert winner_data(digits, None)["networks"] == 1
    assert winner_data(digits, None)["used"] is None
    data = zk.data.load("digits").first(100).split(0.3)
    study = zk.tune(data, {"hidden": (5,)}, trials=1, epochs=1, refit=3, progress=None)
    assert winner_data(study, None)["used"] == 3


def test_an_unfinished_run_has_no_network_to_show(tmp_path) -> None:
    data = zk.data.load("digits").first(100).split(0.3)
    zk.tune(data, {"hidden": (5,)}, trials=1, epochs=1, refit=0, progress=None, out=tmp_path)
    shown = winner_data(zk.open(tmp_path), None)
    assert (shown["trial"], shown["used"]) == (0, None), "the model to use is the winner itself"
    (tmp_path / "best.safetensors").unlink()
    study = zk.open(tmp_path)
    assert winner_data(study, None) is None
    assert "model" not in vars(study.best), "it was not trained again"
    study.best.model.save(tmp_path / "best.safetensors")
    assert winner_data(zk.open(tmp_path), None)["trial"] == 0


def test_a_page_says_that_the_model_is_a_mean_over_folds() -> None:
    data = zk.data.load("digits").first(200)
    study = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=2, epochs=2, folds=2)
    shown = winner_data(study, None)
    assert (shown["mean"], shown["used"]) == (study.model.population, None)
    alone = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=2, epochs=2, validation=0.2, refit=0)
    assert winner_data(alone, None)["mean"] is None
