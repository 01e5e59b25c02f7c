"""Loading datasets by name or path."""

from collections.abc import Sequence
from importlib.resources import as_file, files
from os import PathLike, fspath
from os.path import expanduser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zerokara.data.dataset import Dataset
from zerokara.data.download.archive import find_archive
from zerokara.data.download.fetch import find_files
from zerokara.data.download.sources import ARCHIVES, DATASET_NAMES, SOURCES, Archive, Source
from zerokara.data.loaders.arrays import from_arrays
from zerokara.data.loaders.cifar import load_batches
from zerokara.data.loaders.folder import Size, load_folder
from zerokara.data.loaders.mnist import load_idx
from zerokara.data.loaders.npz import load_npz
from zerokara.data.loaders.tables import load_table
from zerokara.data.table_files.reading import TABLE_KINDS, is_table
from zerokara.errors import InputError, unknown


class Available(NamedTuple):
    """A named dataset and its location."""

    name: str
    description: str
    where: str


def load(
    name_or_path: str | PathLike[str],
    target: str | None = None,
    task: str | None = None,
    *,
    size: Size | None = None,
    sample_shape: Sequence[int] | None = None,
    **columns: Any,
) -> Dataset:
    """Return a dataset by its name, or from an .npz file, a table's file, or a folder of images.

    A dataset name takes precedence over a file of that name; use ``./mnist`` for the path.

    Args:
        target, task, columns: only for tables (CSV, Parquet, Feather, JSON, Excel); see `from_table`. ``encoding``
            is that of a text file; without it, it is found.
        size: only for folders: the width and height to resize images to, 64, "64x48" or (64, 48).
        sample_shape: the shape (H, W) or (H, W, 3) that the images of a folder get, in place of ``size``.

    >>> load("digits").describe()
    'digits: 1,797 samples of 8x8, 10 classes; train 1,797'
    >>> load("digit")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: unknown dataset 'digit': did you mean 'digits'? Known: digits, ...
    """
    name = fspath(name_or_path)
    path = Path(expanduser(name))
    is_folder = name not in DATASET_NAMES and path.is_dir()
    if size is not None and not is_folder:
        raise InputError(f"size needs a folder of images, got {name}: leave it out")
    if is_table(name):
        return load_table(Path(expanduser(name)), target, task, **columns)
    if given := [what for what, value in {"target": target, "task": task, **columns}.items() if value]:
        raise InputError(f"{given[0]} needs a table, such as a CSV file, got {name}: leave it out")
    if name == "digits":
        return _digits()
    if name in SOURCES:
        return load_idx(SOURCES[name])
    if name in ARCHIVES:
        return load_batches(ARCHIVES[name])
    if not name:
        raise unknown("dataset", name, DATASET_NAMES)
    if is_folder:
        return load_folder(path, size, sample_shape)
    if path.suffix.lower() == ".npz" and path.exists():
        return load_npz(path)
    if path.exists():
        raise InputError(
            f"a dataset must be an .npz file, a table ({TABLE_KINDS}) or a folder of images by class, got the file "
            f"{path}: convert it"
        )
    if len(path.parts) > 1 or path.suffix:
        raise InputError(
            f"a dataset must be an existing file or folder, got {path}: pass an .npz file, a table (.csv, .parquet), a "
            f"folder, or one of {', '.join(DATASET_NAMES)}"
        )
    raise unknown("dataset", name, DATASET_NAMES)


def absolute(name_or_path: str | PathLike[str]) -> str:
    """Return a dataset's name, or its absolute path, so that a config is valid in any folder."""
    name, path = fspath(name_or_path), Path(name_or_path)
    if name in DATASET_NAMES:  # It takes precedence, as in `load`.
        return name
    return str(path.resolve()) if path.exists() and (path.suffix or path.is_dir()) else name


def available() -> list[Available]:
    """Return all named datasets, with a description and their location.

    >>> available()[0]
    Available(name='digits', description='handwritten digits, 8x8, 1,797 (UCI)', where='in the package')
    """
    rows = [Available("digits", "handwritten digits, 8x8, 1,797 (UCI)", "in the package")]
    places: list[tuple[Source | Archive, Path | None]] = [(source, find_files(source)) for source in SOURCES.values()]
    places += [(archive, find_archive(archive)) for archive in ARCHIVES.values()]
    for source, folder in places:
        where = f"not downloaded: run zerokara data fetch {source.name}" if folder is None else str(folder)
        rows.append(Available(source.name, source.description, where))
    return rows


def _digits() -> Dataset:
    """Return the digits in the package, pixels / 16, float32. See digits.LICENSE.txt."""
    with as_file(files("zerokara.data") / "digits.npz") as path, np.load(path, allow_pickle=False) as archive:
        x = archive["x"].astype(np.float32)
        x /= 16
        return from_arrays(x, archive["t"], classes=[str(k) for k in range(10)], name="digits")
