"""Augmentation: random flips and shifts of images, drawn anew at every step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.errors import InputError, unknown

AUGMENTATIONS = ("flip", "shift:PIXELS")
MOST_CHANNELS = 4
"""A last axis of more beside a first one of 1 or 3 is a width."""


@dataclass(frozen=True)
class Augment:
    """Random changes of the images of a batch, drawn for each image.

    ``flip`` mirrors an image left to right with probability 1/2. ``shift`` moves an image by -shift to shift pixels
    down and, independently, to the right; the border pixels fill the gap.
    Source: Krizhevsky et al. 2012, section 4.1; unlike there, a shifted image keeps its size.

    >>> x = np.arange(4, dtype=np.float32).reshape(1, 4)
    >>> many = Augment(flip=True).apply(x, np.zeros(100, int), (2, 2), np.random.default_rng(0))
    >>> sorted({tuple(map(int, row)) for row in many})
    [(0, 1, 2, 3), (1, 0, 3, 2)]
    """

    flip: bool = False
    shift: int = 0

    @classmethod
    def parse(cls, text: "str | Augment | None") -> "Augment | None":
        """Return the augmentation of a text: ``flip``, ``shift:4`` or ``flip,shift:4``; None for ``none`` and None.

        >>> Augment.parse("flip,shift:4")
        Augment(flip=True, shift=4)
        """
        if text is None or isinstance(text, Augment) or text == "none":
            return text if isinstance(text, Augment) else None
        values: dict[str, int] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition(":")
            if name not in ("flip", "shift"):
                raise unknown("augmentation", part.strip(), (*AUGMENTATIONS, "none"))
            valid = not value if name == "flip" else value.isdecimal() and value.isascii() and int(value) > 0
            if name in values or not valid:
                raise InputError(
                    f"an augmentation must be {' and '.join(AUGMENTATIONS)}, each at most once, got {text!r}: "
                    "try flip,shift:4"
                )
            values[name] = int(value or 1)
        return cls("flip" in values, values.get("shift", 0))

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        parts = ["flip"] * self.flip + [f"shift:{self.shift}"] * (self.shift > 0)
        return ",".join(parts) or "none"

    def require(self, sample_shape: Sequence[int]) -> None:
        """Raise if samples of this shape are not images, or not larger than the shift."""
        channels_first = len(sample_shape) == 3 and sample_shape[0] in (1, 3) and sample_shape[2] > MOST_CHANNELS
        if len(sample_shape) not in (2, 3) or channels_first:
            remedy = "transpose to (N, H, W, C)" if channels_first else "drop it, or pass sample_shape to from_arrays"
            raise InputError(
                f"augmentation {self} needs images, samples of the shape (H, W) or (H, W, C), got "
                f"{tuple(sample_shape)}: {remedy}"
            )
        if self.shift >= min(sample_shape[:2]):
            raise InputError(
                f"shift must be smaller than the images, got {self.shift} for {tuple(sample_shape[:2])}: reduce it"
            )

    def apply(self, x: Array, samples: Index, sample_shape: Sequence[int], rng: np.random.Generator) -> Array:
        """Return the images ``samples`` of x (N, D), each changed at random, as a new array (B, D)."""
        height, width = sample_shape[:2]
        n = len(samples)
        flips = rng.random(n) < 0.5 * self.flip
        down, right = rng.integers(-self.shift, self.shift + 1, (2, n, 1))
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        columns = np.where(flips[:, None], columns[:, ::-1], columns)
        # Gathering pixels with all their channels at once is five times as fast as indexing (N, H, W, C).
        pixels = x.reshape(-1).view(np.dtype((np.void, x.itemsize * (x.shape[1] // (height * width)))))
        places = ((samples[:, None] * height + rows) * width)[:, :, None] + columns[:, None, :]
        images: Array = pixels.take(places.reshape(-1)).view(x.dtype)
        return images.reshape(n, -1)
