import numpy as np
import pytest

from zerokara.data import from_arrays
from zerokara.errors import InputError

X = np.arange(24.0).reshape(4, 2, 3)
T = [0, 1, 0, 1]


def test_samples_of_any_shape_are_flattened_and_their_shape_is_kept():
    data = from_arrays(X, T, name="n")
    assert (data.name, data.sample_shape, data.n_inputs, data.n_outputs) == ("n", (2, 3), 6, 2)
    assert data.train.x.dtype == np.float32
    assert data.train.x.tolist() == X.reshape(4, 6).tolist()
    assert data.validation is None
    assert data.test is None
    assert data.train.weights is None


def test_a_flat_array_may_tell_its_sample_shape():
    assert from_arrays(X.reshape(4, 6), T, sample_shape=[3, 2]).sample_shape == (3, 2)


def test_the_test_part_uses_the_classes_of_the_training_part():
    data = from_arrays(X, ["b", "a", "b", "a"], x_test=X[:2] + 1, t_test=["a", "a"])
    assert data.test.t.tolist() == [0, 0]
    assert data.test.x.tolist() == (X[:2] + 1).reshape(2, 6).tolist()


def test_the_arguments_are_left_alone():
    x, t, weights = X.copy(), np.array(T), np.array([1.0, 2, 3, 4])
    from_arrays(x, t, weights=weights).split(validation=2).scaled("standard")
    assert np.array_equal(x, X)
    assert t.tolist() == T
    assert weights.tolist() == [1, 2, 3, 4]


def test_weights_are_scaled_to_mean_one():
    data = from_arrays(X, T, weights=[1, 2, 3, 2])
    assert data.train.weights.tolist() == [0.5, 1, 1.5, 1]
    assert data.train.weights.dtype == np.float32


REFUSED = [
    ((X[:, 0, 0], T), {}, r"x must have the shape \(N, D\), got \(4,\): for one feature use x.reshape\(-1, 1\)"),
    ((X[:0], T), {}, "at least one sample and one feature"),
    ((X[:, :0], T), {}, "at least one sample and one feature"),
    ((X, T[:3]), {}, "x and t must have one length, got 4 samples and 3 targets"),
    (
        (X, 1e-300 * np.arange(4.0)),
        {},
        "t must have numbers above 1.2e-38, got 3e-300 at most in column 0",
    ),
    ((X, T), {"x_test": X}, "x_test and t_test must come together"),
    ((X, T), {"t_test": T}, "x_test and t_test must come together"),
    ((X, T), {"x_test": X, "t_test": T[:2]}, "x_test and t_test must have one length, got 4 samples and 2"),
    ((X, T), {"x_test": X[:, :1], "t_test": T}, r"samples of the shape of x, \(2, 3\), got \(1, 3\)"),
    ((X, T), {"x_test": X.reshape(4, 6), "t_test": T}, r"samples of the shape of x"),
    (
        (X, T),
        {"x_test": X * np.nan, "t_test": T},
        "x_test must be finite, got nan in row 0, axis 1 0, axis 2 0",
    ),
    ((X, T), {"sample_shape": (4,)}, r"sample_shape must have the product 6, got \(4,\)"),
    ((X, T), {"sample_shape": (-2, -3)}, "sample_shape"),
    ((X, T), {"sample_shape": ()}, "sample_shape"),
    ((X, T), {"weights": [1, 2, 3]}, r"weights must have one number per sample, \(4,\), got \(3,\)"),
    ((X, T), {"weights": [1, 2, -3, 1]}, "weights must be 0 or above, got -3.0 in row 2"),
    ((X, T), {"weights": [0, 0, 0, 0]}, "must not all be 0"),
    ((X, T), {"weights": [1, np.nan, 1, 1]}, "weights must be finite, got nan in row 1"),
]


@pytest.mark.parametrize(("args", "options", "message"), REFUSED, ids=[r[-1] for r in REFUSED])
def test_refuses_arrays_that_do_not_fit(args, options, message):
    with pytest.raises(InputError, match=message):
        from_arrays(*args, **options)


def test_a_flat_test_part_fits_a_given_sample_shape():
    data = from_arrays(X.reshape(4, 6), T, x_test=X, t_test=T, sample_shape=(2, 3))
    assert data.test.x.shape == (4, 6)


def test_texts_are_no_targets_of_a_regression():
    with pytest.raises(InputError, match="t must hold numbers only"):
        from_arrays(np.zeros((3, 1)), ["0.1", "0.2", "0.3"], task="regression")
