"""The arrays of an .npz file may have the names that people give them."""

import numpy as np
import pytest

from zerokara.data import from_arrays, load
from zerokara.errors import InputError, ZerokaraWarning

X, T = np.arange(24.0).reshape(4, 2, 3), np.array([0, 1, 1, 0])
NAMES = [
    ("X", "y"),
    ("x", "y"),
    ("images", "labels"),
    ("data", "target"),
    ("features", "targets"),
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "y_train", "X_test", "y_test"),
    ("train_x", "train_y", "test_x", "test_y"),
    ("trainX", "trainY", "testX", "testY"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),
    ("x_train", "t_train", "x_test", "t_test", "x_valid", "t_valid"),
    ("train_data", "train_target", "test_data", "test_target", "validation_data", "validation_target"),
]


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("kind", ["int64", "uint8", "U1"])
def test_usual_names_are_understood_and_reported(tmp_path, names, shape, kind):
    values = [X, T, X + 1, T[::-1], X + 2, T][: len(names)]
    arrays = {name: v if v.ndim == 3 else v.reshape(shape).astype(kind) for name, v in zip(names, values, strict=True)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.warns(ZerokaraWarning) as caught:
        data = load(tmp_path / "a.npz")
    [text] = [str(warning.message) for warning in caught]
    assert all(f"{name} as " in text for name in names)
    more = dict(zip(("x_test", "t_test", "x_val", "t_val"), values[2:], strict=False))
    assert data.fingerprint() == from_arrays(X, T, **more).fingerprint()
    assert (data.task, data.classes) == ("classification", ("0", "1"))


def test_arrays_that_are_not_used_are_reported_and_not_read(tmp_path):
    more = {"target_names": ["no", "yes"], "DESCR": np.array("text"), "paths": np.array([None, "a"], object)}
    np.savez(tmp_path / "a.npz", data=X, target=T, **more)
    with pytest.warns(ZerokaraWarning) as caught:
        data = load(tmp_path / "a.npz")
    assert data.classes == ("no", "yes")
    [text] = [str(warning.message) for warning in caught]
    assert text.endswith(
        "data as training samples, target as training targets, target_names as classes; ignored DESCR, paths"
    )


def test_our_own_names_need_no_report(tmp_path):
    np.savez(
        tmp_path / "a.npz", x=X, t=T, x_val=X, t_val=T, x_test=X, t_test=T, weights=[1, 1, 2, 2], classes=["a", "b"]
    )
    data = load(tmp_path / "a.npz")
    assert [len(part) for part in data.parts.values()] == [4, 4, 4]


REFUSED = [
    ({"x": X, "images": X, "t": T}, "one array of training samples, got x and images: save it with one of them"),
    ({"x": X, "t": T, "labels": T}, "one array of training targets, got t and labels"),
    ({"x": X, "x_train": X, "y": T}, "one array of training samples, got x and x_train"),
    ({"x_train": X, "y_train": T, "x_val": X, "x_valid": X}, "one array of validation samples, got x_val and x_valid"),
    ({"arr_0": X, "arr_1": T}, "must hold training samples and targets, .* got arr_0, arr_1: add x, as in numpy.savez"),
    ({"x_test": X, "y_test": T}, "must hold training samples and targets, .* got x_test, y_test: add x"),
    ({"x": X, "t": T, "x_val": X}, "x_val and t_val must come together"),
    ({"x": X, "t": T, "x_val": X[:, :1], "t_val": T}, r"x_val must have samples of the shape of x, \(2, 3\)"),
    ({"x": X, "t": T, "x_val": X, "t_val": T + 1}, r"labels in t_val must be classes, 0, 1, got 2"),
]


@pytest.mark.parametrize(("arrays", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_names_that_are_ambiguous_or_missing_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("t", "task", "expected"),
    [
        ([[3], [4], [4]], None, ("classification", [0, 1, 1])),
        ([["b"], ["a"], ["b"]], None, ("classification", [1, 0, 1])),
        ([[True], [False], [True]], None, ("classification", [1, 0, 1])),
        ([[3], [4], [4]], "regression", ("regression", [[3], [4], [4]])),
        ([[1], [0], [0]], "multilabel", ("multilabel", [[1], [0], [0]])),
        ([[0.5], [1.0], [2.0]], None, ("regression", [[0.5], [1], [2]])),
    ],
)
def test_a_column_of_labels_are_classes(t, task, expected):
    data = from_arrays(np.eye(3), np.array(t), task=task, x_test=np.eye(3), t_test=np.array(t))
    assert (data.task, data.train.t.tolist()) == expected
    assert np.array_equal(data.test.t, data.train.t)


@pytest.mark.parametrize("scale", [1, 255])
def test_pictures_are_scaled_to_one_on_the_command_line(tmp_path, scale):
    from zerokara.cli.options import DataOptions

    x = np.random.default_rng(0).random((40, 4, 4)) * scale
    np.savez(tmp_path / "a.npz", x=x, t=np.arange(40) % 2)
    data = DataOptions().load(str(tmp_path / "a.npz"), 0)
    assert data.preprocess.kind == {1: "none", 255: "range"}[scale]
    assert 0 <= data.train.x.min() <= data.train.x.max() <= 1
