"""A folder of pictures with a subfolder for each class, also within the parts train, val and test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import prod
from pathlib import Path

import numpy as np

from zerokara.arrays import Array
from zerokara.data.dataset import Dataset
from zerokara.data.loaders.arrays import from_arrays
from zerokara.data.loaders.layout import find_layout
from zerokara.data.picture_file import describe_file, read_sample
from zerokara.errors import InputError, warn

Size = int | str | tuple[int, int]
MIXED_SIDE = 64
"""The largest side that pictures of several sizes get without a size, in pixels."""
LARGEST_FOLDER = 1_000_000_000
"""The maximum number of numbers of all samples together, 4 bytes each."""
NOTES = {
    "its transparent": "had transparent parts, which became white",
    "it has": "had several frames: the first is used",
    "padded": "were padded to the common proportions with the color of their border",
}
"""What to say of all pictures with a note of `read_sample`, by the beginning of the note."""


def load_folder(path: Path, size: Size | None = None, sample_shape: Sequence[int] | None = None) -> Dataset:
    """Return the pictures under ``path/CLASS/`` or ``path/PART/CLASS/``, float32 in [0, 1]; classes are sorted by name.

    They are read by `read_sample`: (H, W) if all are gray, otherwise (H, W, 3). Pictures of one size keep it; those of
    several sizes get their median width and height, at most 64, with a warning. Classes alternate (the first picture of
    each, the second of each, ...), so that the first N samples contain all classes.

    Args:
        size: the width and height of the samples: 64, "64x48" or (64, 48).
        sample_shape: (H, W) or (H, W, 3), in place of ``size`` and of what the pictures are.

    Raises:
        InputError: see `find_layout`; or a damaged file, or too many pixels.
    """
    layout = find_layout(path)
    classes = sorted(layout["train"])
    parts = {what: _in_turn(found, classes) for what, found in layout.items()}
    shape = tuple(sample_shape) if sample_shape else _shape(path, parts, size)
    notes: Counter[str] = Counter()
    x = {what: _samples_of([file for file, _ in part], shape, notes) for what, part in parts.items()}
    t = {what: [label for _, label in part] for what, part in parts.items()}
    for start, text in NOTES.items():
        if notes[start]:
            warn(f"{notes[start]:,} of {sum(map(len, parts.values())):,} pictures in {path} {text}")
    return from_arrays(
        x["train"],
        t["train"],
        x_val=x.get("validation"),
        t_val=t.get("validation"),
        x_test=x.get("test"),
        t_test=t.get("test"),
        classes=classes,
        name=path.resolve().name,
    )


def _in_turn(found: Mapping[str, list[Path]], classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Return the files and class numbers of a part, the first of each class, then the second of each."""
    rows = zip_longest(*(found.get(name, []) for name in classes))
    return [(file, label) for row in rows for label, file in enumerate(row) if file is not None]


def _shape(path: Path, parts: Mapping[str, list[tuple[Path, int]]], size: Size | None) -> tuple[int, ...]:
    """Return the shape of a sample, (H, W) or (H, W, 3)."""
    files = [describe_file(file) for part in parts.values() for file, _ in part]
    sizes = Counter((width, height) for width, height, _ in files)
    width, height = next(iter(sizes)) if size is None else parse_size(size)
    if size is None and len(sizes) > 1:
        middle = np.median([each[:2] for each in files], axis=0)
        width, height = (max(1, round(n)) for n in middle * min(1, MIXED_SIDE / middle.max()))
        (w, h), (wide, high) = min(sizes, key=prod), max(sizes, key=prod)
        warn(
            f"pictures of {len(sizes)} sizes, {w}x{h} to {wide}x{high}, in {path} are resized to {width}x{height}: "
            "--size WIDTHxHEIGHT, in Python size=(WIDTH, HEIGHT), sets another size"
        )
    shape = (height, width) if all(gray for *_, gray in files) else (height, width, 3)
    if (total := len(files) * prod(shape)) > LARGEST_FOLDER:
        side = int((LARGEST_FOLDER / len(files) / prod(shape[2:])) ** 0.5)
        raise InputError(
            f"a folder of pictures can have {LARGEST_FOLDER:,} numbers in all (4 GB), got {len(files):,} pictures of "
            f"{'x'.join(map(str, shape))} = {total:,} in {path}: add --size {min(side, MIXED_SIDE)}, in Python size="
        )
    return shape


def parse_size(size: Size) -> tuple[int, int]:
    """Return a width and a height.

    >>> parse_size(64), parse_size("64x48")
    ((64, 64), (64, 48))
    """
    numbers = size.lower().split("x") if isinstance(size, str) else size if isinstance(size, tuple | list) else [size]
    texts = [str(number).strip() for number in numbers]
    if len(texts) not in (1, 2) or not all(text.isdecimal() and int(text) >= 1 for text in texts):
        raise InputError(f"size must be a width and a height of 1 or above, got {size!r}: try 64 or 64x48")
    return int(texts[0]), int(texts[-1])


def _samples_of(files: Sequence[Path], shape: tuple[int, ...], notes: Counter[str]) -> Array:
    """Return the pictures as samples (N, *shape), and count their notes."""
    x = np.empty((len(files), *shape), np.float32)
    for row, file in zip(x, files, strict=True):
        row[...], found = read_sample(file, shape)
        notes.update(start for note in found for start in NOTES if note.startswith(start))
    return x
