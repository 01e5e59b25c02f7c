import hashlib

import numpy as np
import pytest

from zerokara.data import from_arrays, load
from zerokara.data.part import Part

X, T = np.arange(12.0).reshape(4, 3), [0, 1, 1, 0]


def test_first_keeps_the_order_and_the_classes():
    data = from_arrays(X, ["a", "b", "a", "b"], x_test=X, t_test=["a"] * 4).first(1)
    assert data.train.x.tolist() == [[0, 1, 2]]
    assert data.classes == ("a", "b")
    assert len(data.test) == 4
    assert data.split_settings == {"train_size": 1}


CHANGES = {
    "a value": lambda: from_arrays(X + np.eye(4, 3), T),
    "a label": lambda: from_arrays(X, [1, 1, 1, 0]),
    "the order": lambda: from_arrays(X[::-1], T[::-1]),
    "a class name": lambda: from_arrays(X, T, classes=("no", "yes")),
    "the sample shape": lambda: from_arrays(X, T, sample_shape=(3, 1)),
    "the task": lambda: from_arrays(X, T, task="regression"),
    "weights": lambda: from_arrays(X, T, weights=[1, 2, 3, 4]),
    "a test part": lambda: from_arrays(X, T, x_test=X, t_test=T),
    "a split": lambda: from_arrays(X, T).split(2),
    "scaling": lambda: from_arrays(X, T).scaled("center"),
    "fewer samples": lambda: from_arrays(X, T).first(3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_data_changes_the_fingerprint(change):
    assert CHANGES[change]().fingerprint() != from_arrays(X, T).fingerprint()


def test_the_same_data_have_the_same_fingerprint_whatever_they_are_called_and_however_they_lie():
    fingerprint = from_arrays(X, T).fingerprint()
    assert len(fingerprint) == len(hashlib.sha256().hexdigest())
    assert (
        from_arrays(np.asfortranarray(X).astype(">f8"), np.array(T, np.uint8), name="other").fingerprint()
        == fingerprint
    )


DESCRIPTIONS = [
    (lambda: load("digits"), "digits: 1,797 samples of 8x8, 10 classes; train 1,797"),
    (
        lambda: load("digits").split(0.2, 0.2),
        "digits: 1,797 samples of 8x8, 10 classes; "
        "train 1,151, validation 287 (20 % stratified), test 359 (20 % stratified)",
    ),
    (lambda: from_arrays(X, T, name="n"), "n: 4 samples of 3 features, 2 classes; train 4"),
    (lambda: from_arrays(X, [1.0, 2, 3, 4], name="n"), "n: 4 samples of 3 features, 1 target; train 4"),
    (lambda: from_arrays(X, X, name="n"), "n: 4 samples of 3 features, 3 targets; train 4"),
    (
        lambda: from_arrays(X, [[1], [0], [0], [1]], task="multilabel", name="n"),
        "n: 4 samples of 3 features, 1 label; train 4",
    ),
    (
        lambda: from_arrays(X.reshape(4, 3, 1, 1), T, x_test=X[:1].reshape(1, 3, 1, 1), t_test=[0], name="n"),
        "n: 5 samples of 3x1x1, 2 classes; train 4, test 1",
    ),
]


@pytest.mark.parametrize(("make", "line"), DESCRIPTIONS, ids=[line for _, line in DESCRIPTIONS])
def test_one_line_describes_a_dataset(make, line):
    assert make().describe() == line


def test_taking_samples_keeps_rows_together():
    part = Part(np.eye(3, dtype=np.float32), np.arange(3), np.array([0.5, 1, 1.5], np.float32))
    taken = part.take([2, 1])
    assert len(taken) == 2
    assert taken.x.tolist() == [[0, 0, 1], [0, 1, 0]]
    assert taken.t.tolist() == [2, 1]
    assert np.allclose(taken.weights, [1.2, 0.8])
