"""``report.npz``: what the page of a run needs beside its journal and its config, kept by `tune`."""

from pathlib import Path

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import warn
from zerokara.files import replacing
from zerokara.report.network import kept_arrays
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study

KEPT_FILE = "report.npz"
Kept = dict[str, Array]


def write_kept(study: Study, folder: RunFolder, samples: bool = True) -> Path | None:
    """Write the arrays of `kept_arrays` to a run's folder, and return the file's path; None if there are none."""
    path = folder.path / KEPT_FILE
    try:
        arrays = kept_arrays(study, samples)
    except Exception as error:  # The results are safe, and a page is not worth an error: of memory, of own layers.
        warn(f"{path} was not written ({error}); the page of this run leaves out the winner's samples.")
        arrays = {}
    if not arrays:
        path.unlink(missing_ok=True)
        return None
    with replacing(path) as fresh, open(fresh, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return path


def read_kept(folder: Path) -> Kept:
    """Return the arrays of a run; none if the file is missing, and none with a warning if it is damaged."""
    path = folder / KEPT_FILE
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except Exception as error:  # Of zip, zlib, NumPy.
        warn(f"{path} cannot be read ({error}); the page leaves out the winner's samples.")
        return {}
