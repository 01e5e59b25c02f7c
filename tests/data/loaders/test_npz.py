import zipfile

import numpy as np
import pytest

from zerokara.data import load
from zerokara.errors import InputError, OutsideError

X, T = np.arange(12.0).reshape(4, 3), np.array([0, 1, 1, 0])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_all_arrays_arrive(tmp_path, save):
    path = tmp_path / "mine.npz"
    save(path, x=X, t=T, x_test=X[:1], t_test=T[:1], weights=[1, 2, 3, 4], classes=["no", "yes"])
    data = load(path)
    assert data.describe() == "mine: 5 samples of 3 features, 2 classes; train 4, test 1"
    assert data.classes == ("no", "yes")
    assert data.train.x.tolist() == X.tolist()
    assert np.allclose(data.train.weights, [0.4, 0.8, 1.2, 1.6])
    assert load(str(path)).fingerprint() == data.fingerprint()


def test_text_labels_are_classes(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, t=["b", "a", "a", "b"])
    assert load(tmp_path / "a.npz").classes == ("a", "b")


REFUSED = [
    ({"x": X}, "must hold training samples and targets, as x and t, .*, got x: add t"),
    ({}, "must hold training samples and targets, .*, got no arrays: add x"),
    ({"x": X, "t": T, "t_tset": T}, "unknown array in .*a.npz: 't_tset': did you mean 't_test'"),
    ({"x": X, "t": T[:3]}, "a.npz: x and t must have one length"),
    ({"x": np.where(X == 5, np.nan, X), "t": T}, "a.npz: x must be finite, got nan in row 1, column 2"),
    (
        {"x": X, "t": np.array(["a", "b", None, "a"], object)},
        "'t' in .*a.npz must hold numbers or text, got an object array, .*t.astype",
    ),
    ({"x": X.astype(object), "t": T}, "'x' in .*a.npz must hold numbers or text, got an object array"),
    ({"x": X, "t": T, "x_test": X}, "x_test and t_test must come together"),
    ({"x": X, "t": T, "classes": "ab"}, r"classes in .* must have one axis, got the shape \(\)"),
]


@pytest.mark.parametrize(("arrays", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_files_with_the_wrong_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npz")


def test_refuses_every_truncation(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=X, t=T)
    content = path.read_bytes()
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(InputError, match=r"a.npz must be (a valid|an .npz) archive"):
            load(path)


@pytest.mark.parametrize("mask", [0x01, 0x55, 0xFF])
def test_no_flipped_byte_gives_other_data(tmp_path, mask):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=X, t=T)
    content, fingerprint = path.read_bytes(), load(path).fingerprint()
    outcomes = []
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            outcomes.append(load(path).fingerprint())  # a byte that carries nothing, such as a date
        except InputError as error:
            outcomes.append("a.npz" if "a.npz" in str(error) else str(error))
    assert set(outcomes) == {fingerprint, "a.npz"}


def test_refuses_other_files_under_that_name(tmp_path):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, X)
    with pytest.raises(InputError, match=r"must be an .npz archive"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "not an array")
        archive.writestr("t", "not an array")
    with pytest.raises(InputError, match=r"'x' in .* must be an array, got another"):
        load(path)


def test_a_name_whose_file_cannot_be_read_is_a_failure_outside(tmp_path):
    (tmp_path / "loop.npz").symlink_to("/proc/self/mem")
    with pytest.raises(OutsideError, match=r"loop.npz must be readable, got: Input/output error"):
        load(tmp_path / "loop.npz")
