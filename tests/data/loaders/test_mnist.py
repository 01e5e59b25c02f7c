import numpy as np
import pytest

from zerokara.data import load
from zerokara.data.download.sources import MNIST, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS
from zerokara.data.loaders.mnist import load_idx
from zerokara.errors import InputError


def test_real_mnist_has_its_official_parts(mnist_folder, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    data = load("mnist")
    assert data.describe() == "mnist: 70,000 samples of 28x28, 10 classes; train 60,000, test 10,000"
    assert data.train.t[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test.t[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert data.classes == tuple("0123456789")
    assert (data.train.x.dtype, data.train.x.min(), data.train.x.max()) == (np.float32, 0, 1)
    # the published mean and deviation of the training pixels
    assert round(float(data.train.x.mean(dtype=np.float64)), 4) == 0.1307
    assert round(float(data.train.x.std(dtype=np.float64)), 4) == 0.3081


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("folder", ["data/mnist", "data"])
def test_ones_own_files_in_mnists_format(put, tiny_files, monkeypatch, gz, folder):
    monkeypatch.setenv(
        "ZEROKARA_DATA",
        str(put(folder, tiny_files, gz) if folder == "data" else put(folder, tiny_files, gz).parent),
    )
    data = load("mnist")
    assert data.describe() == "mnist: 30 samples of 3x4, 10 classes; train 20, test 10"
    pixels = np.frombuffer(tiny_files[TRAIN_IMAGES], np.uint8, offset=16).astype(np.float32) / 255
    assert np.array_equal(data.train.x.ravel(), pixels)
    assert data.train.t.tolist() == [*range(10), *range(10)]


REFUSED = [
    (
        TRAIN_IMAGES,
        lambda idx, old: idx(np.zeros((19, 3, 4))),
        r"got 19 images in .*mnist/train-images.* and 20 labels in",
    ),
    (TEST_LABELS, lambda idx, old: idx(np.zeros(11)), "got 10 images in .* and 11 labels in"),
    (TRAIN_LABELS, lambda idx, old: idx(np.full(20, 10)), "labels must be 0 to 9, got 10 in row 0"),
    (
        TEST_IMAGES,
        lambda idx, old: idx(np.zeros((10, 4, 4))),
        r"one size, got \(3, 4\) in .* and \(4, 4\) in",
    ),
    (TRAIN_LABELS, lambda idx, old: idx(np.zeros((20, 1, 1))), "magic must be 0x00000801 .*, got 0x00000803"),
    (TRAIN_IMAGES, lambda idx, old: old[:-1], "20 x 3 x 4 values must have 240 bytes, got 239"),
    (TRAIN_LABELS, lambda idx, old: b"\x1f\x8b" + old, "train-labels-idx1-ubyte must hold complete gzip data"),
]


@pytest.mark.parametrize(("name", "change", "message"), REFUSED, ids=[m for *_, m in REFUSED])
def test_files_that_are_damaged_or_do_not_fit_are_refused(put, tiny_files, idx, monkeypatch, name, change, message):
    folder = put("data/mnist", {**tiny_files, name: change(idx, tiny_files[name])})
    monkeypatch.setenv("ZEROKARA_DATA", str(folder.parent))
    with pytest.raises(InputError, match=message):
        load_idx(MNIST)
