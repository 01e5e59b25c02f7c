"""Datasets in .npz files."""

import errno
import sys
from pathlib import Path

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.limits import max_bytes, too_large
from zerokara.data.loaders.arrays import from_arrays
from zerokara.data.loaders.npz_keys import find_keys
from zerokara.errors import InputError, OutsideError


def load_npz(path: Path) -> Dataset:
    """Return the dataset of an .npz file with the arrays x and t, and optionally x_val, t_val, x_test, t_test, weights
    and classes.

    The arrays are the arguments of `from_arrays`. Other usual names are understood, with a warning: see `find_keys`.
    Object arrays raise an error, since they would be unpickled.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.npz"
    ...     np.savez(path, x=np.eye(3), t=["a", "b", "a"])
    ...     print(load_npz(path).describe())
    tiny: 3 samples of 3 features, 2 classes; train 3
    """
    arrays = _read(path)
    classes = arrays.get("classes")
    if classes is not None and classes.ndim != 1:
        raise InputError(f"classes in {path} must have one axis, got the shape {classes.shape}: save a list of names")
    try:
        return from_arrays(
            arrays["x"],
            arrays["t"],
            x_test=arrays.get("x_test"),
            t_test=arrays.get("t_test"),
            x_val=arrays.get("x_val"),
            t_val=arrays.get("t_val"),
            weights=arrays.get("weights"),
            classes=None if classes is None else [str(name) for name in classes.tolist()],
            name=path.stem,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Array]:
    """Return the arrays of a file, by the names of `from_arrays`."""
    key = ""
    try:
        # Opened here, since np.load leaves its file open if the archive is damaged.
        with path.open("rb") as file:
            if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                raise InputError(f"{path} must be an .npz archive, got another format: save it with numpy.savez")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                arrays, sizes = {}, {member.filename: member.file_size for member in archive.zip.infolist()}
                keys = find_keys(archive.files, path)
                unpacked = sum(sizes.get(f"{name}.npy", 0) for name in keys.values())
                if unpacked > (most := max_bytes(path.stat().st_size)):
                    raise too_large(str(path), most, f"{unpacked:,}")
                for what, key in keys.items():
                    arrays[what] = array = archive[key]
                    if not isinstance(array, np.ndarray) or array.size > sizes[f"{key}.npy"]:
                        raise InputError(
                            f"{key!r} in {path} must be an array, got another object: save arrays with numpy.savez"
                        )
                    if array.dtype.kind == "U":
                        _require_code_points(array, f"{key!r} in {path}")
                return arrays
    except InputError:
        raise
    except Exception as error:  # A damaged file makes NumPy raise nearly anything.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: seeking to a damaged offset
            raise OutsideError(
                f"{path} must be readable, got: {error.strerror or error}; check the path and its permissions"
            ) from error
        if "Object arrays" in str(error):
            raise InputError(
                f"{key!r} in {path} must hold numbers or text, got an object array, and unpickling it could run code: "
                f"save it as numbers or text, such as {key}.astype(str)"
            ) from error
        part = f"its array {key!r}" if key else "the archive"
        raise InputError(
            f"{path} must be a valid archive, got damage in {part} ({error}): save or copy it again"
        ) from error


def _require_code_points(array: Array, what: str) -> None:
    """Raise for a text that is not Unicode; NumPy stores its characters as numbers, which may be any."""
    points = np.frombuffer(array.tobytes(), array.dtype.byteorder.replace("|", "=") + "u4")
    if points.size and (points.max() > sys.maxunicode or ((points >= 0xD800) & (points < 0xE000)).any()):
        raise InputError(f"{what} must be Unicode text, got other characters: save it again")
