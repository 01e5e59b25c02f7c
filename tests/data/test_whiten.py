import numpy as np
import pytest

from zerokara import Model, nn, tune
from zerokara.data import Preprocess, from_arrays, load
from zerokara.data.whiten import principal
from zerokara.errors import InputError
from zerokara.model.file import unpack
from zerokara.rng import stream


def correlated(n: int = 2100, d: int = 6, seed: int = 0) -> np.ndarray:
    rng = stream(seed, "x")
    return (rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 3).astype(np.float32)


def test_whitened_features_are_uncorrelated_and_of_one_size_but_for_the_smoothing():
    x = correlated()
    p = Preprocess.fit("whiten", x)
    z = p.transform(x).astype(float)
    variances = np.linalg.eigvalsh(np.cov(x.astype(float).T, bias=True))[::-1]
    wanted = variances / (variances + 0.1 * variances.mean())
    assert np.allclose(z.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(np.cov(z.T, bias=True), np.diag(wanted), atol=1e-5)
    assert wanted[0] > 0.9


@pytest.mark.parametrize("smoothing", [0.01, 1, 10])
def test_the_smoothing_is_a_number_of_mean_variances(smoothing):
    x = correlated()
    variances = np.linalg.eigvalsh(np.cov(x.astype(float).T, bias=True))[::-1]
    divisors = Preprocess.fit(f"whiten:4:{smoothing}", x).scale
    assert np.allclose(divisors, np.sqrt(variances[:4] + smoothing * variances.mean()), rtol=1e-5)


def test_the_formula_and_the_orthonormal_basis():
    x = correlated()
    mean, divisors, directions = principal(x, 4)
    assert (mean.shape, divisors.shape, directions.shape) == ((6,), (4,), (6, 4))
    assert np.allclose(directions.T @ directions, np.eye(4), atol=1e-6)
    assert np.allclose(Preprocess.fit("whiten:4", x).transform(x), (x - mean) @ directions / divisors, atol=1e-5)
    # Of u and -u the one whose largest entry is positive.
    assert (directions[np.abs(directions).argmax(axis=0), range(4)] > 0).all()
    assert (np.diff(divisors) <= 0).all()


def test_the_first_components_are_the_same_however_many_are_kept():
    x = correlated()
    full, few = Preprocess.fit("whiten", x).transform(x), Preprocess.fit("whiten:3", x).transform(x)
    assert few.shape == (len(x), 3)
    assert np.allclose(full[:, :3], few, atol=1e-5)


def test_the_unit_of_the_pixels_does_not_matter():
    x = correlated()
    one, other = Preprocess.fit("whiten", x).transform(x), Preprocess.fit("whiten", 255 * x).transform(255 * x)
    assert np.allclose(one, other, atol=1e-3)


def test_directions_in_which_the_training_samples_do_not_vary_are_left_out():
    x = np.hstack([correlated(40, 3), np.ones((40, 2), np.float32)])
    assert Preprocess.fit("whiten", x).outputs == 3
    few = correlated(5, 30)
    assert Preprocess.fit("whiten", few).outputs == 4  # 5 samples and their mean
    other = Preprocess.fit("whiten", few).transform(correlated(50, 30, seed=1))
    assert np.abs(other).max() < 100
    assert Preprocess.fit("whiten", np.ones((4, 3), np.float32)).transform(np.ones((1, 3))).tolist() == [[0]]


def test_it_is_fitted_on_the_training_part_only():
    x = correlated(60)
    data = from_arrays(x, np.arange(60) % 2, x_test=np.full((3, 6), 1e4), t_test=[0, 1, 0]).split(validation=20, seed=0)
    white = data.scaled("whiten:5")
    assert np.array_equal(white.preprocess.basis, Preprocess.fit("whiten:5", data.train.x).basis)
    assert [part.x.shape for part in (white.train, white.validation, white.test)] == [(40, 5), (20, 5), (3, 5)]
    assert (white.n_inputs, white.sample_shape) == (5, (6,))
    assert np.allclose(white.test.x, white.preprocess.transform(data.test.x))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("whiten:7", "the 60 training samples vary in 6 directions, got whiten:7: reduce it"),
        *(
            (f"whiten:{text}", "a scaling must be .*, got 'whiten:")
            for text in ("0", "-3", "half", "2:0", "2:-1", "2:nan")
        ),
        *((f"whiten:{text}", "a scaling must be .*, got 'whiten:") for text in ("2:inf", "2:1:1", "2:", ":1", "1.5")),
        ("whitten", "did you mean 'whiten'"),
    ],
)
def test_what_cannot_be_whitened_is_refused(kind, message):
    with pytest.raises(InputError, match=message):
        from_arrays(correlated(60), np.arange(60) % 2).scaled(kind)


def test_too_many_features_are_refused_before_memory_is():
    with pytest.raises(InputError, match="whitening takes at most 20,000 features, got 20,001"):
        principal(np.zeros((2, 20_001), np.float32))


def test_a_whitened_model_saves_loads_and_takes_raw_pictures(tmp_path):
    data = load("digits").split(validation=0.2, test=0.2, seed=0)
    white = data.scaled("whiten:30")
    study = tune(white, {"lr": 0.01, "optimizer": "adam", "hidden": (32,)}, trials=1, epochs=10, out=tmp_path / "run")
    path = tmp_path / "run" / "model.safetensors"
    model = Model.load(path)
    assert unpack(path.read_bytes())[0]["format"] == 2
    assert model.preprocess.kind == "whiten:30"
    assert model.about["pixels"] == {"low": 0.0, "high": 1.0, "background": 0.0}
    assert study.test_score > 0.9
    assert model.evaluate(data) == model.evaluate(white) == study.model.evaluate(white)
    assert np.array_equal(model.predict(data.test.x), study.model.predict(data.test.x))
    assert study.best.model.evaluate(white) == study.best.model.evaluate(data) != model.evaluate(data)
    assert model.predict(data.test.x[0].reshape(8, 8)).shape == (1,)
    assert (tmp_path / "run" / "weights.png").exists()


def test_what_is_not_whitened_keeps_the_format_that_every_version_reads(tmp_path):
    data = load("digits").scaled("standard")
    raw = Model.of(nn.mlp(64, (), 10), data).save(tmp_path / "a.safetensors").read_bytes()
    assert unpack(raw)[0]["format"] == 1
