import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from zerokara.data import Preprocess, from_arrays
from zerokara.data.preprocess import KINDS
from zerokara.errors import InputError

FEATURES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8),
    elements=st.floats(-1000, 1000, width=32),
)


def test_each_kind_gives_what_its_name_says():
    x = np.array([[0.0, 7], [2, 7], [4, 7]], np.float32)
    expected = {
        "none": x,
        "target": x,
        "center": [[-2, 0], [0, 0], [2, 0]],
        "standard": np.array([[-2, 0], [0, 0], [2, 0]]) / np.sqrt([8 / 3, 1]),
        "range": [[0, 0], [0.5, 0], [1, 0]],
        # variances 8/3 and 0, of which the mean is 4/3: one direction to vary in
        "whiten": np.array([[-2], [0], [2]]) / np.sqrt(8 / 3 + 0.1 * 4 / 3),
    }
    assert tuple(expected) == KINDS
    for kind, result in expected.items():
        out = Preprocess.fit(kind, x).transform(x)
        assert out.dtype == np.float32
        assert np.allclose(out, result, rtol=1e-7, atol=0)


@given(x=FEATURES, kind=st.sampled_from(KINDS))
def test_scaled_features_are_finite_and_within_their_bounds(x, kind):
    out = Preprocess.fit(kind, x).transform(x)
    assert np.isfinite(out).all()
    constant = x.min(axis=0) == x.max(axis=0)
    if kind not in ("none", "target", "whiten"):
        assert (out[:, constant] == 0).all()
    if kind == "range":
        assert out.min() >= 0
        assert out.max() <= 1
    if kind in ("standard", "whiten"):  # no z-score of N values exceeds sqrt(N - 1)
        assert np.abs(out).max() <= np.sqrt(len(x)) * 1.01


@given(x=FEATURES, rows=st.integers(1, 4))
def test_scaling_is_fitted_on_the_training_part_only(x, rows):
    train = np.vstack([x, x + 1])
    t = np.arange(len(train)) % 2
    alone = from_arrays(train, t).scaled("standard")
    beside = from_arrays(train, t, x_test=np.full((rows, x.shape[1]), 12345.0), t_test=[0] * rows).scaled("standard")
    assert np.array_equal(alone.train.x, beside.train.x)
    assert np.array_equal(alone.preprocess.shift, beside.preprocess.shift)
    assert np.array_equal(beside.test.x, beside.preprocess.transform(np.full((rows, x.shape[1]), 12345.0)))


def test_the_mean_of_many_large_numbers_is_exact_enough():
    x = np.full((100_000, 1), 16_777_216.0, np.float32)
    x[::2] -= 2
    p = Preprocess.fit("standard", x)
    assert (p.shift[0], p.scale[0]) == (16_777_215, 1)


def test_a_constant_feature_is_never_divided_by_the_dust_of_its_mean():
    x = np.full((10_001, 1), 0.1, np.float32)
    assert Preprocess.fit("standard", x).scale.tolist() == [1]
    assert Preprocess.fit("standard", x).transform(x).max() == 0


def test_statistics_are_summed_over_all_chunks():
    x = np.random.default_rng(0).normal(3, 2, (10_001, 3)).astype(np.float32)
    p = Preprocess.fit("standard", x)
    assert np.allclose(p.shift, x.astype(np.float64).mean(0), rtol=1e-6)
    assert np.allclose(p.scale, x.astype(np.float64).std(0), rtol=1e-6)


def test_regression_targets_are_standardized_and_restored():
    t = np.array([10.0, 20, 30])
    data = from_arrays(np.eye(3), t, x_test=np.eye(3), t_test=[20.0, 40, 20]).scaled("range")
    assert data.train.t.mean() == 0
    assert np.isclose(data.train.t.std(), 1)
    assert np.allclose(data.preprocess.restore_target(data.test.t), [[20], [40], [20]])
    plain = from_arrays(np.eye(3), t).scaled("none")
    assert plain.train.t.tolist() == [[10], [20], [30]]


@pytest.mark.parametrize(("t", "task"), [([0, 1, 1], "classification"), ([[1, 1], [0, 0], [0, 1]], "multilabel")])
def test_labels_are_never_scaled(t, task):
    data = from_arrays(np.eye(3), t)
    scaled = data.scaled("standard")
    assert data.task == task
    assert np.array_equal(scaled.train.t, data.train.t)
    assert scaled.preprocess.target_shift.shape == (2,)


def test_a_population_of_outputs_is_restored():
    p = Preprocess.fit("center", np.eye(2, dtype=np.float32), np.array([[1.0, 10], [3, 30]], np.float32))
    y = np.zeros((5, 4, 2), np.float32)
    assert p.restore_target(y)[4, 3].tolist() == [2, 20]


@pytest.mark.parametrize("kind", [*KINDS, "whiten:1", "whiten:1:5"])
def test_the_model_files_arrays_bring_it_back(kind):
    p = Preprocess.fit(kind, np.array([1, 0, 2, 5, 3, 3], np.float32).reshape(3, 2), np.ones((3, 1), np.float32))
    q = Preprocess.from_arrays(p.kind, p.arrays())
    assert q.kind == kind
    for name, array in p.arrays().items():
        assert array.dtype == (np.float64 if name.startswith("target") else np.float32)
        assert np.array_equal(array, q.arrays()[name])


def damaged(**changes):
    return {**Preprocess.identity(2, 1).arrays(), **changes}


REFUSED = [
    ("standart", damaged(), "unknown scaling 'standart': did you mean 'standard'"),
    ("none", {"shift": np.zeros(2)}, "missing: scale, target_shift, target_scale"),
    ("none", damaged(scale=np.ones(3)), "vectors of one length"),
    ("none", damaged(target_scale=np.ones((1, 1))), "vectors of one length"),
    ("none", damaged(scale=np.array([1.0, 0])), "scale must be above 0, got 0"),
    ("none", damaged(shift=np.array([1.0, np.nan])), "shift must be finite"),
    ("none", damaged(basis=np.eye(2)), "got also basis"),
    ("whiten", damaged(), "missing: basis"),
    ("whiten", damaged(basis=np.ones((2, 1))), r"basis must have the shape .*, \(2, 2\), got \(2, 1\)"),
    ("whiten", damaged(basis=np.full((2, 2), np.inf)), "basis must be finite"),
    ("whiten", damaged(basis=np.eye(2), target_shift=np.zeros(3)), "vectors of one length"),
    ("whiten:2", damaged(basis=np.eye(2), scale=np.ones((2, 1))), "scale and shift must be vectors"),
    ("whiten:", damaged(basis=np.eye(2)), "got 'whiten:'"),
    ("standard:3", damaged(), "got 'standard:3'"),
]


@pytest.mark.parametrize(("kind", "given", "message"), REFUSED)
def test_refuses_what_a_damaged_file_holds(kind, given, message):
    with pytest.raises(InputError, match=message):
        Preprocess.from_arrays(kind, given)


def test_refuses_features_that_it_was_not_made_for():
    p = Preprocess.fit("standard", np.array([[0.0], [1e-30]], np.float32))
    with pytest.raises(InputError, match="x must have 1 features, got 2"):
        p.transform(np.zeros((1, 2)))
    with pytest.raises(InputError, match="scaled x must be finite, got inf in row 0, column 0"):
        p.transform(np.full((1, 1), 1e20))
    with pytest.raises(InputError, match="unknown scaling"):
        Preprocess.fit("minmax", np.zeros((1, 1), np.float32))
    with pytest.raises(InputError, match="each column of x must span .*, got a wider column 1"):
        Preprocess.fit("center", np.array([[0, 3e38], [0, -3e38]], np.float32))
