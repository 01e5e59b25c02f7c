"""Reading a picture file as a sample: the one reader of training folders and of `predict`."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError, OutsideError, needs

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
PICTURE_KINDS = "PNG, JPEG, BMP, GIF, TIFF, WebP or PPM"
LARGEST_PICTURE = 50_000_000
"""The maximum number of pixels: a file of some kilobytes can decode to gigabytes."""
_GRAY = ("1", "L", "LA", "La", "F")


def describe_file(path: Path) -> tuple[int, int, bool]:
    """Return the width and height of a picture, as it is seen, and whether it is gray, without decoding it."""
    with _opened(path) as image:
        # Of a PNG without EXIF before its pixels, getexif() would decode them.
        exif = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
        turned = exif.get(0x0112, 1) in (5, 6, 7, 8)
        width, height = (image.height, image.width) if turned else image.size
        return width, height, image.mode in _GRAY or image.mode.startswith("I")


def read_sample(path: Path, shape: Sequence[int]) -> tuple[Array, list[str]]:
    """Return a picture file as one sample, float32 in [0, 1], of shape (H, W), (H, W, 1) or (H, W, 3), and notes.

    It is rotated by its EXIF orientation, transparent parts become white, only the first of several frames is used, and
    it becomes gray or RGB. It is padded with the color of its border to the samples' proportions, and shrunk by the
    mean over areas, which keeps thin strokes. The notes say what was left out or added.

    Raises:
        InputError: the file is missing, not a picture, damaged or too large.
        OutsideError: the file cannot be read.
    """
    with _opened(path) as image:
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # A phone's extra pictures are previews.
        notes = [f"it has {frames} frames: the first is used"] if frames > 1 else []
        image.load()
        pixels, transparent = _to_unit(image, shape[2:] != (3,), path)
    if transparent:
        notes.append("its transparent parts became white")
    height, width = pixels.shape[:2]
    if height * shape[1] != width * shape[0]:
        notes.append(f"padded to the proportions of {shape[1]}x{shape[0]}, from {width}x{height}")
    return _fit(pixels, tuple(shape[:2])).reshape(tuple(shape)), notes


@contextmanager
def _opened(path: Path) -> "Iterator[Image]":
    """Open a picture; an error in the block is one of the file."""
    with needs("files of pictures", "pillow", "PIL"):
        from PIL import Image, UnidentifiedImageError

    if path.is_dir():
        raise InputError(f"a picture is a {PICTURE_KINDS} file, got the folder {path}: name a file in it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is lower.
            with Image.open(path, formats=PICTURE_FORMATS) as image:
                if image.width * image.height > LARGEST_PICTURE:
                    raise InputError(
                        f"a picture has {LARGEST_PICTURE:,} pixels at most, got {path} with {image.width:,} x "
                        f"{image.height:,}: make it smaller"
                    )
                yield image
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no picture {path}: check the path") from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"a picture is a {PICTURE_KINDS} file, got {path}, which is none of them: convert it"
        ) from error
    except Image.DecompressionBombError as error:
        raise InputError(f"a picture has {LARGEST_PICTURE:,} pixels at most, got {path} ({error})") from error
    except Exception as error:  # A damaged file makes Pillow raise nearly anything.
        if isinstance(error, OSError) and error.errno is not None:
            raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
        raise InputError(f"{path} is damaged or cut short ({error}): save it again") from error


def _to_unit(image: "Image", gray: bool, path: Path) -> tuple[Array, bool]:
    """Return the pixels, upright and opaque, float32 in [0, 1], (H, W) or (H, W, 3); and whether some were not opaque.

    16 bits per pixel, which Pillow's convert() would clip to white, are divided by 65,535, others by 255.
    """
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        deep = np.array(upright, np.float32)
        if upright.mode == "F" or deep.min() < 0 or deep.max() > 65535:
            raise InputError(f"a picture must have 8 or 16 bits per channel, got {path} with 32: save it with fewer")
        clear = deep == upright.info.get("transparency", -1)
        deep[clear] = 65535
        deep /= 65535
        return (deep if gray else np.repeat(deep[..., None], 3, axis=2)), bool(clear.any())
    transparent = False
    if upright.has_transparency_data:
        layers = upright.convert("RGBA")
        transparent = bool(np.asarray(layers)[..., 3].min() < 255)
        upright = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    return np.asarray(upright.convert("L" if gray else "RGB"), np.float32) / 255, transparent


def _fit(picture: Array, size: tuple[int, ...]) -> Array:
    """Return the picture resized to ``size`` (H, W), padded with the color of its border to keep its proportions."""
    from PIL import Image

    if picture.shape[:2] == size:
        return picture
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    scale = max(picture.shape[0] / size[0], picture.shape[1] / size[1])
    height, width = (max(1, round(n / scale)) for n in picture.shape[:2])
    # The mean over areas exactly undoes an enlargement by an integer factor; used for enlarging, it makes blocks.
    method = Image.Resampling.BOX if scale >= 1 else Image.Resampling.BILINEAR
    fitted = np.empty((*size, *picture.shape[2:]), np.float32)
    fitted[...] = np.median(edges, axis=0)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    colors, targets = np.atleast_3d(picture), np.atleast_3d(fitted)  # Views into `picture` and `fitted`.
    for c in range(colors.shape[2]):
        small = Image.fromarray(np.ascontiguousarray(colors[..., c])).resize((width, height), method)
        targets[top : top + height, left : left + width, c] = np.asarray(small)
    return np.clip(fitted, 0, 1)
