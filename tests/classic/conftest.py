"""Fixtures of the course APIs: small data in the courses' own formats."""

import pickle
import struct
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

collect_ignore = ["scripts"]
"""Those are run, as users run them, and not imported."""


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ZEROKARA_DATA: the digits of the package as MNIST's four files, 28x28."""
    folder = tmp_path_factory.mktemp("data")
    with np.load(str(files("zerokara.data") / "digits.npz")) as archive:
        x, t = archive["x"].reshape(-1, 8, 8).astype(int), archive["t"]
    images = np.zeros((len(x), 28, 28), np.uint8)
    images[:, 2:26, 2:26] = np.minimum(x * 16, 255).repeat(3, axis=1).repeat(3, axis=2)
    (folder / "mnist").mkdir()
    for part, rows in (("train", slice(0, 1200)), ("t10k", slice(1200, None))):
        for kind, values in (("images-idx3", images[rows]), ("labels-idx1", t[rows].astype(np.uint8))):
            header = struct.pack(f">{1 + values.ndim}i", 0x800 + values.ndim, *values.shape)
            (folder / "mnist" / f"{part}-{kind}-ubyte").write_bytes(header + values.tobytes())
    return folder


@pytest.fixture(scope="session")
def small_batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of CIFAR-10 batches of ten pictures each, every class in a color of its own."""
    folder = tmp_path_factory.mktemp("cifar") / "cifar-10-batches-py"
    folder.mkdir()
    rng = np.random.default_rng(0)
    colors = rng.integers(0, 256, (10, 3, 1, 1))
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        labels = rng.permutation(10)
        pixels = np.broadcast_to(colors[labels], (10, 3, 32, 32)).astype(np.uint8).reshape(10, -1)
        (folder / name).write_bytes(pickle.dumps({b"data": pixels, b"labels": labels.tolist()}, 2))
    return folder
