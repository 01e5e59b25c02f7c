"""CIFAR-10: its Python batches, read without unpickling arbitrary objects."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.download.archive import ensure_downloaded
from zerokara.data.download.progress import ProgressCallback
from zerokara.data.download.sources import Archive
from zerokara.data.loaders.arrays import from_arrays
from zerokara.errors import InputError
from zerokara.unpickle import load_pickle, text_keys

SHAPE = (32, 32, 3)
"""Height, width, channels; the files store the channels first."""


def load_batches(archive: Archive, progress: ProgressCallback | None = None) -> Dataset:
    """Return CIFAR-10: the official training and test parts, (height, width, channel), pixels / 255, float32."""
    folder = ensure_downloaded(archive, progress)
    x, t = _joined(folder, archive.train, len(archive.classes))
    x_test, t_test = _joined(folder, archive.test, len(archive.classes))
    return from_arrays(
        x,
        t,
        x_test=x_test,
        t_test=t_test,
        classes=archive.classes,
        sample_shape=SHAPE,
        name=archive.name,
    )


def read_batch(path: Path, classes: int = 10) -> tuple[Array, Array]:
    """Return the images of one batch file, uint8 (N, 32, 32, 3), and their labels (N,).

    Layout: a pickled dict of ``data``, uint8 (N, 3072), each row with the red, green and blue planes, and ``labels``, a
    list of N integers. Source: https://www.cs.toronto.edu/~kriz/cifar.html.

    Raises:
        InputError: the file is missing, damaged, has another layout, or contains more than arrays.
    """
    if not path.is_file():
        raise InputError(
            f"a batch must be an existing file, got {path}: add it, or set ZEROKARA_DATA to another folder"
        )
    batch = _named(load_pickle(path), path)
    pixels, labels = batch["data"], batch["labels"]
    if isinstance(labels, list):
        valid = all(type(label) is int and 0 <= label < classes for label in labels)
        labels = np.array(labels, np.int64) if valid else None
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        raise InputError(f"{path}: labels must be whole numbers, 0 to {classes - 1}, got others: download it again")
    height, width, colors = SHAPE
    flat = (len(labels), height * width * colors) if labels.ndim == 1 else None
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or not labels.size or pixels.shape != flat:
        got = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise InputError(f"{path}: data must be uint8 (N, 3072) with a label for each row, got {got}, {labels.shape}")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(f"{path}: labels must be whole numbers, 0 to {classes - 1}, got others: download it again")
    # Transposing bytes is six times as fast as transposing during the conversion to float32.
    pictures = np.ascontiguousarray(pixels.reshape(-1, colors, height, width).transpose(0, 2, 3, 1))
    return pictures, labels.astype(np.int64)


def _named(batch: Any, path: Path) -> dict[str, Any]:
    """Return the batch with text keys; Python 2 wrote them as bytes."""
    if not isinstance(batch, dict):
        raise InputError(f"{path}: a batch must be a dict of data and labels, got a {type(batch).__name__}")
    try:
        named = text_keys(batch)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if missing := [name for name in ("data", "labels") if name not in named]:
        raise InputError(f"{path}: a batch must hold data and labels, missing: {', '.join(missing)}")
    return named


def _joined(folder: Path, names: Sequence[str], classes: int) -> tuple[Array, Array]:
    """Return several batches as float32 in [0, 1], (N, 3072), and labels (N,)."""
    batches = [read_batch(folder / name, classes) for name in names]
    labels = np.concatenate([t for _, t in batches])
    x = np.empty((len(labels), *SHAPE), np.float32)
    start = 0
    for pictures, t in batches:
        x[start : start + len(t)] = pictures  # converted batch by batch: no second copy of all images
        start += len(t)
    x /= 255
    return x.reshape(len(x), -1), labels
