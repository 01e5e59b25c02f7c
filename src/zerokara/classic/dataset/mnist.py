"""The book's ``dataset.mnist`` on zerokara's files of MNIST."""

import numpy as np

from zerokara.arrays import Array
from zerokara.data.download.fetch import contents
from zerokara.data.download.idx import parse_idx
from zerokara.data.download.sources import MNIST

Pair = tuple[Array, Array]


def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> tuple[Pair, Pair]:
    """Return ``(x_train, t_train), (x_test, t_test)``, from ZEROKARA_DATA, the user's cache or a download.

    Args:
        normalize: pixels as float32 from 0 to 1; else uint8 from 0 to 255.
        flatten: images as rows of 784; else (N, 1, 28, 28).
        one_hot_label: targets as float64 (N, 10); else labels, uint8 (N,).
    """
    parts = []
    for x, t in load_pixels():
        images = x.reshape(len(x), -1) if flatten else x[:, None]
        images = images.astype(np.float32) / np.float32(255) if normalize else images
        parts.append((images, np.eye(10)[t] if one_hot_label else t))
    return parts[0], parts[1]


def load_pixels() -> tuple[Pair, Pair]:
    """Return the training and the test images, uint8 (N, 28, 28), each with labels, uint8 (N,)."""
    # Copies, since scripts may write to their arrays, and these are views of the files' bytes.
    axes = (3, 1, 3, 1)
    files = zip(contents(MNIST).items(), axes, strict=True)
    x, t, x_test, t_test = (parse_idx(content, count, path).copy() for (path, content), count in files)
    return (x, t), (x_test, t_test)
