"""CS231n's CIFAR-10."""

from pathlib import Path

import numpy as np

from zerokara import data
from zerokara.arrays import Array
from zerokara.data.loaders.cifar import read_batch

BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")


def load_CIFAR_batch(filename: str | Path) -> tuple[Array, Array]:  # noqa: N802  the course's name
    """Return the images of one batch file, float64 from 0 to 255, (N, 32, 32, 3), and their labels (N,).

    The file is a pickle; no code in it is run.
    """
    pixels, labels = read_batch(Path(filename))
    return pixels.astype(float), labels


def load_CIFAR10(ROOT: str | Path) -> tuple[Array, Array, Array, Array]:  # noqa: N802  the course's name
    """Return x_train, y_train, x_test, y_test from the batch files in the folder ROOT, as `load_CIFAR_batch` does.

    If ROOT has none, the files of zerokara's dataset cifar10 are used.

    Raises:
        InputError: a file is missing or damaged.
    """
    folder = Path(ROOT)
    if not (folder / BATCHES[0]).exists():
        folder = data.fetch("cifar10")
    batches = [read_batch(folder / name) for name in BATCHES[:-1]]
    labels = np.concatenate([batch_labels for _, batch_labels in batches])
    # Copied batch by batch, since this is 1.2 GB: float64 is the course's choice.
    x, start = np.empty((len(labels), *batches[0][0].shape[1:])), 0
    for pixels, batch_labels in batches:
        x[start : start + len(batch_labels)] = pixels
        start += len(batch_labels)
    return x, labels, *load_CIFAR_batch(folder / BATCHES[-1])
