"""A model predicts in the data's own units, and as the trainer measured it."""

from dataclasses import replace

import numpy as np
import pytest

import zerokara as zk
from zerokara.data import Dataset, from_arrays
from zerokara.errors import InputError
from zerokara.model import Ensemble, Model
from zerokara.rng import stream
from zerokara.train.metrics import CHUNK


def regression(outputs: int = 2) -> Dataset:
    rng = stream(0, "test")
    x = rng.normal(5, 3, (200, 4))
    t = 100 + 40 * x @ rng.normal(size=(4, outputs))
    weights = rng.random(200) + 0.1
    return from_arrays(x, t, x_test=x[:50], t_test=t[:50], weights=weights).split(0.25, seed=0)


def multilabel() -> Dataset:
    x = stream(1, "test").normal(size=(200, 5))
    return from_arrays(x, (x[:, :3] > 0).astype(int)).split(0.25, 0.25, seed=0)


def fitted(data: Dataset, epochs: int = 10, dtype: str = "float32") -> tuple[Model, zk.Trainer]:
    network = zk.nn.mlp(data.n_inputs, (16,), data.n_outputs, dtype=dtype)
    run = zk.Trainer(network, zk.optim.Adam(lr=0.02), data, batch_size=20)
    run.fit(epochs)
    return Model.of(run.trained(), data), run


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaling", ["none", "standard", "range"])
@pytest.mark.parametrize("make", [regression, multilabel, lambda: zk.data.load("digits").split(0.2, 0.2)])
def test_evaluates_to_the_bit_as_the_trainer_did(make, scaling, dtype) -> None:
    raw = make()
    data = raw if scaling == "none" else raw.scaled(scaling)
    model, run = fitted(data, 2, dtype)
    seen = run.history["val_loss"][0, -1], run.history["val_score"][0, -1]
    assert model.evaluate(data, "validation") == seen
    assert model.evaluate(raw, "validation") == seen  # The model scales what comes in its own units.


@pytest.mark.parametrize("shape", [(64,), (8, 8), (5, 64), (5, 8, 8), (0, 64)])
def test_takes_one_sample_or_many_flat_or_in_shape(model, digits, shape) -> None:
    flat = digits.test.x[:5]
    x = flat.ravel()[: np.prod(shape)].reshape(shape)
    scores = model.scores(x)
    assert scores.shape == (len(x) if x.size != 64 else 1, 10)
    assert np.allclose(scores, model.scores(flat)[: len(scores)], atol=1e-5)


@pytest.mark.parametrize("shape", [(), (63,), (5, 63), (8, 9), (5, 4, 16), (1, 5, 8, 8)])
def test_refuses_other_shapes(model, shape) -> None:
    with pytest.raises(InputError, match=r"samples of the shape \(64,\) or \(8, 8\), or one sample, got the shape"):
        model.predict(np.zeros(shape))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full(64, np.nan), "x must be finite, got nan"),
        (["a"] * 64, "numbers only"),
        ([[1.0] * 64, [1.0]], "rectangular"),
    ],
)
def test_refuses_what_is_no_number(model, x, message) -> None:
    with pytest.raises(InputError, match=message):
        model.predict(x)


def test_more_samples_than_a_chunk_give_what_fewer_give(model, digits) -> None:
    x = digits.train.x[:1100]
    parts = [model.scores(x[a : a + 2 * CHUNK]) for a in range(0, 1100, 2 * CHUNK)]
    assert np.array_equal(model.scores(x), np.concatenate(parts))


def test_predicting_leaves_nothing_in_the_layers_so_that_threads_may_share_a_model(model, digits) -> None:
    """A layer returns what it keeps for its backward pass: another thread would overwrite it."""
    before = [{**vars(layer)} for layer in model.network.layers]
    model.predict(digits.test.x)
    model.evaluate(digits)
    after = [vars(layer) for layer in model.network.layers]
    assert [layer.keys() for layer in after] == [layer.keys() for layer in before]
    assert all(b[name] is a[name] for b, a in zip(before, after, strict=True) for name in b)


def test_classes_are_predicted_with_their_probabilities(model, digits) -> None:
    x, t = digits.test.x, digits.test.t
    p = model.predict_proba(x)
    assert p.shape == (len(x), 10)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(model.predict(x), p.argmax(axis=1))
    accuracy = (model.predict(x) == t).mean()
    assert accuracy > 0.85
    assert model.evaluate(digits)[1] == pytest.approx(accuracy, abs=1e-12)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("0", "1", "2"), [0, 1, 2]),
        (("-1", "10", "3"), [-1, 10, 3]),
        (("0", "1", "b"), ["0", "1", "b"]),
        (("00", "01", "02"), ["00", "01", "02"]),  # As a number, 00 would be another name.
        (("1.0", "2", "3"), ["1.0", "2", "3"]),
        (("²", "-", ""), ["²", "-", ""]),
        (("9" * 30, "1", "2"), ["9" * 30, "1", "2"]),
    ],
)
def test_class_names_that_are_whole_numbers_are_predicted_as_numbers(names, labels) -> None:
    data = from_arrays(np.eye(3), [0, 1, 2], classes=names)
    model = Model.of(zk.nn.mlp(3, (), 3), data)
    assert model.labels.tolist() == labels
    assert model.predict(np.eye(3)).tolist() == [labels[k] for k in model.scores(np.eye(3)).argmax(axis=1)]


@pytest.mark.parametrize("boolean", [True, False])
def test_boolean_labels_are_predicted_as_booleans(boolean, tmp_path) -> None:
    x = np.eye(2, dtype=np.float32)
    t = np.array([False, True])
    data = from_arrays(x, t) if boolean else from_arrays(x, [0, 1], classes=["True", "False"])
    network = zk.nn.mlp(2, (), 2)
    network.load({"0.W": 10 * np.eye(2)[None], "0.b": np.zeros((1, 1, 2))})
    model = Model.of(network, data)
    loaded = Model.load(model.save(tmp_path / "model.safetensors"))
    for each in (model, loaded):
        assert each.labels.dtype == each.predict(x).dtype == bool
        assert each.predict(x).tolist() == [not boolean, boolean]
    assert zk.explain(model, x, t).step is not None
    read = from_arrays(x, ["no", "True"])
    assert Model.of(zk.nn.mlp(2, (), 2), read).labels.tolist() == ["True", "no"]


def test_labels_are_predicted_one_by_one() -> None:
    data = multilabel()
    model, _ = fitted(data)
    p = model.predict_proba(data.test.x)
    assert np.array_equal(model.predict(data.test.x), p > 0.5)
    assert model.evaluate(data)[1] == (model.predict(data.test.x) == data.test.t).all(axis=1).mean()


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_regression_answers_in_the_targets_units(outputs) -> None:
    raw = regression(outputs)
    model, _ = fitted(raw.scaled("standard"), 60)
    y = model.predict(raw.test.x)
    rms = np.sqrt(((y - raw.test.t) ** 2).mean(axis=0))
    assert y.shape == raw.test.t.shape
    assert np.allclose(model.error(raw), rms, rtol=1e-4)
    assert np.allclose(model.error(raw.scaled("standard")), rms, rtol=1e-4)
    r2 = 1 - ((y - raw.test.t) ** 2).sum(axis=0) / ((raw.test.t - raw.test.t.mean(axis=0)) ** 2).sum(axis=0)
    assert model.evaluate(raw)[1] == pytest.approx(r2.mean(), abs=1e-4)
    assert r2.mean() > 0.9
    with pytest.raises(InputError, match="no probabilities"):
        model.predict_proba(raw.test.x)


def test_an_error_in_units_counts_sample_weights() -> None:
    raw = regression(1)
    model, _ = fitted(raw.scaled("standard"), 1)
    part = raw.validation
    squares = (model.predict(part.x) - part.t)[:, 0].astype(float) ** 2
    assert model.error(raw, "validation")[0] == pytest.approx(np.sqrt(np.average(squares, weights=part.weights)), 1e-5)


def test_classes_of_other_data_are_matched_by_name() -> None:
    rng = stream(3, "test")
    x, t = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    names = np.array(["ant", "bee", "cat"])
    model, _ = fitted(from_arrays(x, names[t]).split(0.2))
    turned = from_arrays(x, names[t], classes=["cat", "ant", "bee"])
    assert model.evaluate(turned, "train")[1] == (model.predict(x) == names[t]).mean()
    with pytest.raises(InputError, match=r"knows the classes ant, bee, cat; .* has also dog"):
        model.evaluate(from_arrays(x, np.where(t == 1, "dog", names[t])), "train")


@pytest.mark.parametrize(
    ("data", "part", "message"),
    [
        (lambda: zk.data.load("digits"), "test", "digits has no test part"),
        (lambda: zk.data.load("digits"), "tests", "did you mean 'test'"),
        (lambda: replace(zk.data.load("digits").scaled("range"), original=None), "train", "not scaled like"),
        (
            lambda: from_arrays(np.eye(3), [0, 1, 2]),
            "train",
            "64 features, got arrays: classification with 3",
        ),
        (regression, "train", "data for this model are for classification"),
    ],
)
def test_refuses_data_that_are_not_the_models(model, data, part, message) -> None:
    with pytest.raises(InputError, match=message):
        model.evaluate(data(), part)


def test_only_a_regression_has_an_error_in_units(model, digits) -> None:
    with pytest.raises(InputError, match="only a regression"):
        model.error(digits)


def test_says_where_it_came_from(model, digits) -> None:
    about = model.about
    assert about["dataset"] == "digits"
    assert about["split_settings"]["test"] == 0.2
    assert about["data_sha256"] == digits.scaled("standard").fingerprint()
    assert about["numpy"] == np.__version__
    assert about["params"]["lr"] == 0.01
    assert about["pixels"] == {"low": 0.0, "high": 1.0, "background": 0.0}


def test_a_population_is_no_model_by_itself(digits) -> None:
    with pytest.raises(InputError, match=r"one network, got 2: choose one with take\(\), or .*Ensemble.of"):
        Model.of(zk.nn.mlp(64, (), 10, population=2), digits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ensemble": zk.nn.mlp(64, (), 10)}, r"holds an Ensemble, got Network: use Ensemble.of\(network\)"),
        ({"ensemble": Ensemble.of(zk.nn.mlp(63, (), 10))}, "expects 63 inputs, got 64"),
        ({"ensemble": Ensemble.of(zk.nn.mlp(64, (), 9))}, "an output for each of 10 names, got 9"),
        ({"ensemble": Ensemble.of(zk.nn.mlp(64, (), 10, init_scale=np.inf))}, "in layer 0, W"),
        ({"task": "clasification"}, "did you mean 'classification'"),
        ({"preprocess": zk.data.Preprocess.identity(64, 9)}, "64 features and 10 outputs, got 64 and 9"),
    ],
)
def test_refuses_parts_that_do_not_fit(model, change, message) -> None:
    def changed() -> Model:
        parts = dict(change)
        task = parts.pop("task", model.task)
        return replace(model, members=(replace(model.first, **parts),), task=task)

    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=message):
        changed()
