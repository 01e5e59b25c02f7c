"""How the training samples look, for samples that a reader makes: ranges of columns, the place of ink in pictures."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset

MEASURED = 2000
"""The training samples that are measured."""
INK_SHARE = 0.2
"""A pixel that is farther than this part of the range from the background is ink."""


def ranges(data: Dataset) -> list[list[float]]:
    """Return the lowest, middle and highest value of each column of a table, or of each feature; of a category, zeros.

    >>> from zerokara.data import from_table
    >>> ranges(from_table({"size": [1.0, 2, 4], "t": ["a", "b", "a"]}, "t"))
    [[1.0, 2.0, 4.0]]
    """
    if (table := data.train.table) is not None:
        columns = [column.present if column.kind == "number" else np.zeros(1) for column in table.columns.values()]
    else:
        columns = list(np.asarray((data.original or data).train.x[:MEASURED], float).T)
    return [[float(part(each)) for part in (np.min, np.median, np.max)] if len(each) else [0.0] * 3 for each in columns]


def drawing(data: Dataset, pixels: dict[str, float] | None) -> dict[str, Any] | None:
    """Return how large the ink of gray pictures is, as a part of their size, and where its center of mass lies.

    Returns None for other samples, and for pictures without a background. ``center`` is (y, x) as parts of the size.

    >>> from zerokara.data import load
    >>> from zerokara.data.pixels import pixel_range
    >>> digits = load("digits")
    >>> round(drawing(digits, pixel_range(digits.train.x, (8, 8)))["extent"], 1)
    1.0
    """
    if pixels is None or data.sample_shape[2:] == (3,) or pixels["high"] <= pixels["low"]:
        return None
    shape = data.sample_shape[:2]
    images = np.asarray((data.original or data).train.x[:MEASURED], float).reshape(-1, *shape)
    ink = np.abs(images - pixels["background"]) / (pixels["high"] - pixels["low"])
    ink = ink[(ink > INK_SHARE).any(axis=(1, 2))]
    if not len(ink):
        return None
    spans = [_extent(np.asarray((ink > INK_SHARE).any(axis=axis))) / shape[2 - axis] for axis in (2, 1)]
    total = ink.sum(axis=(1, 2))
    places = [(np.arange(size) + 0.5) / size for size in shape]
    center = [(ink.sum(axis=axis) @ place / total).mean() for axis, place in zip((2, 1), places, strict=True)]
    return {"extent": float(np.maximum(*spans).mean()), "center": [float(c) for c in center]}


def _extent(touched: Array) -> Array:
    """Return how many places lie from the first touched one to the last, of each row."""
    length = touched.shape[1]
    return np.asarray(length - touched.argmax(axis=1) - touched[:, ::-1].argmax(axis=1))
