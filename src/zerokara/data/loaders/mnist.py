"""The MNIST family as datasets."""

from pathlib import Path

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.download.fetch import contents
from zerokara.data.download.idx import parse_idx
from zerokara.data.download.progress import ProgressCallback
from zerokara.data.download.sources import Source
from zerokara.data.loaders.arrays import from_arrays
from zerokara.errors import InputError


def load_idx(source: Source, progress: ProgressCallback | None = None) -> Dataset:
    """Return a dataset of the MNIST family: the official training and test parts, pixels / 255, float32."""
    train_images, train_labels, test_images, test_labels = contents(source, progress).items()
    x, t = _pair(train_images, train_labels, len(source.classes))
    x_test, t_test = _pair(test_images, test_labels, len(source.classes))
    if x.shape[1:] != x_test.shape[1:]:
        raise InputError(
            f"training and test images must have one size, got {x.shape[1:]} in {train_images[0]} "
            f"and {x_test.shape[1:]} in {test_images[0]}"
        )
    return from_arrays(
        _pixels_to_unit(x), t, x_test=_pixels_to_unit(x_test), t_test=t_test, classes=source.classes, name=source.name
    )


def _pair(images: tuple[Path, bytes], labels: tuple[Path, bytes], classes: int) -> tuple[Array, Array]:
    """Return images (N, H, W) and labels (N,); raise if their numbers differ."""
    x, t = parse_idx(images[1], 3, images[0]), parse_idx(labels[1], 1, labels[0])
    if len(x) != len(t):
        raise InputError(
            f"there must be a label for each image, got {len(x):,} images in {images[0]} and {len(t):,} "
            f"labels in {labels[0]}"
        )
    if t.max() >= classes:
        row = int(np.argmax(t >= classes))
        raise InputError(f"{labels[0]}: labels must be 0 to {classes - 1}, got {t[row]} in row {row}: correct it")
    return x, t


def _pixels_to_unit(pixels: Array) -> Array:
    """Return pixels 0..255 as float32 in [0, 1]."""
    x = pixels.astype(np.float32)
    x /= 255
    return x
