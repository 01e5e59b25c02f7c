"""Reading a picture as one sample of a dataset, and writing a sample as a picture."""

import io
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

LARGEST_PICTURE = 50_000_000
"""The maximum number of pixels: a file of some kilobytes can decode to gigabytes."""
VISIBLE = 280
"""The minimum length of the longer side of a written sample, in pixels."""
DARK, BRIGHT = 0.2, 0.6
"""A training sample's border below DARK is dark, a picture's border above BRIGHT is bright."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as a sample, with notes for the user on how it was changed."""

    x: Array
    notes: tuple[str, ...]


def describe_pixels(data: Dataset) -> dict[str, float] | None:
    """Return statistics of the pixels of training images, in their own units; None if the samples are not images.

    ``low`` and ``high`` are the smallest and largest pixel, ``background`` the median of the borders.

    >>> from zerokara.data import load
    >>> describe_pixels(load("digits"))
    {'low': 0.0, 'high': 1.0, 'background': 0.0}
    """
    return data.pixels or pixel_range(data.train.x, data.sample_shape)


def read_picture(path: str | Path, sample_shape: Sequence[int], pixels: Mapping[str, float] | None = None) -> Picture:
    """Return a PNG or JPEG file as one sample, float32 of ``sample_shape``.

    It is rotated by its EXIF orientation, transparent parts become white, and it becomes gray or RGB. It is padded with
    the color of its border to the samples' proportions, and shrunk by the mean over areas, which keeps thin strokes. It
    is inverted if its border is bright and that of the samples is dark, like ink on paper.

    Args:
        sample_shape: (H, W), (H, W, 1) or (H, W, 3), as in `Model.sample_shape`.
        pixels: the result of `describe_pixels` for the training data, in a model's ``about["pixels"]``; without it
            pixels are in [0, 1] and nothing is inverted.

    Raises:
        InputError: the file is missing, not a PNG or JPEG, damaged or too large; or the samples are not images.
        OutsideError: the file cannot be read.
    """
    shape, path, top = _image_shape(sample_shape), Path(path), _top(pixels)
    gray = shape[2:] != (3,)
    image, notes = _open(path)
    scaled = _to_unit(image, gray)
    border = np.median(np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]]), axis=0)
    height, width = scaled.shape[:2]
    if height * shape[1] != width * shape[0]:
        notes.append(f"padded to the proportions of {shape[1]}x{shape[0]}, from {width}x{height}")
    x = _fit(scaled, border, shape[:2])
    if pixels is not None and pixels["background"] / top < DARK and border.mean() > BRIGHT:
        x = 1 - x
        notes.append("inverted: its border is bright, that of the training images is dark")
    return Picture((x * np.float32(top)).reshape(shape), tuple(notes))


def write_picture(
    path: str | Path, sample: npt.ArrayLike, sample_shape: Sequence[int], pixels: Mapping[str, float] | None = None
) -> Path:
    """Write one sample as a PNG, enlarged until its longer side has 280 pixels or more; return the path.

    Raises:
        InputError: the samples are not images.
        OutsideError: the file cannot be written.
    """
    from PIL import Image

    shape = _image_shape(sample_shape)
    x = np.asarray(sample, np.float32).reshape(shape) / _top(pixels)
    pixel_values = np.round(np.clip(x if shape[2:] == (3,) else x.reshape(shape[:2]), 0, 1) * 255).astype(np.uint8)
    times = -(-VISIBLE // max(shape[:2]))
    file = io.BytesIO()
    Image.fromarray(pixel_values.repeat(times, axis=0).repeat(times, axis=1)).save(file, format="PNG")
    return write(path, file.getvalue())


def _image_shape(sample_shape: Sequence[int]) -> tuple[int, ...]:
    if not is_image(sample_shape):
        raise InputError(
            f"a picture needs samples of the shape (H, W) or (H, W, 3), got {tuple(sample_shape)}: use a CSV file "
            "or a dataset"
        )
    return tuple(sample_shape)


def _top(pixels: Mapping[str, float] | None) -> float:
    """Return the value of white in the data's units: 1 or 255."""
    low, high = (0.0, 1.0) if pixels is None else (pixels["low"], pixels["high"])
    if low < 0 or high > 255:
        raise InputError(f"a picture needs a model of pixels in [0, 1] or 0 to 255, got one of {low:g} to {high:g}")
    return 1.0 if high <= 1 else 255.0


def _open(path: Path) -> tuple["Image", list[str]]:
    """Return the decoded image, upright and opaque, and notes on how it was changed."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if path.is_dir():
        raise InputError(f"a picture is a PNG or JPEG file, got the folder {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is lower.
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                if image.width * image.height > LARGEST_PICTURE:
                    raise InputError(
                        f"a picture has {LARGEST_PICTURE:,} pixels at most, got {path} with {image.width:,} x "
                        f"{image.height:,}: make it smaller"
                    )
                image.load()
                upright = ImageOps.exif_transpose(image)
            if not upright.has_transparency_data or upright.mode.startswith("I"):
                return upright, []
            layers = upright.convert("RGBA")
            opaque = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
            transparent = np.asarray(layers)[..., 3].min() < 255
            return opaque, ["its transparent parts became white"] if transparent else []
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no picture {path}: check the path") from error
    except UnidentifiedImageError as error:
        raise InputError(f"a picture is a PNG or JPEG file, got {path}, which is neither: convert it") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"a picture has {LARGEST_PICTURE:,} pixels at most, got {path} ({error})") from error
    except Exception as error:  # A damaged file makes Pillow raise nearly anything.
        if isinstance(error, OSError) and error.errno is not None:
            raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
        raise InputError(f"{path} is damaged or cut short ({error}): save it again") from error


def _to_unit(image: "Image", gray: bool) -> Array:
    """Return the pixels as float32 in [0, 1], (H, W) or (H, W, 3)."""
    if image.mode.startswith("I"):  # 16 bits per pixel, which convert() would clip to white.
        deep = np.asarray(image, np.float32) / 65535
        return deep if gray else np.repeat(deep[..., None], 3, axis=2)
    return np.asarray(image.convert("L" if gray else "RGB"), np.float32) / 255


def _fit(picture: Array, border: Array, size: tuple[int, ...]) -> Array:
    """Return the picture resized to ``size`` (H, W), padded with ``border`` to keep its proportions."""
    from PIL import Image

    scale = max(picture.shape[0] / size[0], picture.shape[1] / size[1])
    height, width = (max(1, round(n / scale)) for n in picture.shape[:2])
    # The mean over areas exactly undoes an enlargement by an integer factor; used for enlarging, it makes blocks.
    method = Image.Resampling.BOX if scale >= 1 else Image.Resampling.BILINEAR
    fitted = np.empty((*size, *picture.shape[2:]), np.float32)
    fitted[...] = border
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    colors, targets = np.atleast_3d(picture), np.atleast_3d(fitted)  # Views into `picture` and `fitted`.
    for c in range(colors.shape[2]):
        small = Image.fromarray(np.ascontiguousarray(colors[..., c])).resize((width, height), method)
        targets[top : top + height, left : left + width, c] = np.asarray(small)
    return np.clip(fitted, 0, 1)
