"""Sparse samples give the numbers of dense ones, and are never dense all at once."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import zerokara as zk
from zerokara.data.preprocess import Preprocess
from zerokara.data.sparse import SparseRows, as_rows
from zerokara.errors import InputError

FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
SCALINGS = ("none", "center", "standard", "range", "whiten:3")


def table(rows: int = 70, columns: int = 9, seed: int = 0) -> np.ndarray[Any, Any]:
    """Return numbers of which two thirds are zero, in columns of different units; the last column has no zero."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.33) * 10.0 ** np.arange(-3, columns - 3)
    x[:, -1] = rng.normal(size=rows)
    return x


X, T = table(), np.arange(70) % 3


def test_rows_are_read_as_those_of_an_array() -> None:
    x, dense = as_rows(sparse.csr_array(X), "x"), X.astype(np.float32)
    assert isinstance(x, SparseRows)
    assert (x.shape, x.ndim, len(x), x.dtype) == (dense.shape, 2, 70, np.float32)
    mask = np.arange(70) % 2 == 0
    for index in (3, slice(60, 90), [5, 1, 1], np.array([7]), mask, slice(None)):
        assert np.array_equal(x[index], dense[index])
        assert np.array_equal(x[None, index], dense[None, index])
    assert np.array_equal(np.asarray(x.take(mask)), dense[mask])
    assert x.astype(np.float64, copy=False)[:2].dtype == np.float64
    assert (x.min(), x.max()) == (dense.min(), dense.max())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
def test_every_format_is_taken_and_left_as_it_was(form: str, make: Any) -> None:
    matrix = make(X).asformat(form)
    before = matrix.toarray()
    assert np.array_equal(np.asarray(zk.data.from_arrays(matrix, T).train.x), X.astype(np.float32))
    assert np.array_equal(matrix.toarray(), before)
    assert matrix.format == form


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("shape", [(70, 9), (1000, 1), (5, 4), (2500, 10)])
def test_scaling_has_the_bits_of_the_dense_array(kind: str, shape: tuple[int, int]) -> None:
    x = table(*shape).astype(np.float32)
    kind = kind if shape[1] > 3 else kind.partition(":")[0]
    rows = as_rows(sparse.csr_array(x), "x")
    dense, thin = Preprocess.fit(kind, x), Preprocess.fit(kind, rows)
    for name, array in dense.arrays().items():
        assert np.array_equal(array, thin.arrays()[name]), name
    assert np.array_equal(np.asarray(thin.transform(rows)), dense.transform(x))


def test_a_dataset_of_a_sparse_matrix_is_that_of_the_array() -> None:
    dense, thin = (zk.data.from_arrays(x, T).split(0.2, 0.2).scaled("standard") for x in (X, sparse.coo_array(X)))
    assert dense.fingerprint() == thin.fingerprint()
    assert dense.pooled().fingerprint() == thin.pooled().fingerprint()
    for one, other in zip(dense.folds(3), thin.folds(3), strict=True):
        assert one.fingerprint() == other.fingerprint()
    assert isinstance(thin.pooled().train.x, SparseRows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_and_predictions_have_the_bits_of_the_dense_array(dtype: str) -> None:
    curves, scores = [], []
    for x in (X, sparse.csr_matrix(X)):
        data = zk.data.from_arrays(x, T).split(0.2, 0.2).scaled("standard")
        net = zk.nn.mlp(9, (8,), 3, dtype=dtype)
        run = zk.Trainer(net, zk.optim.Adam(), data, batch_size=8)
        curves.append(run.fit(3)["val_loss"])
        model = zk.Model.of(run.trained(), data)
        scores.append((model.scores(x), *model.evaluate(data)))
    assert np.array_equal(*curves)
    assert np.array_equal(scores[0][0], scores[1][0])
    assert scores[0][1:] == scores[1][1:]


def test_what_is_stored_twice_is_added_in_the_precision_of_the_matrix() -> None:
    matrix = sparse.csr_array((np.array([1.0, 2.0**-30, 1.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), (2, 2))
    assert np.array_equal(np.asarray(as_rows(matrix, "x")), matrix.toarray().astype(np.float32))
    assert matrix.nnz == 3


FAULTS: list[tuple[Any, str]] = [
    (sparse.csr_array([[0.0, 1.0], [np.nan, 0.0]]), "x must be finite, got nan in row 1, column 0"),
    (sparse.csc_array([[0.0, 1e39], [1.0, 0.0]]), r"x must fit into float32 \(below 3.4e38\), got 1e\+39 in row 0, c"),
    (sparse.csr_array([[1j, 0], [1, 0]]), "x must hold numbers only, got dtype complex128"),
    (sparse.csr_array((0, 3)), r"x must have at least one sample and one feature, got the shape \(0, 3\)"),
    (sparse.csr_array([[0, 1.7e9], [0, 1.7e9 + 4]]), r"column 1 of x lies around 1.7e\+09 and spans 4"),
]


@pytest.mark.parametrize(("x", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_fault_is_found_where_it_is(x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.data.from_arrays(x, [0, 1])
    if x.dtype.kind == "f" and x.shape[0]:
        with pytest.raises(InputError, match=message):
            zk.data.from_arrays(x.toarray(), [0, 1])


def test_parts_are_all_sparse_or_all_dense() -> None:
    thin = sparse.csr_array(X)
    assert np.array_equal(np.asarray(zk.data.from_arrays(thin, T, x_val=thin, t_val=T).pooled().train.x[-1]), X32[-1])
    with pytest.raises(InputError, match=r"x_val must be sparse, as x is, got an array: pass scipy.sparse.csr_array"):
        zk.data.from_arrays(thin, T, x_val=X, t_val=T)
    with pytest.raises(InputError, match=r"x_test must be a dense array, as x is, got a sparse matrix: pass its toarr"):
        zk.data.from_arrays(X, T, x_test=thin, t_test=T)
    with pytest.raises(InputError, match=r"sample_shape needs dense samples, got a sparse x: pass x.toarray\(\)"):
        zk.data.from_arrays(thin, T, sample_shape=(3, 3))
    with pytest.raises(InputError, match=r"t must be a dense array, got a sparse matrix: pass its toarray\(\)"):
        zk.data.from_arrays(X, sparse.csr_array(T[:, None]))


X32 = X.astype(np.float32)


def test_memory_is_bounded_by_batches() -> None:
    """20,000 samples of 4,000 features are 320 MB as a dense array; rows of two networks are read in turn."""
    matrix = sparse.random_array((20_000, 4_000), density=0.001, rng=np.random.default_rng(0), dtype=np.float32)
    t = np.arange(20_000) % 2
    tracemalloc.start()
    data = zk.data.from_arrays(matrix.tocsr(), t).split(0.2).scaled("standard")
    run = zk.Trainer(zk.nn.mlp(4_000, (2,), 2), zk.optim.SGD(), data, batch_size=200)
    assert np.isfinite(run.fit(1)["val_loss"]).all()
    _ = zk.Model.of(run.trained(), data).predict(matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
