"""Pictures in and out: a file read as one sample of a dataset, and one sample written as a picture."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.data.pixels import is_image as is_image
from zerokara.data.pixels import pixel_range
from zerokara.errors import InputError, OutsideError
from zerokara.files import write

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 50_000_000
"""Pixels that a picture may have: a file of some kilobytes can ask for gigabytes."""
VISIBLE = 280
"""Pixels of the longer side of a written sample, at least."""
DARK, BRIGHT = 0.2, 0.6
"""Borders of training samples below the first are dark, borders of pictures above the second are bright."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as a sample, with what was done to it, one sentence each, for the user to see."""

    x: Array
    notes: tuple[str, ...]


def describe_pixels(data: Dataset) -> dict[str, float] | None:
    """Return what the pixels of training images are like, in their own units; None of other samples.

    ``low`` and ``high`` are the smallest and largest pixel, ``background`` the median along their borders.

    >>> from zerokara.data import load
    >>> describe_pixels(load("digits"))
    {'low': 0.0, 'high': 1.0, 'background': 0.0}
    """
    return data.pixels or pixel_range(data.train.x, data.sample_shape)


def read_picture(path: str | Path, sample_shape: Sequence[int], pixels: Mapping[str, float] | None = None) -> Picture:
    """Return a PNG or JPEG file as one sample, float32 of ``sample_shape``.

    It is turned as its camera says, transparent parts become white, and it becomes gray or RGB. It is padded
    with the color of its border to the samples' proportions, and shrunk by the mean over areas, so that thin
    strokes stay. It is inverted if its border is bright where that of the samples is dark, like ink on paper.

    Args:
        sample_shape: (H, W), (H, W, 1) or (H, W, 3), as in `Model.sample_shape`.
        pixels: what `describe_pixels` says of the training data, in a model's ``about["pixels"]``; without it
            pixels are in [0, 1] and nothing is inverted.

    Raises:
        InputError: no file, no PNG or JPEG, a damaged or enormous one; a model that does not take pictures.
        OutsideError: the file cannot be read.
    """
    shape, path, top = _image_shape(sample_shape), Path(path), _top(pixels)
    gray = shape[2:] != (3,)
    image, notes = _open(path)
    whole = _unit(image, gray)
    border = np.median(np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]]), axis=0)
    height, width = whole.shape[:2]
    if height * shape[1] != width * shape[0]:
        notes.append(f"padded to the proportions of {shape[1]}x{shape[0]}, from {width}x{height}")
    x = _fit(whole, border, shape[:2])
    if pixels is not None and pixels["background"] / top < DARK and border.mean() > BRIGHT:
        x = 1 - x
        notes.append("inverted: its border is bright, and that of the training images is dark")
    return Picture((x * np.float32(top)).reshape(shape), tuple(notes))


def write_picture(
    path: str | Path,
    sample: npt.ArrayLike,
    sample_shape: Sequence[int],
    pixels: Mapping[str, float] | None = None,
) -> Path:
    """Write one sample as a PNG, its pixels enlarged until its longer side has 280 or more; return the path.

    Raises:
        InputError: the samples are no pictures.
        OutsideError: the disk refuses.
    """
    import io

    from PIL import Image

    shape = _image_shape(sample_shape)
    x = np.asarray(sample, np.float32).reshape(shape) / _top(pixels)
    whole = np.round(np.clip(x if shape[2:] == (3,) else x.reshape(shape[:2]), 0, 1) * 255).astype(np.uint8)
    times = -(-VISIBLE // max(shape[:2]))
    file = io.BytesIO()
    Image.fromarray(whole.repeat(times, axis=0).repeat(times, axis=1)).save(file, format="PNG")
    return write(path, file.getvalue())


def _image_shape(sample_shape: Sequence[int]) -> tuple[int, ...]:
    if not is_image(sample_shape):
        raise InputError(
            f"a picture needs samples of the shape (H, W) or (H, W, 3), got {tuple(sample_shape)}: this "
            "model takes numbers, from a CSV or a dataset"
        )
    return tuple(sample_shape)


def _top(pixels: Mapping[str, float] | None) -> float:
    """Return what white is in the data's units: 1, or 255."""
    low, high = (0.0, 1.0) if pixels is None else (pixels["low"], pixels["high"])
    if low < 0 or high > 255:
        raise InputError(f"a picture needs a model of pixels in [0, 1] or 0 to 255, got one of {low:g} to {high:g}")
    return 1.0 if high <= 1 else 255.0


def _open(path: Path) -> tuple["Image", list[str]]:
    """Return the decoded image, upright and opaque, and notes on what that took."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if path.is_dir():
        raise InputError(f"a picture is a PNG or JPEG file, got the folder {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is the lower one.
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                if image.width * image.height > LARGEST:
                    raise InputError(
                        f"a picture has {LARGEST:,} pixels at most, got {path} with {image.width:,} x "
                        f"{image.height:,}: make it smaller"
                    )
                image.load()
                upright = ImageOps.exif_transpose(image)
            if not upright.has_transparency_data or upright.mode.startswith("I"):
                return upright, []
            layers = upright.convert("RGBA")
            seen = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
            clear = np.asarray(layers)[..., 3].min() < 255
            return seen, ["its transparent parts became white"] if clear else []
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no picture {path}: check the path") from error
    except UnidentifiedImageError as error:
        raise InputError(f"a picture is a PNG or JPEG file, got {path}, which is neither: convert it") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"a picture has {LARGEST:,} pixels at most, got {path} ({error})") from error
    except Exception as error:  # A damaged file makes Pillow raise nearly anything.
        if isinstance(error, OSError) and error.errno is not None:
            raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
        raise InputError(f"{path} is damaged or cut short ({error}): save it again") from error


def _unit(image: "Image", gray: bool) -> Array:
    """Return the pixels as float32 in [0, 1], (H, W) or (H, W, 3)."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip to white.
        deep = np.asarray(image, np.float32) / 65535
        return deep if gray else np.repeat(deep[..., None], 3, axis=2)
    return np.asarray(image.convert("L" if gray else "RGB"), np.float32) / 255


def _fit(whole: Array, border: Array, size: tuple[int, ...]) -> Array:
    """Return the picture at ``size`` (H, W), padded with ``border`` where its proportions are others."""
    from PIL import Image

    scale = max(whole.shape[0] / size[0], whole.shape[1] / size[1])
    height, width = (max(1, round(n / scale)) for n in whole.shape[:2])
    # The mean over areas undoes an enlargement by whole pixels exactly; enlarging, it would leave blocks.
    how = Image.Resampling.BOX if scale >= 1 else Image.Resampling.BILINEAR
    fitted = np.empty((*size, *whole.shape[2:]), np.float32)
    fitted[...] = border
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    colors, targets = np.atleast_3d(whole), np.atleast_3d(fitted)  # Views: what is written shows in `fitted`.
    for c in range(colors.shape[2]):
        small = Image.fromarray(np.ascontiguousarray(colors[..., c])).resize((width, height), how)
        targets[top : top + height, left : left + width, c] = np.asarray(small)
    return np.clip(fitted, 0, 1)
