"""A folder of images with one subfolder per class."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.loaders.arrays import from_arrays
from zerokara.errors import InputError, OutsideError

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
_GRAY, _COLOR = ("1", "L", "LA"), ("P", "RGB", "RGBA", "CMYK", "YCbCr")


def load_folder(path: Path) -> Dataset:
    """Return the images under ``path/CLASS/``, float32 in [0, 1]; classes are sorted by name.

    All images must have one size. They are (H, W) if all are grayscale, otherwise (H, W, 3). Classes alternate (the
    first image of each, the second of each, ...), so that the first N samples contain all classes.

    Raises:
        InputError: fewer than two classes, an empty class, images of several sizes, a damaged file or another type.
    """
    classes = sorted(p for p in _visible(path) if p.is_dir())
    if len(classes) < 2:
        raise InputError(f"{path} must have a subfolder of images for each of at least 2 classes, got {len(classes)}")
    stray = next((p for p in _visible(path) if p.is_file() and p.suffix.lower() in IMAGE_SUFFIXES), None)
    if stray is not None:
        raise InputError(f"images must lie in a class folder, got {stray}: move it to the subfolder of its class")
    files = [_files(folder) for folder in classes]
    in_turn = [(file, label) for row in zip_longest(*files) for label, file in enumerate(row) if file is not None]
    pixels = [read_image(file) for file, _ in in_turn]
    first = pixels[0]
    for (file, _), image in zip(in_turn, pixels, strict=True):
        if image.shape[:2] != first.shape[:2]:
            raise InputError(
                f"all images must have one size, got {_size_text(first)} in {in_turn[0][0]} and {_size_text(image)} in "
                f"{file}: resize them, with an image program or Pillow's Image.resize"
            )
    color = any(image.ndim == 3 for image in pixels)
    x = np.empty((len(pixels), *first.shape[:2], *((3,) if color else ())), np.float32)
    for row, image in zip(x, pixels, strict=True):
        row[...] = image[..., None] if image.ndim < row.ndim else image  # gray has equal channels
    x /= 255
    labels = [label for _, label in in_turn]
    return from_arrays(x, labels, classes=[p.name for p in classes], name=path.resolve().name)


def read_image(path: Path) -> Array:
    """Return the pixels of an image file, uint8: (H, W) if it is grayscale, (H, W, 3) if it has color.

    Raises:
        InputError: the file is damaged or no image, or has transparent pixels or more than 8 bits per channel.
    """
    import struct
    import zlib

    from PIL import Image

    damaged = (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    )
    try:
        with Image.open(path) as image:
            if image.mode not in _GRAY + _COLOR:
                raise InputError(
                    f"{path} must have 8 bits per channel, got Pillow's mode {image.mode}: save it as 8-bit"
                )
            gray = image.mode in _GRAY
            if _transparent(image):
                raise InputError(f"{path} must be opaque, got transparent pixels: save it with a background color")
            return np.asarray(image.convert("L" if gray else "RGB"))
    except InputError:
        raise
    except damaged as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise OutsideError(
                f"{path} must be readable, got: {error.strerror or error}; check the path and its permissions"
            ) from error
        raise InputError(
            f"{path} must be an image, got a damaged or another file ({error}): replace or remove it"
        ) from error


def _transparent(image: "Image.Image") -> bool:
    if image.mode not in ("LA", "RGBA") and "transparency" not in image.info:
        return False
    return bool(np.asarray(image.convert("RGBA"))[..., 3].min() < 255)


def _files(folder: Path) -> list[Path]:
    files = sorted(_visible(folder))
    if not files:
        raise InputError(
            f"the class folder {folder} must hold at least one image, got an empty folder: fill or remove it"
        )
    for file in files:
        if file.is_dir() or file.suffix.lower() not in IMAGE_SUFFIXES:
            kind = "a folder" if file.is_dir() else "another file"
            raise InputError(
                f"a class folder holds images only ({' '.join(IMAGE_SUFFIXES)}); {file} is {kind}: move it away"
            )
    return files


def _visible(folder: Path) -> Iterator[Path]:
    """Yield the entries of a folder without system files such as .DS_Store."""
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise OutsideError(
            f"the folder {folder} must be readable, got: {error.strerror or error}; check the path and its permissions"
        ) from error
    return (p for p in entries if not p.name.startswith(".") and p.name not in ("Thumbs.db", "desktop.ini"))


def _size_text(image: Array) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
