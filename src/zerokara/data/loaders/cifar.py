"""CIFAR-10 as a dataset: its python batches, read without running what they say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.download.archive import brought
from zerokara.data.download.progress import Progress
from zerokara.data.download.sources import Archive
from zerokara.data.loaders.arrays import from_arrays
from zerokara.errors import InputError
from zerokara.unpickle import load_pickle

SHAPE = (32, 32, 3)
"""Height, width, color; the files have the colors first."""


def load_batches(archive: Archive, progress: Progress | None = None) -> Dataset:
    """Return CIFAR-10: the official training and test parts, rows height, width, color, pixels / 255, float32."""
    folder = brought(archive, progress)
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
    """Return the pictures of one batch file, uint8 (N, 32, 32, 3), and their labels (N,).

    Layout: a pickled dict with ``data``, uint8 (N, 3072), each row the red plane, the green and the blue one, and
    ``labels``, a list of N whole numbers. Source: https://www.cs.toronto.edu/~kriz/cifar.html.

    Raises:
        InputError: the file is missing, damaged, or has another layout; a pickle that asks for more than arrays.
    """
    if not path.is_file():
        raise InputError(f"there is no {path}: add it, or name another folder with ZEROKARA_DATA")
    batch = _named(load_pickle(path), path)
    pixels, labels = batch["data"], np.asarray(batch["labels"])
    height, width, colors = SHAPE
    flat = (len(labels), height * width * colors) if labels.ndim == 1 else None
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or not labels.size or pixels.shape != flat:
        got = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise InputError(f"{path}: data must be uint8 (N, 3072) with a label for each row, got {got}, {labels.shape}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise InputError(f"{path}: labels must be whole numbers, 0 to {classes - 1}")
    # Turned as bytes: turning them while they become float32 takes six times as long.
    pictures = np.ascontiguousarray(pixels.reshape(-1, colors, height, width).transpose(0, 2, 3, 1))
    return pictures, labels.astype(np.int64)


def _named(batch: Any, path: Path) -> dict[str, Any]:
    """Return the batch under names that are text: Python 2 wrote them as bytes."""
    if not isinstance(batch, dict):
        raise InputError(f"{path}: a batch must be a dict of data and labels, got a {type(batch).__name__}")
    named = {key.decode("latin1") if isinstance(key, bytes) else str(key): value for key, value in batch.items()}
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
        x[start : start + len(t)] = pictures  # written straight to its place: no copy of all pictures but this one
        start += len(t)
    x /= 255
    return x.reshape(len(x), -1), labels
