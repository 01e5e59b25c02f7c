"""The validation samples that a page shows: some of each cell of the confusion matrix, and the worst mistakes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset, Part
from zerokara.data.columns.column import Column

IN_A_CELL = 12
"""The most samples of a cell of the confusion matrix."""
SPREAD = 60
"""The samples of other tasks, evenly over the part."""
MOST_SHOWN = 2000
"""The most samples in all; with many classes, those of the largest confusions come first."""


def in_cells(t: Array, chances: Array) -> dict[tuple[int, int], Array]:
    """Return for each true and predicted class some of its samples, those with the least chance of the truth first.

    >>> in_cells(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]]))
    {(0, 0): array([1, 0]), (1, 0): array([2])}
    """
    predicted, of_truth = chances.argmax(axis=1), chances[np.arange(len(t)), t]
    order = np.argsort(of_truth, kind="stable")
    cells: dict[tuple[int, int], list[int]] = {}
    for k in order.tolist():
        cell = cells.setdefault((int(t[k]), int(predicted[k])), [])
        if len(cell) < IN_A_CELL:
            cell.append(k)
    listed, total = {}, 0
    for key in sorted(cells, key=lambda key: (key[0] == key[1], -len(cells[key]), key)):
        if total + len(cells[key]) <= MOST_SHOWN:
            listed[key], total = np.array(cells[key]), total + len(cells[key])
    return dict(sorted(listed.items()))


def chosen(groups: Iterable[Sequence[int] | Array]) -> Array:
    """Return the samples of several groups, each once, in order."""
    return np.array(sorted({int(k) for group in groups for k in group}), int)


def spread_out(count: int) -> Array:
    """Return up to `SPREAD` places, evenly over ``count``."""
    return np.unique(np.linspace(0, count - 1, min(SPREAD, count)).round().astype(int))


def raw_samples(data: Dataset, part: Part, name: str, rows: Array) -> dict[str, Any]:
    """Return samples of a part in the data's own units, as numbers or, of a table, as cells by column."""
    if part.table is not None:
        return {"cells": {column.name: _cell_values(column.take(rows)) for column in part.table.columns.values()}}
    x = getattr(data.original or data, name).x[rows].astype(np.float32)
    return {"x": _compact(x)}


def _cell_values(column: Column) -> list[Any]:
    """Return cells as JSON has them: numbers, texts, true and false, and None where one is missing."""
    values = [None if np.isnan(value) else float(value) for value in column.values]
    if column.kind == "category":
        return [None if value is None else column.levels[int(value)] for value in values]
    return [None if value is None else bool(value) for value in values] if column.kind == "boolean" else values


def _compact(x: Array) -> dict[str, Any]:
    """Return numbers as bytes and a divisor where that is exact, as of pixels, else as they are."""
    for divisor in (1, 16, 255):
        codes = np.rint(x * np.float32(divisor))
        if codes.min() >= 0 and codes.max() <= 255 and np.array_equal(codes / np.float32(divisor), x):
            return {"values": codes.astype(np.uint8), "divisor": divisor}
    return {"values": x, "divisor": 1}
