"""Reading a picture as one sample of a dataset, and writing a sample as a picture."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.data.picture_file import read_sample
from zerokara.data.pixels import BRIGHT, USUAL_WHITE, border_mask, pixel_range, white_of
from zerokara.data.pixels import is_image as is_image
from zerokara.errors import InputError, needs
from zerokara.files import write

VISIBLE = 280
"""The minimum length of the longer side of a written sample, in pixels."""
DARK = 0.2
"""A border below this is dark."""
SURE = 0.9
"""Training pixels that reach this part of 1 or 255 leave no doubt that it is white."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as a sample, with notes for the user on how it was changed."""

    x: Array
    notes: tuple[str, ...]


def describe_pixels(data: Dataset) -> dict[str, float] | None:
    """Return statistics of the pixels of training images, in their own units; None if the samples are not images.

    ``low`` and ``high`` are the smallest and largest pixel, ``background`` the median of the borders.
    ``brightest_border`` is the largest mean of a border, if there are bright ones.

    >>> from zerokara.data import load
    >>> describe_pixels(load("digits"))
    {'low': 0.0, 'high': 1.0, 'background': 0.0}
    """
    return data.pixels or pixel_range(data.train.x, data.sample_shape)


def read_picture(path: str | Path, sample_shape: Sequence[int], pixels: Mapping[str, float] | None = None) -> Picture:
    """Return a picture file as one sample, float32 of ``sample_shape``, read as those of a training folder.

    See `read_sample`. White becomes 1 or 255 if the brightest training pixel is near it, else that pixel, as a note
    says. The picture is inverted if its border is bright and the borders of all training images are darker, like ink
    on paper where training had bright strokes on a dark ground.

    Args:
        sample_shape: (H, W), (H, W, 1) or (H, W, 3), as in `Model.sample_shape`.
        pixels: the result of `describe_pixels` for the training data, in a model's ``about["pixels"]``; without it
            pixels are in [0, 1] and nothing is inverted.

    Raises:
        InputError: the file is missing, not a picture, damaged or too large; or the samples are not images.
        OutsideError: the file cannot be read.
    """
    shape, white = _image_shape(sample_shape), _white(pixels)
    x, notes = read_sample(Path(path), shape)
    if pixels is not None and not (white in USUAL_WHITE and pixels["high"] >= SURE * white):
        notes.append(f"white became {white:g}: the brightest pixel of the training images is {pixels['high']:g}")
    if pixels is not None and pixels["background"] / white < DARK:
        # Rounding must not make a training image brighter than the brightest.
        brightest = pixels.get("brightest_border", 0) / white + 0.001
        if x[border_mask(shape)].mean() > max(BRIGHT, brightest):
            x = 1 - x
            notes.append("inverted: its border is bright, that of the training images is dark")
    return Picture(x * np.float32(white), tuple(notes))


def write_picture(
    path: str | Path, sample: npt.ArrayLike, sample_shape: Sequence[int], pixels: Mapping[str, float] | None = None
) -> Path:
    """Write one sample as a PNG, enlarged until its longer side has 280 pixels or more; return the path.

    Raises:
        InputError: the samples are not images.
        OutsideError: the file cannot be written.
    """
    with needs("files of pictures", "pillow", "PIL"):
        from PIL import Image

    shape = _image_shape(sample_shape)
    x = np.asarray(sample, np.float32).reshape(shape) / _white(pixels)
    pixel_values = np.round(np.clip(x if shape[2:] == (3,) else x.reshape(shape[:2]), 0, 1) * 255).astype(np.uint8)
    times = -(-VISIBLE // max(shape[:2]))
    file = io.BytesIO()
    Image.fromarray(pixel_values.repeat(times, axis=0).repeat(times, axis=1)).save(file, format="PNG")
    return write(path, file.getvalue())


def _image_shape(sample_shape: Sequence[int]) -> tuple[int, ...]:
    if not is_image(sample_shape):
        raise InputError(
            f"a picture needs samples of the shape (H, W), (H, W, 1) or (H, W, 3), got {tuple(sample_shape)}: train on "
            "samples of such a shape; for imported weights name their pictures at import, as by --dataset mnist"
        )
    return tuple(sample_shape)


def _white(pixels: Mapping[str, float] | None) -> float:
    """Return the value of white in the data's units."""
    low, high = (0.0, 1.0) if pixels is None else (pixels["low"], pixels["high"])
    if low < 0 or high > 255:
        raise InputError(
            f"a picture needs a model of pixels from 0 to at most 255, got one of {low:g} to {high:g}: train it on "
            "such pixels"
        )
    return white_of(high)
